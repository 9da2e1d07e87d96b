//! What the first lines of a file tell: which format it has, never by its name,
//! and when it begins.

use std::borrow::Cow;

use tidegate_rules::Time;

use super::blocks::Block;
use super::parser::{Format, Parser};
use super::text;

/// How many lines are looked at.
pub(super) const HEAD_LINES: usize = 50;

/// The first lines of a file that have something in them.
pub(super) struct Head<'b>(Vec<Cow<'b, str>>);

impl<'b> Head<'b> {
    /// Of the first blocks; a line that is too long tells nothing.
    pub(super) fn of(blocks: &'b [Block]) -> Self {
        let blocks = blocks.iter().filter(|block| !block.is_cut);
        let lines = blocks.flat_map(|block| block.lines().split(|byte| *byte == b'\n'));
        let lines = lines.map(text::trim_line).filter(|line| !line.is_empty());
        Self(lines.take(HEAD_LINES).map(text::from_bytes).collect())
    }

    /// Of a text.
    pub(super) fn of_text(text: &'b str) -> Self {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        Self(lines.take(HEAD_LINES).map(Cow::Borrowed).collect())
    }

    /// Whether more lines would tell no more.
    pub(super) fn is_enough(&self) -> bool {
        self.0.len() >= HEAD_LINES
    }

    /// Whether there is no line at all: an empty log is not an unknown one.
    pub(super) fn is_blank(&self) -> bool {
        self.0.is_empty()
    }

    /// The format that most of the lines parse as, else the one that most of
    /// them mean to be, so that a file of nothing but bad lines of a known format
    /// is still read (and its lines counted as bad).
    pub(super) fn format(&self) -> Option<Format> {
        let score = |format: Format| {
            let mut parser = Parser::new(format);
            let parsed =
                self.0.iter().filter(|line| parser.parse(line, &mut |_| {}).is_ok()).count();
            let meant = self.0.iter().filter(|line| format.recognises(line)).count();
            (parsed, meant)
        };
        let scored = Format::ALL.into_iter().map(|format| (score(format), format));
        // `max_by_key` takes the last of equals; the order of `ALL` decides ties.
        let (best, format) = scored.rev().max_by_key(|(score, _)| *score)?;
        (best > (0, 0)).then_some(format)
    }

    /// The earliest of their times; the beginning of time where none has one.
    pub(super) fn start(&self, format: Format) -> Time {
        let mut parser = Parser::new(format);
        let mut start: Option<Time> = None;
        for line in &self.0 {
            let mut note = |time: Time| start = Some(start.map_or(time, |start| start.min(time)));
            // Bad lines are counted when they are read.
            let _ = parser.parse(line, &mut |line| note(line.request.time));
        }
        start.unwrap_or_default()
    }
}
