//! Who a client is, as reports name it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Serialize, Serializer};
use tidegate_rules::Client;
use tidegate_rules::key::client_of;

use crate::features::Key;

/// Who a client is, as reports name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// An IPv4 address, or the first address of an IPv6 /64.
    Address(IpAddr),
    /// The keyed hash that records carry instead.
    Hashed(u64),
}

impl ClientKey {
    /// The client of a request; `None` where the log does not say.
    #[must_use]
    pub fn of(client: Option<Client>) -> Option<Self> {
        Some(match client? {
            Client::Address(address) => Self::Address(client_of(address)),
            Client::Hashed { client, .. } => Self::Hashed(client),
        })
    }
}

impl ClientKey {
    /// The key that a text names; `None` where it names none.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(address) => Some(Self::Address(address)),
            Err(_) => u64::from_str_radix(text, 16).ok().map(Self::Hashed),
        }
    }
}

impl From<ClientKey> for Key {
    fn from(key: ClientKey) -> Self {
        match key {
            ClientKey::Address(IpAddr::V4(v4)) => Self { bits: v4.to_bits().into(), kind: 0 },
            ClientKey::Address(IpAddr::V6(v6)) => {
                Self { bits: (v6.to_bits() >> 64) as u64, kind: 1 }
            }
            ClientKey::Hashed(hash) => Self { bits: hash, kind: 2 },
        }
    }
}

impl From<Key> for ClientKey {
    fn from(key: Key) -> Self {
        match key.kind {
            0 => Self::Address(Ipv4Addr::from_bits(lower(key.bits)).into()),
            1 => Self::Address(Ipv6Addr::from_bits(u128::from(key.bits) << 64).into()),
            _ => Self::Hashed(key.bits),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an IPv4 address")]
const fn lower(bits: u64) -> u32 {
    bits as u32
}

/// An address, or 16 hex digits.
impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Hashed(hash) => write!(f, "{hash:016x}"),
        }
    }
}

impl Serialize for ClientKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::masked;

    #[test]
    fn keys_are_named_by_client_and_shortened_to_their_network() {
        let named = |client| {
            let key = ClientKey::of(Some(client)).unwrap().to_string();
            let network = masked(&key, false);
            (key, network)
        };
        let address = |text: &str| Client::Address(text.parse().unwrap());
        let both = |key: &str, network: &str| (key.to_owned(), network.to_owned());
        assert_eq!(named(address("192.0.2.7")), both("192.0.2.7", "192.0.2.0/24"));
        assert_eq!(named(address("::ffff:192.0.2.7")), both("192.0.2.7", "192.0.2.0/24"));
        assert_eq!(named(address("2001:db8:1:2:3::4")), both("2001:db8:1:2::", "2001:db8:1::/48"));
        let hashed = Client::Hashed { client: 0xabc, network: 1 };
        assert_eq!(named(hashed), both("0000000000000abc", "0000000000000abc"));
    }
}
