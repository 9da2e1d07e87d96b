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
/// written by this quota and this clock: it is put right, whatever the budget
/// says, so that a corrupt cell never locks anybody out for longer than a spent
/// budget would.
///
/// The compiler demands a burst of at least the dearest route. More units than a
/// burst come from a rule set that it never saw: they pass, and cost nothing.
pub fn charge(quota: &Quota, tat: &mut u64, units: NonZeroU32, now: Time) -> Charged {
    let limits = quota.governor().filter(|_| units <= quota.burst());
    let Some(limits) = limits else { return Charged::Passed { remaining: 0 } };
    let now = now.unix_nanos();
    *tat = (*tat).min(now.saturating_add(quota.span_nanos()));
    let limiter: Limiter = RateLimiter::new(limits, Arrival(Cell::new(*tat)), EpochClock::at(now));
    let charged = match limiter.check_n(units) {
        Ok(Ok(left)) => Charged::Passed { remaining: left.remaining_burst_capacity() },
        Ok(Err(refused)) => {
            let wait = refused.wait_time_from(Nanos::from(now));
            let millis = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            return Charged::Refused { retry_ms: millis.max(1) };
        }
        Err(_) => return Charged::Passed { remaining: 0 },
    };
    *tat = limiter.into_state_store().0.get();
    charged
}

/// Units that a budget has at `now`: the most that [`charge`] would let pass at
/// once. Asked of it, since there is no second arithmetic; too slow for a decision.
#[must_use]
pub fn available(quota: &Quota, tat: u64, now: Time) -> u32 {
    let has = |units| {
        NonZeroU32::new(units).is_none_or(|units| {
            matches!(charge(quota, &mut { tat }, units, now), Charged::Passed { .. })
        })
    };
    let (mut has_them, mut most) = (0, quota.burst().get());
    while has_them < most {
        let more = has_them + (most - has_them).div_ceil(2);
        if has(more) { has_them = more } else { most = more - 1 }
    }
    has_them
}

/// Gives back what [`charge`] took for a request that cost nothing after all.
///
/// Where the budget filled up in between, that is once more than it lost: never
/// more than the units of the request.
pub fn refund(quota: &Quota, tat: &mut u64, units: NonZeroU32) {
    if units <= quota.burst() {
        let taken = quota.nanos_per_unit().saturating_mul(u64::from(units.get()));
        *tat = tat.saturating_sub(taken);
    }
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
struct Arrival(Cell<u64>);

impl StateStore for Arrival {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, tat) = f(Some(Nanos::from(self.0.get())))?;
        self.0.set(tat.as_u64());
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
    fn what_a_budget_has_is_what_it_would_give() {
        let quota = Quota::new(1_200, 60_000, 600).unwrap();
        let mut tat = 0;
        assert_eq!(available(&quota, tat, at(0)), 600);
        charge(&quota, &mut tat, units(40), at(0));
        assert_eq!(available(&quota, tat, at(0)), 560);
        assert_eq!(available(&quota, tat, at(1_000)), 580);
        charge(&quota, &mut tat, units(560), at(0));
        assert_eq!(available(&quota, tat, at(0)), 0);
        assert_eq!(available(&quota, u64::MAX, at(0)), 0, "a corrupt cell has nothing");
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
        let then = at(retry_ms);
        assert!(matches!(charge(&quota, &mut tat, units(1), then), Charged::Passed { .. }));
    }

    #[test]
    fn more_than_a_burst_is_let_through() {
        let quota = Quota::new(60, 60_000, 10).unwrap();
        for dear in [11, u32::MAX] {
            let mut tat = 42;
            let passed = charge(&quota, &mut tat, units(dear), at(0));
            assert_eq!((passed, tat), (Charged::Passed { remaining: 0 }, 42));
            refund(&quota, &mut tat, units(dear));
            assert_eq!(tat, 42, "what cost nothing gives nothing back");
        }
    }

    /// Every quota that can be written.
    fn quota() -> impl Strategy<Value = Quota> {
        let raw = (any::<u32>(), any::<u32>(), any::<u32>(), 0_u32..32, 0_u32..32, 0_u32..32);
        raw.prop_filter_map("impossible", |(units, period_ms, burst, a, b, c)| {
            Quota::new(units >> a, period_ms >> b, burst >> c).ok()
        })
    }

    proptest! {
        /// Any quota, any stored time, any clock: no panic, no wait longer than
        /// a spent burst needs, and whoever waits that long passes.
        #[test]
        fn nobody_waits_longer_than_a_burst_takes(
            quota in quota(),
            mut tat in any::<u64>(),
            cost in 1_u32..,
            now in any::<u64>(),
        ) {
            let now = Time::from_unix_millis(now);
            if let Charged::Refused { retry_ms } = charge(&quota, &mut tat, units(cost), now) {
                prop_assert!(retry_ms <= quota.span_nanos().div_ceil(1_000_000));
                let then = Time::from_unix_millis(now.unix_millis() + retry_ms);
                prop_assume!(then < Time::MAX);
                let charged = charge(&quota, &mut tat, units(cost), then);
                prop_assert!(matches!(charged, Charged::Passed { .. }), "{:?}", charged);
            }
        }

        /// What is given back at once was never taken.
        #[test]
        fn a_refund_undoes_a_charge(
            quota in quota(),
            spent in 1_u32..,
            cost in 1_u32..,
            later in 1_u32..,
            gap in 0_u64..100_000,
        ) {
            let mut tat = 0;
            charge(&quota, &mut tat, units(spent), at(0));
            let mut other = tat;
            if matches!(charge(&quota, &mut other, units(cost), at(gap)), Charged::Passed { .. }) {
                refund(&quota, &mut other, units(cost));
            }
            prop_assert_eq!(
                charge(&quota, &mut other, units(later), at(gap)),
                charge(&quota, &mut tat, units(later), at(gap))
            );
        }

        /// A clock that jumps admits at most a burst more for each jump back.
        #[test]
        fn a_clock_that_goes_back_gives_at_most_a_burst(
            times in prop::collection::vec(0_u64..20_000, 1..100),
        ) {
            let quota = Quota::new(600, 60_000, 60).unwrap();
            let (mut tat, mut admitted, mut jumps, mut latest) = (0, 0_u64, 0, 0);
            for now in times {
                if matches!(charge(&quota, &mut tat, units(20), at(now)), Charged::Passed { .. }) {
                    admitted += 20;
                }
                jumps += u64::from(now < latest);
                latest = now;
            }
            prop_assert!(admitted <= 60 * (jumps + 1) + 200 * (jumps + 1), "{}", admitted);
        }

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
