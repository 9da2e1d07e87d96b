//! Packs: a rule set as the edge reads it, and as Config Store entries.
//!
//! The rules are one pack and the addresses that they name another, which changes
//! seldom, may be large, and is searched as it lies. A rules pack is a magic word,
//! a format, a checksum and, in postcard's encoding, the rule set with the id of its address
//! pack; an address pack is a magic word, a format, its id and the networks. They
//! are compiled and checked before they are packed; the edge only decodes. The
//! checksum guards against damage, the hash in the pointer against mistaking one
//! pack for another. Addresses are hashed where they enter a cache, not in every
//! sandbox: damaged, they verify the wrong claims, and harm nothing else.

mod entries;

use std::borrow::Cow;

pub use entries::{ENTRY_BOUND, Entries, Pointer, VALUE_BOUND, to_entries};
use sha2::{Digest, Sha256};

use crate::networks::Networks;
use crate::ruleset::Ruleset;

/// The pack format written by this version.
pub const PACK_FORMAT: u8 = 4;

const RULES_MAGIC: &[u8; 4] = b"TGPK";
const ADDRESSES_MAGIC: &[u8; 4] = b"TGAD";
const HEADER_BYTES: usize = RULES_MAGIC.len() + 1 + 4;
const ADDRESSES_HEADER_BYTES: usize = ADDRESSES_MAGIC.len() + 1 + size_of::<AddressesId>();

/// Start of the hash of the networks, in a rules pack and in its address pack.
type AddressesId = [u8; 8];

/// A rule set, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packs {
    /// The rules.
    pub rules: Vec<u8>,
    /// The networks that they and their agents name; empty where they name none.
    pub addresses: Vec<u8>,
}

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
    /// The addresses are not the ones that the rules were compiled with.
    Addresses,
    /// The pointer is not `format:hash:entries:entries`.
    Pointer,
    /// An entry that the pointer promises is missing.
    MissingEntry,
    /// The packs need more than [`ENTRY_BOUND`] entries: so many for the rules,
    /// so many for the addresses.
    TooLarge {
        /// Entries of the rules.
        rules: usize,
        /// Entries of the addresses.
        addresses: usize,
    },
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
            Self::Addresses => write!(f, "addresses are not those of the rules"),
            Self::Pointer => write!(f, "pointer is not `format:hash:entries:entries`"),
            Self::MissingEntry => write!(f, "an entry of the pack is missing"),
            Self::TooLarge { rules, addresses } => write!(
                f,
                "the packs need {rules} entries for rules and {addresses} for addresses, at most \
                 {ENTRY_BOUND} can be read: name fewer or wider networks, or build the module \
                 with these rules compiled in (`TIDEGATE_RULES`)"
            ),
        }
    }
}

impl std::error::Error for PackError {}

/// Encodes a rule set.
///
/// # Errors
///
/// [`PackError::Body`] where it cannot be encoded.
pub fn encode(rules: &Ruleset) -> Result<Packs, PackError> {
    let networks = rules.networks.bytes();
    let id = (!networks.is_empty()).then(|| id_of(networks));
    let body = postcard::to_allocvec(&(id, rules)).map_err(|_| PackError::Body)?;
    let mut pack = Vec::with_capacity(HEADER_BYTES + body.len());
    pack.extend_from_slice(RULES_MAGIC);
    pack.push(PACK_FORMAT);
    pack.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    pack.extend_from_slice(&body);
    let mut addresses = Vec::new();
    if let Some(id) = id {
        addresses.extend_from_slice(ADDRESSES_MAGIC);
        addresses.push(PACK_FORMAT);
        addresses.extend_from_slice(&id);
        addresses.extend_from_slice(networks);
    }
    Ok(Packs { rules: pack, addresses })
}

/// Decodes a rules pack and takes in its address pack, empty where it has none,
/// which is not copied where it is borrowed or owned already.
///
/// # Errors
///
/// Where the bytes are no packs of this format, damaged, or not of each other.
pub fn decode(pack: &[u8], addresses: impl Into<Cow<'static, [u8]>>) -> Result<Ruleset, PackError> {
    let (checksum, body) = checksum_and_body(pack)?;
    if crc32fast::hash(body) != checksum {
        return Err(PackError::Checksum);
    }
    let (id, mut rules): (Option<AddressesId>, Ruleset) =
        postcard::from_bytes(body).map_err(|_| PackError::Body)?;
    if let Some(id) = id {
        rules.networks = networks(addresses.into(), id)?;
    }
    Ok(rules)
}

/// The id of the address pack that a rules pack needs, in hex; `None` where it
/// needs none. Damage is for [`decode`] to find.
///
/// # Errors
///
/// Where the bytes are no rules pack of this format.
pub fn addresses_of(pack: &[u8]) -> Result<Option<String>, PackError> {
    let (_, body) = checksum_and_body(pack)?;
    let (id, _) =
        postcard::take_from_bytes::<Option<AddressesId>>(body).map_err(|_| PackError::Body)?;
    Ok(id.map(hex))
}

/// The parts of a rules pack behind its header.
fn checksum_and_body(pack: &[u8]) -> Result<(u32, &[u8]), PackError> {
    let rest = formatted(pack, RULES_MAGIC)?;
    let (checksum, body) = rest.split_first_chunk::<4>().ok_or(PackError::NotAPack)?;
    Ok((u32::from_le_bytes(*checksum), body))
}

/// What follows the magic word and the format.
fn formatted<'p>(pack: &'p [u8], magic: &[u8]) -> Result<&'p [u8], PackError> {
    let rest = pack.strip_prefix(magic).ok_or(PackError::NotAPack)?;
    let (format, rest) = rest.split_first().ok_or(PackError::NotAPack)?;
    if *format == PACK_FORMAT { Ok(rest) } else { Err(PackError::Format(*format)) }
}

fn networks(pack: Cow<'static, [u8]>, id: AddressesId) -> Result<Networks, PackError> {
    if !formatted(&pack, ADDRESSES_MAGIC)?.starts_with(&id) {
        return Err(PackError::Addresses);
    }
    Ok(Networks::from_bytes(match pack {
        Cow::Borrowed(pack) => pack.get(ADDRESSES_HEADER_BYTES..).unwrap_or_default().into(),
        Cow::Owned(mut pack) => {
            pack.drain(..ADDRESSES_HEADER_BYTES);
            pack.into()
        }
    }))
}

fn id_of(networks: &[u8]) -> AddressesId {
    let hash = Sha256::digest(networks);
    hash.first_chunk().copied().unwrap_or_default()
}

/// The version of a rules pack: the first 16 hex digits of its SHA-256. It
/// stands for the addresses, too, whose id is in the pack.
#[must_use]
pub fn version(pack: &[u8]) -> String {
    hex(Sha256::digest(pack).first_chunk().copied().unwrap_or_default())
}

fn hex(hash: [u8; 8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
