//! A budget is a token bucket: whatever arrives when, it admits what a bucket in
//! exact arithmetic admits, and says to the unit and the millisecond what is left.

use std::num::NonZeroU32;

use proptest::prelude::*;
use tidegate_rules::gcra::{self, Charged};
use tidegate_rules::{Quota, Time};

/// Tokens as a fraction: `filled / whole` of them, of which `each_ns / whole`
/// come every nanosecond.
struct Bucket {
    filled: u128,
    whole: u128,
    each_ns: u128,
    burst: u128,
}

impl Bucket {
    fn full(quota: &Quota, whole: u128, each_ns: u128) -> Self {
        let burst = u128::from(quota.burst().get()) * whole;
        Self { filled: burst, whole, each_ns, burst }
    }

    fn wait(&mut self, millis: u64) {
        let come = u128::from(millis) * 1_000_000 * self.each_ns;
        self.filled = (self.filled + come).min(self.burst);
    }

    fn charge(&mut self, units: u32) -> Charged {
        let cost = u128::from(units) * self.whole;
        let lacking = cost.saturating_sub(self.filled);
        if lacking > 0 {
            let retry_ms = lacking.div_ceil(self.each_ns * 1_000_000);
            return Charged::Refused { retry_ms: u64::try_from(retry_ms).unwrap() };
        }
        self.filled -= cost;
        let left = self.filled / self.whole;
        Charged::Passed { remaining: u32::try_from(left).unwrap() }
    }
}

/// Milliseconds before a request, and what it costs in percent of a burst.
fn arrivals() -> impl Strategy<Value = Vec<(u64, u32)>> {
    let gap = prop_oneof![Just(0), 0_u64..50, 0_u64..100_000, 0_u64..10_000_000];
    prop::collection::vec((gap, 1_u32..=100), 1..100)
}

fn agree(quota: &Quota, bucket: &mut Bucket, arrivals: Vec<(u64, u32)>) {
    let (mut tat, mut now) = (0, 1_700_000_000_000);
    for (gap, percent) in arrivals {
        now += gap;
        bucket.wait(gap);
        let units = u64::from(quota.burst().get()) * u64::from(percent) / 100;
        let units = NonZeroU32::new(units.try_into().unwrap()).unwrap_or(NonZeroU32::MIN);
        let charged = gcra::charge(quota, &mut tat, units, Time::from_unix_millis(now));
        assert_eq!(charged, bucket.charge(units.get()), "{units} at {now}");
    }
}

/// Quotas of which a unit comes every whole number of nanoseconds.
fn whole_quota() -> impl Strategy<Value = Quota> {
    let raw = (0_u32..=6, 0_u32..=6, 1_u32..1_000, 1_u32..100_000, 1_u32..1_000_000);
    raw.prop_filter_map("impossible", |(twos, fives, common, times, burst)| {
        Quota::new(2_u32.pow(twos) * 5_u32.pow(fives) * common, common * times, burst).ok()
    })
}

/// Every quota that can be written.
fn any_quota() -> impl Strategy<Value = Quota> {
    let raw = (any::<u32>(), any::<u32>(), any::<u32>(), 0_u32..32, 0_u32..32, 0_u32..32);
    raw.prop_filter_map("impossible", |(units, period_ms, burst, a, b, c)| {
        Quota::new(units >> a, period_ms >> b, burst >> c).ok()
    })
}

proptest! {
    #[test]
    fn admits_what_a_bucket_of_the_written_rate_admits(
        quota in whole_quota(),
        arrivals in arrivals(),
    ) {
        let period_ns = u128::from(quota.period_ms()) * 1_000_000;
        let mut bucket = Bucket::full(&quota, period_ns, quota.units().into());
        agree(&quota, &mut bucket, arrivals);
    }

    /// Where a unit takes no whole number of nanoseconds it comes a fraction of
    /// one too soon: never later than written, and never a nanosecond sooner.
    #[test]
    fn admits_what_a_bucket_of_the_rounded_rate_admits(
        quota in any_quota(),
        arrivals in arrivals(),
    ) {
        let (nanos, units) = (quota.nanos_per_unit(), u128::from(quota.units()));
        let period_ns = u128::from(quota.period_ms()) * 1_000_000;
        prop_assert!(u128::from(nanos) * units <= period_ns);
        prop_assert!(period_ns < (u128::from(nanos) + 1) * units);
        agree(&quota, &mut Bucket::full(&quota, nanos.into(), 1), arrivals);
    }
}
