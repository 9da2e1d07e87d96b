//! Requests as a night at docs.rs has them: readers, tools, and a crawl.

use std::net::{IpAddr, Ipv4Addr};

use tidegate_rules::{Client, Request, Signals, Time};

/// How many different requests there are.
const COUNT: u32 = 4_096;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/141.0.0.0 Safari/537.36";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, \
                      like Gecko) Version/18.6 Safari/605.1.15";
const GPTBOT: &str = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; \
                      +https://openai.com/gptbot)";

/// One request, but for its time.
pub(crate) struct Sample {
    path: String,
    client: IpAddr,
    user_agent: &'static str,
    fingerprint: u64,
    asn: u32,
    country: &'static str,
}

impl Sample {
    /// The request at a time.
    pub(crate) fn at(&self, time: Time) -> Request<'_> {
        Request {
            host: Some("docs.rs"),
            client: Some(Client::Address(self.client)),
            user_agent: Some(self.user_agent),
            asn: Some(self.asn),
            country: Some(self.country),
            credentials: Some(false),
            signals: Signals { fingerprint: Some(self.fingerprint), ..Signals::default() },
            ..Request::new(time, "GET", &self.path)
        }
    }
}

/// The mix: half of it a crawl with a browser's name, the rest people and tools.
pub(crate) fn mix() -> Vec<Sample> {
    (0..COUNT).map(sample).collect()
}

fn sample(n: u32) -> Sample {
    let user_agent = match n % 16 {
        0..=7 => CHROME,
        8..=10 => FIREFOX,
        11 => SAFARI,
        12 => "curl/8.20.0",
        13 => "cargo/1.90.0 (840b83a10 2025-07-30)",
        14 => GPTBOT,
        _ => "python-requests/2.32.5",
    };
    let path = match n % 10 {
        0..=4 => {
            format!("/crate-{}/1.{}.0/crate_{}/struct.Thing{n}.html", n % 900, n % 30, n % 900)
        }
        5 => format!("/crate/crate-{}/1.0.{}/source/src/lib.rs", n % 700, n % 9),
        6 => format!("/-/rustdoc.static/main-{n}.js"),
        7 => format!("/crate/crate-{}/latest/builds", n % 100),
        8 => format!("/crate-{}/latest/crate_{}/", n % 300, n % 300),
        _ => "/releases/search".to_owned(),
    };
    // Multiplied by an odd number: every address of the range, in no order.
    let scattered = n.wrapping_mul(2_654_435_761);
    Sample {
        path,
        client: IpAddr::V4(Ipv4Addr::from_bits(0x1400_0000 | (scattered >> 8))),
        user_agent,
        fingerprint: u64::from(n % 64) * 7_919,
        asn: 64_512 + n % 500,
        country: ["US", "DE", "JP", "CN", "IN"].get(n as usize % 5).unwrap_or(&"US"),
    }
}
