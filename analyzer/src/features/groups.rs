//! Networks and crowds: those that ask for much. There may be as many networks
//! as clients, so that only whoever has asked for [`HEAVY`] requests lately gets
//! a record, which says nothing of the requests before.
//!
//! Records are bounded as in a ledger: where there is no room, the quarter that
//! did least harm is dropped and counted, and whoever comes back begins anew.

use std::fmt;
use std::mem::replace;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap;

use super::{Distinct, Facts, Features, Many, Popularity};
use crate::text::network;

/// From so many requests lately on a group gets a record.
pub(super) const HEAVY: u8 = 32;

/// Two rows of as many counters, as a power of two, tell who asks for much.
const COUNTER_BITS: u32 = 18;

/// Who shares something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    /// One IPv4 /24, by its first address.
    V4(u32),
    /// One IPv6 /48, by the upper half of its first address.
    V6(u64),
    /// A network by its keyed hash.
    Hashed(u64),
    /// One fingerprint in one autonomous system.
    Crowd(u64, u32),
    /// One fingerprint in one network, where the system is unknown.
    CrowdIn(u64, u64),
}

impl GroupKey {
    /// The network of a client's address.
    #[must_use]
    pub fn network(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4.to_bits() & !0xff),
            IpAddr::V6(v6) => Self::V6((v6.to_bits() >> 64) as u64 & !0xffff),
        }
    }

    /// The network that a text names; `None` where it names none.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        match text.split_once('/') {
            Some((address, _)) => address.parse().ok().map(Self::network),
            None => u64::from_str_radix(text, 16).ok().map(Self::Hashed),
        }
    }
}

/// As reports name it.
impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(v4) => f.write_str(&network(Ipv4Addr::from_bits(*v4).into())),
            Self::V6(v6) => {
                f.write_str(&network(Ipv6Addr::from_bits(u128::from(*v6) << 64).into()))
            }
            Self::Hashed(hash) => write!(f, "{hash:016x}"),
            Self::Crowd(fingerprint, asn) => write!(f, "{fingerprint:016x} in AS{asn}"),
            Self::CrowdIn(fingerprint, network) => {
                write!(f, "{fingerprint:016x} in {network:016x}")
            }
        }
    }
}

/// What a group did since it got a record.
#[derive(Debug, Default)]
pub struct Group {
    many: Many,
    clients: Distinct,
    /// Bytes that it took up when they were last asked for.
    measured: usize,
}

impl Group {
    /// What it did, in figures.
    #[must_use]
    pub fn features(&self) -> Features {
        self.many.features()
    }

    /// Its different clients.
    #[must_use]
    pub fn clients(&self) -> u64 {
        self.clients.count()
    }

    /// All that it did.
    pub(crate) fn many(&self) -> &Many {
        &self.many
    }

    /// Bytes that it took up when this was last asked, none at first; and now.
    fn measure(&mut self) -> (usize, usize) {
        let now = self.bytes();
        (replace(&mut self.measured, now), now)
    }

    fn bytes(&self) -> usize {
        self.many.bytes() + self.clients.bytes()
    }
}

/// The groups of one kind.
#[derive(Debug)]
pub struct Groups {
    lately: Popularity,
    heavy: HashMap<GroupKey, Box<Group>>,
    most_bytes: usize,
    bytes: usize,
    /// Records that were dropped for want of room.
    pub dropped: u64,
}

impl Groups {
    /// No groups, and room for records of so many bytes.
    #[must_use]
    pub fn new(most_bytes: usize) -> Self {
        let lately = Popularity::new(COUNTER_BITS);
        Self { lately, heavy: HashMap::new(), most_bytes, bytes: 0, dropped: 0 }
    }

    /// Takes a request of a client of a group into account; `hash` is the
    /// group's.
    pub fn add(&mut self, key: GroupKey, hash: u64, client: u64, facts: &Facts<'_>) {
        let heavy = self.lately.count(hash) >= HEAVY;
        let group = match self.heavy.get_mut(&key) {
            Some(group) => group,
            None if heavy => self.heavy.entry(key).or_default(),
            None => return,
        };
        group.many.add(facts);
        group.clients.insert(client);
        let (before, now) = group.measure();
        self.bytes = self.bytes - before + now;
        if self.bytes > self.most_bytes {
            self.make_room();
        }
    }

    /// What is known of a group that has a record.
    pub(crate) fn get(&self, key: GroupKey) -> Option<&Group> {
        self.heavy.get(&key).map(|group| &**group)
    }

    /// Reads the counters of a group's hash.
    pub(crate) fn look_lately(&self, hash: u64) -> u64 {
        self.lately.look(hash)
    }

    /// Takes a group in that was counted elsewhere, with the number of its clients.
    pub(crate) fn put(&mut self, key: GroupKey, clients: u64, many: Many) {
        let mut group = Group { many, clients: Distinct::counted(clients), measured: 0 };
        self.bytes += group.measure().1;
        self.heavy.insert(key, Box::new(group));
        if self.bytes > self.most_bytes {
            self.make_room();
        }
    }

    /// Drops the quarter that did least harm.
    fn make_room(&mut self) {
        let mut harms: Vec<_> =
            self.heavy.iter().map(|(key, group)| (group.many.harm(), *key)).collect();
        let quarter = harms.len() / 4;
        harms.select_nth_unstable(quarter);
        for (_, key) in harms.into_iter().take(quarter + 1) {
            self.heavy.remove(&key);
            self.dropped += 1;
        }
        self.bytes = self.heavy.values().map(|group| group.bytes()).sum();
    }

    /// The groups that have a record, most units first.
    #[must_use]
    pub fn worst_first(&self) -> Vec<(GroupKey, &Group)> {
        let mut all: Vec<_> = self.heavy.iter().map(|(key, group)| (*key, &**group)).collect();
        all.sort_by_key(|(key, group)| (std::cmp::Reverse(group.many.harm()), *key));
        all
    }
}
