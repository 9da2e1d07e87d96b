//! Bytes to lines, with bounded memory.
//!
//! Knows nothing of formats. A line longer than [`MAX_LINE`] is reported by its
//! start and skipped without ever being held whole.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use memchr::memchr;

use super::detect::HEAD_LINES;
use super::parser::BadReason;
use super::text;

/// Longest line that is read, in bytes.
pub(super) const MAX_LINE: usize = 1 << 20;

/// Bytes asked of the source at once.
const CHUNK: usize = 128 << 10;

/// Most bytes that are looked at to tell the format.
const HEAD_BOUND: usize = 2 * MAX_LINE;

/// Bytes kept of a line that is too long, for its sample.
const KEPT_OF_LONG: usize = 2_048;

/// Why a line over the bound is bad.
pub(super) fn too_long() -> BadReason {
    BadReason::new("longer than 1 MiB")
}

/// One line, without its line end.
pub(super) struct RawLine<'a> {
    /// Counted from one, empty lines included.
    pub(super) number: u64,
    /// The bytes, or the start of a line that is too long.
    pub(super) text: Result<&'a [u8], &'a [u8]>,
}

/// The lines of one source.
pub(super) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    unread: Range<usize>,
    ended: bool,
    truncated: bool,
    number: u64,
    long: Vec<u8>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; 2 * CHUNK],
            unread: 0..0,
            ended: false,
            truncated: false,
            number: 0,
            long: Vec::new(),
        }
    }

    /// Whether the source ended before its compressed end; the line that was
    /// cut is not given out.
    pub(super) fn truncated(&self) -> bool {
        self.truncated
    }

    /// The first lines, whole, without reading past them; and whether they are
    /// all that there is.
    pub(super) fn head(&mut self) -> io::Result<(&[u8], bool)> {
        loop {
            let (lines, whole) = whole_lines(self.unread_bytes());
            let enough = lines >= HEAD_LINES || self.unread.len() >= HEAD_BOUND;
            if enough || !self.fill()? {
                let length = if self.ended && !self.truncated { self.unread.len() } else { whole };
                return Ok((self.unread_bytes().get(..length).unwrap_or_default(), self.ended));
            }
        }
    }

    /// The next line; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<RawLine<'_>>> {
        let mut searched = 0;
        let line = loop {
            let rest = self.unread_bytes().get(searched..).unwrap_or_default();
            if let Some(at) = memchr(b'\n', rest) {
                break self.take(searched + at, 1);
            }
            searched = self.unread.len();
            if searched > MAX_LINE {
                return self.skip_long_line().map(Some);
            }
            if !self.fill()? {
                if searched == 0 || self.truncated {
                    return Ok(None);
                }
                break self.take(searched, 0);
            }
        };
        let bytes = self.buffer.get(line).unwrap_or_default();
        let text = if bytes.len() > MAX_LINE {
            Err(bytes.get(..KEPT_OF_LONG).unwrap_or_default())
        } else {
            Ok(text::trim_line(bytes))
        };
        Ok(Some(RawLine { number: self.number, text }))
    }

    /// Where the next `length` bytes are; they and the line end are now read.
    fn take(&mut self, length: usize, line_end: usize) -> Range<usize> {
        let line = self.unread.start..self.unread.start + length;
        self.unread.start = line.end + line_end;
        self.number += 1;
        line
    }

    fn skip_long_line(&mut self) -> io::Result<RawLine<'_>> {
        self.long.clear();
        let start = self.buffer.get(self.unread.clone()).unwrap_or_default();
        self.long.extend_from_slice(start.get(..KEPT_OF_LONG).unwrap_or(start));
        self.number += 1;
        loop {
            if let Some(at) = memchr(b'\n', self.unread_bytes()) {
                self.unread.start += at + 1;
                break;
            }
            self.unread = 0..0;
            if !self.fill()? {
                break;
            }
        }
        Ok(RawLine { number: self.number, text: Err(&self.long) })
    }

    fn unread_bytes(&self) -> &[u8] {
        self.buffer.get(self.unread.clone()).unwrap_or_default()
    }

    /// Reads one more chunk; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.buffer.len() - self.unread.end < CHUNK {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
            let wanted = self.unread.end + CHUNK;
            if self.buffer.len() < wanted {
                self.buffer.resize(wanted, 0);
            }
        }
        let read = loop {
            let free = self.buffer.get_mut(self.unread.end..).unwrap_or_default();
            match self.source.read(free) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What a decompressor says of a file that was cut.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.truncated = true;
                    break 0;
                }
                result => break result?,
            }
        };
        self.unread.end += read;
        self.ended = read == 0;
        Ok(!self.ended)
    }
}

/// How many lines with something in them are whole, and where the last ends.
fn whole_lines(bytes: &[u8]) -> (usize, usize) {
    let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
    (lines.filter(|line| !text::trim_line(line).is_empty()).take(HEAD_LINES).count(), whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out at most `step` bytes at once.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            let (now, later) = self.0.split_at(length);
            buffer[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    fn all(bytes: &[u8], step: usize) -> Vec<(u64, Result<String, usize>)> {
        let mut lines = Lines::new(Slow(bytes, step));
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            let text = line.text.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            found.push((line.number, text.map_err(<[u8]>::len)));
        }
        found
    }

    #[test]
    fn both_line_ends_and_a_last_line_without_one() {
        for step in [1, 2, 1 << 20] {
            let found = all(b"one\r\n\ntwo\nthree", step);
            let texts: Vec<_> =
                found.into_iter().map(|(number, text)| (number, text.unwrap())).collect();
            let expected = [(1, "one"), (2, ""), (3, "two"), (4, "three")];
            assert_eq!(texts, expected.map(|(number, text)| (number, text.to_owned())));
        }
    }

    #[test]
    fn a_line_at_the_bound_is_read_and_one_over_it_is_not() {
        for step in [CHUNK / 3, usize::MAX] {
            for (length, expected) in [(MAX_LINE, Ok(MAX_LINE)), (MAX_LINE + 1, Err(KEPT_OF_LONG))]
            {
                let mut bytes = vec![b'x'; length];
                bytes.extend_from_slice(b"\nafter\n");
                let found = all(&bytes, step);
                assert_eq!(found.len(), 2);
                assert_eq!(found[0].1.as_ref().map(String::len), expected.as_ref().copied());
                assert_eq!(found[1], (2, Ok("after".to_owned())));
            }
        }
    }

    #[test]
    fn memory_stays_bounded_in_a_line_without_end() {
        let bytes = vec![b'x'; 16 * MAX_LINE];
        let mut lines = Lines::new(Slow(&bytes, usize::MAX));
        assert!(lines.next_line().unwrap().unwrap().text.is_err());
        assert!(lines.next_line().unwrap().is_none());
        assert!(lines.buffer.len() <= MAX_LINE + 3 * CHUNK, "{} bytes", lines.buffer.len());
    }

    #[test]
    fn the_head_is_whole_lines_and_is_read_again() {
        let bytes = "line\n".repeat(1_000);
        let mut lines = Lines::new(Slow(bytes.as_bytes(), 7));
        let (head, is_all) = lines.head().unwrap();
        assert!(head.len() >= HEAD_LINES * 5 && head.len() < HEAD_LINES * 5 + 7);
        assert!(head.ends_with(b"\n") && !is_all);
        let first = lines.next_line().unwrap().unwrap();
        assert_eq!((first.number, first.text), (1, Ok(&b"line"[..])));
    }

    #[test]
    fn the_head_of_a_short_source_is_all_of_it() {
        let mut lines = Lines::new(&b"one\ntwo"[..]);
        assert_eq!(lines.head().unwrap(), (&b"one\ntwo"[..], true));
    }
}
