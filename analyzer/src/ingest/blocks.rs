//! Bytes to blocks of whole lines, with bounded memory.
//!
//! Knows nothing of formats. A line longer than [`MAX_LINE`] is kept by its
//! start and passed over without ever being held whole.

use std::io::{self, ErrorKind, Read};

use memchr::{memchr, memrchr};

use super::source::Source;

/// Longest line that is read, in bytes.
pub(super) const MAX_LINE: usize = 1 << 20;

/// Bytes kept of a line that is too long, for its sample.
pub(super) const KEPT_OF_LONG: usize = 2_048;

/// Some lines of a source.
#[derive(Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    filled: usize,
    /// It holds no more than the start of one line that is too long.
    pub(super) is_cut: bool,
    /// Bytes of the file up to here, compressed where it is.
    pub(super) taken: u64,
}

impl Block {
    /// The lines, each with its line end but perhaps the last of a source.
    pub(super) fn lines(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// What can be filled again.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }
}

/// The blocks of one source.
pub(super) struct Blocks {
    source: Source,
    /// How large a block is, in bytes, unless a line is longer.
    size: usize,
    /// The start of a line, of which the block before has no end.
    carried: Vec<u8>,
    ended: bool,
    truncated: bool,
}

impl Blocks {
    pub(super) fn new(source: Source, size: usize) -> Self {
        Self { source, size, carried: Vec::new(), ended: false, truncated: false }
    }

    /// Blocks of another size from now on.
    pub(super) fn resized(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// Whether the source ended before its compressed end; the line that was
    /// cut is not given out.
    pub(super) fn truncated(&self) -> bool {
        self.truncated
    }

    /// Bytes taken from the file so far, compressed where it is.
    pub(super) fn taken(&self) -> u64 {
        self.source.taken()
    }

    /// The next lines, put into a buffer that is no longer used; `None` at the
    /// end.
    pub(super) fn next(&mut self, mut buffer: Vec<u8>) -> io::Result<Option<Block>> {
        let mut filled = self.carried.len();
        let size = self.size.max((filled + 1).next_power_of_two());
        if buffer.len() != size {
            buffer = vec![0; size];
        }
        if let Some(start) = buffer.get_mut(..filled) {
            start.copy_from_slice(&self.carried);
        }
        self.carried.clear();
        loop {
            let read = self.read(buffer.get_mut(filled..).unwrap_or_default())?;
            filled += read;
            let lines = buffer.get(..filled).unwrap_or_default();
            if self.ended {
                let whole = if self.truncated { after_last_line(lines) } else { filled };
                return Ok((whole > 0).then(|| self.block(buffer, whole, false)));
            }
            if filled < buffer.len() {
                continue;
            }
            let whole = after_last_line(lines);
            if whole > 0 {
                self.carried.extend_from_slice(lines.get(whole..).unwrap_or_default());
                return Ok(Some(self.block(buffer, whole, false)));
            }
            if filled > MAX_LINE {
                self.pass_over_line(buffer.get_mut(KEPT_OF_LONG..).unwrap_or_default())?;
                buffer.truncate(KEPT_OF_LONG);
                buffer.shrink_to_fit();
                return Ok(Some(self.block(buffer, KEPT_OF_LONG, true)));
            }
            buffer.resize(2 * filled, 0);
        }
    }

    /// Reads up to the end of a line, with the help of a buffer.
    fn pass_over_line(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        while !self.ended {
            let read = self.read(buffer)?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if let Some(end) = memchr(b'\n', bytes) {
                self.carried.extend_from_slice(bytes.get(end + 1..).unwrap_or_default());
                break;
            }
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            if self.ended {
                break 0;
            }
            match self.source.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What a decompressor says of a file that was cut.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.truncated = true;
                    break 0;
                }
                result => break result?,
            }
        };
        self.ended = read == 0;
        Ok(read)
    }

    fn block(&self, bytes: Vec<u8>, filled: usize, is_cut: bool) -> Block {
        Block { bytes, filled, is_cut, taken: self.source.taken() }
    }
}

/// Where the last line that has an end ends.
fn after_last_line(bytes: &[u8]) -> usize {
    memrchr(b'\n', bytes).map_or(0, |at| at + 1)
}
