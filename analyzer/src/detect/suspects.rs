//! Visitors that a detector names: worst first, with what they did together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tidegate_rules::Ruleset;

use super::{Finding, Sight};
use crate::clients::Visitor;
use crate::features::{Features, Minute, minute};
use crate::score::{self, CORE_MINUTE_UNITS, count};
use crate::time::rfc3339;

/// Sample request ids that evidence has.
pub(super) const SAMPLES: usize = 5;

/// A visitor that a detector names.
pub(super) struct Suspect<'c> {
    pub(super) visitor: Visitor<'c>,
    pub(super) features: Features,
    pub(super) score: f64,
}

impl<'c> Suspect<'c> {
    fn new(visitor: Visitor<'c>, features: Features) -> Self {
        Self { visitor, features, score: score::crawler(&features, features.breadth()) }
    }

    /// A path that it asked for, where it is kept in full.
    pub(super) fn example(&self) -> Option<&'c str> {
        Some(self.visitor.many()?.example()).filter(|path| !path.is_empty())
    }
}

/// Whether a detector names a visitor who did this.
pub(super) type Names = fn(&Ruleset, &Visitor<'_>, &Features) -> bool;

/// Those whom each of some detectors names, from one look at every visitor: there may
/// be millions.
pub(super) fn named<'c, const N: usize>(
    sight: &Sight<'c>,
    detectors: [Names; N],
) -> [Vec<Suspect<'c>>; N] {
    let mut named = [const { Vec::new() }; N];
    for visitor in sight.clients.visitors() {
        let features = visitor.features();
        for (names, found) in detectors.iter().zip(&mut named) {
            if names(sight.rules, &visitor, &features) {
                found.push(Suspect::new(visitor, features));
            }
        }
    }
    named
}

/// Visitors that one finding is about.
pub(super) struct Suspects<'c>(Vec<Suspect<'c>>);

impl<'c> Suspects<'c> {
    /// Those that cost most first, then those that asked most, then the earliest.
    pub(super) fn worst_first(mut suspects: Vec<Suspect<'c>>) -> Self {
        suspects.sort_by_key(|suspect| {
            let Features { units, requests, first, .. } = suspect.features;
            (Reverse(units), Reverse(requests), first, suspect.visitor.client)
        });
        Self(suspects)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(&self) -> &[Suspect<'c>] {
        &self.0
    }

    pub(super) fn sum(&self, of: impl Fn(&Features) -> u64) -> u64 {
        self.0.iter().map(|suspect| of(&suspect.features)).sum()
    }

    /// The middle one of their figures.
    pub(super) fn median(&self, of: impl Fn(&Features) -> u64) -> u64 {
        let mut all: Vec<u64> = self.0.iter().map(|suspect| of(&suspect.features)).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or_default()
    }

    /// The minute in which they caused most units together.
    fn worst_minute(&self) -> Minute {
        let mut minutes: BTreeMap<u64, Minute> = BTreeMap::new();
        let mut add = |at: u64, requests: u64, units: u64| {
            let sum = minutes.entry(at).or_default();
            sum.requests += requests;
            sum.units += units;
        };
        for Suspect { visitor, features, .. } in &self.0 {
            match visitor.many() {
                Some(many) => {
                    many.minutes().iter().for_each(|(at, m)| add(*at, m.requests, m.units));
                }
                None => add(minute(features.first), features.peak_requests, features.peak_units),
            }
        }
        minutes.into_values().max_by_key(|minute| minute.units).unwrap_or_default()
    }

    /// The agents that they claim to be, with how many of them do.
    pub(super) fn agents(&self, sight: &Sight<'_>) -> BTreeMap<String, u64> {
        let mut agents = BTreeMap::new();
        for suspect in &self.0 {
            let agent = suspect.features.agent(sight.rules);
            let name = agent.map_or("unknown", |agent| agent.name.as_str());
            *agents.entry(name.to_owned()).or_default() += 1;
        }
        agents
    }

    /// What every finding about visitors says first.
    fn evidence(&self, sight: &Sight<'_>) -> Map<String, Value> {
        let from = self.0.iter().map(|suspect| suspect.features.first).min();
        let to = self.0.iter().map(|suspect| suspect.features.last).max();
        let mut evidence = Map::new();
        evidence.insert("from".into(), json!(from.map(rfc3339)));
        evidence.insert("to".into(), json!(to.map(rfc3339)));
        evidence.insert("visitors".into(), json!(self.0.len()));
        evidence.insert("requests".into(), json!(self.sum(|features| features.requests)));
        let units = self.sum(|features| features.units);
        evidence.insert("units".into(), json!(units));
        evidence.insert("share_of_units".into(), json!(share_of_units(sight, units)));
        evidence.insert("agents".into(), json!(self.agents(sight)));
        evidence
    }

    fn keys(&self, sight: &Sight<'_>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let clients = self.0.iter().map(|suspect| suspect.visitor.client);
        let fresh = clients.filter(|client| seen.insert(*client));
        fresh.map(|client| sight.clients.key(client).to_string()).collect()
    }

    /// A finding about them, with what more there is to say.
    pub(super) fn finding(
        &self,
        sight: &Sight<'_>,
        detector: &'static str,
        told: Told,
        more: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Finding {
        let scores: f64 = self.0.iter().map(|suspect| suspect.score).sum();
        let mut evidence = self.evidence(sight);
        evidence.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let many = self.0.iter().filter_map(|suspect| suspect.visitor.many());
        let samples: Vec<_> = many.flat_map(|many| many.samples()).take(SAMPLES).collect();
        evidence.insert("samples".into(), json!(samples));
        Finding {
            id: format!("{detector}-1"),
            detector,
            what: told.what,
            todo: told.todo,
            keys: self.keys(sight),
            crawler_score: scores / count(self.0.len() as u64),
            harm_score: count(self.worst_minute().units) / CORE_MINUTE_UNITS,
            evidence,
            answered_by: None,
            crowd: None,
        }
    }
}

/// The share that these units are of all that the origin had to do, 0 to 1.
pub(super) fn share_of_units(sight: &Sight<'_>, units: u64) -> f64 {
    let all: u64 = sight.clients.minutes.values().map(|minute| minute.units).sum();
    (count(units) / count(all.max(1)) * 1000.0).round() / 1000.0
}

/// What a finding says in words.
pub(super) struct Told {
    pub(super) what: String,
    pub(super) todo: String,
}

impl Told {
    pub(super) fn new(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what: what.into(), todo: todo.into() }
    }
}

/// `1 client`, `2 clients`.
pub(super) fn counted(number: u64, of: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {of}{s}", crate::text::grouped(number))
}
