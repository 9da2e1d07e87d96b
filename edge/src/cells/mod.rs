//! The counters of this POP: cells in its cache, and the platform's rate counters
//! for the kinds of keys that the rule set keeps there.
//!
//! Which is asked, and that all budgets are charged or none, is decided by
//! `tidegate-rules`; here is only what calls the platform. Whatever it fails to
//! do lets the request through.

mod cache;
mod erl;

use tidegate_rules::{ByKind, Stored};

use crate::door::Door;
use cache::CacheCells;
use erl::ErlCells;

/// The cells of one request.
pub(crate) type Cells = ByKind<CacheCells, ErlCells>;

/// The cells, or the failures that are to be played.
pub(crate) fn open(door: &Door) -> Cells {
    ByKind {
        bytes: Stored(CacheCells { broken: door.fault("cells") }),
        counters: ErlCells { broken: door.fault("erl") },
    }
}
