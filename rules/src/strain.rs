//! How the origin is: an estimate from its own answers, so that limits can
//! tighten only when it hurts.
//!
//! Of the answers within the current and the last half of a period, those that
//! took much longer than their route's cost and those that say 5xx are counted
//! as bad. Where their share exceeds a bound the origin is strained, until it
//! falls below half of that bound. The estimate is kept in one cell, at each
//! POP: what one POP sees of the origin is what its clients feel.

use serde::{Deserialize, Serialize};

use crate::request::Time;
use crate::words::worded;

/// Fewer answers than this within a period say nothing: at night one slow page
/// is half of all there is.
pub const ANSWERS_BOUND: u32 = 20;

/// No answer is slow that took less than this, in milliseconds, however cheap
/// its route.
pub const SLOW_BOUND_MS: u32 = 250;

/// An answer may be told this much later than others that came after it, in
/// milliseconds: no request lasts longer. What is known of the future beyond that
/// another clock wrote.
pub const LATE_BOUND_MS: u64 = 600_000;

worded! {
    /// How the origin is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum OriginState {
        /// It answers as it does on any day.
        Calm = "calm",
        /// It is slow, or fails.
        Strained = "strained",
    }
}

/// When an origin counts as strained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strain {
    /// An answer is slow that took more than this many times its route's cost.
    pub slow: u32,
    /// The share of bad answers above which the origin is strained, in percent.
    pub over_percent: u8,
    /// The period over which answers are counted, in milliseconds.
    pub period_ms: u32,
}

impl Default for Strain {
    fn default() -> Self {
        Self { slow: 5, over_percent: 25, period_ms: 30_000 }
    }
}

/// One answer of the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Expected milliseconds.
    pub units: u32,
    /// Milliseconds that it took, where that is known.
    pub took_ms: Option<u32>,
    /// Its status.
    pub status: Option<u16>,
}

impl Strain {
    /// Whether an answer is one of an origin that hurts.
    #[must_use]
    pub fn is_bad(&self, answered: &Answered) -> bool {
        let slow = answered.units.saturating_mul(self.slow).max(SLOW_BOUND_MS);
        answered.status.is_some_and(|status| (500..600).contains(&status))
            || answered.took_ms.is_some_and(|took| took > slow)
    }

    /// Milliseconds after which an untouched estimate says nothing any more.
    #[must_use]
    pub fn life_ms(&self) -> u64 {
        u64::from(self.period_ms)
    }

    fn half(&self, now: Time) -> u64 {
        now.unix_millis() / u64::from(self.period_ms / 2).max(1)
    }
}

/// Answers within half a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Half {
    answers: u32,
    bad: u32,
}

/// What is known of the origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// The number of the half-period that `current` belongs to.
    half: u64,
    current: Half,
    last: Half,
    /// Since when the origin is strained; 0 where it is calm.
    since_ms: u64,
}

const MAGIC: &[u8; 4] = b"TGs1";

impl Estimate {
    /// Reads stored bytes; anything else than an estimate is none at all, and an
    /// origin of which nothing is known is calm.
    #[must_use]
    pub fn read(stored: Option<&[u8]>) -> Self {
        let numbers = stored.and_then(|bytes| bytes.strip_prefix(MAGIC));
        let mut words = numbers
            .unwrap_or_default()
            .chunks_exact(8)
            .map(|word| <[u8; 8]>::try_from(word).map_or(0, u64::from_le_bytes));
        let mut next = || words.next().unwrap_or_default();
        let (half, since_ms) = (next(), next());
        let mut count = || u32::try_from(next()).unwrap_or_default();
        let current = Half { answers: count(), bad: count() };
        let last = Half { answers: count(), bad: count() };
        Self { half, current, last, since_ms }
    }

    /// The bytes to store: 52 of them.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let Self { half, current, last, since_ms } = self;
        let counts = [current.answers, current.bad, last.answers, last.bad].map(u64::from);
        let words = [*half, *since_ms].into_iter().chain(counts);
        MAGIC.iter().copied().chain(words.flat_map(u64::to_le_bytes)).collect()
    }

    /// Takes an answer into account.
    pub fn add(&mut self, strain: &Strain, answered: &Answered, now: Time) {
        self.roll(strain, now);
        self.current.answers = self.current.answers.saturating_add(1);
        self.current.bad = self.current.bad.saturating_add(strain.is_bad(answered).into());
        let answers = u64::from(self.current.answers) + u64::from(self.last.answers);
        let bad = u64::from(self.current.bad) + u64::from(self.last.bad);
        let bound = answers * u64::from(strain.over_percent);
        if answers < u64::from(ANSWERS_BOUND) || bad * 200 <= bound {
            self.since_ms = 0;
        } else if self.since_ms == 0 && bad * 100 > bound {
            self.since_ms = now.unix_millis();
        }
    }

    /// Since when the origin is strained; `None` where it is calm, or has not
    /// answered for as long as nobody can tell.
    #[must_use]
    pub fn strained_since(&self, strain: &Strain, now: Time) -> Option<Time> {
        let lasts = self.age(strain, now).is_some_and(|age| age <= 1);
        let since = Some(self.since_ms).filter(|since| *since != 0 && lasts)?;
        Some(Time::from_unix_millis(since))
    }

    /// How many halves ago the last answer came. None for a time before it: the
    /// slowest answers come the latest, and are the ones that count. `None` where it
    /// lies so far ahead that it was another clock's.
    fn age(&self, strain: &Strain, now: Time) -> Option<u64> {
        let late = LATE_BOUND_MS / u64::from(strain.period_ms / 2).max(1);
        let now = strain.half(now);
        (self.half <= now.saturating_add(late)).then(|| now.saturating_sub(self.half))
    }

    fn roll(&mut self, strain: &Strain, now: Time) {
        match self.age(strain, now) {
            Some(0) => return,
            Some(1) => self.last = self.current,
            _ => (self.last, self.since_ms) = (Half::default(), 0),
        }
        (self.current, self.half) = (Half::default(), strain.half(now));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: u64 = 1_700_000_000_000;

    fn at(seconds: u64) -> Time {
        Time::from_unix_millis(START + seconds * 1_000)
    }

    fn answer(took_ms: u32, status: u16) -> Answered {
        Answered { units: 40, took_ms: Some(took_ms), status: Some(status) }
    }

    #[test]
    fn slow_answers_and_errors_are_bad() {
        let strain = Strain::default();
        for (answered, bad) in [
            (answer(40, 200), false),
            (answer(250, 200), false),
            (answer(251, 200), true),
            (answer(10, 503), true),
            (answer(10, 404), false),
            (Answered { units: 200, took_ms: Some(900), status: Some(200) }, false),
            (Answered { units: 40, took_ms: None, status: None }, false),
        ] {
            assert_eq!(strain.is_bad(&answered), bad, "{answered:?}");
        }
    }

    #[test]
    fn an_origin_is_strained_while_a_good_part_of_its_answers_is_bad() {
        let strain = Strain::default();
        let mut estimate = Estimate::default();
        let mut since = |from: u64, to: u64, bad_every: u64| {
            for n in from * 10..to * 10 {
                let took = if bad_every > 0 && n % bad_every == 0 { 2_000 } else { 40 };
                estimate.add(&strain, &answer(took, 200), Time::from_unix_millis(START + n * 100));
                estimate = Estimate::read(Some(&estimate.bytes()));
            }
            estimate.strained_since(&strain, at(to))
        };
        assert_eq!(since(0, 60, 10), None, "one in ten");
        assert!(since(60, 120, 2).is_some_and(|since| since < at(100)), "one in two");
        assert!(since(120, 180, 5).is_some_and(|since| since < at(100)), "not yet below half");
        assert_eq!(since(180, 240, 10), None);
    }

    #[test]
    fn a_few_answers_or_none_for_a_while_say_nothing() {
        let strain = Strain::default();
        let mut estimate = Estimate::default();
        for _ in 0..ANSWERS_BOUND - 1 {
            estimate.add(&strain, &answer(2_000, 500), at(0));
        }
        assert_eq!(estimate.strained_since(&strain, at(0)), None);
        estimate.add(&strain, &answer(2_000, 500), at(0));
        assert_eq!(estimate.strained_since(&strain, at(1)), Some(at(0)));
        assert_eq!(estimate.strained_since(&strain, at(120)), None);
    }

    proptest! {
        /// However late an answer is told, it ends no strain that others keep up.
        #[test]
        fn late_answers_end_no_strain(
            period_ms in 1_000_u32..120_000,
            answers in prop::collection::vec((0_u64..400, 0..LATE_BOUND_MS - 60_000), 1..200),
        ) {
            let strain = Strain { period_ms, ..Strain::default() };
            let mut estimate = Estimate::default();
            let mut now = START;
            for (gap, late) in answers {
                now += gap;
                let times = [now; ANSWERS_BOUND as usize].into_iter().chain([now - late]);
                for time in times.map(Time::from_unix_millis) {
                    estimate.add(&strain, &answer(60_000, 200), time);
                }
                let since = estimate.strained_since(&strain, Time::from_unix_millis(now));
                prop_assert!(since.is_some(), "{late} ms late");
            }
        }

        /// Any bytes, any clock: no panic, and twenty good answers make calm.
        #[test]
        fn any_bytes_are_an_estimate(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            whole in any::<bool>(),
            now in 0..Time::MAX.unix_millis() - 90_000,
        ) {
            let strain = Strain::default();
            let bytes = if whole { [&MAGIC[..], &bytes].concat() } else { bytes };
            let mut estimate = Estimate::read(Some(&bytes));
            let now = Time::from_unix_millis(now);
            estimate.add(&strain, &answer(10, 200), now);
            let later = Time::from_unix_millis(now.unix_millis() + 90_000);
            for _ in 0..ANSWERS_BOUND {
                estimate.add(&strain, &answer(10, 200), later);
            }
            prop_assert_eq!(estimate.strained_since(&strain, later), None);
        }
    }
}
