//! Burst: minutes in which the origin had far more to do than usual, and the
//! clients who were the reason.
//!
//! Can't see: a burst that lasts for most of the log, since it is then the
//! usual; a crowd in which nobody alone stands out.

use serde_json::json;

use super::suspects::{SAMPLES, counted};
use super::{Finding, Sight};
use crate::features::{Many, Minute};
use crate::score::{self, CORE_MINUTE_UNITS, count};
use crate::text::grouped;

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
    let total = together(sight, first, last);
    let reasons = reasons(sight, first, last, total.units);
    if reasons.is_empty() {
        return None;
    }
    let breadths = clients.breadths();
    let scores = reasons.iter().map(|(_, _, at)| {
        let features = clients.features(*at);
        score::crawler(&features, breadths.of(*at, &features))
    });
    let crawler_score = scores.sum::<f64>() / count(reasons.len() as u64);
    let worst = clients.minutes.range(first..=last).map(|(_, m)| m.units).max();
    let many = reasons.iter().filter_map(|(.., at)| clients.many(*at));
    let samples: Vec<_> = many.flat_map(Many::samples).take(SAMPLES).collect();
    let (from, to) = super::window(first, last);
    let evidence = [
        ("from", json!(from)),
        ("to", json!(to)),
        ("minutes", json!(run.len())),
        ("clients", json!(reasons.len())),
        ("requests", json!(total.requests)),
        ("units", json!(total.units)),
        ("units_of_these_clients", json!(reasons.iter().map(|(units, ..)| units).sum::<u64>())),
        ("units_in_a_usual_minute", json!(median)),
        ("units_in_the_worst_minute", json!(worst)),
        ("samples", json!(samples)),
    ];
    Some(Finding {
        id: format!("{DETECTOR}-{}", before + 1),
        detector: DETECTOR,
        what: format!(
            "{} in which the origin had up to {} units to do, usually {}.",
            counted(run.len() as u64, "minute"),
            grouped(worst.unwrap_or_default()),
            grouped(median)
        ),
        todo: "See the findings about those who did it: a burst alone asks for no rule.".to_owned(),
        keys: reasons.into_iter().map(|(_, key, _)| key).collect(),
        crawler_score,
        harm_score: count(worst.unwrap_or_default()) / CORE_MINUTE_UNITS,
        evidence: evidence.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        answered_by: None,
        crowd: None,
    })
}

/// All that happened within these minutes.
fn together(sight: &Sight<'_>, first: u64, last: u64) -> Minute {
    let mut sum = Minute::default();
    for (_, minute) in sight.clients.minutes.range(first..=last) {
        sum.requests += minute.requests;
        sum.units += minute.units;
    }
    sum
}

/// Units, key and place of those who were the reason, the largest first.
fn reasons(sight: &Sight<'_>, first: u64, last: u64, total: u64) -> Vec<(u64, String, u32)> {
    let clients = sight.clients;
    let within = |many: &Many| -> u64 {
        let minutes = many.minutes().iter().filter(|(at, _)| (first..=last).contains(at));
        minutes.map(|(_, minute)| minute.units).sum()
    };
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
    by_units
}
