//! Quotas: how much work, measured in units, over how much time.

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest time over which a full burst may be earned back, in seconds: a
/// client that spent everything is never kept waiting longer than this for the
/// whole of it.
pub const SPAN_BOUND_S: u64 = 7 * 24 * 3600;

/// Units per period and a burst. One unit is one millisecond of origin time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32, u32)")]
pub struct Quota {
    units: NonZeroU32,
    period_ms: NonZeroU32,
    burst: NonZeroU32,
}

impl Quota {
    /// A quota of `units` each `period_ms`, of which `burst` may come at once.
    ///
    /// # Errors
    ///
    /// A message that fits behind a colon, where one of them is zero, a unit
    /// would take less than a nanosecond, or a burst more than
    /// [`SPAN_BOUND_S`] to earn back.
    pub fn new(units: u32, period_ms: u32, burst: u32) -> Result<Self, &'static str> {
        let zero = "units, period and burst must be at least 1";
        let quota = Self {
            units: NonZeroU32::new(units).ok_or(zero)?,
            period_ms: NonZeroU32::new(period_ms).ok_or(zero)?,
            burst: NonZeroU32::new(burst).ok_or(zero)?,
        };
        if quota.nanos_per_unit() == 0 {
            return Err("more than a unit each nanosecond is no limit");
        }
        if quota.span_nanos() > SPAN_BOUND_S * 1_000_000_000 {
            return Err("a spent burst would take more than 7 days to come back");
        }
        Ok(quota)
    }

    /// Units earned each period.
    #[must_use]
    pub const fn units(&self) -> u32 {
        self.units.get()
    }

    /// The period, in milliseconds.
    #[must_use]
    pub const fn period_ms(&self) -> u32 {
        self.period_ms.get()
    }

    /// Units that may be spent at once.
    #[must_use]
    pub const fn burst(&self) -> NonZeroU32 {
        self.burst
    }

    /// Nanoseconds in which one unit is earned.
    #[must_use]
    pub fn nanos_per_unit(&self) -> u64 {
        u64::from(self.period_ms.get()) * 1_000_000 / u64::from(self.units.get())
    }

    /// Nanoseconds in which a whole burst is earned.
    #[must_use]
    pub fn span_nanos(&self) -> u64 {
        self.nanos_per_unit().saturating_mul(u64::from(self.burst.get()))
    }

    /// One of several equal parts of the quota, which together have no more than
    /// the whole. `None` where a part would be an impossible quota.
    #[must_use]
    pub fn part(&self, parts: NonZeroU8) -> Option<Self> {
        let parts = u32::from(parts.get());
        let period_ms = self.period_ms().checked_mul(parts)?;
        Self::new(self.units(), period_ms, self.burst.get() / parts).ok()
    }

    /// The same quota in governor's terms.
    pub(crate) fn governor(&self) -> Option<governor::Quota> {
        governor::Quota::with_period(Duration::from_nanos(self.nanos_per_unit()))
            .map(|quota| quota.allow_burst(self.burst))
    }
}

/// Units, period and burst: no pack brings an impossible quota in.
impl TryFrom<(u32, u32, u32)> for Quota {
    type Error = &'static str;

    fn try_from((units, period_ms, burst): (u32, u32, u32)) -> Result<Self, &'static str> {
        Self::new(units, period_ms, burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_quotas_cannot_be_made() {
        assert!(Quota::new(0, 1000, 1).is_err());
        assert!(Quota::new(1, 0, 1).is_err());
        assert!(Quota::new(1, 1000, 0).is_err());
        assert!(Quota::new(u32::MAX, 1, 1).is_err());
        assert!(Quota::new(1, 3_600_000, 1000).is_err());
        assert!(Quota::new(12_000, 600_000, 6_000).is_ok());
    }

    #[test]
    fn parts_together_are_no_more_than_the_whole() {
        let quota = Quota::new(1_000, 3_000, 100).unwrap();
        let part = quota.part(NonZeroU8::new(7).unwrap()).unwrap();
        assert_eq!(part, Quota::new(1_000, 21_000, 14).unwrap());
        assert_eq!(quota.part(NonZeroU8::MIN), Some(quota));
        assert_eq!(quota.part(NonZeroU8::new(101).unwrap()), None, "less than a unit");
        let slow = Quota::new(u32::MAX, u32::MAX, 1_000).unwrap();
        assert_eq!(slow.part(NonZeroU8::new(2).unwrap()), None, "too long a period");
    }

    #[test]
    fn impossible_quotas_cannot_be_unpacked() {
        let unpack = |raw: (u32, u32, u32)| {
            let packed = postcard::to_allocvec(&raw).unwrap();
            postcard::from_bytes::<Quota>(&packed).ok()
        };
        assert_eq!(unpack((0, 1_000, 1)), None);
        assert_eq!(unpack((1, u32::MAX, u32::MAX)), None);
        let quota = Quota::new(12_000, 600_000, 6_000).unwrap();
        assert_eq!(unpack((12_000, 600_000, 6_000)), Some(quota));
        assert_eq!(postcard::from_bytes(&postcard::to_allocvec(&quota).unwrap()), Ok(quota));
    }
}
