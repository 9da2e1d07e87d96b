//! What has been written to log files since they were last looked at.
//!
//! A plain file is read on from where it was left, as far as its last whole
//! line; one that was rotated is read to its end first, whether it was renamed
//! or cut. A compressed file is taken as a whole, once it has stopped growing.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memrchr;
use tidegate_rules::Time;

use super::kept::Kept;
use crate::ingest::{self, IngestError, Input};

/// Of a file that was there before, so much of its end is taken, in bytes.
const CATCH_UP_BYTES: u64 = 64 << 20;

/// Most bytes that are taken at once, so that a file that has grown a lot does
/// not fill the memory.
const TAKEN_BYTES: u64 = 16 << 20;

/// A last line that is longer than this without an end is given up.
const LINE_BYTES: usize = 1 << 20;

/// Files that are followed.
#[derive(Debug)]
pub struct Follow {
    inputs: Vec<Input>,
    files: HashMap<PathBuf, Followed>,
    /// Whether files have been looked at: one that comes later is new, and read
    /// from its beginning.
    began: bool,
}

#[derive(Debug)]
enum Followed {
    Plain(Plain),
    /// A compressed file: its size when it was last looked at, and whether it was
    /// taken.
    Packed {
        bytes: u64,
        taken: bool,
    },
}

#[derive(Debug)]
struct Plain {
    file: File,
    /// What tells the file apart from another one of the same name.
    identity: Identity,
    /// Up to where whole lines have been taken.
    at: u64,
    /// The last lines that begin with `#`: some formats name their fields so.
    directives: Vec<u8>,
}

/// What stays the same while a file is the same.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = Option<std::time::SystemTime>;

impl Follow {
    /// Follows these inputs. Directories and globs are looked through again each
    /// time, so that new files are found.
    #[must_use]
    pub fn new(inputs: &[Input]) -> Self {
        Self { inputs: inputs.to_vec(), files: HashMap::new(), began: false }
    }

    /// Takes what is new into `kept`.
    pub(super) fn take(&mut self, kept: &mut Kept, now: Time) -> io::Result<Vec<IngestError>> {
        let mut trouble = Vec::new();
        let mut paths = Vec::new();
        for input in &self.inputs {
            match ingest::files(std::slice::from_ref(input)) {
                Ok(files) => paths.extend(files),
                // Nothing has been written there yet.
                Err(IngestError::NoMatch { .. } | IngestError::EmptyDirectory { .. }) => {}
                Err(error) => trouble.push(error),
            }
        }
        for input in paths {
            let Input::Path(path) = input else { continue };
            match self.look_at(&path, kept, now)? {
                Ok(()) => {}
                Err(source) => {
                    trouble.push(IngestError::Read { path: path.display().to_string(), source });
                }
            }
        }
        self.began = true;
        Ok(trouble)
    }

    /// The outer error is of what is kept, the inner one of the file.
    fn look_at(&mut self, path: &Path, kept: &mut Kept, now: Time) -> io::Result<io::Result<()>> {
        let followed = match self.files.get_mut(path) {
            Some(followed) => followed,
            None => match Followed::start(path, self.began) {
                Ok(started) => self.files.entry(path.to_owned()).or_insert(started),
                Err(error) => return Ok(Err(error)),
            },
        };
        match followed {
            Followed::Packed { bytes, taken } => {
                let size = match path.metadata() {
                    Ok(data) => data.len(),
                    Err(error) => return Ok(Err(error)),
                };
                if !*taken && size > 0 && size == *bytes {
                    kept.refer_to(path, now);
                    *taken = true;
                }
                *bytes = size;
                Ok(Ok(()))
            }
            Followed::Plain(plain) => plain.take(path, kept, now),
        }
    }
}

impl Followed {
    fn start(path: &Path, is_new: bool) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic)?;
        if ingest::is_packed(&magic) {
            // Those that were there before are of another time.
            return Ok(Self::Packed { bytes: 0, taken: !is_new });
        }
        let size = file.metadata()?.len();
        let at = if is_new { 0 } else { line_start(&mut file, size)? };
        let directives = directives_before(&mut file, at)?;
        let identity = identity(&file)?;
        Ok(Self::Plain(Plain { file, identity, at, directives }))
    }
}

impl Plain {
    fn take(&mut self, path: &Path, kept: &mut Kept, now: Time) -> io::Result<io::Result<()>> {
        // Renamed: what is left of the old file first.
        let same = File::open(path).and_then(|new| Ok((identity(&new)? == self.identity, new)));
        let left = match self.take_lines(kept, now)? {
            Err(error) => return Ok(Err(error)),
            Ok(()) => same,
        };
        match left {
            Ok((true, _)) => Ok(Ok(())),
            Ok((false, new)) => {
                let identity = match identity(&new) {
                    Ok(identity) => identity,
                    Err(error) => return Ok(Err(error)),
                };
                *self = Self { file: new, identity, at: 0, directives: Vec::new() };
                self.take_lines(kept, now)
            }
            // It is about to be made anew.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ok(())),
            Err(error) => Ok(Err(error)),
        }
    }

    fn take_lines(&mut self, kept: &mut Kept, now: Time) -> io::Result<io::Result<()>> {
        loop {
            let lines = match self.next_lines() {
                Ok(lines) if lines.is_empty() => return Ok(Ok(())),
                Ok(lines) => lines,
                Err(error) => return Ok(Err(error)),
            };
            kept.keep(&self.directives, &lines, now)?;
            note_directives(&mut self.directives, &lines);
        }
    }

    /// The whole lines that come next; empty where there is none.
    fn next_lines(&mut self) -> io::Result<Vec<u8>> {
        if self.file.metadata()?.len() < self.at {
            // Cut, and begun anew.
            (self.at, self.directives) = (0, Vec::new());
        }
        self.file.seek(SeekFrom::Start(self.at))?;
        let mut lines = Vec::new();
        self.file.by_ref().take(TAKEN_BYTES).read_to_end(&mut lines)?;
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
}

/// Where the first line starts that is wholly in the last bytes of a file.
fn line_start(file: &mut File, size: u64) -> io::Result<u64> {
    let at = size.saturating_sub(CATCH_UP_BYTES);
    if at == 0 {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(at - 1))?;
    let mut start = Vec::new();
    file.by_ref().take(LINE_BYTES as u64).read_to_end(&mut start)?;
    Ok(at + memchr::memchr(b'\n', &start).unwrap_or(start.len()) as u64)
}

/// The directives at the beginning of a file of which only the end is taken.
fn directives_before(file: &mut File, at: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(at.min(LINE_BYTES as u64)).read_to_end(&mut start)?;
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

#[cfg(unix)]
fn identity(file: &File) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let data = file.metadata()?;
    Ok((data.dev(), data.ino()))
}

#[cfg(not(unix))]
fn identity(file: &File) -> io::Result<Identity> {
    Ok(file.metadata()?.created().ok())
}
