//! Which format a file has, by its first lines and never by its name.

use super::parser::{Format, Parser};
use super::text;

/// How many lines are looked at.
pub(super) const HEAD_LINES: usize = 50;

/// The format that most of the lines parse as, else the one that most of them
/// mean to be, so that a file of nothing but bad lines of a known format is
/// still read (and its lines counted as bad).
pub(super) fn detect(head: &[u8]) -> Option<Format> {
    let lines: Vec<_> = lines(head).take(HEAD_LINES).map(text::from_bytes).collect();
    let score = |format: Format| {
        let mut parser = Parser::new(format);
        let parsed = lines.iter().filter(|line| parser.parse(line, &mut |_| {}).is_ok()).count();
        let meant = lines.iter().filter(|line| format.recognises(line)).count();
        (parsed, meant)
    };
    let scored = Format::ALL.into_iter().map(|format| (score(format), format));
    // `max_by_key` takes the last of equals; the order of `ALL` decides ties.
    let (best, format) = scored.rev().max_by_key(|(score, _)| *score)?;
    (best > (0, 0)).then_some(format)
}

/// Whether there is no line at all: an empty log is not an unknown one.
pub(super) fn is_blank(head: &[u8]) -> bool {
    lines(head).next().is_none()
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n').map(text::trim_line).filter(|line| !line.is_empty())
}
