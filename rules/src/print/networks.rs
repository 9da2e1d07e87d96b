//! Lists of networks, recovered from the stretches that they were cut into: the
//! fewest networks that hold the same addresses.
//!
//! Which list an address is in is asked of [`Networks`] itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use crate::networks::Networks;

/// IPv6 addresses that are read as IPv4 ones, and so are in no list of IPv6:
/// what a list says of them makes no difference.
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

/// The networks of the addresses that are in one of `lists`. `None` where they
/// are no networks at all.
pub(super) fn of(networks: &Networks, lists: &[u16]) -> Option<Vec<IpNet>> {
    let (v4, v6) = starts(networks);
    let is_in = |address: IpAddr| {
        let found = networks.find(address);
        lists.iter().any(|list| networks.is_in(found, *list))
    };
    let v4 = ranges(&v4, u32::MAX.into(), |at| {
        u32::try_from(at).is_ok_and(|at| is_in(Ipv4Addr::from_bits(at).into()))
    });
    let v6 = ranges(&v6, u128::MAX, |at| is_in(Ipv6Addr::from_bits(at).into()));
    let v4 = v4.into_iter().flat_map(|(from, to)| {
        let [from, to] = [from, to].map(|at| Ipv4Addr::from_bits(at.try_into().unwrap_or(0)));
        Ipv4Subnets::new(from, to, 0).map(IpNet::V4)
    });
    let v6 = v6.into_iter().flat_map(|(from, to)| {
        Ipv6Subnets::new(Ipv6Addr::from_bits(from), Ipv6Addr::from_bits(to), 0).map(IpNet::V6)
    });
    let mut all: Vec<IpNet> = v4.chain(v6).collect();
    if all.is_empty() {
        // A rule about a list that no address is in matches nobody, and so does one
        // about addresses that no client has.
        all.push(IpNet::new(Ipv6Addr::from_bits(MAPPED.0).into(), 96).ok()?);
    }
    Some(all)
}

/// Where stretches start, of IPv4 and of IPv6.
fn starts(networks: &Networks) -> (Vec<u128>, Vec<u128>) {
    let (v4, mut v6) = networks.starts();
    // Nobody can be asked about what is read as IPv4; what lies behind it may
    // differ from what lies before.
    v6.retain(|start| !(MAPPED.0..=MAPPED.1).contains(start));
    v6.push(MAPPED.1 + 1);
    v6.sort_unstable();
    v6.dedup();
    (v4, v6)
}

/// The ranges of addresses that are in, from the starts of stretches.
fn ranges(starts: &[u128], last: u128, is_in: impl Fn(u128) -> bool) -> Vec<(u128, u128)> {
    let mut ranges: Vec<(u128, u128)> = Vec::new();
    for (at, from) in starts.iter().enumerate() {
        let next = starts.get(at + 1).copied();
        let to = next.map_or(last, |next| next.saturating_sub(1));
        if !is_in(*from) {
            continue;
        }
        match ranges.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*from) => *end = to,
            _ => ranges.push((*from, to)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recovered(lists: &[&[&str]], of_lists: &[u16]) -> Vec<String> {
        let lists: Vec<Vec<IpNet>> = lists
            .iter()
            .map(|list| list.iter().map(|network| network.parse().unwrap()).collect())
            .collect();
        let networks = Networks::new(&lists).unwrap();
        of(&networks, of_lists).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_fewest_networks_of_the_same_addresses() {
        let halves = ["192.0.2.0/25", "192.0.2.128/25", "198.51.100.7/32", "2001:db8::/32"];
        let other = ["192.0.2.64/26", "0.0.0.0/0"];
        assert_eq!(
            recovered(&[&halves, &other], &[0]),
            ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]
        );
        assert_eq!(recovered(&[&halves, &other], &[1]), ["0.0.0.0/0"]);
        assert_eq!(recovered(&[&halves, &other], &[0, 1]), ["0.0.0.0/0", "2001:db8::/32"]);
        assert_eq!(recovered(&[&["::/0"]], &[0]), ["::/0"]);
        assert_eq!(recovered(&[&["255.255.255.254/31"]], &[0]), ["255.255.255.254/31"]);
    }

    #[test]
    fn what_is_read_as_ipv4_is_in_no_list_of_ipv6() {
        assert_eq!(recovered(&[&["::ffff:192.0.2.0/120"]], &[0]), ["::ffff:0.0.0.0/96"]);
        assert_eq!(
            recovered(&[&["::ffff:192.0.2.0/120", "::1:0:0:0/80", "192.0.2.0/24"]], &[0]),
            ["192.0.2.0/24", "::1:0:0:0/80"]
        );
    }
}
