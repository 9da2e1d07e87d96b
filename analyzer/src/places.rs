//! Autonomous systems and countries of addresses, from MMDB files, where a log
//! does not say them. Nothing leaves the machine.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use maxminddb::{MaxMindDbError, Reader, path};
use tidegate_rules::key::canonical;

/// Prefixes that are remembered: each has one slot, and the last one stays.
const REMEMBERED: usize = 1 << 16;

/// Where an address is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Place of the country's code in [`CODES`].
    country: Option<u16>,
}

/// Every code of two letters, so that a remembered one needs no memory.
static CODES: [u8; 26 * 26 * 2] = {
    let mut codes = [0; 26 * 26 * 2];
    let mut at = 0;
    while at < 26 * 26 {
        codes[at * 2] = b'A' + (at / 26) as u8;
        codes[at * 2 + 1] = b'A' + (at % 26) as u8;
        at += 1;
    }
    codes
};

impl Place {
    /// Country as two capitals of ISO 3166-1.
    #[must_use]
    pub fn country(&self) -> Option<&'static str> {
        let at = usize::from(self.country?) * 2;
        std::str::from_utf8(CODES.get(at..at + 2)?).ok()
    }
}

fn code(country: &str) -> Option<u16> {
    let [first, second] = country.as_bytes() else { return None };
    let capital = |letter: &u8| letter.is_ascii_uppercase().then(|| u16::from(letter - b'A'));
    Some(capital(first)? * 26 + capital(second)?)
}

/// Why a file could not be used.
#[derive(Debug)]
pub struct PlacesError {
    file: PathBuf,
    why: MaxMindDbError,
}

impl fmt::Display for PlacesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no usable MMDB file: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for PlacesError {}

/// Files that say where addresses are.
#[derive(Debug)]
pub struct Places {
    systems: Option<Reader<Vec<u8>>>,
    countries: Option<Reader<Vec<u8>>>,
    /// By prefix: what of it is known.
    remembered: Mutex<Box<[(u64, Place)]>>,
}

impl Places {
    /// From a file of systems (`autonomous_system_number`) and one of countries
    /// (`country.iso_code`), each where it is given.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, or is none of these.
    pub fn open(systems: Option<&Path>, countries: Option<&Path>) -> Result<Self, PlacesError> {
        let open = |file: &Path| {
            let reader = Reader::open_readfile(file);
            reader.map_err(|why| PlacesError { file: file.to_owned(), why })
        };
        Ok(Self {
            systems: systems.map(open).transpose()?,
            countries: countries.map(open).transpose()?,
            // No prefix is the last of all addresses.
            remembered: Mutex::new(vec![(u64::MAX, Place::default()); REMEMBERED].into()),
        })
    }

    /// Where an address is. Looked up once for each /24 and /48, but for those
    /// that a file tells apart further.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Place {
        let address = canonical(address);
        let prefix = prefix(address);
        // Neighbours go to different slots, whichever kind of address they are.
        let slot = (prefix.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize % REMEMBERED;
        let remembered = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, place)) = remembered().get(slot)
            && *known == prefix
        {
            return *place;
        }
        let (asn, all) = find::<u32>(&self.systems, address, &path!["autonomous_system_number"]);
        let (country, also) = find::<&str>(&self.countries, address, &path!["country", "iso_code"]);
        let place = Place { asn, country: country.and_then(code) };
        if all
            && also
            && let Some(slot) = remembered().get_mut(slot)
        {
            *slot = (prefix, place);
        }
        place
    }
}

/// The /24 or the /48 of an address.
fn prefix(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => u64::from(v4.to_bits() >> 8),
        IpAddr::V6(v6) => (v6.to_bits() >> 80) as u64 | 1 << 48,
    }
}

/// What a file says of an address, and whether it says so of its whole prefix.
/// An address that a file cannot be asked for is in no known place.
fn find<'d, T: serde::Deserialize<'d>>(
    file: &'d Option<Reader<Vec<u8>>>,
    address: IpAddr,
    field: &[maxminddb::PathElement<'_>],
) -> (Option<T>, bool) {
    let Some(file) = file else { return (None, true) };
    let Ok(found) = file.lookup(address) else { return (None, true) };
    let length = found.network().map_or(u8::MAX, |network| network.prefix());
    let most = if address.is_ipv4() { 24 } else { 48 };
    (found.decode_path(field).ok().flatten(), length <= most)
}
