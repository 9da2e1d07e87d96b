//! A file as it is found, and what tells it apart from others, whatever they are
//! called: where it lies on the disk, and how it begins. One that is written anew
//! in its place begins otherwise; a copy begins alike, packed or not.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memrchr;
use tidegate_rules::Time;

use super::plain::LINE_BYTES;
use crate::ingest::{self, Format};
use crate::time::of_system;

/// So much of its beginning is remembered of a file, in bytes: a few lines with
/// their times.
pub(super) const START_BYTES: usize = 1024;

/// Where a file lies: on Unix its device and its inode, which stay the same when it
/// is renamed; its path where nothing better is had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity(#[cfg(unix)] (u64, u64), #[cfg(not(unix))] PathBuf);

/// A file, open.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) identity: Identity,
    /// In bytes, as it lies on the disk.
    pub(super) size: u64,
    /// When it was last written to, where the system says so.
    pub(super) written: Option<Time>,
    /// Its first bytes, at most [`START_BYTES`], as they lie on the disk.
    pub(super) start: Vec<u8>,
}

impl Found {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let start = first(&mut file, START_BYTES)?;
        let data = file.metadata()?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity(path, &data),
            size: data.len(),
            written: data.modified().ok().map(of_system),
            file,
            start,
        })
    }

    pub(super) fn is_packed(&self) -> bool {
        ingest::is_packed(&self.start)
    }

    /// Its first bytes unpacked, at most [`START_BYTES`]; nothing where it cannot be
    /// unpacked.
    pub(super) fn text(&self) -> Vec<u8> {
        if self.is_packed() { self.unpacked(START_BYTES) } else { self.start.clone() }
    }

    fn unpacked(&self, bytes: usize) -> Vec<u8> {
        let unpacked = ingest::unpacked(&self.file);
        unpacked.and_then(|mut unpacked| first(&mut unpacked, bytes)).unwrap_or_default()
    }

    /// Whether a packed file can be read, be it that it ends early: one that cannot
    /// would be in the way of all others for as long as the window is.
    pub(super) fn check_packed(&self) -> io::Result<()> {
        let mut unpacked = ingest::unpacked(&self.file)?;
        match io::copy(&mut unpacked, &mut io::sink()) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
            _ => Ok(()),
        }
    }

    /// Of a packed file, what its first lines tell.
    pub(super) fn packed_head(&self) -> Head {
        Head::of(&self.unpacked(LINE_BYTES))
    }

    /// Of a plain file, what its first lines tell.
    pub(super) fn plain_head(&mut self) -> io::Result<Head> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(Head::of(&first(&mut self.file, LINE_BYTES)?))
    }
}

/// What the first lines of a file tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// There is no whole line yet.
    Blank,
    /// They are lines of a log.
    Log(Format),
    /// They are none.
    NoLog,
}

impl Head {
    fn of(start: &[u8]) -> Self {
        let whole = match memrchr(b'\n', start) {
            Some(end) => start.get(..end).unwrap_or_default(),
            // No log has a line that long.
            None if start.len() >= LINE_BYTES => return Self::NoLog,
            None => return Self::Blank,
        };
        let text = String::from_utf8_lossy(whole);
        match ingest::format_of(&text) {
            Some(format) => Self::Log(format),
            None if text.trim().is_empty() => Self::Blank,
            None => Self::NoLog,
        }
    }
}

/// Whether a beginning says enough to tell a file by: the directives with which
/// some formats begin are the same in all their files.
pub(super) fn is_telling(start: &[u8]) -> bool {
    start.split_inclusive(|byte| *byte == b'\n').any(|line| {
        let is_whole = line.ends_with(b"\n") || start.len() == START_BYTES;
        is_whole && !line.starts_with(b"#") && !line.trim_ascii().is_empty()
    })
}

/// The next bytes, at most so many. A packed file that is still being written ends
/// early.
fn first(from: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    match from.take(bytes as u64).read_to_end(&mut start) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(start),
    }
}

#[cfg(unix)]
fn identity(_: &Path, data: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    Identity((data.dev(), data.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path, _: &std::fs::Metadata) -> Identity {
    Identity(path.to_owned())
}
