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

    /// What a charge of `units` is told where the window has counted `spent`.
    ///
    /// A refusal's wait is the whole window. Nobody knows when in it the units
    /// were spent, but after that they have all left it.
    ///
    /// More units than a window lets through come from a rule set that the
    /// compiler never saw: they pass.
    #[must_use]
    pub fn charge(self, units: u32, spent: u64) -> Charged {
        let units = u64::from(units);
        match self.units.checked_sub(spent.saturating_add(units)) {
            Some(left) => Charged::Passed { remaining: u32::try_from(left).unwrap_or(u32::MAX) },
            None if units > self.units => Charged::Passed { remaining: 0 },
            None => Charged::Refused { retry_ms: self.window.millis() },
        }
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
    use super::*;

    fn limit(units: u32, seconds: u32) -> Limit {
        Limit::of(&Quota::new(units, seconds * 1_000, units).unwrap()).unwrap()
    }

    #[test]
    fn a_window_lets_its_units_through_and_no_more() {
        let limit = limit(4_000, 10);
        assert_eq!(limit.charge(40, 0), Charged::Passed { remaining: 3_960 });
        assert_eq!(limit.charge(40, 3_960), Charged::Passed { remaining: 0 });
        assert_eq!(limit.charge(40, 3_961), Charged::Refused { retry_ms: 10_000 });
        assert_eq!(limit.charge(40, u64::MAX), Charged::Refused { retry_ms: 10_000 });
        assert_eq!(limit.charge(4_001, 9_999), Charged::Passed { remaining: 0 });
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
}
