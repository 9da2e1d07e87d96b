//! Route-cost drift: routes that take the origin much more or less time than
//! their declared cost says. Budgets are spent in that cost, so a wrong one
//! charges everybody wrongly.
//!
//! Only answers that were no errors count, and none from while the origin hurt:
//! then everything is slow, and a cost learned from it would charge the victims.
//!
//! Can't see: anything in a log without the origin's times; a route that few ask
//! for; pages within a route that cost more than others.

use serde_json::{Map, json};

use super::{Finding, Sight};
use crate::features::Times;
use crate::text::grouped;

const DETECTOR: &str = "route-cost";

/// Fewer answers say nothing.
const ANSWERS: u64 = 100;

/// A cost is wrong that is off by more than this factor, either way.
const FACTOR: f64 = 1.5;

/// And by more than so many milliseconds.
const LEAST_MS: f64 = 5.0;

/// What a route should cost.
struct Drift<'s> {
    route: &'s str,
    cost: u32,
    learned: u32,
    times: &'s Times,
}

pub(super) fn detect(sight: &Sight<'_>) -> Vec<Finding> {
    let known = sight.clients.origin.routes().iter();
    let drifts = known.filter_map(|(at, times)| {
        let route = sight.rules.route(*at)?;
        let mean = times.mean_ms();
        let off = mean / f64::from(route.cost.max(1));
        let far = (mean - f64::from(route.cost)).abs() > LEAST_MS;
        let wrong = times.answers >= ANSWERS && far && !(1.0 / FACTOR..=FACTOR).contains(&off);
        let learned = learned(mean);
        wrong.then_some(Drift { route: &route.name, cost: route.cost, learned, times })
    });
    drifts.enumerate().map(|(at, drift)| finding(sight, at + 1, &drift)).collect()
}

/// A cost of two digits: more are chance.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds, at least 1 and far below 2^32"
)]
fn learned(mean: f64) -> u32 {
    let digit = 10_f64.powf((mean.max(1.0).log10().floor() - 1.0).max(0.0));
    ((mean / digit).round() * digit).max(1.0) as u32
}

fn finding(sight: &Sight<'_>, number: usize, drift: &Drift<'_>) -> Finding {
    let Drift { route, cost, learned, times } = *drift;
    let window =
        sight.clients.minutes.first_key_value().zip(sight.clients.minutes.last_key_value());
    let window = window.map(|((first, _), (last, _))| super::window(*first, *last));
    let (from, to) = window.unwrap_or_default();
    let mut evidence = Map::new();
    evidence.insert("from".into(), json!(from));
    evidence.insert("to".into(), json!(to));
    evidence.insert("route".into(), json!(route));
    evidence.insert("declared_cost".into(), json!(cost));
    evidence.insert("learned_cost".into(), json!(learned));
    evidence.insert("answers".into(), json!(times.answers));
    evidence.insert("mean_ms".into(), json!((times.mean_ms() * 10.0).round() / 10.0));
    evidence.insert("median_ms".into(), json!(times.quantile_ms(0.5)));
    evidence.insert("p90_ms".into(), json!(times.quantile_ms(0.9)));
    Finding {
        id: format!("{DETECTOR}-{number}"),
        detector: DETECTOR,
        what: format!(
            "Route `{route}` is declared to cost {cost} ms and took {:.0} on average, over {} \
             answers in calm time.",
            times.mean_ms(),
            grouped(times.answers)
        ),
        todo: format!("Write `cost = {learned}` in the route `{route}`, and backtest the change."),
        keys: Vec::new(),
        crawler_score: 0.0,
        harm_score: 0.0,
        evidence,
        answered_by: None,
        crowd: None,
    }
}

#[cfg(test)]
mod tests {
    use super::learned;

    #[test]
    fn a_cost_has_two_digits() {
        let costs = [0.2, 1.0, 9.6, 47.3, 123.4, 1_750.0, 44_444.0].map(learned);
        assert_eq!(costs, [1, 1, 10, 47, 120, 1_800, 44_000]);
    }
}
