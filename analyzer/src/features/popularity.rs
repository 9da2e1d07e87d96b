//! How often something came lately, in a fixed number of bytes: a count-min
//! sketch of small counters with conservative update, aged by halving.
//!
//! It never says too little of what came since the last halving. Too much it
//! says of something only where both of its counters are shared: the counters
//! are four times as many as the requests between two halvings, so that this
//! happens to few and adds one or two.

/// A sketch of how often hashes came.
#[derive(Debug, Clone)]
pub struct Popularity {
    rows: [Box<[u8]>; 2],
    /// Hashes counted since the last halving.
    counted: usize,
}

impl Popularity {
    /// A sketch with two rows of `2^bits` counters of one byte.
    #[must_use]
    pub fn new(bits: u32) -> Self {
        let row = || vec![0; 1 << bits].into_boxed_slice();
        Self { rows: [row(), row()], counted: 0 }
    }

    /// Counts a hash; says how often it came lately, this time included, at most
    /// 255.
    pub fn count(&mut self, hash: u64) -> u8 {
        let [first, second] = &mut self.rows;
        let length = first.len();
        self.counted += 1;
        if self.counted > length / 4 {
            first.iter_mut().chain(second.iter_mut()).for_each(|count| *count /= 2);
            self.counted = 1;
        }
        let [at, other] = places(hash, length);
        let slots = first.get_mut(at).zip(second.get_mut(other));
        let Some((first, second)) = slots else { return 1 };
        let count = (*first).min(*second).saturating_add(1);
        *first = count.max(*first);
        *second = count.max(*second);
        count
    }

    /// Reads the counters of a hash.
    pub(crate) fn look(&self, hash: u64) -> u64 {
        let [first, second] = &self.rows;
        let [at, other] = places(hash, first.len());
        first.get(at).zip(second.get(other)).map_or(0, |(first, second)| (*first ^ *second).into())
    }
}

/// Where a hash is counted, in rows whose length is a power of two.
fn places(hash: u64, length: usize) -> [usize; 2] {
    [hash, hash >> 32].map(|hash| usize::try_from(hash & (length as u64 - 1)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use tidegate_rules::HashKey;

    use super::*;

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is what is wanted")]
    fn what_came_seldom_is_told_from_what_came_often() {
        let key = HashKey::default();
        let hash = |of: u64| key.hash(b't', &[&of.to_le_bytes()]) as u64;
        let mut seen = Popularity::new(14);
        let (mut wrong, mut least) = (0, u8::MAX);
        for at in 0..100_000 {
            // Every tenth is one of ten, the others come once.
            let often = at % 10 == 0;
            let count = seen.count(hash(if often { at / 10 % 10 } else { 1_000 + at }));
            wrong += u32::from(!often && count > 3);
            if often && at > 4_096 {
                least = least.min(count);
            }
        }
        assert!(wrong < 100, "{wrong} of 90,000");
        assert!(least >= 20, "{least}");
    }
}
