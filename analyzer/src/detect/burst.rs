//! Burst: minutes in which the origin had far more to do than usual, and the
//! clients who were the reason.
//!
//! Can't see: a burst that lasts for most of the log, since it is then the
//! usual; a crowd in which nobody alone stands out.

use serde_json::{Map, json};

use super::{Finding, Sight};
use crate::features::{Many, minute_start};
use crate::score::{self, CORE_MINUTE_UNITS, count};
use crate::time::rfc3339;

const DETECTOR: &str = "burst";

/// A minute stands out from here on, in medians of the log's minutes.
const ABOVE_MEDIAN: u64 = 4;

/// Minutes below this many units never stand out: a tenth of one core.
const FLOOR_UNITS: u64 = 6_000;

/// Who caused this share of a burst's units, taken from the largest down, is
/// its reason.
const REASON_SHARE: f64 = 0.9;

/// A client below this many units in a burst's worst minute is no reason for
/// it: one uncached page every three seconds.
const CLIENT_FLOOR_UNITS: u64 = 800;

pub(super) fn detect(sight: &Sight<'_>) -> Vec<Finding> {
    let minutes = &sight.clients.minutes;
    let mut units: Vec<u64> = minutes.values().map(|minute| minute.units).collect();
    units.sort_unstable();
    let Some(median) = units.get(units.len() / 2).copied() else { return Vec::new() };
    let bound = (median * ABOVE_MEDIAN).max(FLOOR_UNITS);
    let mut findings = Vec::new();
    let mut run: Vec<u64> = Vec::new();
    for (minute, activity) in minutes {
        let high = activity.units > bound;
        if !high || run.last().is_some_and(|last| last + 1 != *minute) {
            findings.extend(finding(sight, &run, median, findings.len()));
            run.clear();
        }
        if high {
            run.push(*minute);
        }
    }
    findings.extend(finding(sight, &run, median, findings.len()));
    findings
}

fn finding(sight: &Sight<'_>, run: &[u64], median: u64, before: usize) -> Option<Finding> {
    let (first, last) = (*run.first()?, *run.last()?);
    let clients = sight.clients;
    let within = |many: &Many| -> u64 {
        let minutes = many.minutes().iter().filter(|(at, _)| (first..=last).contains(at));
        minutes.map(|(_, minute)| minute.units).sum()
    };
    let total: u64 = clients.minutes.range(first..=last).map(|(_, minute)| minute.units).sum();
    // Whoever is kept in short did not cause as much.
    let full = clients.full().into_iter().filter_map(|at| Some((at, within(clients.many(at)?))));
    let named = full.filter(|(_, units)| *units >= CLIENT_FLOOR_UNITS);
    let mut by_units: Vec<_> =
        named.map(|(at, units)| (units, clients.key(at).to_string(), at)).collect();
    by_units.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut reason = 0;
    by_units.retain(|(units, ..)| {
        let needed = count(reason) < REASON_SHARE * count(total);
        reason += if needed { *units } else { 0 };
        needed
    });
    if by_units.is_empty() {
        return None;
    }
    let breadths = clients.breadths();
    let scores = by_units.iter().map(|(.., at)| {
        let features = clients.features(*at);
        score::crawler(&features, breadths.of(*at, &features))
    });
    let crawler_score = scores.sum::<f64>() / count(by_units.len() as u64);
    let worst = clients.minutes.range(first..=last).map(|(_, m)| m.units).max();
    let mut evidence = Map::new();
    evidence.insert("from".into(), json!(rfc3339(minute_start(first))));
    evidence.insert("to".into(), json!(rfc3339(minute_start(last + 1))));
    evidence.insert("minutes".into(), json!(run.len()));
    evidence.insert("units".into(), json!(total));
    evidence.insert("units_of_these_clients".into(), json!(reason));
    evidence.insert("units_in_a_usual_minute".into(), json!(median));
    evidence.insert("units_in_the_worst_minute".into(), json!(worst));
    Some(Finding {
        id: format!("{DETECTOR}-{}", before + 1),
        detector: DETECTOR,
        keys: by_units.into_iter().map(|(_, key, _)| key).collect(),
        crawler_score,
        harm_score: count(worst.unwrap_or_default()) / CORE_MINUTE_UNITS,
        evidence,
    })
}
