//! Sets of trials and of groups, a bit each.

use super::MOST_TRIALS;

/// A set of trials, or of groups: a bit each.
pub(super) type Bits = u128;

pub(super) const fn bit(at: usize) -> Bits {
    if at < MOST_TRIALS { 1 << at } else { 0 }
}

pub(super) const fn has(all: Bits, at: usize) -> bool {
    all & bit(at) > 0
}

/// The places of the bits that are set.
pub(super) fn bits(mut all: Bits) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = all.trailing_zeros() as usize;
        all &= all.wrapping_sub(1);
        (at < MOST_TRIALS).then_some(at)
    })
}
