//! Nights written line by line, as Tidegate's own records: they say all that a
//! log can.

use std::fs;

use tempfile::TempDir;
use tidegate::beside::Beside;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Source};
use tidegate_rules::{HashKey, Ruleset, compile};

/// A small site: one page costs 40 units, an asset is free to who has it.
pub(crate) const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "static"
paths = ["/static/**"]
cost  = 0
cache = "long"
asset = true

[[route]]
name  = "status"
paths = ["/{crate}/status.json"]
cost  = 10
cache = "never"

[[route]]
name  = "page"
paths = ["/{crate}/**"]
cost  = 40
cache = "long"

[[route]]
name  = "other"
paths = ["/**"]
cost  = 15
cache = "never"

[[agent]]
name        = "firefox"
category    = "browser"
user_agents = ["*Firefox/*"]

[[agent]]
name        = "curl"
category    = "http-library"
user_agents = ["curl/*"]

[[agent]]
name        = "uptime"
category    = "monitor"
user_agents = ["Uptime/*"]

[[agent]]
name        = "goodbot"
category    = "search-engine"
user_agents = ["*Goodbot/*"]

[[cohort]]
name  = "people"
match = { agent = { category = "browser" }, breadth = { under = 100, per = "10m" } }
harm  = { throttled_clients = "0.1%", starved_clients = "0%", blocked_clients = "0%" }

[[cohort]]
name  = "curl"
match = { agent = { name = "curl" }, breadth = { under = 100, per = "10m" } }
harm  = { throttled_clients = "25%", starved_clients = "0%", blocked_clients = "0%" }

[[cohort]]
name  = "monitors"
match = { agent = { category = "monitor" } }
harm  = { throttled_clients = "0.1%", starved_clients = "0%", blocked_clients = "0%" }
"#;

pub(crate) const FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub(crate) const CURL: &str = "curl/8.17.0";

/// 2025-03-11T00:00:00Z.
pub(crate) const MIDNIGHT_MS: u64 = 1_741_651_200_000;

/// One request; the rest is a miss that the origin answers in 40 ms.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) millis: u64,
    pub(crate) client: u64,
    pub(crate) path: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) verification: &'a str,
    pub(crate) fingerprint: Option<u64>,
    pub(crate) asn: Option<u32>,
    pub(crate) status: u16,
    pub(crate) cache: &'a str,
    pub(crate) origin_ms: Option<u32>,
}

pub(crate) const ASK: Ask<'_> = Ask {
    millis: 0,
    client: 7,
    path: "/serde/",
    agent: CURL,
    name: None,
    verification: "none",
    fingerprint: None,
    asn: None,
    status: 200,
    cache: "miss",
    origin_ms: Some(40),
};

/// A hash, as records have it.
fn hashed(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// A log being written.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Vec<(u64, String)>);

impl Log {
    pub(crate) fn ask(&mut self, ask: &Ask<'_>) {
        let hex = |number: u64| format!("{number:016x}");
        let mut line = serde_json::json!({
            "time": MIDNIGHT_MS + ask.millis,
            "request_id": format!("r-{}", self.0.len()),
            "site": "docs.example",
            "method": "GET",
            "path": ask.path,
            "client": hex(ask.client),
            "network": hex(ask.client / 16),
            "user_agent": ask.agent,
            "agent": ask.name,
            "verification": ask.verification,
            "fingerprint": ask.fingerprint.map(hex),
            "asn": ask.asn,
            "units": 0,
            "decision": "pass",
            "cache": ask.cache,
            "origin_ms": ask.origin_ms.filter(|_| ask.cache == "miss"),
            "status": ask.status,
            "rules": "0123456789abcdef",
            "sampled": 100,
        });
        if let Some(fields) = line.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        // What a record is recognised by comes first.
        self.0.push((ask.millis, format!("{{\"tidegate\":1,{}", &line.to_string()[1..])));
    }

    /// A request every `step` milliseconds, `count` of them.
    pub(crate) fn every(&mut self, step: u64, count: u64, ask: Ask<'_>) {
        for n in 0..count {
            self.ask(&Ask { millis: ask.millis + n * step, ..ask });
        }
    }

    /// As many different pages of one crate, `step` milliseconds apart.
    pub(crate) fn walk(&mut self, step: u64, pages: u64, ask: Ask<'_>) {
        for n in 0..pages {
            let path = format!("/walked/{}/{n}", ask.client);
            self.ask(&Ask { millis: ask.millis + n * step, path: &path, ..ask });
        }
    }

    /// Readers, each of whom opens a few of the pages that all read, with what
    /// they pull in.
    pub(crate) fn readers(&mut self, number: u64, from_ms: u64, over_ms: u64, origin_ms: u32) {
        for reader in 0..number {
            let start = from_ms + reader * over_ms / number;
            let own = Ask {
                client: hashed(1_000_000 + reader % 400),
                agent: FIREFOX,
                fingerprint: Some(0xf0 + reader % 3),
                asn: Some(64_496 + u32::try_from(reader % 4).unwrap()),
                origin_ms: Some(origin_ms),
                ..ASK
            };
            for page in 0..1 + reader % 3 {
                let path = format!("/crate-{}/page-{}", (reader * 7 + page) % 23, page % 5);
                let cache = if (reader + page) % 3 == 0 { "miss" } else { "hit" };
                let millis = start + page * 4_000;
                self.ask(&Ask { millis, path: &path, cache, ..own });
                for asset in 0..2 {
                    let path = format!("/static/{asset}.css");
                    self.ask(&Ask { millis: millis + 50, path: &path, cache: "hit", ..own });
                }
            }
        }
    }

    /// A crawl from `clients` addresses of three systems, three pages each, hardly
    /// a page twice.
    pub(crate) fn crowd(&mut self, clients: u64, from_ms: u64, over_ms: u64, fingerprint: u64) {
        self.crowd_in(64_500, clients, from_ms, over_ms, fingerprint);
    }

    /// The same, where the first of the three is this one. Readers have their own
    /// from 64,496 on, and fingerprints from `0xf0` on.
    pub(crate) fn crowd_in(
        &mut self,
        asn: u32,
        clients: u64,
        from_ms: u64,
        over_ms: u64,
        fingerprint: u64,
    ) {
        for client in 0..clients {
            for page in 0..3 {
                let path = format!("/crate-{}/deep/{client}/{page}", client % 97);
                self.ask(&Ask {
                    millis: from_ms + client * over_ms / clients + page * 9_000,
                    client: hashed(5_000_000 + client),
                    path: &path,
                    agent: FIREFOX,
                    fingerprint: Some(fingerprint),
                    asn: Some(asn + u32::try_from(client % 3).unwrap()),
                    origin_ms: Some(900),
                    ..ASK
                });
            }
        }
    }

    /// The file, in time order as an edge writes it.
    pub(crate) fn lines(&self) -> String {
        let mut lines: Vec<_> = self.0.iter().collect();
        lines.sort_by_key(|(millis, _)| *millis);
        lines.into_iter().map(|(_, line)| format!("{line}\n")).collect()
    }
}

pub(crate) fn site(text: &str) -> Ruleset {
    let compiled = compile("test.toml", &mut |_| Ok(text.to_owned()));
    compiled.unwrap_or_else(|wrong| panic!("{wrong}")).rules
}

/// Reads a log as the night of a site.
pub(crate) fn read<T>(log: &Log, rules: &Ruleset, with: impl FnOnce(&Night<'_>) -> T) -> T {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("night.log");
    fs::write(&file, log.lines()).unwrap();
    let (inputs, secret) = ([Input::Path(file)], HashKey::default());
    let (options, beside) = (Options::default(), Beside::default());
    let source = Source::Files { inputs: &inputs, options };
    with(&Night { source, rules, secret: &secret, beside })
}
