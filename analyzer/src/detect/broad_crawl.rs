//! Broad crawl: visitors who open very many different pages, as no reader does:
//! without what pages pull in, and mostly each page once.
//!
//! Can't see: a crawl from many addresses that each ask for little; a crawler
//! that fetches every page's assets; pages that came from the cache, which are
//! free anyway.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};

use super::{Finding, Sight};
use crate::clients::{Minute, Visitor};
use crate::score::{self, CORE_MINUTE_UNITS, count};
use crate::time::rfc3339;

const DETECTOR: &str = "broad-crawl";

/// Breadth in ten minutes from which a visitor is looked at.
const WIDE: u32 = 80;

/// Crawler score from which a wide visitor is part of the finding.
const LIKE_A_CRAWLER: f64 = 0.6;

pub(super) fn detect(sight: &Sight<'_>) -> Vec<Finding> {
    let mut walkers: Vec<(&u128, &Visitor)> = sight
        .clients
        .visitors
        .iter()
        .filter(|(_, visitor)| {
            visitor.activity.walks.breadth() >= WIDE && !visitor.activity.is_verified()
        })
        .filter(|(_, visitor)| {
            score::crawler(&visitor.activity, visitor.activity.walks.breadth()) >= LIKE_A_CRAWLER
        })
        .collect();
    walkers.sort_by_key(|(key, visitor)| (std::cmp::Reverse(visitor.activity.units), **key));
    let walkers: Vec<&Visitor> = walkers.into_iter().map(|(_, visitor)| visitor).collect();
    if walkers.is_empty() { Vec::new() } else { vec![finding(sight, &walkers)] }
}

fn finding(sight: &Sight<'_>, walkers: &[&Visitor]) -> Finding {
    let scores = walkers
        .iter()
        .map(|walker| score::crawler(&walker.activity, walker.activity.walks.breadth()));
    let crawler_score = scores.sum::<f64>() / count(walkers.len() as u64);
    Finding {
        id: format!("{DETECTOR}-1"),
        detector: DETECTOR,
        keys: keys(walkers),
        crawler_score,
        harm_score: count(together(walkers).units) / CORE_MINUTE_UNITS,
        evidence: evidence(sight, walkers),
    }
}

fn keys(walkers: &[&Visitor]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let fresh = |walker: &&&Visitor| seen.insert(walker.client.clone());
    walkers.iter().filter(fresh).map(|walker| walker.client.clone()).collect()
}

/// The minute in which they caused most units together.
fn together(walkers: &[&Visitor]) -> Minute {
    let mut minutes: BTreeMap<u64, Minute> = BTreeMap::new();
    for (at, minute) in walkers.iter().flat_map(|walker| &walker.activity.minutes) {
        let sum = minutes.entry(*at).or_default();
        sum.requests += minute.requests;
        sum.units += minute.units;
    }
    minutes.into_values().max_by_key(|minute| minute.units).unwrap_or_default()
}

fn evidence(sight: &Sight<'_>, walkers: &[&Visitor]) -> Map<String, serde_json::Value> {
    let sum = |of: fn(&Visitor) -> u64| -> u64 { walkers.iter().map(|walker| of(walker)).sum() };
    let mut breadths: Vec<u32> =
        walkers.iter().map(|walker| walker.activity.walks.breadth()).collect();
    breadths.sort_unstable();
    let mut agents: BTreeMap<&str, u64> = BTreeMap::new();
    for walker in walkers {
        let agent = walker.activity.agent(sight.rules);
        *agents.entry(agent.map_or("unknown", |agent| agent.name.as_str())).or_default() += 1;
    }
    let times = walkers.iter().filter_map(|walker| walker.activity.seen);
    let from = times.clone().map(|(first, _)| first).min();
    let to = times.map(|(_, last)| last).max();
    let samples: Vec<_> = walkers.iter().flat_map(|w| &w.activity.samples).take(5).collect();
    let mut evidence = Map::new();
    evidence.insert("from".into(), json!(from.map(rfc3339)));
    evidence.insert("to".into(), json!(to.map(rfc3339)));
    evidence.insert("visitors".into(), json!(walkers.len()));
    evidence.insert("requests".into(), json!(sum(|walker| walker.activity.requests)));
    evidence.insert("units".into(), json!(sum(|walker| walker.activity.units)));
    evidence.insert("assets".into(), json!(sum(|walker| walker.activity.assets)));
    evidence.insert("median_breadth".into(), json!(breadths.get(breadths.len() / 2)));
    evidence.insert("agents".into(), json!(agents));
    evidence.insert("samples".into(), json!(samples));
    evidence
}
