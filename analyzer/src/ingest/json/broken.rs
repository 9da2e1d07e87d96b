//! Why a line is no JSON.

use crate::ingest::parser::BadReason;

/// Where a line stops making sense as JSON, and what was expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ingest) struct Broken {
    pub(super) what: &'static str,
    pub(super) at: usize,
}

impl Broken {
    /// The reason, for a line in which the JSON begins at `start`.
    pub(in crate::ingest) fn reason(self, start: usize) -> BadReason {
        BadReason::of(format!("unreadable JSON: {} at column {}", self.what, start + self.at + 1))
    }
}
