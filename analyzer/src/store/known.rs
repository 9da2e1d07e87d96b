//! What of which logs is stored already.

use std::collections::{HashMap, HashSet};

use clickhouse::Row;
use serde::Deserialize;

use super::piece::Piece;

/// What `tidegate_loads` says of a piece.
#[derive(Row, Deserialize)]
pub(super) struct KnownRow {
    content: u128,
    last_line: u64,
}

/// The pieces of one site that are stored.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<u64, HashSet<u128>>);

impl Known {
    /// Whether what a log holds up to the line `last` is stored; `content` is asked
    /// for only where some piece ends with such a line.
    pub(super) fn has(&self, last: u64, content: impl FnOnce() -> u128) -> bool {
        self.0.get(&last).is_some_and(|contents| contents.contains(&content()))
    }

    /// Takes a piece for stored: the same log may be given twice.
    pub(super) fn add(&mut self, piece: &Piece) {
        self.0.entry(piece.last).or_default().insert(piece.content);
    }
}

impl FromIterator<KnownRow> for Known {
    fn from_iter<I: IntoIterator<Item = KnownRow>>(rows: I) -> Self {
        let mut known = Self::default();
        for row in rows {
            known.0.entry(row.last_line).or_default().insert(row.content);
        }
        known
    }
}
