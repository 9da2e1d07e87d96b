//! Files to plain bytes. Compression is told by the first bytes, never by the
//! name.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::input::Input;
use super::summary::Compression;

/// Bytes taken at once from a file that is compressed.
const TAKEN_BYTES: usize = 32 << 10;

/// An open input, read as plain bytes.
pub(super) struct Source {
    reader: Box<dyn Read + Send>,
    pub(super) compression: Compression,
    taken: Arc<AtomicU64>,
}

impl Source {
    pub(super) fn open(input: &Input) -> io::Result<Self> {
        match input {
            Input::Path(path) | Input::Part { path, .. } => Self::new(File::open(path)?),
            Input::Text { text, .. } => Self::new(io::Cursor::new(Bytes(Arc::clone(text)))),
            Input::Stdin => Self::new(io::stdin()),
        }
    }

    pub(super) fn new(source: impl Read + Send + 'static) -> io::Result<Self> {
        let taken = Arc::new(AtomicU64::new(0));
        let mut source = Counting { source, taken: Arc::clone(&taken) };
        let mut magic = Vec::with_capacity(4);
        source.by_ref().take(4).read_to_end(&mut magic)?;
        let compression = compression_of(&magic);
        let whole = io::Cursor::new(magic).chain(source);
        let buffered = |whole| BufReader::with_capacity(TAKEN_BYTES, whole);
        let reader: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(whole),
            Compression::Gzip => Box::new(MultiGzDecoder::new(buffered(whole))),
            #[cfg(target_family = "wasm")]
            Compression::Zstd => return Err(io::ErrorKind::Unsupported.into()),
            #[cfg(not(target_family = "wasm"))]
            Compression::Zstd => {
                Box::new(zstd::stream::read::Decoder::with_buffer(buffered(whole))?)
            }
        };
        Ok(Self { reader, compression, taken })
    }

    /// Bytes taken from the file so far, compressed where it is.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

pub(super) fn compression_of(magic: &[u8]) -> Compression {
    match magic {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        // A zstd frame, or a skippable one, with which parallel writers start.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Compression::Zstd,
        _ => Compression::None,
    }
}

struct Bytes(Arc<str>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

struct Counting<R> {
    source: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
