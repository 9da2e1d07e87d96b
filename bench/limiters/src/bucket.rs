//! The yardstick: a token bucket in whole numbers. It shares no arithmetic with
//! any limiter that is measured by it.

use std::collections::HashMap;

use crate::Limit;

/// What a token is made of: what comes of it in a microsecond is a whole number.
const TOKEN: u64 = 1_000_000;

/// A bucket for each key.
#[derive(Debug)]
pub struct Buckets {
    limit: Limit,
    keys: HashMap<u32, Bucket>,
}

/// A key's tokens, in millionths, and when it had them.
#[derive(Debug)]
struct Bucket {
    filled: u64,
    at_us: u64,
}

impl Buckets {
    /// Full ones.
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        Self { limit, keys: HashMap::new() }
    }

    /// Takes a token, where there is one. Times in microseconds; those of a key
    /// never go back.
    pub fn admits(&mut self, key: u32, at_us: u64) -> bool {
        let full = u64::from(self.limit.burst) * TOKEN;
        let bucket = self.keys.entry(key).or_insert(Bucket { filled: full, at_us });
        let come = at_us.saturating_sub(bucket.at_us) * u64::from(self.limit.per_second);
        bucket.filled = full.min(bucket.filled.saturating_add(come));
        bucket.at_us = at_us;
        let left = bucket.filled.checked_sub(TOKEN);
        bucket.filled = left.unwrap_or(bucket.filled);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_to_the_microsecond() {
        let mut buckets = Buckets::new(Limit { per_second: 50, burst: 2 });
        let admitted = [0, 0, 0, 19_999, 20_000, 20_001].map(|at| buckets.admits(1, at));
        assert_eq!(admitted, [true, true, false, false, true, false]);
        assert!(buckets.admits(2, 20_001), "another key has its own");
        assert_eq!([(); 3].map(|()| buckets.admits(1, 3_600_000_000)), [true, true, false]);
    }
}
