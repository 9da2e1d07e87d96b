//! Rate arithmetic: GCRA by the `governor` crate over state of our own.
//!
//! All that is kept of a budget is its theoretical arrival time (TAT), in
//! nanoseconds since the epoch. `RateLimiter::new` reads the clock once and
//! stores arrival times relative to that reading, so the first reading is 0 and
//! the later ones are absolute: what comes back is an absolute time.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::ops::ControlFlow;

use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};

use crate::quota::Quota;
use crate::request::Time;

/// What a budget said of one charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// It had the units, and `remaining` are left.
    Passed {
        /// Units left of the burst.
        remaining: u32,
    },
    /// It is exhausted.
    Refused {
        /// Milliseconds after which the same charge would pass, rounded up.
        retry_ms: u64,
    },
}

/// Charges `units` to the budget whose arrival time is `tat` (0: fresh), and
/// moves `tat` where the budget had them.
///
/// An arrival time that lies further ahead than the quota's whole span was not
/// written by this quota: it is clamped, so that a corrupt cell never locks
/// anybody out for longer than a spent budget would.
pub fn charge(quota: &Quota, tat: &mut u64, units: NonZeroU32, now: Time) -> Charged {
    let Some(limits) = quota.governor() else { return Charged::Passed { remaining: 0 } };
    let now = now.unix_nanos();
    let stored = (*tat != 0).then(|| (*tat).min(now.saturating_add(quota.span_nanos())));
    let limiter: Limiter =
        RateLimiter::new(limits, Arrival(Cell::new(stored)), EpochClock::at(now));
    let charged = match limiter.check_n(units) {
        Ok(Ok(left)) => Charged::Passed { remaining: left.remaining_burst_capacity() },
        Ok(Err(refused)) => {
            let wait = refused.wait_time_from(Nanos::from(now));
            let millis = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            return Charged::Refused { retry_ms: millis.max(1) };
        }
        // The compiler demands a burst of at least the dearest route, so this
        // is a rule set that it never saw: let the request through.
        Err(_) => return Charged::Passed { remaining: 0 },
    };
    *tat = limiter.into_state_store().0.get().unwrap_or(*tat);
    charged
}

type Limiter = RateLimiter<NotKeyed, Arrival, EpochClock, StateInformationMiddleware>;

/// A clock that answers 0 once and `now` ever after.
struct EpochClock {
    now: u64,
    asked: Cell<ControlFlow<()>>,
}

impl EpochClock {
    fn at(now: u64) -> Self {
        Self { now, asked: Cell::new(ControlFlow::Continue(())) }
    }
}

impl Clock for EpochClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        match self.asked.replace(ControlFlow::Break(())) {
            ControlFlow::Continue(()) => Nanos::from(0),
            ControlFlow::Break(()) => Nanos::from(self.now),
        }
    }
}

impl Clone for EpochClock {
    fn clone(&self) -> Self {
        Self { now: self.now, asked: Cell::new(self.asked.get()) }
    }
}

/// The arrival time of one budget.
struct Arrival(Cell<Option<u64>>);

impl StateStore for Arrival {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, tat) = f(self.0.get().map(Nanos::from))?;
        self.0.set(Some(tat.as_u64()));
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_unix_millis(1_700_000_000_000 + millis)
    }

    fn units(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    #[test]
    fn a_burst_passes_and_the_retry_is_exact() {
        let quota = Quota::new(1_200, 60_000, 600).unwrap();
        let mut tat = 0;
        for left in (0..15).rev() {
            let passed = charge(&quota, &mut tat, units(40), at(0));
            assert_eq!(passed, Charged::Passed { remaining: left * 40 });
        }
        let before = tat;
        assert_eq!(
            charge(&quota, &mut tat, units(40), at(0)),
            Charged::Refused { retry_ms: 2_000 }
        );
        assert_eq!(tat, before, "a refusal costs nothing");
        assert_eq!(
            charge(&quota, &mut tat, units(40), at(1_999)),
            Charged::Refused { retry_ms: 1 }
        );
        assert!(matches!(charge(&quota, &mut tat, units(40), at(2_000)), Charged::Passed { .. }));
    }

    #[test]
    fn an_idle_budget_fills_up() {
        let quota = Quota::new(60, 60_000, 10).unwrap();
        let mut tat = 0;
        assert!(matches!(charge(&quota, &mut tat, units(10), at(0)), Charged::Passed { .. }));
        assert!(matches!(charge(&quota, &mut tat, units(10), at(9_000)), Charged::Refused { .. }));
        let full = charge(&quota, &mut tat, units(10), at(10_000));
        assert_eq!(full, Charged::Passed { remaining: 0 });
    }

    #[test]
    fn a_corrupt_arrival_time_is_clamped() {
        let quota = Quota::new(60, 60_000, 10).unwrap();
        let mut tat = u64::MAX;
        let Charged::Refused { retry_ms } = charge(&quota, &mut tat, units(1), at(0)) else {
            panic!("a full clamp refuses")
        };
        assert!(retry_ms <= 10_000, "{retry_ms}");
    }

    #[test]
    fn more_than_a_burst_is_let_through() {
        let quota = Quota::new(60, 60_000, 10).unwrap();
        assert_eq!(charge(&quota, &mut 0, units(11), at(0)), Charged::Passed { remaining: 0 });
    }

    proptest! {
        /// Whatever the arrivals, no window admits more than burst + rate.
        #[test]
        fn never_admits_more_than_the_quota(
            gaps in prop::collection::vec(0_u64..3_000, 1..200),
            cost in 1_u32..40,
        ) {
            let quota = Quota::new(600, 60_000, 60).unwrap();
            let (mut tat, mut now, mut admitted) = (0, 0, 0_u64);
            for gap in gaps {
                now += gap;
                if matches!(charge(&quota, &mut tat, units(cost), at(now)), Charged::Passed { .. }) {
                    admitted += u64::from(cost);
                }
            }
            prop_assert!(admitted <= 60 + now / 100);
        }

        /// The retry is exact: refused a millisecond before, passed then.
        #[test]
        fn the_retry_is_exact(spent in 1_u32..60, cost in 1_u32..60, gap in 0_u64..5_000) {
            let quota = Quota::new(600, 60_000, 60).unwrap();
            let mut tat = 0;
            charge(&quota, &mut tat, units(60), at(0));
            charge(&quota, &mut tat, units(spent), at(gap));
            if let Charged::Refused { retry_ms } = charge(&quota, &mut tat, units(cost), at(gap)) {
                let early = at(gap + retry_ms - 1);
                let then = at(gap + retry_ms);
                let passes = |tat: &mut u64, now| {
                    matches!(charge(&quota, tat, units(cost), now), Charged::Passed { .. })
                };
                prop_assert!(!passes(&mut tat.clone(), early));
                prop_assert!(passes(&mut tat, then));
            }
        }
    }
}
