//! Packs as the entries of a Config Store, and the pointer that names them: it is
//! set last, so that an interrupted upload leaves the old rules in force.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{
    ADDRESSES_HEADER_BYTES, PACK_FORMAT, PackError, Packs, addresses_of, hex, id_of, version,
};

/// Most characters of a Config Store value.
pub const VALUE_BOUND: usize = 8000;

/// Most entries of a pack; Fastly allows 32 look-ups for one execution, and the
/// host service needs some of them.
pub const ENTRY_BOUND: usize = 20;

/// Packs as Config Store entries, and the pointer that names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    /// What the entry `rules` is set to, last.
    pub pointer: String,
    /// Keys and values, in any order.
    pub entries: Vec<(String, String)>,
}

/// Splits packs into entries.
///
/// # Errors
///
/// [`PackError::TooLarge`] where they would be more than the edge can read.
pub fn to_entries(packs: &Packs) -> Result<Entries, PackError> {
    let version = version(&packs.rules);
    let mut entries = split(&version, &packs.rules);
    let rules = entries.len();
    if let Some(id) = addresses_of(&packs.rules)? {
        entries.extend(split(&id, &packs.addresses));
    }
    let addresses = entries.len() - rules;
    if entries.len() > ENTRY_BOUND {
        return Err(PackError::TooLarge { rules, addresses });
    }
    Ok(Entries { pointer: format!("{PACK_FORMAT}:{version}:{rules}:{addresses}"), entries })
}

fn split(version: &str, pack: &[u8]) -> Vec<(String, String)> {
    let text = STANDARD.encode(pack);
    let chunks = text.as_bytes().chunks(VALUE_BOUND).enumerate();
    chunks
        .map(|(at, chunk)| (key(version, at), String::from_utf8_lossy(chunk).into_owned()))
        .collect()
}

/// What a pointer names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer<'p> {
    /// Version of the rules pack.
    pub version: &'p str,
    /// Entries of the rules pack.
    rules: usize,
    /// Entries of the address pack.
    addresses: usize,
}

impl<'p> Pointer<'p> {
    /// Reads a pointer.
    ///
    /// # Errors
    ///
    /// Where it is none, of another format, or names more than can be read.
    pub fn parse(pointer: &'p str) -> Result<Self, PackError> {
        let parts: Vec<&str> = pointer.split(':').collect();
        let [format, version, rules, addresses] = *parts.as_slice() else {
            return Err(PackError::Pointer);
        };
        let format: u8 = format.parse().map_err(|_| PackError::Pointer)?;
        if format != PACK_FORMAT {
            return Err(PackError::Format(format));
        }
        let count = |text: &str| text.parse::<usize>().map_err(|_| PackError::Pointer);
        let (rules, addresses) = (count(rules)?, count(addresses)?);
        if rules.saturating_add(addresses) > ENTRY_BOUND {
            return Err(PackError::TooLarge { rules, addresses });
        }
        Ok(Self { version, rules, addresses })
    }

    /// Reads the rules pack; `entry` looks a key up.
    ///
    /// # Errors
    ///
    /// Where an entry is missing, or the bytes are not the ones that the pointer's
    /// hash was taken of.
    pub fn rules(&self, entry: impl FnMut(&str) -> Option<String>) -> Result<Vec<u8>, PackError> {
        let pack = join(self.version, self.rules, entry)?;
        if version(&pack) == self.version { Ok(pack) } else { Err(PackError::Checksum) }
    }

    /// Reads the address pack that rules need by its `id`: see [`addresses_of`].
    ///
    /// # Errors
    ///
    /// Where an entry is missing, or the bytes are not the ones that the id was
    /// taken of.
    pub fn addresses(
        &self,
        id: &str,
        entry: impl FnMut(&str) -> Option<String>,
    ) -> Result<Vec<u8>, PackError> {
        let pack = join(id, self.addresses, entry)?;
        let networks = pack.get(ADDRESSES_HEADER_BYTES..).unwrap_or_default();
        if hex(id_of(networks)) == id { Ok(pack) } else { Err(PackError::Checksum) }
    }
}

fn join(
    version: &str,
    count: usize,
    mut entry: impl FnMut(&str) -> Option<String>,
) -> Result<Vec<u8>, PackError> {
    let mut text = String::new();
    for at in 0..count {
        text.push_str(&entry(&key(version, at)).ok_or(PackError::MissingEntry)?);
    }
    STANDARD.decode(text).map_err(|_| PackError::NotAPack)
}

fn key(version: &str, at: usize) -> String {
    format!("pack.{version}.{at}")
}
