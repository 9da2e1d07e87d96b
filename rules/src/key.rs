//! Who shares a budget.
//!
//! A key is a keyed hash, never text that a client sent: it goes into shared
//! stores and logs, and nobody without the secret can aim at it.

use std::hash::Hasher as _;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};
use smallvec::SmallVec;

use crate::request::{Client, Time};
use crate::words::worded;

worded! {
    /// The kinds of keys that a rule may name.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum KeyKind {
        /// A client and its fingerprint, or its User-Agent where no fingerprint is
        /// known, folded into [`LANES`]: tells the people behind one NAT apart.
        Visitor = "visitor",
        /// One IPv4 address, or one IPv6 /64.
        Client = "client",
        /// One IPv4 /24, or one IPv6 /48.
        Network = "network",
        /// One autonomous system.
        Asn = "asn",
        /// One fingerprint, wherever it comes from.
        Fingerprint = "fingerprint",
        /// One fingerprint in one autonomous system.
        Crowd = "crowd",
        /// Everybody.
        Site = "site",
    }
}

impl KeyKind {
    /// Most shards that one key of this kind is kept in; the compiler makes fewer
    /// where its budgets are too small.
    ///
    /// A store that is read and then written forgets charges that overlap, and
    /// the more of them the hotter a key is: the whole site's, and those that a
    /// distributed crawl has in common. The others are one client's, or a
    /// network's few.
    #[must_use]
    pub const fn shards(self) -> u8 {
        match self {
            Self::Visitor | Self::Client | Self::Network => 1,
            Self::Asn | Self::Fingerprint | Self::Crowd => 8,
            Self::Site => 16,
        }
    }
}

/// How many of the dearest requests the burst of a shard has room for, at least:
/// requests come to the shards by chance, and a shard must not refuse while the
/// others have plenty.
pub const SHARD_ROOM: u32 = 16;

/// Visitors that one client is told apart into. Whoever changes the User-Agent
/// with every request has the budgets of this many visitors, and fills this many
/// cells; a crawl from behind a NAT shares its budget with one in this many of
/// the other browsers there.
pub const LANES: u8 = 8;

/// The key of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CellKey {
    /// What the key is made of.
    pub kind: KeyKind,
    /// Keyed hash of it, or the number itself where that is nobody's secret.
    pub hash: u128,
}

impl CellKey {
    /// Where the estimate of the origin's strain is kept.
    pub const STRAIN: Self = Self { kind: KeyKind::Site, hash: 1 };

    /// The key of one of the shards that this key is kept in.
    #[must_use]
    pub const fn shard(self, shard: u8) -> Self {
        // No kind's hash is longer than 96 bits.
        Self { hash: self.hash | (shard as u128) << 120, ..self }
    }

    /// The key as a short text for a store: at most 40 ASCII characters.
    #[must_use]
    pub fn text(&self) -> String {
        format!("tg1-{}-{:032x}", self.kind.name(), self.hash)
    }
}

/// The secret under which keys are hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey([u8; 16]);

impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey(…)")
    }
}

impl Default for HashKey {
    /// A key that is no secret, for tests and for tools whose hashes stay on
    /// one machine.
    fn default() -> Self {
        Self(*b"tidegate-no-key!")
    }
}

impl HashKey {
    /// A key from a secret text of any length.
    #[must_use]
    pub fn from_secret(secret: &str) -> Self {
        let mut hasher = SipHasher13::new_with_key(b"tidegate-secret1");
        hasher.write(secret.as_bytes());
        Self(hasher.finish128().as_bytes())
    }

    /// The key of records of one calendar month (UTC), and its id: the month, and
    /// eight hex digits that tell one secret from another, as in
    /// `2026-11.3fa9c1d0`.
    ///
    /// A client has another hash in the next month, so that old records do not
    /// say who somebody is whose hash of today is known. Budgets are kept under
    /// the secret itself: they do not start anew.
    #[must_use]
    pub fn of_month(&self, time: Time) -> (String, Self) {
        let at = i64::try_from(time.unix_millis()).ok();
        let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok()).unwrap_or_default();
        let day = jiff::tz::Offset::UTC.to_datetime(at).date();
        let month = format!("{:04}-{:02}", day.year(), day.month());
        let key = Self(self.hash(b'm', &[month.as_bytes()]).to_le_bytes());
        let id = key.hash(b'i', &[]) >> 96;
        (format!("{month}.{id:08x}"), key)
    }

    /// 128-bit hash of `parts`, told apart from others by `domain`.
    #[must_use]
    pub fn hash(&self, domain: u8, parts: &[&[u8]]) -> u128 {
        // The hasher is slow in many small steps.
        let mut bytes: SmallVec<[u8; 256]> = SmallVec::new();
        bytes.push(domain);
        for part in parts {
            // Eight bytes on any machine: the edge has 32 bits, the analyzer has not.
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        SipHasher13::new_with_key(&self.0).hash(&bytes).as_u128()
    }

    /// The hashes of a client and of its network that records carry.
    #[must_use]
    pub fn client(&self, client: Client) -> (u64, u64) {
        match client {
            Client::Hashed { client, network } => (client, network),
            Client::Address(address) => match canonical(address) {
                IpAddr::V4(v4) => {
                    let [a, b, c, d] = v4.octets();
                    (self.short(b'c', &[a, b, c, d]), self.short(b'n', &[a, b, c]))
                }
                IpAddr::V6(v6) => {
                    let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                    let client = self.short(b'c', &[a, b, c, d, e, f, g, h]);
                    (client, self.short(b'n', &[a, b, c, d, e, f]))
                }
            },
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is what is wanted")]
    fn short(&self, domain: u8, bytes: &[u8]) -> u64 {
        self.hash(domain, &[bytes]) as u64
    }
}

/// IPv4 addresses written as IPv6 are the same client.
#[must_use]
pub fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// The client that an address belongs to: itself, or its IPv6 /64.
#[must_use]
pub fn client_of(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (!0 << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(address: &str) -> (u64, u64) {
        HashKey::default().client(Client::Address(address.parse().unwrap()))
    }

    #[test]
    fn an_ipv6_client_is_its_slash_64() {
        assert_eq!(hashes("2001:db8:1:2::1"), hashes("2001:db8:1:2:ffff::9"));
        let (client, network) = hashes("2001:db8:1:2::1");
        let (other_client, same_network) = hashes("2001:db8:1:3::1");
        assert_ne!(client, other_client);
        assert_eq!(network, same_network);
    }

    #[test]
    fn an_ipv4_client_is_its_address_and_its_network_a_slash_24() {
        let (client, network) = hashes("192.0.2.1");
        let (other_client, same_network) = hashes("192.0.2.2");
        assert_ne!(client, other_client);
        assert_eq!(network, same_network);
        assert_eq!(hashes("::ffff:192.0.2.1"), (client, network));
    }

    /// The same on every machine: records of the edge, a 32-bit one, must name
    /// clients as the analyzer does.
    #[test]
    fn hashes_are_what_they_always_were() {
        let hash = HashKey::from_secret("golden").hash(b'x', &[b"tide", b"gate"]);
        assert_eq!(hash, 164_200_841_670_832_295_092_636_318_432_928_352_019);
    }

    #[test]
    fn a_month_has_a_key_and_a_secret_has_an_id() {
        let of = |secret: &str, day: &str| {
            let at: jiff::Timestamp = format!("{day}T23:59:59Z").parse().unwrap();
            let millis = u64::try_from(at.as_millisecond()).unwrap();
            let (id, key) = HashKey::from_secret(secret).of_month(Time::from_unix_millis(millis));
            (id, key.client(Client::Address("192.0.2.1".parse().unwrap())))
        };
        assert_eq!(of("golden", "2026-11-01").0, "2026-11.8e0bcfd4");
        assert_eq!(of("golden", "2026-11-01"), of("golden", "2026-11-30"));
        assert_ne!(of("golden", "2026-11-30").1, of("golden", "2026-12-01").1);
        let [one, other] = ["golden", "new"].map(|secret| of(secret, "2026-11-01").0);
        assert_ne!(one, other);
    }

    #[test]
    fn hashes_depend_on_the_secret() {
        let other = HashKey::from_secret("a");
        let client = Client::Address("192.0.2.1".parse().unwrap());
        assert_ne!(other.client(client), HashKey::default().client(client));
    }
}
