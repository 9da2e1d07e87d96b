//! Cells in memory, for whoever decides on one machine: backtests, cases, benches.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Store;
use crate::key::CellKey;

/// A store in memory, for backtests, cases and benches.
#[derive(Debug, Default)]
pub struct Memory(HashMap<CellKey, Vec<u8>, BuildHasherDefault<KeyHasher>>);

/// Spreads keys over a map. Most of them are keyed hashes already, and hashing
/// them again would be a tenth of a decision.
#[derive(Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_isize(&mut self, kind: isize) {
        self.write(&kind.to_le_bytes());
    }

    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    fn write_u128(&mut self, hash: u128) {
        self.0 ^= hash as u64 ^ (hash >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        // The map looks at the lowest bits, which are few where a visitor's lane is.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
    }
}

impl Store for Memory {
    fn load(&mut self, key: &CellKey) -> Result<Option<Vec<u8>>, &'static str> {
        Ok(self.0.get(key).cloned())
    }

    fn save(&mut self, key: &CellKey, bytes: Vec<u8>, _: u64) -> Result<(), &'static str> {
        self.0.insert(*key, bytes);
        Ok(())
    }
}
