//! Packs: a rule set as the edge reads it, and as Config Store entries.
//!
//! A pack is a magic word, a format, a checksum and the rule set in postcard's
//! encoding. It is compiled and checked before it is packed; the edge only
//! decodes. The checksum guards against damage, the hash in the pointer against
//! mistaking one pack for another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::ruleset::Ruleset;

/// The pack format written by this version.
pub const PACK_FORMAT: u8 = 1;

/// Most characters of a Config Store value.
pub const VALUE_BOUND: usize = 8000;

/// Most entries of a pack; Fastly allows 32 look-ups for one execution, and the
/// host service needs some of them.
pub const ENTRY_BOUND: usize = 20;

const MAGIC: &[u8; 4] = b"TGPK";
const HEADER_BYTES: usize = MAGIC.len() + 1 + 4;

/// Why bytes are no pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackError {
    /// They do not start as a pack does.
    NotAPack,
    /// Another version wrote them.
    Format(u8),
    /// They were damaged.
    Checksum,
    /// The rule set inside cannot be read.
    Body,
    /// The pointer is not `format:hash:entries`.
    Pointer,
    /// An entry that the pointer promises is missing.
    MissingEntry,
    /// The rule set needs more than [`ENTRY_BOUND`] entries.
    TooLarge(usize),
}

impl std::fmt::Display for PackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAPack => write!(f, "not a pack"),
            Self::Format(found) => {
                write!(f, "pack format {found}, this version reads {PACK_FORMAT}")
            }
            Self::Checksum => write!(f, "pack is damaged: its checksum is wrong"),
            Self::Body => write!(f, "pack cannot be decoded"),
            Self::Pointer => write!(f, "pointer is not `format:hash:entries`"),
            Self::MissingEntry => write!(f, "an entry of the pack is missing"),
            Self::TooLarge(entries) => {
                write!(f, "pack needs {entries} entries, at most {ENTRY_BOUND} can be read")
            }
        }
    }
}

impl std::error::Error for PackError {}

/// Encodes a rule set.
///
/// # Errors
///
/// [`PackError::Body`] where it cannot be encoded.
pub fn encode(rules: &Ruleset) -> Result<Vec<u8>, PackError> {
    let body = postcard::to_allocvec(rules).map_err(|_| PackError::Body)?;
    let mut pack = Vec::with_capacity(HEADER_BYTES + body.len());
    pack.extend_from_slice(MAGIC);
    pack.push(PACK_FORMAT);
    pack.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    pack.extend_from_slice(&body);
    Ok(pack)
}

/// Decodes a pack.
///
/// # Errors
///
/// Where the bytes are no pack of this format, or damaged.
pub fn decode(pack: &[u8]) -> Result<Ruleset, PackError> {
    let rest = pack.strip_prefix(MAGIC).ok_or(PackError::NotAPack)?;
    let (format, rest) = rest.split_first().ok_or(PackError::NotAPack)?;
    if *format != PACK_FORMAT {
        return Err(PackError::Format(*format));
    }
    let (checksum, body) = rest.split_first_chunk::<4>().ok_or(PackError::NotAPack)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return Err(PackError::Checksum);
    }
    postcard::from_bytes(body).map_err(|_| PackError::Body)
}

/// The version of a pack: the first 16 hex digits of its SHA-256.
#[must_use]
pub fn version(pack: &[u8]) -> String {
    Sha256::digest(pack).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A pack as Config Store entries, and the pointer that names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    /// What the entry `rules` is set to, last.
    pub pointer: String,
    /// Keys and values, in any order.
    pub entries: Vec<(String, String)>,
}

/// Splits a pack into entries.
///
/// # Errors
///
/// [`PackError::TooLarge`] where they would be more than the edge can read.
pub fn to_entries(pack: &[u8]) -> Result<Entries, PackError> {
    let version = version(pack);
    let text = STANDARD.encode(pack);
    let count = text.len().div_ceil(VALUE_BOUND);
    if count > ENTRY_BOUND {
        return Err(PackError::TooLarge(count));
    }
    let entries = text
        .as_bytes()
        .chunks(VALUE_BOUND)
        .enumerate()
        .map(|(at, chunk)| (key(&version, at), String::from_utf8_lossy(chunk).into_owned()))
        .collect();
    Ok(Entries { pointer: format!("{PACK_FORMAT}:{version}:{count}"), entries })
}

/// Reads the pack that a pointer names; `entry` looks a key up.
///
/// # Errors
///
/// Where the pointer or an entry is broken, or the bytes are not the ones that
/// the pointer's hash was taken of.
pub fn from_entries(
    pointer: &str,
    mut entry: impl FnMut(&str) -> Option<String>,
) -> Result<Vec<u8>, PackError> {
    let (version, count) = split_pointer(pointer)?;
    let mut text = String::new();
    for at in 0..count {
        text.push_str(&entry(&key(version, at)).ok_or(PackError::MissingEntry)?);
    }
    let pack = STANDARD.decode(text).map_err(|_| PackError::NotAPack)?;
    if self::version(&pack) == version { Ok(pack) } else { Err(PackError::Checksum) }
}

/// The version that a pointer names.
///
/// # Errors
///
/// [`PackError::Pointer`] where it is no pointer.
pub fn pointer_version(pointer: &str) -> Result<&str, PackError> {
    split_pointer(pointer).map(|(version, _)| version)
}

fn split_pointer(pointer: &str) -> Result<(&str, usize), PackError> {
    let mut parts = pointer.split(':');
    let (Some(format), Some(version), Some(count), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(PackError::Pointer);
    };
    let format: u8 = format.parse().map_err(|_| PackError::Pointer)?;
    if format != PACK_FORMAT {
        return Err(PackError::Format(format));
    }
    let count = count.parse().map_err(|_| PackError::Pointer)?;
    if count > ENTRY_BOUND { Err(PackError::TooLarge(count)) } else { Ok((version, count)) }
}

fn key(version: &str, at: usize) -> String {
    format!("pack.{version}.{at}")
}
