//! A rule set: everything that is decided by, compiled from one site's files.

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::cell::Layout;
use crate::glob::{Glob, GlobIndex};
use crate::index::RuleIndex;
use crate::key::KeyKind;
use crate::networks::Networks;
use crate::route::Route;
use crate::rule::{Cohort, Rule};
use crate::signature::KeyRing;
use crate::store::StoreKind;
use crate::strain::Strain;

/// One site's rules, resolved. Made by [`crate::compile()`] or read from a pack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ruleset {
    /// Name of the site.
    pub site: String,
    /// Hosts that the site answers for; empty where it answers for any.
    pub hosts: Vec<Glob>,
    /// The page that a refusal points at.
    pub policy: Option<String>,
    /// Where all of the site's data can be had at once.
    pub bulk: Option<String>,
    /// Share of clients whose passes are recorded, in percent.
    pub sampled: u8,
    /// Routes, in file order.
    pub routes: Vec<Route>,
    /// Which route a path is on: the first in file order that matches.
    pub paths: GlobIndex,
    /// Agents, in file order.
    pub agents: Vec<Agent>,
    /// Which agent a User-Agent claims to be: the first in file order that
    /// matches.
    pub user_agents: GlobIndex,
    /// The keys that agents sign requests with.
    pub keys: KeyRing,
    /// Rules, in file order.
    pub rules: Vec<Rule>,
    /// Cohorts, in file order.
    pub cohorts: Vec<Cohort>,
    /// Which rules can be about a request.
    pub index: RuleIndex,
    /// The lists of networks that rules and agents name by their places. In a
    /// pack of their own.
    #[serde(skip)]
    pub networks: Networks,
    /// When the origin counts as strained; `None` where no rule asks.
    pub strain: Option<Strain>,
    /// What the cells of each kind of key hold, of those that rules use.
    pub layouts: Vec<(KeyKind, Layout)>,
    /// Where the cells of a kind of key live, of those that live elsewhere than
    /// in the cache.
    pub stores: Vec<(KeyKind, StoreKind)>,
}

impl Ruleset {
    /// The route at a place.
    #[must_use]
    pub fn route(&self, at: u16) -> Option<&Route> {
        self.routes.get(usize::from(at))
    }

    /// The agent at a place.
    #[must_use]
    pub fn agent(&self, at: u16) -> Option<&Agent> {
        self.agents.get(usize::from(at))
    }

    /// The place of the agent of a name.
    #[must_use]
    pub fn agent_called(&self, name: &str) -> Option<u16> {
        placed(&self.agents).find(|(_, agent)| agent.name == name).map(|(at, _)| at)
    }

    /// The rule at a place.
    #[must_use]
    pub fn rule(&self, at: u16) -> Option<&Rule> {
        self.rules.get(usize::from(at))
    }

    /// What the cells of `kind` hold.
    #[must_use]
    pub fn layout(&self, kind: KeyKind) -> Option<&Layout> {
        self.layouts.iter().find(|(known, _)| *known == kind).map(|(_, layout)| layout)
    }

    /// Where the cells of `kind` live.
    #[must_use]
    pub fn store(&self, kind: KeyKind) -> StoreKind {
        let said = self.stores.iter().find(|(known, _)| *known == kind);
        said.map(|(_, store)| *store).unwrap_or_default()
    }

    /// Whether the site answers for a host. An unknown host is taken as its own.
    #[must_use]
    pub fn answers_for(&self, host: Option<&str>) -> bool {
        host.is_none_or(|host| {
            self.hosts.is_empty() || self.hosts.iter().any(|glob| glob.matches(host))
        })
    }
}

/// Each entry of a list with its place; what lies beyond the last place that a
/// rule set can name does not exist.
pub(crate) fn placed<T>(list: &[T]) -> impl Iterator<Item = (u16, &T)> {
    list.iter().enumerate().map_while(|(at, entry)| Some((u16::try_from(at).ok()?, entry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_longer_than_places_go_ends_with_the_last_place() {
        let list = vec![(); 70_000];
        assert_eq!(placed(&list).count(), 65_536);
        assert_eq!(placed(&list).last(), Some((u16::MAX, &())));
    }
}
