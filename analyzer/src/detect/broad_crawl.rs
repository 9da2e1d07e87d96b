//! Broad crawl: visitors who open very many different pages, as no reader does:
//! without what pages pull in, and mostly each page once.
//!
//! Can't see: a crawl from many addresses that each ask for little; a crawler
//! that fetches every page's assets; pages that came from the cache, which are
//! free anyway.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};

use super::{Finding, Sight};
use crate::clients::Visitor;
use crate::features::{Features, Many, Minute};
use crate::score::{self, CORE_MINUTE_UNITS, count};
use crate::time::rfc3339;

const DETECTOR: &str = "broad-crawl";

/// Breadth in ten minutes from which a visitor is looked at.
const WIDE: u32 = 80;

/// Crawler score from which a wide visitor is part of the finding.
const LIKE_A_CRAWLER: f64 = 0.6;

/// A visitor who walks: too wide to be kept in short.
struct Walker<'c> {
    visitor: Visitor<'c>,
    many: &'c Many,
    features: Features,
    score: f64,
}

impl<'c> Walker<'c> {
    fn of(visitor: Visitor<'c>) -> Option<Self> {
        let (many, features) = (visitor.many()?, visitor.features());
        let score = score::crawler(&features, features.breadth());
        let wide = features.breadth() >= WIDE && !features.is_verified();
        (wide && score >= LIKE_A_CRAWLER).then_some(Self { visitor, many, features, score })
    }
}

pub(super) fn detect(sight: &Sight<'_>) -> Vec<Finding> {
    let mut walkers: Vec<_> = sight.clients.full_visitors().filter_map(Walker::of).collect();
    walkers.sort_by_key(|walker| {
        let first = walker.features.first;
        (std::cmp::Reverse(walker.features.units), first, walker.visitor.client)
    });
    if walkers.is_empty() { Vec::new() } else { vec![finding(sight, &walkers)] }
}

fn finding(sight: &Sight<'_>, walkers: &[Walker<'_>]) -> Finding {
    let scores = walkers.iter().map(|walker| walker.score);
    let crawler_score = scores.sum::<f64>() / count(walkers.len() as u64);
    Finding {
        id: format!("{DETECTOR}-1"),
        detector: DETECTOR,
        keys: keys(sight, walkers),
        crawler_score,
        harm_score: count(together(walkers).units) / CORE_MINUTE_UNITS,
        evidence: evidence(sight, walkers),
    }
}

fn keys(sight: &Sight<'_>, walkers: &[Walker<'_>]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let clients = walkers.iter().map(|walker| walker.visitor.client);
    let fresh = clients.filter(|client| seen.insert(*client));
    fresh.map(|client| sight.clients.key(client).to_string()).collect()
}

/// The minute in which they caused most units together.
fn together(walkers: &[Walker<'_>]) -> Minute {
    let mut minutes: BTreeMap<u64, Minute> = BTreeMap::new();
    for (at, minute) in walkers.iter().flat_map(|walker| walker.many.minutes()) {
        let sum = minutes.entry(*at).or_default();
        sum.requests += minute.requests;
        sum.units += minute.units;
    }
    minutes.into_values().max_by_key(|minute| minute.units).unwrap_or_default()
}

fn evidence(sight: &Sight<'_>, walkers: &[Walker<'_>]) -> Map<String, serde_json::Value> {
    let sum = |of: fn(&Features) -> u64| -> u64 { walkers.iter().map(|w| of(&w.features)).sum() };
    let mut breadths: Vec<u32> = walkers.iter().map(|walker| walker.features.breadth()).collect();
    breadths.sort_unstable();
    let mut agents: BTreeMap<&str, u64> = BTreeMap::new();
    for walker in walkers {
        let agent = walker.features.agent(sight.rules);
        *agents.entry(agent.map_or("unknown", |agent| agent.name.as_str())).or_default() += 1;
    }
    let from = walkers.iter().map(|walker| walker.features.first).min();
    let to = walkers.iter().map(|walker| walker.features.last).max();
    let samples: Vec<_> = walkers.iter().flat_map(|walker| walker.many.samples()).take(5).collect();
    let mut evidence = Map::new();
    evidence.insert("from".into(), json!(from.map(rfc3339)));
    evidence.insert("to".into(), json!(to.map(rfc3339)));
    evidence.insert("visitors".into(), json!(walkers.len()));
    evidence.insert("requests".into(), json!(sum(|features| features.requests)));
    evidence.insert("units".into(), json!(sum(|features| features.units)));
    evidence.insert("assets".into(), json!(sum(|features| features.assets)));
    evidence.insert("median_breadth".into(), json!(breadths.get(breadths.len() / 2)));
    evidence.insert("agents".into(), json!(agents));
    evidence.insert("samples".into(), json!(samples));
    evidence
}
