//! Where something is remembered that is known by a hash alone.

use std::num::NonZeroU64;

/// A hash under a key that each run draws anew, in whose slot something is remembered.
/// That two things share all 64 bits happens once in more lines than there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(NonZeroU64);

impl Place {
    pub(crate) fn of(hash: u64) -> Self {
        Self(NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN))
    }

    /// Its slot among so many.
    pub(crate) fn slot(self, of: usize) -> usize {
        usize::try_from(self.0.get() % of as u64).unwrap_or_default()
    }
}
