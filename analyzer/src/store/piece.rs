//! A log taken apart into pieces, each known by what the log holds up to its end.
//!
//! A piece's content is a hash of all bytes from the start of its log, so it says
//! which log, and how far. The same log is known under any name and in any
//! compression; one that has grown since is known up to where it ended, and so is
//! one whose end was cut off. So a line that is still being written is in no piece:
//! the grown log holds other bytes there, and all lines of the piece would be stored
//! again.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::event::{Event, Kept};
use crate::ingest::{BadReason, Line, Parsed, Place};
use crate::store::row::Logged;

/// Pieces end at the multiples of so many lines, and where their log does. What is
/// stored was cut like this, so the number stays.
pub(super) const PIECE_LINES: u64 = 16_384;

/// Consecutive lines of one log.
#[derive(Default)]
pub(super) struct Piece {
    /// Hash of the log up to the last line; zero while the piece grows.
    pub(super) content: u128,
    /// Its lines' numbers, counted from one.
    pub(super) first: u64,
    pub(super) last: u64,
    /// Lines that are or should be requests.
    pub(super) read: u64,
    /// Those of them that are not.
    pub(super) bad: u64,
    lines: Vec<Held>,
    texts: String,
}

/// What is kept of a line.
struct Held {
    kept: Kept,
    /// But for the referer.
    logged: Logged<'static>,
    referer: Option<Range<usize>>,
}

impl Piece {
    /// Rows that it makes.
    pub(super) fn rows(&self) -> usize {
        self.lines.len()
    }

    /// Bytes of its texts.
    pub(super) fn bytes(&self) -> usize {
        self.texts.len()
    }

    /// Its requests, with what the log says beside them.
    pub(super) fn events(&self) -> impl Iterator<Item = (Event<'_>, Logged<'_>)> {
        self.lines.iter().map(|held| {
            let referer = held.referer.clone().and_then(|range| self.texts.get(range));
            (Event::of(&held.kept, &self.texts), Logged { referer, ..held.logged })
        })
    }

    fn push(&mut self, line: &Line<'_>, number: u64) {
        let kept = Kept::of(line, &mut self.texts);
        let referer = line.referer.map(|referer| {
            let start = self.texts.len();
            self.texts.push_str(referer);
            start..self.texts.len()
        });
        let logged = Logged {
            line: number,
            format: line.format.name(),
            referer: None,
            bytes: line.bytes,
            on_shield: line.on_shield,
            sampled: line.sampled,
        };
        self.lines.push(Held { kept, logged, referer });
    }
}

/// One log, being read.
#[derive(Default)]
pub(super) struct Log {
    hash: Sha256,
    open: Piece,
}

impl Log {
    /// Takes a request.
    pub(super) fn push(&mut self, line: &Line<'_>, place: Place) {
        self.open.push(line, place.line);
    }

    /// Takes note of a line that has been read.
    pub(super) fn pass(&mut self, number: u64, bytes: &[u8], result: &Result<Parsed, BadReason>) {
        self.hash.update(bytes);
        self.hash.update(b"\n");
        if self.open.first == 0 {
            self.open.first = number;
        }
        self.open.last = number;
        self.open.read += u64::from(!matches!(result, Ok(Parsed::Directive)));
        self.open.bad += u64::from(result.is_err());
    }

    /// Hash of the log up to here.
    pub(super) fn content(&self) -> u128 {
        content_of(self.hash.clone())
    }

    /// What it would be after one more line.
    pub(super) fn content_with(&self, bytes: &[u8]) -> u128 {
        content_of(self.hash.clone().chain_update(bytes).chain_update(b"\n"))
    }

    /// What has been read since the last piece, as a piece.
    pub(super) fn cut(&mut self) -> Piece {
        let content = self.content();
        Piece { content, ..std::mem::take(&mut self.open) }
    }

    /// Whether nothing has been read since the last piece.
    pub(super) fn is_cut(&self) -> bool {
        self.open.last == 0
    }
}

fn content_of(hash: Sha256) -> u128 {
    let hash = hash.finalize();
    let [first, _] = hash.as_chunks().0 else { return 0 };
    u128::from_be_bytes(*first)
}
