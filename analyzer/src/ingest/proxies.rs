//! Addresses that speak for somebody else: those of Fastly's POPs, and those
//! that no client on the internet can have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Fastly's networks of IPv4, with the lengths of their prefixes; from
/// `/public-ip-list` of Fastly's API, October 2026.
const FASTLY_V4: [([u8; 4], u32); 19] = [
    ([23, 235, 32, 0], 20),
    ([43, 249, 72, 0], 22),
    ([103, 244, 50, 0], 24),
    ([103, 245, 222, 0], 23),
    ([103, 245, 224, 0], 24),
    ([104, 156, 80, 0], 20),
    ([140, 248, 64, 0], 18),
    ([140, 248, 128, 0], 17),
    ([146, 75, 0, 0], 17),
    ([151, 101, 0, 0], 16),
    ([157, 52, 64, 0], 18),
    ([167, 82, 0, 0], 17),
    ([167, 82, 128, 0], 20),
    ([167, 82, 160, 0], 20),
    ([167, 82, 224, 0], 20),
    ([172, 111, 64, 0], 18),
    ([185, 31, 16, 0], 22),
    ([199, 27, 72, 0], 21),
    ([199, 232, 0, 0], 16),
];

/// Which bytes their addresses begin with: this is asked of every line.
const FASTLY_FIRST: [bool; 256] = {
    let mut first = [false; 256];
    let mut at = 0;
    while at < FASTLY_V4.len() {
        first[FASTLY_V4[at].0[0] as usize] = true;
        at += 1;
    }
    first
};

/// The same of IPv6: the first two groups.
const FASTLY_V6: [[u16; 2]; 2] = [[0x2a04, 0x4e40], [0x2a04, 0x4e42]];

/// Whether an address is one of Fastly's POPs.
pub(super) fn is_fastly(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let may_be = FASTLY_FIRST[usize::from(address.octets()[0])];
            may_be
                && FASTLY_V4.iter().any(|(network, length)| {
                    let differ = address.to_bits() ^ Ipv4Addr::from(*network).to_bits();
                    differ >> (32 - length) == 0
                })
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            FASTLY_V6.contains(&[first, second])
        }
    }
}

/// Whether an address can only be a proxy's: one of Fastly's, or one that no
/// client on the internet has.
pub(super) fn is_proxy(address: IpAddr) -> bool {
    let is_inside = match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_private() || address.is_loopback() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address == Ipv6Addr::LOCALHOST
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    };
    is_inside || is_fastly(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_an_address_is() {
        let table = [
            ("23.235.47.255", (true, true)),
            ("23.235.48.0", (false, false)),
            ("151.101.1.6", (true, true)),
            ("::ffff:151.101.1.6", (true, true)),
            ("2a04:4e42:400::773", (true, true)),
            ("2a04:4e41::1", (false, false)),
            ("10.0.0.1", (false, true)),
            ("127.0.0.1", (false, true)),
            ("fd00::1", (false, true)),
            ("192.0.2.1", (false, false)),
            ("2001:db8::1", (false, false)),
        ];
        for (address, expected) in table {
            let parsed: IpAddr = address.parse().unwrap();
            assert_eq!((is_fastly(parsed), is_proxy(parsed)), expected, "{address}");
        }
    }
}
