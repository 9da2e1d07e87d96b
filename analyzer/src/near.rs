//! Memory that lies far away, brought near before it is needed.
//!
//! What is known of a client is spread over more memory than a processor keeps at
//! hand, and a read takes as long as hundreds of instructions. Reads that follow one
//! another without much between them are waited for together.

use std::hint::black_box;

/// Reads a bit of everything that will be needed; what it says means nothing.
///
/// Where the next thing lies must be known by then: one call for each step of the way.
pub(crate) fn bring_near(bits: impl Iterator<Item = u64>) {
    black_box(bits.fold(0, |all, bits| all ^ bits));
}
