//! What came of a trace, beside what an exact token bucket would have made of it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::Limit;
use crate::bucket::Buckets;
use crate::trace::Arrival;

const SECOND_US: u64 = 1_000_000;

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The request.
    pub arrival: Arrival,
    /// When it was really sent, in microseconds after the start.
    pub sent_us: u64,
    /// How long the answer took, in microseconds; 0 of whom no network is asked.
    pub took_us: u64,
    /// Whether it was let through.
    pub admitted: bool,
}

impl Told {
    /// The answer of a limiter that was asked at the very time of the trace.
    #[must_use]
    pub const fn at_once(arrival: Arrival, admitted: bool) -> Self {
        Self { arrival, sent_us: arrival.at_ms * 1_000, took_us: 0, admitted }
    }
}

/// What came of a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Got {
    /// Requests.
    pub asked: u64,
    /// Those let through.
    pub admitted: u64,
    /// Those that the bucket would have let through, at the times at which they
    /// were really sent.
    pub ideal: u64,
    /// The share of requests that got the bucket's answer, from 0 to 1. At twice the
    /// limit every other request passes, and it means little which: of servers it
    /// says nothing there.
    pub same: f64,
    /// Requests let through in the first second, of the key that got most.
    pub first_second: u64,
    /// Most requests let through in any second, over those that the rate has in a
    /// second, of the key that got most.
    pub worst_second: f64,
    /// The share of requests let through of those who kept to the limit; nothing
    /// where nobody did.
    pub modest: Option<f64>,
    /// Milliseconds from the last request of a flood to the first one let through
    /// of its sender who has come to reason; nothing where that never happens.
    pub recovered_ms: Option<u64>,
    /// The longest that an answer took, in milliseconds.
    pub longest_ms: u64,
}

/// Sums a trace's answers up; they are in the order in which they were sent.
#[must_use]
pub fn judge(limit: Limit, told: &[Told]) -> Got {
    let mut buckets = Buckets::new(limit);
    let (mut got, mut same) = (Got::default(), 0);
    let mut admitted: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for Told { arrival, sent_us, took_us, admitted: passed } in told.iter().copied() {
        let ideal = buckets.admits(arrival.key, sent_us);
        got.asked += 1;
        got.admitted += u64::from(passed);
        got.ideal += u64::from(ideal);
        same += u64::from(ideal == passed);
        got.longest_ms = got.longest_ms.max(took_us / 1_000);
        if passed {
            admitted.entry(arrival.key).or_default().push(sent_us);
        }
    }
    got.same = share(same, got.asked).unwrap_or(1.0);
    let first = |times: &Vec<u64>| times.iter().filter(|at| **at < SECOND_US).count() as u64;
    got.first_second = admitted.values().map(first).max().unwrap_or_default();
    let most = admitted.values().map(|times| most_in_a_second(times)).max().unwrap_or_default();
    got.worst_second = most as f64 / f64::from(limit.per_second);
    let modest = || told.iter().filter(|told| told.arrival.modest);
    let passed = modest().filter(|told| told.admitted).count() as u64;
    got.modest = share(passed, modest().count() as u64);
    got.recovered_ms = recovered_ms(told);
    got
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Times in order; a second does not include its end.
fn most_in_a_second(times: &[u64]) -> usize {
    let (mut recent, mut most) = (VecDeque::new(), 0);
    for at in times {
        recent.push_back(*at);
        while recent.front().is_some_and(|first| first + SECOND_US <= *at) {
            recent.pop_front();
        }
        most = most.max(recent.len());
    }
    most
}

fn recovered_ms(told: &[Told]) -> Option<u64> {
    let last = told.iter().rfind(|told| !told.arrival.modest)?;
    let calm = |told: &&Told| told.arrival.modest && told.arrival.key == last.arrival.key;
    let after = told.iter().filter(|told| told.sent_us > last.sent_us);
    let first = after.filter(calm).find(|told| told.admitted)?;
    Some((first.sent_us - last.sent_us) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { per_second: 2, burst: 1 };

    fn told(at_ms: u64, modest: bool, admitted: bool) -> Told {
        Told::at_once(Arrival { at_ms, key: 7, modest }, admitted)
    }

    #[test]
    fn what_passed_is_set_beside_the_bucket() {
        let flood = [(0, true), (100, true), (200, false), (999, true), (1_000, false)];
        let flood = flood.map(|(at, admitted)| told(at, false, admitted));
        let calm = [told(1_500, true, false), told(2_000, true, true)];
        let got = judge(LIMIT, &[&flood[..], &calm].concat());
        // The bucket has one at 0, at 999, at 1,500 and at 2,000.
        assert_eq!((got.asked, got.admitted, got.ideal), (7, 4, 4));
        assert_eq!(got.same, 5.0 / 7.0);
        assert_eq!((got.first_second, got.worst_second), (3, 1.5));
        assert_eq!((got.modest, got.recovered_ms), (Some(0.5), Some(1_000)));
    }

    #[test]
    fn of_nothing_there_is_nothing_to_say() {
        let got = judge(LIMIT, &[]);
        assert_eq!((got.same, got.modest, got.recovered_ms), (1.0, None, None));
        let refused = judge(LIMIT, &[told(0, false, true), told(9_000, true, false)]);
        assert_eq!(refused.recovered_ms, None, "it never recovers");
    }

    #[test]
    fn a_second_does_not_hold_what_comes_a_second_later() {
        assert_eq!(most_in_a_second(&[0, 999_999, 1_000_000, 1_000_001]), 3);
    }
}
