//! ClickHouse's compressed frames, as the client sends them.

use anyhow::{Context as _, Result, ensure};

/// Checksum, method, and the two lengths.
const HEAD: usize = 16 + 1 + 4 + 4;

/// The method LZ4.
const LZ4: u8 = 0x82;

/// The bytes in a row of frames. Checksums are not looked at: all of this stays on
/// one machine.
///
/// # Errors
///
/// Where they are no whole LZ4 frames.
pub(crate) fn unpacked(mut frames: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while !frames.is_empty() {
        let (head, _) = frames.split_at_checked(HEAD).context("a frame is cut")?;
        ensure!(head[16] == LZ4, "a frame of another method than LZ4");
        let number = |at: usize| -> Result<usize> {
            let bytes = head[at..at + 4].try_into().context("a frame is cut")?;
            Ok(u32::from_le_bytes(bytes) as usize)
        };
        // The first length covers the head behind the checksum.
        let (packed, length) = (number(17)? + 16, number(21)?);
        let (frame, rest) = frames.split_at_checked(packed).context("a frame is cut")?;
        let body = frame.get(HEAD..).context("a frame is cut")?;
        bytes.append(&mut lz4_flex::block::decompress(body, length)?);
        frames = rest;
    }
    Ok(bytes)
}
