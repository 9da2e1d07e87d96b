//! What could answer a finding: drafts of rules, one file for each kind of
//! finding, the most general first. Which of them is proposed, if any, the
//! night itself decides.

mod crowds;
mod habits;
mod names;
mod scans;
mod walkers;

use std::collections::HashMap;

use tidegate_rules::Ruleset;
use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::record::Verification;

use super::draft::Draft;
use crate::basis::Assumptions;
use crate::clients::{ClientKey, Clients};
use crate::detect::Finding;
use crate::features::Many;

/// Of a hundred units, fewer on a route are chance.
const CHANCE: u64 = 1;

/// Ten minutes.
const TEN_MINUTES_MS: u32 = 600_000;

/// A finding, with all that its drafts are made from.
pub(super) struct Case<'c> {
    pub(super) rules: &'c Ruleset,
    pub(super) clients: &'c Clients,
    pub(super) assumptions: Assumptions,
    pub(super) finding: &'c Finding,
    /// Its place among the findings.
    pub(super) at: usize,
}

impl<'c> Case<'c> {
    /// The drafts, or why there are none.
    pub(super) fn drafts(&self) -> Result<Vec<Draft>, String> {
        match self.finding.detector {
            "broad-crawl" => walkers::drafts(self),
            "distributed-crawl" => crowds::drafts(self),
            "spoofed-agent" => names::drafts(self),
            "scanner" => scans::drafts(self),
            "misconfigured-tool" | "runaway-poller" => habits::drafts(self),
            // What a burst says is when; a route's cost is no rule.
            _ => Err(self.finding.todo.clone()),
        }
    }

    /// The places of the clients that the finding names.
    pub(super) fn suspects(&self) -> impl Iterator<Item = u32> + '_ {
        self.finding.keys.iter().filter_map(|key| self.clients.find(ClientKey::named(key)?))
    }

    /// Why nothing is done about so little harm; an error where it is enough.
    fn demand_harm(&self, least: f64) -> Result<(), String> {
        let harm = self.finding.harm_score;
        if harm >= least {
            return Ok(());
        }
        Err(format!(
            "Nothing: in its worst minute it kept {harm:.2} of an origin core busy, and rules \
             begin at {least}."
        ))
    }

    fn draft(&self, id: String, why: String, advice: &str, condition: Condition) -> Draft {
        let advice = advice.to_owned();
        Draft { finding: self.at, id, why, advice, condition, limit: None }
    }

    /// The routes that make up nearly all of these units, each of them at least the
    /// share `least` of 100, and what the dearest of them costs.
    fn routes<'r>(
        &self,
        spent: impl Iterator<Item = &'r (Option<u16>, u64)>,
        least: u64,
    ) -> Option<Routes> {
        let mut units: HashMap<u16, u64> = HashMap::new();
        for (route, spent) in spent {
            if let Some(route) = route {
                *units.entry(*route).or_default() += spent;
            }
        }
        let total: u64 = units.values().sum();
        let mut units: Vec<(u16, u64)> = units.into_iter().collect();
        units.sort_by_key(|(route, spent)| (std::cmp::Reverse(*spent), *route));
        let is_much = |spent: u64| spent * 100 >= total * least && spent > 0;
        let known = units.into_iter().filter(|(_, spent)| is_much(*spent));
        let places: Vec<u16> = known.map(|(at, _)| at).collect();
        let costs = places.iter().filter_map(|at| self.rules.route(*at)).map(|route| route.cost);
        let dearest = costs.max().filter(|cost| *cost > 0)?;
        Some(Routes { places, dearest })
    }

    /// The routes of the clients that the finding names.
    fn own_routes(&self) -> Result<Routes, String> {
        let many: Vec<&Many> = self.suspects().filter_map(|at| self.clients.many(at)).collect();
        let spent = many.iter().flat_map(|many| many.routes());
        self.routes(spent, CHANCE).ok_or_else(|| "Nothing: it cost the origin nothing.".to_owned())
    }
}

/// The routes that somebody asked for.
struct Routes {
    places: Vec<u16>,
    dearest: u32,
}

impl Routes {
    fn demand(&self) -> Demand {
        Demand::Routes(self.places.iter().copied().collect())
    }
}

/// That nobody is meant who proved who they are.
fn unverified() -> Demand {
    let verified = Demand::Verifications([Verification::Verified].into_iter().collect());
    Demand::Not(Condition::new([verified]))
}
