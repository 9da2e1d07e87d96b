//! What to read: paths to files, and files to plain bytes.
//!
//! Compression is told by the first bytes, never by the name.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use super::IngestError;
use super::summary::Compression;

/// Where a log comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file, or a directory that stands for the files below it.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

impl Input {
    /// An argument as a user writes it: `-` is standard input.
    #[must_use]
    pub fn from_argument(argument: &OsStr) -> Self {
        if argument == "-" { Self::Stdin } else { Self::Path(argument.into()) }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("-"),
        }
    }
}

/// The inputs with each directory replaced by its files, sorted by name.
pub(super) fn expand(inputs: &[Input]) -> Result<Vec<Input>, IngestError> {
    let mut files = Vec::new();
    for input in inputs {
        let before = files.len();
        let directory = match input {
            Input::Path(path) if path.is_dir() => path,
            Input::Path(_) | Input::Stdin => {
                files.push(input.clone());
                continue;
            }
        };
        walk(directory, &mut files)?;
        if files.len() == before {
            return Err(IngestError::EmptyDirectory { path: input.to_string() });
        }
    }
    Ok(files)
}

fn walk(directory: &Path, files: &mut Vec<Input>) -> Result<(), IngestError> {
    let failed = |source| IngestError::Open { path: directory.display().to_string(), source };
    let mut entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // A link to a directory is not followed: it may lead round in a circle.
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(&entry.path(), files)?;
        } else if entry.path().is_file() {
            files.push(Input::Path(entry.path()));
        }
    }
    Ok(())
}

/// Bytes of all files as they lie on the disk; `None` where one cannot say.
pub(super) fn total_bytes(files: &[Input]) -> Option<u64> {
    let length = |file: &Input| match file {
        Input::Path(path) => {
            fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|data| data.len())
        }
        Input::Stdin => None,
    };
    files.iter().map(length).sum()
}

/// An open input.
pub(super) struct Source {
    /// The plain bytes.
    pub(super) reader: Box<dyn Read>,
    pub(super) compression: Compression,
    /// Bytes taken from the file so far, compressed where it is.
    pub(super) bytes_read: Rc<Cell<u64>>,
}

impl Source {
    pub(super) fn open(input: &Input) -> io::Result<Self> {
        match input {
            Input::Path(path) => Self::new(File::open(path)?),
            Input::Stdin => Self::new(io::stdin()),
        }
    }

    fn new(source: impl Read + 'static) -> io::Result<Self> {
        let bytes_read = Rc::new(Cell::new(0));
        let mut source = Counting { source, bytes_read: Rc::clone(&bytes_read) };
        let mut magic = Vec::with_capacity(4);
        source.by_ref().take(4).read_to_end(&mut magic)?;
        let compression = compression_of(&magic);
        let whole = BufReader::with_capacity(128 << 10, io::Cursor::new(magic).chain(source));
        let reader: Box<dyn Read> = match compression {
            Compression::None => Box::new(whole),
            Compression::Gzip => Box::new(MultiGzDecoder::new(whole)),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(whole)?),
        };
        Ok(Self { reader, compression, bytes_read })
    }
}

fn compression_of(magic: &[u8]) -> Compression {
    match magic {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        // A zstd frame, or a skippable one, with which parallel writers start.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Compression::Zstd,
        _ => Compression::None,
    }
}

struct Counting<R> {
    source: R,
    bytes_read: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.bytes_read.set(self.bytes_read.get() + read as u64);
        Ok(read)
    }
}
