//! What changes where one rule set takes another's place: rule by rule, in the
//! words of the rule files.
//!
//! Rules are compared as they are printed, since a compiled rule names routes,
//! lists and cells by places, which move when anything before them does.

use std::collections::BTreeMap;

use serde::Serialize;
use tidegate_rules::agent::Agent;
use tidegate_rules::print::{self, QuotaNames};
use tidegate_rules::rule::Rule;
use tidegate_rules::{Mode, Ruleset};

/// The differences between two rule sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Rules, in file order: first what the new rule set has, then what is gone.
    pub rules: Vec<Change>,
    /// What else differs, one phrase each.
    pub others: Vec<String>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// The mode that it had; nothing where it is new.
    pub was: Option<&'static str>,
    /// The mode that it has; nothing where it is gone.
    pub is: Option<&'static str>,
    /// The keys that differ, where it was there and still is.
    pub keys: Vec<KeyChange>,
}

/// What became of one key of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyChange {
    /// The key; that of a quota behind `quota.` or `floor.`.
    pub key: String,
    /// Its value, in TOML; nothing where it was not set.
    pub was: Option<String>,
    /// The same of the new rules.
    pub is: Option<String>,
}

impl Diff {
    /// The differences between what was and what is.
    #[must_use]
    pub fn between(was: &Ruleset, is: &Ruleset) -> Self {
        let known = |rules: &Ruleset, id: &str| rules.rules.iter().any(|rule| rule.id() == id);
        let kept = is.rules.iter().filter_map(|rule| {
            match was.rules.iter().find(|older| older.id() == rule.id()) {
                Some(older) => changed((was, older), (is, rule)),
                None => Some(Change::of(None, Some(rule))),
            }
        });
        let gone = was.rules.iter().filter(|rule| !known(is, rule.id()));
        let gone = gone.map(|rule| Change::of(Some(rule), None));
        Self { rules: kept.chain(gone).collect(), others: others(was, is) }
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.others.is_empty()
    }
}

impl Change {
    fn of(was: Option<&Rule>, is: Option<&Rule>) -> Self {
        let mode = |rule: Option<&Rule>| rule.map(|rule| rule.mode.name());
        let id = was.or(is).map(|rule| rule.id().to_owned()).unwrap_or_default();
        Self { id, was: mode(was), is: mode(is), keys: Vec::new() }
    }

    /// What it means at a site of this mode, in words for behind its id.
    #[must_use]
    pub fn told(&self, site: Mode) -> String {
        let acts = |mode: Option<&str>| site == Mode::Enforce && mode == Some("enforce");
        let then = match (acts(self.was), acts(self.is)) {
            (false, true) => ": it acts from now on",
            (true, false) => ": it acts no more",
            _ => "",
        };
        match (self.was, self.is) {
            (Some(was), Some(is)) if was == is => format!("changed, in mode {is}"),
            (Some(was), Some(is)) => format!("mode {was} -> {is}{then}"),
            (Some(was), None) => format!("gone, was in mode {was}{then}"),
            (None, is) => format!("new, in mode {}{then}", is.unwrap_or_default()),
        }
    }
}

/// A rule that was there and still is; nothing where it is the same.
fn changed(was: (&Ruleset, &Rule), is: (&Ruleset, &Rule)) -> Option<Change> {
    let (older, newer) = (keys(was.0, was.1), keys(is.0, is.1));
    let mut names: Vec<_> = newer.iter().chain(&older).map(|(key, _)| key.clone()).collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    let value = |keys: &[(String, String)], name: &str| {
        keys.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    let differ = names.into_iter().filter_map(|key| {
        let (was, is) = (value(&older, &key), value(&newer, &key));
        (was != is).then_some(KeyChange { key, was, is })
    });
    let keys: Vec<_> = differ.collect();
    (!keys.is_empty()).then(|| Change { keys, ..Change::of(Some(was.1), Some(is.1)) })
}

/// A rule's keys and those of its quotas, as an author would write them.
fn keys(rules: &Ruleset, rule: &Rule) -> Vec<(String, String)> {
    let names = QuotaNames::of(rule);
    let printed = match print::rule(rules, rule, &names) {
        Ok(printed) => printed,
        // No author can have written it; that it is there is told nevertheless.
        Err(why) => return vec![("unprintable".to_owned(), why.to_string())],
    };
    let own = |key: &str| !["quota", "floor"].contains(&key);
    let keys = printed.rule.keys().filter(|(key, _)| own(key));
    let mut all: Vec<_> = keys.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    for (quota, name) in printed.quotas.iter().zip(["quota", "floor"]) {
        let keys = quota.keys().filter(|(key, _)| *key != "name");
        all.extend(keys.map(|(key, value)| (format!("{name}.{key}"), value.to_owned())));
    }
    all
}

/// What differs apart from the rules.
fn others(was: &Ruleset, is: &Ruleset) -> Vec<String> {
    let routes = named("routes", &was.routes, &is.routes, |route| {
        (route.name.as_str(), (route.cost, route.cache, route.asset, route.errors))
    });
    let agents = named("agents", &was.agents, &is.agents, |agent| {
        let Agent { name, category, networks, exhaustive, sends } = agent;
        (name.as_str(), (category, networks.is_some(), exhaustive, sends))
    });
    let cohorts =
        named("cohorts", &was.cohorts, &is.cohorts, |cohort| (cohort.name.as_str(), cohort.harm));
    let rest = [
        ("the hosts", was.hosts != is.hosts),
        ("the policy page", was.policy != is.policy),
        ("the page of the data in bulk", was.bulk != is.bulk),
        ("whose passes are recorded", was.sampled != is.sampled),
        ("the paths of routes", was.paths != is.paths),
        ("the User-Agents of agents", was.user_agents != is.user_agents),
        ("the addresses", was.networks != is.networks),
        ("when the origin is strained", was.strain != is.strain),
        ("where cells live", was.stores != is.stores),
        ("what cells hold, so budgets start anew", was.layouts != is.layouts),
    ];
    let rest = rest.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what.to_owned());
    [routes, agents, cohorts].into_iter().flatten().chain(rest).collect()
}

/// Which of a list's entries are new, gone or changed.
fn named<'r, T, P: PartialEq>(
    what: &str,
    was: &'r [T],
    is: &'r [T],
    part: impl Fn(&'r T) -> (&'r str, P),
) -> Option<String> {
    let [older, newer] = [was, is].map(|list| list.iter().map(&part).collect::<BTreeMap<_, _>>());
    let new = newer.keys().filter(|name| !older.contains_key(*name)).map(|name| format!("+{name}"));
    let gone =
        older.keys().filter(|name| !newer.contains_key(*name)).map(|name| format!("-{name}"));
    let differ = newer.iter().filter(|(name, part)| older.get(*name).is_some_and(|it| it != *part));
    let differ = differ.map(|(name, _)| format!("~{name}"));
    let all: Vec<_> = new.chain(gone).chain(differ).collect();
    (!all.is_empty()).then(|| format!("{what} {}", all.join(" ")))
}

/// How many rules there are in each mode: enforced, in shadow, off.
pub(super) fn by_mode(rules: &Ruleset) -> [usize; 3] {
    [Mode::Enforce, Mode::Shadow, Mode::Off]
        .map(|mode| rules.rules.iter().filter(|rule| rule.mode == mode).count())
}
