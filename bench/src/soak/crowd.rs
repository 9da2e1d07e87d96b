//! Who asks, and for what: people, cargo, curl and feed readers, all far below
//! every budget, and from time to time a crawler in a burst.
//!
//! It is made of numbers: request 17 is the same in every run, but for whether a
//! burst is under way. Only [`Who::Crawler`] may ever be refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Addresses that requests come from.
pub(super) const CLIENTS: u32 = 50_000;
/// The last ones of them, which crawl in turn.
pub(super) const CRAWLERS: u32 = 100;
/// Pages that people read; the crawler's are new ones each time.
const PAGES: u32 = 4_000;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/141.0.0.0 Safari/537.36";
const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Who {
    /// A person with a browser.
    Browser,
    /// A build.
    Cargo,
    /// A script that looks at one thing now and then.
    Curl,
    /// Asks for the same list all day.
    FeedReader,
    /// Reads page after page as fast as it gets them, in a browser's name.
    Crawler,
}

impl Who {
    pub(super) const ALL: [Self; 5] =
        [Self::Browser, Self::Cargo, Self::Curl, Self::FeedReader, Self::Crawler];

    /// In text, and in the kept figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Cargo => "cargo",
            Self::Curl => "curl",
            Self::FeedReader => "feed-reader",
            Self::Crawler => "crawler",
        }
    }

    const fn user_agent(self) -> &'static str {
        match self {
            Self::Browser => FIREFOX,
            Self::Cargo => "cargo/1.90.0 (840b83a10 2025-07-30)",
            Self::Curl => "curl/8.20.0",
            Self::FeedReader => "NetNewsWire (RSS Reader; https://netnewswire.com/)",
            Self::Crawler => CHROME,
        }
    }

    /// What its TLS shows, where it is a browser.
    const fn ja4(self) -> Option<&'static str> {
        match self {
            Self::Browser => Some("t13d1717h2_5b57614c22b0_3cbfd9057e0d"),
            Self::Crawler => Some("t13d1516h2_8daaf6152771_d8a2da3f94cd"),
            Self::Cargo | Self::Curl | Self::FeedReader => None,
        }
    }
}

/// One request, but for its faults.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) who: Who,
    /// The number of its client, below [`CLIENTS`].
    pub(super) client: u32,
    pub(super) path: String,
}

impl Ask {
    /// The request of a number, while the crawler of a number is in a burst.
    pub(super) fn number(number: u64, crawler: Option<u32>) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(number);
        let who = match dice.random_range(0..20) {
            0..5 if crawler.is_some() => Who::Crawler,
            5 | 6 => Who::Cargo,
            7 | 8 => Who::Curl,
            9 => Who::FeedReader,
            _ => Who::Browser,
        };
        let client = match (who, crawler) {
            (Who::Crawler, Some(crawler)) => CLIENTS - 1 - crawler % CRAWLERS,
            _ => dice.random_range(0..CLIENTS - CRAWLERS),
        };
        // Few pages have most of the readers.
        let page = dice.random_range(0..PAGES).min(dice.random_range(0..PAGES));
        let path = match (who, dice.random_range(0..8)) {
            (Who::Browser, 0..3) => format!("/-/rustdoc.static/main-{}.js", page % 20),
            (Who::Browser, 3) => format!("/releases/search?query=crate{page}"),
            (Who::Browser, _) => format!("/c{page}/latest/c{page}/struct.Page.html"),
            (Who::Cargo, _) => format!("/crate/c{page}/latest/json"),
            (Who::Curl, _) => format!("/crate/c{page}/latest/status.json"),
            (Who::FeedReader, _) => "/releases/feed".to_owned(),
            (Who::Crawler, _) => format!("/c{page}/1.0.0/c{page}/struct.S{number}.html"),
        };
        Self { who, client, path }
    }

    /// Its headers: what the client sends, and what it shows without saying it.
    pub(super) fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let mut headers = vec![("user-agent", self.who.user_agent())];
        match self.who {
            Who::Browser | Who::Crawler => headers.extend([
                ("accept", HTML),
                ("accept-language", "en-US,en;q=0.5"),
                ("accept-encoding", "gzip, deflate, br, zstd"),
                ("sec-fetch-dest", "document"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-site", "same-origin"),
            ]),
            Who::Cargo | Who::Curl | Who::FeedReader => headers.push(("accept", "*/*")),
        }
        headers.extend(self.who.ja4().map(|ja4| ("x-tidegate-door-ja4", ja4)));
        headers
    }

    /// Its address: every tenth client has the sixth version of the protocol.
    pub(super) fn address(&self) -> IpAddr {
        match self.client % 10 {
            0 => IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(self.client) << 64)),
            _ => IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | self.client)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_has_an_address_and_only_a_burst_has_a_crawler() {
        let asks = (0..20_000).map(|number| Ask::number(number, (number % 2 == 0).then_some(3)));
        let asks: Vec<_> = asks.collect();
        for who in Who::ALL {
            assert!(asks.iter().any(|ask| ask.who == who), "{who:?}");
        }
        for (number, ask) in asks.iter().enumerate() {
            let crawls = ask.client >= CLIENTS - CRAWLERS;
            assert_eq!(ask.who == Who::Crawler, crawls);
            assert!(!crawls || number % 2 == 0);
        }
        let clients: HashSet<_> = asks.iter().map(|ask| ask.client).collect();
        let addresses: HashSet<_> = asks.iter().map(Ask::address).collect();
        assert_eq!(addresses.len(), clients.len());
    }
}
