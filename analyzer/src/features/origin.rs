//! What the log says of the origin itself: how long it took for each route while
//! it was well, and in which minutes it hurt.
//!
//! It hurts by the same estimate that the edge makes of its strain, over all
//! POPs together. Where no line says how long the origin took, nothing is known.

use std::collections::BTreeMap;

use tidegate_rules::Time;
use tidegate_rules::strain::{Answered, Estimate, Strain};

use super::minute;
use crate::score::count;

/// Buckets to a doubling of the time, so that a quantile is off by at most a
/// sixteenth.
const PER_OCTAVE: u32 = 8;

/// Up to 65 seconds; what took longer counts as that.
const BUCKETS: usize = 16 * PER_OCTAVE as usize;

/// How long the origin took, over one kind of request.
#[derive(Debug, Clone)]
pub struct Times {
    /// Answers of which the time is known.
    pub answers: u64,
    /// How many took about as long, and the milliseconds of all of them.
    buckets: [(u32, u64); BUCKETS],
}

impl Default for Times {
    fn default() -> Self {
        Self { answers: 0, buckets: [(0, 0); BUCKETS] }
    }
}

impl Times {
    /// Counts an answer that took so many milliseconds.
    pub fn add(&mut self, took_ms: u32) {
        self.add_all(took_ms, 1, took_ms.into());
    }

    /// Counts answers that took about so many milliseconds each, and `sum_ms` together.
    pub(crate) fn add_all(&mut self, took_ms: u32, count: u32, sum_ms: u64) {
        self.answers += u64::from(count);
        if let Some((answers, sum)) = self.buckets.get_mut(bucket(took_ms)) {
            *answers = answers.saturating_add(count);
            *sum += sum_ms;
        }
    }

    /// Milliseconds that an answer took on average, without the slowest
    /// twentieth: those say how bad a bad moment was, before it was known as one.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        let most = 0.95 * count(self.answers);
        let (mut counted, mut sum) = (0.0, 0.0);
        for (answers, sum_ms) in self.buckets.iter().filter(|(answers, _)| *answers > 0) {
            let taken = f64::from(*answers).min(most - counted);
            sum += count(*sum_ms) * taken / f64::from(*answers);
            counted += taken;
        }
        if counted > 0.0 { sum / counted } else { 0.0 }
    }

    /// Milliseconds within which this share of the answers came, 0 to 1.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> u32 {
        let wanted = share * count(self.answers);
        let mut so_far = 0;
        for (at, (answers, _)) in self.buckets.iter().enumerate() {
            so_far += u64::from(*answers);
            if count(so_far) >= wanted && so_far > 0 {
                return middle(at);
            }
        }
        0
    }
}

/// The bucket of a time.
fn bucket(took_ms: u32) -> usize {
    let took = u64::from(took_ms.max(1)) * u64::from(PER_OCTAVE);
    let octave = took.ilog2() - PER_OCTAVE.ilog2();
    let within = (took >> octave) - u64::from(PER_OCTAVE);
    let at = octave * PER_OCTAVE + u32::try_from(within).unwrap_or_default();
    (at as usize).min(BUCKETS - 1)
}

/// The shortest times in whole milliseconds that are told apart from all shorter ones,
/// in order.
pub(crate) fn told_apart() -> Vec<u32> {
    let starts = (0..BUCKETS as u32).map(|at| {
        let (octave, within) = (at / PER_OCTAVE, at % PER_OCTAVE);
        ((PER_OCTAVE + within) << octave).div_ceil(PER_OCTAVE)
    });
    let mut starts: Vec<u32> = starts.collect();
    starts.dedup();
    starts
}

/// A time in the middle of a bucket.
fn middle(at: usize) -> u32 {
    let at = u32::try_from(at).unwrap_or_default();
    let (octave, within) = (at / PER_OCTAVE, at % PER_OCTAVE);
    let twice = (2 * (PER_OCTAVE + within) + 1) << octave;
    twice / (2 * PER_OCTAVE)
}

/// The origin over a night.
#[derive(Debug, Default)]
pub struct Origin {
    strain: Strain,
    estimate: Estimate,
    /// Times by place of route, of answers that were no errors, while it was
    /// well.
    routes: BTreeMap<u16, Times>,
    /// Minutes since the epoch of which answers are known, and whether it hurt
    /// in them.
    minutes: BTreeMap<u64, bool>,
}

impl Origin {
    /// Nothing yet, of an origin that hurts as the site says.
    #[must_use]
    pub fn new(strain: Option<Strain>) -> Self {
        Self { strain: strain.unwrap_or_default(), ..Self::default() }
    }

    /// Takes an answer into account that the origin gave itself; `route` and
    /// `units` are those of its request.
    pub fn add(&mut self, time: Time, route: Option<u16>, units: u32, answered: &Answered) {
        self.estimate.add(&self.strain, answered, time);
        let hurts = self.estimate.strained_since(&self.strain, time).is_some();
        *self.minutes.entry(minute(time)).or_default() |= hurts;
        let fine = answered.status.is_some_and(|status| status < 400 && status != 304);
        let counts = fine && units > 0 && !hurts;
        if let (Some(route), Some(took_ms), true) = (route, answered.took_ms, counts) {
            self.routes.entry(route).or_default().add(took_ms);
        }
    }

    /// Takes in how it was in a minute since the epoch, which was found out elsewhere.
    pub(crate) fn put_minute(&mut self, minute: u64, hurt: bool) {
        self.minutes.insert(minute, hurt);
    }

    /// Takes in the times of a route that were counted elsewhere.
    pub(crate) fn put_times(&mut self, route: u16) -> &mut Times {
        self.routes.entry(route).or_default()
    }

    /// Times by place of route.
    #[must_use]
    pub const fn routes(&self) -> &BTreeMap<u16, Times> {
        &self.routes
    }

    /// Whether anything is known of how it was.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.minutes.is_empty()
    }

    /// Whether it hurt in a minute since the epoch.
    #[must_use]
    pub fn hurt_in(&self, minute: u64) -> bool {
        self.minutes.get(&minute).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_off_by_a_sixteenth_at_most() {
        for took in (1..200).chain((200..60_000).step_by(97)) {
            let mut times = Times::default();
            times.add(took);
            let told = f64::from(times.quantile_ms(0.5));
            assert!(
                (told - f64::from(took)).abs() <= f64::from(took) / 16.0 + 0.5,
                "{took} {told}"
            );
        }
    }

    #[test]
    fn a_time_counts_as_the_shortest_that_is_told_apart_from_it() {
        let starts = told_apart();
        assert!(starts.is_sorted_by(|one, next| one < next));
        for took in 0..100_000 {
            let start = starts[starts.partition_point(|start| *start <= took).max(1) - 1];
            assert_eq!(bucket(start), bucket(took), "{took}");
        }
    }

    #[test]
    fn quantiles_and_mean_of_many() {
        let mut times = Times::default();
        (0..90).for_each(|_| times.add(10));
        (0..10).for_each(|_| times.add(1_000));
        let of_95 = (90.0 * 10.0 + 5.0 * 1_000.0) / 95.0;
        assert!((times.mean_ms() - of_95).abs() < 1e-9, "{}", times.mean_ms());
        assert_eq!(times.quantile_ms(0.5), 10);
        assert!(times.quantile_ms(0.95).abs_diff(1_000) < 63, "{}", times.quantile_ms(0.95));
        assert_eq!(Times::default().quantile_ms(0.5), 0);
    }

    #[test]
    fn what_the_origin_took_while_it_hurt_is_no_cost() {
        let mut origin = Origin::new(None);
        let slow = |took| Answered { units: 40, took_ms: Some(took), status: Some(200) };
        for n in 0..6_000_u64 {
            let took = if (2_000..4_000).contains(&n) { 5_000 } else { 40 };
            origin.add(Time::from_unix_millis(n * 100), Some(0), 40, &slow(took));
        }
        assert!(origin.hurt_in(5) && !origin.hurt_in(1) && !origin.hurt_in(9));
        let times = &origin.routes()[&0];
        assert!(times.mean_ms() < 100.0, "{}", times.mean_ms());
        assert!(times.quantile_ms(0.5).abs_diff(40) <= 2, "{}", times.quantile_ms(0.5));
    }
}
