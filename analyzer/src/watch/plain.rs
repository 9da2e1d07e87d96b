//! One plain log, read on from where it was left, as far as its last whole line.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use memchr::{memchr, memrchr};

use crate::ingest::Format;

/// Of a file that was there before, so much of its end is taken, in bytes.
const CATCH_UP_BYTES: u64 = 64 << 20;

/// Most bytes that are taken at once, so that a file that has grown a lot does
/// not fill the memory.
const TAKEN_BYTES: u64 = 16 << 20;

/// A last line that is longer than this without an end is given up, in bytes.
pub(super) const LINE_BYTES: usize = 1 << 20;

/// A log, and how far it has been read.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) format: Format,
    /// Up to where whole lines have been taken, in bytes.
    pub(super) at: u64,
    /// The last lines that begin with `#`: some formats name their fields so.
    pub(super) directives: Vec<u8>,
    /// The file, where it was written to within the window: its name may be taken
    /// from it, and its last lines would be out of reach. To hold all would need too
    /// many descriptors in a folder of thousands of files.
    pub(super) held: Option<File>,
}

/// Where in a file to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    AtStart,
    /// As far before its end as is worth catching up.
    NearEnd,
    AtEnd,
}

impl Plain {
    pub(super) fn begin(file: &mut File, format: Format, begin: Begin) -> io::Result<Self> {
        let at = match begin {
            Begin::AtStart => 0,
            Begin::NearEnd => catch_up_from(file)?,
            Begin::AtEnd => file.metadata()?.len(),
        };
        Ok(Self { format, at, directives: directives_before(file, at)?, held: None })
    }

    /// The whole lines that come next in `file`, which is the log; empty where there
    /// is none.
    pub(super) fn next_lines(&mut self, file: &mut File) -> io::Result<Vec<u8>> {
        file.seek(SeekFrom::Start(self.at))?;
        let mut lines = Vec::new();
        file.take(TAKEN_BYTES).read_to_end(&mut lines)?;
        let whole = memrchr(b'\n', &lines).map_or(0, |end| end + 1);
        if whole == 0 && lines.len() > LINE_BYTES {
            // No log has such a line: it goes as it is, and is counted as bad.
            self.at += lines.len() as u64;
            return Ok(lines);
        }
        lines.truncate(whole);
        self.at += whole as u64;
        Ok(lines)
    }

    /// Keeps the directives among lines, for those that come later.
    pub(super) fn note(&mut self, lines: &[u8]) {
        note_directives(&mut self.directives, lines);
    }
}

/// Where the first line starts that is wholly in the last bytes of a file.
fn catch_up_from(file: &mut File) -> io::Result<u64> {
    let at = file.metadata()?.len().saturating_sub(CATCH_UP_BYTES);
    if at == 0 {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(at - 1))?;
    let mut start = Vec::new();
    file.take(LINE_BYTES as u64).read_to_end(&mut start)?;
    Ok(at + memchr(b'\n', &start).unwrap_or(start.len()) as u64)
}

/// The directives at the beginning of a file of which only the end is taken.
fn directives_before(file: &mut File, at: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(at.min(LINE_BYTES as u64)).read_to_end(&mut start)?;
    let mut directives = Vec::new();
    note_directives(&mut directives, &start);
    Ok(directives)
}

/// Keeps the lines that begin with `#`; where a new block of them starts, only
/// that one.
fn note_directives(directives: &mut Vec<u8>, lines: &[u8]) {
    let mut within = false;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let is_directive = line.starts_with(b"#");
        if is_directive && !within {
            directives.clear();
        }
        if is_directive {
            directives.extend_from_slice(line);
        }
        within = is_directive;
    }
}
