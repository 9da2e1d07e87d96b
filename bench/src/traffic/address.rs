//! Where visitors come from. Addresses are documentation and private ranges,
//! except the search engine's, which is checked against the published list.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::dice::Dice;

/// An address and what a geography database says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) address: IpAddr,
    pub(super) asn: u32,
    pub(super) country: &'static str,
}

/// The people's networks. The crawl's countries are among them, so that a
/// country alone tells nothing.
const PROVIDERS: [(u32, &str); 16] = [
    (64512, "US"),
    (64513, "US"),
    (64514, "US"),
    (64515, "DE"),
    (64516, "DE"),
    (64517, "JP"),
    (64518, "JP"),
    (64519, "GB"),
    (64520, "FR"),
    (64521, "CN"),
    (64522, "IN"),
    (64523, "BR"),
    (64524, "CA"),
    (64525, "NL"),
    (64526, "PL"),
    (64527, "AU"),
];

/// The hosting networks of tools and CI runs.
const HOSTERS: [(u32, &str); 3] = [(64496, "US"), (64497, "DE"), (64498, "US")];

/// A person's line: IPv4 or IPv6 alike often, scattered over its network.
pub(super) fn home(dice: &mut Dice) -> Place {
    let provider = dice.below(PROVIDERS.len());
    let (asn, country) = PROVIDERS[provider];
    let mut byte = || dice.between(0, 255) as u8;
    let (low, middle, high) = (byte(), byte(), byte());
    let (slash64, interface) =
        (u16::from_be_bytes([byte(), byte()]), u16::from_be_bytes([byte(), byte()]));
    let network = provider as u16;
    let address = if dice.percent(50) {
        // A few /16 of 10.0.0.0/8 for each provider.
        Ipv4Addr::new(10, (network * 8) as u8 + high % 8, middle, low.clamp(1, 254)).into()
    } else {
        let site = (network << 8) | u16::from(high);
        Ipv6Addr::new(
            0x2001,
            0xdb8,
            site,
            slash64,
            0x21f,
            u16::from(middle),
            u16::from(low),
            interface,
        )
        .into()
    };
    Place { address, asn, country }
}

/// The address of the people behind one NAT.
pub(super) const fn nat() -> Place {
    Place { address: IpAddr::V4(Ipv4Addr::new(100, 64, 0, 1)), asn: 64515, country: "DE" }
}

/// The address of a tool, one for each number below 500.
pub(super) fn tool(number: u32) -> Place {
    let (asn, country) = HOSTERS[number as usize % HOSTERS.len()];
    let address = match number {
        0..=249 => Ipv4Addr::new(192, 0, 2, number as u8 + 1),
        _ => Ipv4Addr::new(100, 65, 0, (number - 250) as u8),
    };
    Place { address: address.into(), asn, country }
}

/// An address of the search engine, within 66.249.64.0/19.
pub(super) const fn search_engine(number: u32) -> Place {
    let address = Ipv4Addr::new(66, 249, 64 + (number % 16) as u8, 10 + (number / 16 % 20) as u8);
    Place { address: IpAddr::V4(address), asn: 15169, country: "US" }
}

/// An address of the crawl: even numbers in one hosting network, odd ones in the
/// other; distinct below 500.
pub(super) const fn crawler(number: u32) -> Place {
    let host = 3 + (number / 2 % 250) as u8;
    let (address, asn, country) = if number.is_multiple_of(2) {
        (Ipv4Addr::new(198, 51, 100, host), 64500, "US")
    } else {
        (Ipv4Addr::new(203, 0, 113, host), 64501, "JP")
    };
    Place { address: IpAddr::V4(address), asn, country }
}
