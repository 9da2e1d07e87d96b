//! The only source of chance. Every actor has dice of its own, so that one more
//! visitor changes nothing for the others.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Chance that depends on a scenario's seed and one actor's number alone.
#[derive(Debug, Clone)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of one actor.
    pub(super) fn new(seed: u64, actor: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(actor));
        Self(rng)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high.max(low))
    }

    /// A number from 0 up to `end`, which is excluded; 0 where `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end.max(1))
    }

    /// True in `percent` of a hundred throws.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// A number in `0.0..1.0`.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// One of the choices, all alike.
    ///
    /// # Panics
    /// Where there is nothing to choose from.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// How long a person looks at a page: log-normal around 17 s, 5 to 60 s.
    pub(super) fn think_ms(&mut self) -> u64 {
        // Box–Muller; `1 - unit` keeps the logarithm away from zero.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        let seconds = (17.0_f64.ln() + 0.6 * normal).exp().clamp(5.0, 60.0);
        (seconds * 1_000.0) as u64
    }

    /// How many pages a session has: 2 to 25, seven in the mean.
    pub(super) fn session_pages(&mut self) -> u32 {
        let more = -(1.0 - self.unit()).ln() * 5.5;
        2 + (more as u32).min(23)
    }
}

/// A number without pattern from two others: what the site looks like, which
/// no seed changes.
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_add(0xd1b5_4a32_d192_ed03);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
