//! Lists of networks, all asked at once: which of them is an address in?
//!
//! Rules and agents name tens of thousands of networks, and every fresh sandbox
//! reads them. So the lists are cut into stretches of addresses that are in the
//! same lists, sorted by their first address, in one piece of memory that is
//! searched as it lies: nothing is decoded, and one search answers for every
//! list.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::key::canonical;

/// Lists of networks, by their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    /// Numbers of stretches of IPv4, of stretches of IPv6 and of sets, 4 bytes
    /// each; then the first addresses of the one family and their sets, those of
    /// the other, where each set's members end, and the members.
    bytes: Cow<'static, [u8]>,
}

/// The lists that an address is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Place of the set; 0 is the empty one.
    set: u16,
}

const HEADER_BYTES: usize = 12;
const SET_BYTES: usize = 2;

/// One stretch of addresses: the first, and the set of lists that it is in.
type Stretch = (u128, u16);

impl Networks {
    /// The lists in which each entry's place is its list's.
    ///
    /// `None` where they overlap in more ways than can be told apart.
    #[must_use]
    pub fn new(lists: &[Vec<IpNet>]) -> Option<Self> {
        if lists.is_empty() {
            return Some(Self::default());
        }
        let mut sets = Sets::default();
        let (v4, v6) = (stretches(lists, false, &mut sets)?, stretches(lists, true, &mut sets)?);
        let mut bytes = Vec::new();
        for count in [v4.len(), v6.len(), sets.members.len()] {
            bytes.extend(u32::try_from(count).ok()?.to_le_bytes());
        }
        bytes.extend(
            v4.iter().filter_map(|(at, _)| u32::try_from(*at).ok()).flat_map(u32::to_le_bytes),
        );
        bytes.extend(v4.iter().flat_map(|(_, set)| set.to_le_bytes()));
        bytes.extend(v6.iter().flat_map(|(at, _)| at.to_le_bytes()));
        bytes.extend(v6.iter().flat_map(|(_, set)| set.to_le_bytes()));
        let mut end = 0_u32;
        for set in &sets.members {
            end = end.checked_add(u32::try_from(set.len()).ok()?)?;
            bytes.extend(end.to_le_bytes());
        }
        bytes.extend(sets.members.iter().flatten().flat_map(|list| list.to_le_bytes()));
        Some(Self { bytes: bytes.into() })
    }

    /// The lists that these bytes are: those of an address pack. Nothing is read
    /// yet, and damaged bytes find wrong lists but do no other harm.
    pub(crate) const fn from_bytes(bytes: Cow<'static, [u8]>) -> Self {
        Self { bytes }
    }

    /// What an address pack carries; empty where there are no lists.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lists that `address` is in.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Found {
        let (v4, v6) = (self.count(0), self.count(1));
        let sets_v4 = HEADER_BYTES + v4 * 4;
        let first_v6 = sets_v4 + v4 * SET_BYTES;
        let set = match canonical(address) {
            IpAddr::V4(address) => {
                let sought = u128::from(address.to_bits());
                let first = |at| self.number::<4>(HEADER_BYTES + at * 4).map(u32::from_le_bytes);
                last_up_to(v4, |at| first(at).is_some_and(|first| u128::from(first) <= sought))
                    .map(|at| sets_v4 + at * SET_BYTES)
            }
            IpAddr::V6(address) => {
                let first = |at| self.number::<16>(first_v6 + at * 16).map(u128::from_le_bytes);
                last_up_to(v6, |at| first(at).is_some_and(|first| first <= address.to_bits()))
                    .map(|at| first_v6 + v6 * 16 + at * SET_BYTES)
            }
        };
        let set = set.and_then(|at| self.number(at)).map_or(0, u16::from_le_bytes);
        Found { set }
    }

    /// The places of the lists found, in order.
    pub fn lists(&self, found: Found) -> impl Iterator<Item = u16> + '_ {
        let ends = self.after_stretches();
        let end = |set: u16| {
            let bytes = self.number(ends + usize::from(set) * 4);
            bytes.map_or(0, u32::from_le_bytes) as usize
        };
        let members = ends + self.count(2) * 4;
        let from = found.set.checked_sub(1).map_or(0, end);
        let stretch = (members + from * 2)..(members + end(found.set) * 2);
        let bytes = self.bytes.get(stretch).unwrap_or_default();
        bytes.chunks_exact(2).filter_map(|list| list.try_into().ok().map(u16::from_le_bytes))
    }

    /// Whether `list` is among those found.
    #[must_use]
    pub fn is_in(&self, found: Found, list: u16) -> bool {
        self.lists(found).any(|known| known == list)
    }

    /// Where the stretches of IPv4 and those of IPv6 start, in order.
    pub(crate) fn starts(&self) -> (Vec<u128>, Vec<u128>) {
        let (v4, v6) = (self.count(0), self.count(1));
        let first_v6 = HEADER_BYTES + v4 * (4 + SET_BYTES);
        let of_v4 = |at| self.number(HEADER_BYTES + at * 4).map(u32::from_le_bytes);
        let of_v6 = |at| self.number(first_v6 + at * 16).map(u128::from_le_bytes);
        ((0..v4).filter_map(of_v4).map(u128::from).collect(), (0..v6).filter_map(of_v6).collect())
    }

    fn after_stretches(&self) -> usize {
        HEADER_BYTES + self.count(0) * (4 + SET_BYTES) + self.count(1) * (16 + SET_BYTES)
    }

    /// A count of the header, no larger than there are bytes.
    fn count(&self, place: usize) -> usize {
        let count = self.number(place * 4).map_or(0, u32::from_le_bytes) as usize;
        count.min(self.bytes.len())
    }

    fn number<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }
}

/// The last of `count` sorted places for which `is` holds.
fn last_up_to(count: usize, is: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is(middle) { low = middle + 1 } else { high = middle }
    }
    low.checked_sub(1)
}

/// Sets of lists, each once.
struct Sets {
    members: Vec<Vec<u16>>,
    known: HashMap<Vec<u16>, u16>,
}

impl Default for Sets {
    fn default() -> Self {
        Self { members: vec![Vec::new()], known: HashMap::from([(Vec::new(), 0)]) }
    }
}

impl Sets {
    fn place(&mut self, set: Vec<u16>) -> Option<u16> {
        if let Some(place) = self.known.get(&set) {
            return Some(*place);
        }
        let place = u16::try_from(self.members.len()).ok()?;
        self.members.push(set.clone());
        self.known.insert(set, place);
        Some(place)
    }
}

/// The stretches of one family: at each border, which lists start and end.
fn stretches(lists: &[Vec<IpNet>], v6: bool, sets: &mut Sets) -> Option<Vec<Stretch>> {
    let mut borders: BTreeMap<u128, Vec<(u16, i32)>> = BTreeMap::new();
    for (list, networks) in lists.iter().enumerate() {
        let list = u16::try_from(list).ok()?;
        for network in networks.iter().filter(|network| network.addr().is_ipv6() == v6) {
            borders.entry(bits(network.network())).or_default().push((list, 1));
            // Behind the last address of all there is no border.
            if let Some(after) = next(network.broadcast()) {
                borders.entry(after).or_default().push((list, -1));
            }
        }
    }
    let mut open: BTreeMap<u16, i32> = BTreeMap::new();
    let mut found: Vec<Stretch> = Vec::new();
    for (at, changes) in borders {
        for (list, change) in changes {
            *open.entry(list).or_default() += change;
        }
        open.retain(|_, depth| *depth > 0);
        let set = sets.place(open.keys().copied().collect())?;
        if found.last().is_none_or(|(_, last)| *last != set) {
            found.push((at, set));
        }
    }
    Some(found)
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn next(address: IpAddr) -> Option<u128> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_add(1).map(u128::from),
        IpAddr::V6(address) => address.to_bits().checked_add(1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network() -> impl Strategy<Value = IpNet> {
        // Few addresses, so that networks overlap.
        let v4 = (0_u32..4, 28_u8..=32).prop_map(|(low, length)| {
            let address = std::net::Ipv4Addr::from_bits(0xffff_fff0 | (low * 5));
            IpNet::new(address.into(), length).unwrap().trunc()
        });
        let v6 = (0_u128..4, 0_u8..=128).prop_map(|(low, length)| {
            let address = std::net::Ipv6Addr::from_bits((!0 << 8) | (low * 77));
            IpNet::new(address.into(), length).unwrap().trunc()
        });
        prop_oneof![v4, v6]
    }

    proptest! {
        #[test]
        fn agrees_with_each_network_alone(
            lists in prop::collection::vec(prop::collection::vec(network(), 0..6), 0..6),
            low in any::<u8>(),
            v6 in any::<bool>(),
        ) {
            let networks = Networks::new(&lists).unwrap();
            let address = match v6 {
                false => IpAddr::V4(std::net::Ipv4Addr::from_bits(0xffff_ff00 | u32::from(low))),
                true => IpAddr::V6(std::net::Ipv6Addr::from_bits(!0 << 8 | u128::from(low))),
            };
            let wanted: Vec<u16> = (0..)
                .zip(&lists)
                .filter(|(_, list)| list.iter().any(|network| network.contains(&address)))
                .map(|(at, _)| at)
                .collect();
            let found: Vec<u16> = networks.lists(networks.find(address)).collect();
            prop_assert_eq!(&found, &wanted);
        }

        #[test]
        fn any_bytes_are_harmless(bytes in prop::collection::vec(any::<u8>(), 0..80), v4 in any::<u32>()) {
            let networks = Networks::from_bytes(bytes.into());
            for address in [
                IpAddr::V4(std::net::Ipv4Addr::from_bits(v4)),
                IpAddr::V6(std::net::Ipv6Addr::from_bits(u128::from(v4) << 77)),
            ] {
                prop_assert!(networks.lists(networks.find(address)).count() <= 40);
            }
        }
    }
}
