//! What everybody has of their own, in 60 bytes.

use super::Key;
use crate::features::few::Few;

#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Low and high half of the key's bits.
    key: [u32; 2],
    /// 28 bits of a mark, two of the key's kind, and two flags.
    pub(super) rest: u32,
    pub(super) few: Few,
}

pub(super) const MARK_BITS: u32 = 28;
const KIND_AT: u32 = 28;
/// Its owner is kept in full.
pub(super) const FULL: u32 = 1 << 30;
/// Its owner has more than one visitor.
pub(super) const SHARED: u32 = 1 << 31;

impl Slot {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are kept")]
    pub(super) fn new(key: Key, mark: u32, few: Few) -> Self {
        let rest = mark & mask(MARK_BITS) | u32::from(key.kind & 3) << KIND_AT;
        Self { key: [key.bits as u32, (key.bits >> 32) as u32], rest, few }
    }

    /// Where its owner is kept in full.
    pub(super) fn full(&self) -> Option<usize> {
        (self.rest & FULL > 0).then(|| self.few.is_elsewhere())
    }

    pub(super) fn key(&self) -> Key {
        let [low, high] = self.key.map(u64::from);
        Key { bits: high << 32 | low, kind: (self.rest >> KIND_AT & 3) as u8 }
    }
}

pub(super) const fn mask(bits: u32) -> u32 {
    (1 << bits) - 1
}
