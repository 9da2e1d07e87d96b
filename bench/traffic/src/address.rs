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

impl Place {
    const fn v4(address: Ipv4Addr, asn: u32, country: &'static str) -> Self {
        Self { address: IpAddr::V4(address), asn, country }
    }

    /// The point of presence that it comes to.
    pub(super) fn pop(&self) -> &'static str {
        match self.country {
            "DE" | "FR" | "NL" | "PL" => "FRA",
            "GB" => "LHR",
            "JP" | "CN" => "NRT",
            "AU" => "SYD",
            "IN" => COLD_POP,
            "BR" => "GRU",
            _ => "IAD",
        }
    }
}

/// The POP whose cache may have nothing.
pub(super) const COLD_POP: &str = "BOM";

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

/// A line of the provider whose people come to [`COLD_POP`].
pub(super) fn cold_home(dice: &mut Dice) -> Place {
    let (asn, country) = PROVIDERS[10];
    let [low, middle, high] = [0; 3].map(|_: u8| dice.between(1, 254) as u8);
    Place::v4(Ipv4Addr::new(10, 80 + high % 8, middle, low), asn, country)
}

/// The address of the people behind one NAT.
pub(super) const fn nat() -> Place {
    Place::v4(Ipv4Addr::new(100, 64, 0, 1), 64515, "DE")
}

/// The address of a tool, one for each number below 16,000.
pub(super) fn tool(number: u32) -> Place {
    let (asn, country) = HOSTERS[number as usize % HOSTERS.len()];
    let address = match number {
        0..=249 => Ipv4Addr::new(192, 0, 2, number as u8 + 1),
        _ => {
            let [.., high, low] = (number - 250).to_be_bytes();
            Ipv4Addr::new(100, 65, high, low)
        }
    };
    Place::v4(address, asn, country)
}

/// One of the addresses that all jobs of a CI service share.
pub(super) fn runner(number: u32) -> Place {
    let (asn, country) = HOSTERS[number as usize % HOSTERS.len()];
    Place::v4(Ipv4Addr::new(100, 66, 0, 1 + (number % 6) as u8), asn, country)
}

/// An address of the search engine, within 66.249.64.0/19.
pub(super) const fn search_engine(number: u32) -> Place {
    let address = Ipv4Addr::new(66, 249, 64 + (number % 16) as u8, 10 + (number / 16 % 20) as u8);
    Place::v4(address, 15169, "US")
}

/// An address of a burst: even numbers in one hosting network, odd ones in the
/// other; distinct below 500.
pub(super) const fn crawler(number: u32) -> Place {
    let host = 3 + (number / 2 % 250) as u8;
    if number.is_multiple_of(2) {
        Place::v4(Ipv4Addr::new(198, 51, 100, host), 64500, "US")
    } else {
        Place::v4(Ipv4Addr::new(203, 0, 113, host), 64501, "JP")
    }
}

/// A host of the crawl number `crawl`, in two networks of one hoster; distinct
/// below 500.
pub(super) const fn host(crawl: u8, number: u32) -> Place {
    let address = Ipv4Addr::new(198, 18, crawl * 2 + (number % 2) as u8, 3 + (number / 2) as u8);
    Place::v4(address, 64710 + crawl as u32, "US")
}

/// An address in one of 4,096 networks of 40 hosters; distinct below a million.
pub(super) fn scattered(number: u32) -> Place {
    // An odd factor: no two numbers meet.
    let within = number.wrapping_mul(0x9_e377) % (1 << 20);
    let network = within >> 8;
    let (_, country) = PROVIDERS[(network % 40) as usize % PROVIDERS.len()];
    let address = Ipv4Addr::from_bits(Ipv4Addr::new(172, 16, 0, 0).to_bits() + within);
    Place::v4(address, 64600 + network % 40, country)
}

/// An address at one of the people's providers, in its half of 10.0.0.0/8 that
/// no person has; distinct below 65,536 for each provider.
pub(super) fn residential(number: u32) -> Place {
    let provider = number as usize % PROVIDERS.len();
    let (asn, country) = PROVIDERS[provider];
    let [.., high, low] = (number / PROVIDERS.len() as u32).wrapping_mul(0x9e37).to_be_bytes();
    let second = 128 + (provider * 8) as u8 + high % 8;
    Place::v4(Ipv4Addr::new(10, second, high, low), asn, country)
}

/// An address in one /16; distinct below 65,536.
pub(super) fn in_one_16(number: u32) -> Place {
    let [.., high, low] = number.wrapping_mul(0x9e37).to_be_bytes();
    Place::v4(Ipv4Addr::new(100, 70, high, low), 64720, "US")
}

/// A /64 in one IPv6 /32; distinct below four billion.
pub(super) fn in_one_32(number: u32) -> Place {
    let [a, b, c, d] = number.wrapping_mul(0x9e37_79b1).to_be_bytes().map(u16::from);
    let address = Ipv6Addr::new(0x3fff, 0xabc, a << 8 | b, c << 8 | d, 0, 0, 0, 1);
    Place { address: address.into(), asn: 64721, country: "US" }
}
