//! What a budget means to the platform's rate counters: Fastly's Edge Rate
//! Limiting, which counts by itself over fixed windows.
//!
//! This is the one place that says so. The compiler refuses what it objects to,
//! the edge counts by it, and the model in `bench/` shows what comes of it.
//!
//! A request is refused while the window has no room for it, and what is refused
//! is not counted: whoever asks too often gets as much as the budget has, and
//! never nothing. The platform's penalty box would refuse everything for two
//! minutes at least, which starves a script that is merely too fast.
//!
//! Facts: Fastly's product page of Edge Rate Limiting, and its reference of
//! `ratecounter`, `check_rate` and `ratecounter_increment`, as of 2026-11.

use std::ops::RangeInclusive;

use crate::gcra::Charged;
use crate::quota::Quota;

/// The least that the counters can be asked to hold to, in requests per second.
pub const RATE_BOUND: u32 = 10;

/// Most units that a counter takes at once.
pub const UNITS_BOUND: u32 = 1_000;

/// The windows over which the counters know a rate.
///
/// A window moves on with every whole second, so it holds up to a second less
/// than it is long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// One second.
    Second,
    /// Ten seconds.
    TenSeconds,
    /// Sixty seconds.
    Minute,
}

impl Window {
    const EVERY: [Self; 3] = [Self::Second, Self::TenSeconds, Self::Minute];

    /// Length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::TenSeconds => 10,
            Self::Minute => 60,
        }
    }

    /// The next shorter window.
    #[must_use]
    pub const fn shorter(self) -> Option<Self> {
        match self {
            Self::Second => None,
            Self::TenSeconds => Some(Self::Second),
            Self::Minute => Some(Self::TenSeconds),
        }
    }

    /// The units counted where the rate is `rate` per second.
    #[must_use]
    pub const fn counted(self, rate: u32) -> u64 {
        // A rate is 32 bits and a window 6: no overflow.
        rate as u64 * self.seconds() as u64
    }

    const fn millis(self) -> u64 {
        self.seconds() as u64 * 1_000
    }
}

/// A quota as the counters hold it: at most so many units in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    window: Window,
    units: u64,
}

impl Limit {
    /// The limit that stands for a quota; `None` where its period is no window.
    #[must_use]
    pub fn of(quota: &Quota) -> Option<Self> {
        let mut windows = Window::EVERY.into_iter();
        let window = windows.find(|own| own.millis() == u64::from(quota.period_ms()))?;
        Some(Self { window, units: u64::from(quota.units()) })
    }

    /// The window that it is counted over.
    #[must_use]
    pub const fn window(self) -> Window {
        self.window
    }

    /// What a charge of `units` is told where the window has counted `spent`
    /// units and the next shorter one `recent` of them. `recent` is asked only
    /// of a refusal.
    ///
    /// More units than a window lets through come from a rule set that the
    /// compiler never saw: they pass.
    ///
    /// # Errors
    ///
    /// That of `recent`.
    pub fn charge<E>(
        self,
        units: u32,
        spent: u64,
        recent: impl FnOnce(Window) -> Result<u64, E>,
    ) -> Result<Charged, E> {
        let units = u64::from(units);
        if units > self.units {
            return Ok(Charged::Passed { remaining: 0 });
        }
        let over = (spent + units).saturating_sub(self.units);
        if over == 0 {
            let left = self.units - spent - units;
            return Ok(Charged::Passed { remaining: u32::try_from(left).unwrap_or(u32::MAX) });
        }
        let retry_ms = match self.window.shorter() {
            Some(shorter) => self.wait_ms(over, spent, shorter, recent(shorter)?),
            None => self.window.millis(),
        };
        Ok(Charged::Refused { retry_ms })
    }

    /// How long until `over` of the `spent` units have left the window: an
    /// estimate, which takes those of the shorter window and those before it
    /// each as spent evenly. Whole seconds, as the window moves.
    fn wait_ms(self, over: u64, spent: u64, shorter: Window, recent: u64) -> u64 {
        let before = spent.saturating_sub(recent);
        let long = self.window.millis();
        let older = long - shorter.millis();
        let wait = if over <= before {
            older * over / before.max(1)
        } else {
            older + shorter.millis() * (over - before) / recent.max(1)
        };
        (wait.div_ceil(1_000) * 1_000).clamp(1_000, long)
    }
}

/// What of a rule the counters cannot hold, each as words for its author.
/// `costs` are those of the cheapest and the dearest request that it charges.
#[must_use]
pub fn objections(quota: &Quota, costs: &RangeInclusive<u32>) -> Vec<String> {
    let mut found = Vec::new();
    let (units, burst) = (quota.units(), quota.burst().get());
    if Limit::of(quota).is_none() {
        found.push("it counts `per` `1s`, `10s` or `1m` only".to_owned());
    } else if burst != units {
        found.push(format!("a burst of {burst}, where a window lets {units} through"));
    }
    let (cheapest, dearest) = (costs.start(), costs.end());
    let least = u64::from(RATE_BOUND) * u64::from(*cheapest) * u64::from(quota.period_ms());
    if u64::from(units) * 1_000 < least {
        found.push(format!(
            "fewer than {RATE_BOUND} requests per second, of which the cheapest costs {cheapest}"
        ));
    }
    if *dearest > UNITS_BOUND {
        found.push(format!("a request of {dearest} units, where it counts {UNITS_BOUND} at most"));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(units: u32, seconds: u32) -> Limit {
        Limit::of(&Quota::new(units, seconds * 1_000, units).unwrap()).unwrap()
    }

    fn told(limit: Limit, units: u32, spent: u64, recent: u64) -> Charged {
        limit.charge(units, spent, |_| Ok::<_, ()>(recent)).unwrap()
    }

    #[test]
    fn a_window_lets_its_units_through_and_no_more() {
        let limit = limit(4_000, 10);
        assert_eq!(told(limit, 40, 0, 0), Charged::Passed { remaining: 3_960 });
        assert_eq!(told(limit, 40, 3_960, 0), Charged::Passed { remaining: 0 });
        assert!(matches!(told(limit, 40, 3_961, 0), Charged::Refused { .. }));
        assert_eq!(told(limit, 4_001, 9_999, 0), Charged::Passed { remaining: 0 });
    }

    #[test]
    fn only_a_refusal_asks_how_recent_it_was_and_its_failure_is_told() {
        let fails = |_| Err("gone");
        assert!(limit(4_000, 10).charge(40, 0, fails).is_ok());
        assert_eq!(limit(4_000, 10).charge(40, 4_000, fails), Err("gone"));
        assert_eq!(
            limit(400, 1).charge(40, 400, fails),
            Ok(Charged::Refused { retry_ms: 1_000 }),
            "no window is shorter than a second"
        );
    }

    #[test]
    fn the_wait_is_short_for_a_steady_loop_and_long_after_a_burst() {
        let wait = |recent| match told(limit(24_000, 60), 40, 24_000, recent) {
            Charged::Refused { retry_ms } => retry_ms,
            Charged::Passed { .. } => 0,
        };
        assert_eq!(wait(4_000), 1_000, "spent evenly: the next second frees 400 units");
        assert_eq!(wait(24_000), 51_000, "all of it in the last ten seconds");
        assert_eq!(wait(23_990), 51_000, "nearly so");
        assert_eq!(wait(0), 1_000, "all of it before them");
    }

    #[test]
    fn quotas_that_fit_meet_no_objection() {
        let quota = Quota::new(24_000, 60_000, 24_000).unwrap();
        assert_eq!(objections(&quota, &(40..=200)), [""; 0]);
        assert_eq!(objections(&quota, &(41..=200)).len(), 1, "9.8 requests per second");
        assert_eq!(objections(&quota, &(40..=1_001)).len(), 1, "more than a counter takes");
        let smaller_burst = Quota::new(24_000, 60_000, 12_000).unwrap();
        assert_eq!(objections(&smaller_burst, &(40..=200)).len(), 1, "it would come at once");
        let other_period = Quota::new(24_000, 30_000, 24_000).unwrap();
        assert_eq!(objections(&other_period, &(40..=200)).len(), 1);
    }

    proptest! {
        /// Whatever the counters say, nobody waits for longer than a window, nor
        /// for less than the second in which it moves; and an empty one refuses
        /// nobody.
        #[test]
        fn nobody_waits_longer_than_a_window(
            units in 1_u32..1_000_000_000,
            seconds in prop_oneof![Just(1_u32), Just(10), Just(60)],
            cost in 1_u32..,
            spent in 0_u64..u64::from(u32::MAX) * 60,
            recent in 0_u64..u64::from(u32::MAX) * 10,
        ) {
            let limit = limit(units, seconds);
            if let Charged::Refused { retry_ms } = told(limit, cost, spent, recent) {
                prop_assert!((1_000..=u64::from(seconds) * 1_000).contains(&retry_ms));
                prop_assert_eq!(retry_ms % 1_000, 0);
            }
            let empty = told(limit, cost, 0, 0);
            prop_assert!(matches!(empty, Charged::Passed { .. }), "{:?}", empty);
        }
    }
}
