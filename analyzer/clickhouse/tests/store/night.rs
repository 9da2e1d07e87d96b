//! A night at docs.rs, made up: readers, tools, a crawler, a crowd of them, a
//! scanner, and a network that many share. The same for the same seed.

use std::fmt::Write as _;

/// 2025-03-11T22:00:00Z: a night is on two days.
pub(crate) const START_MS: u64 = 1_741_730_400_000;

/// How long it is, in milliseconds.
pub(crate) const LENGTH_MS: u64 = 3 * 3_600_000;

const BROWSERS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
     Version/18.5 Safari/605.1.15",
];

/// Chance that is the same each time: Knuth's generator, of which the upper half is
/// good.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        let Self(state) = self;
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 32) % most
    }

    /// A number below `most`, mostly a small one.
    fn small(&mut self, most: u64) -> u64 {
        let bound = self.below(most) + 1;
        self.below(bound)
    }
}

/// A request, as somebody makes it.
#[derive(Clone, Copy)]
struct Ask<'a> {
    ip: &'a str,
    agent: Option<&'a str>,
    referer: Option<&'a str>,
    status: u16,
}

/// A night being written.
pub(crate) struct Night {
    chance: Chance,
    /// Lines with their times and the POPs that wrote them.
    lines: Vec<(u64, &'static str, String)>,
}

impl Night {
    /// The night of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut night = Self { chance: Chance(seed), lines: Vec::new() };
        for reader in 0..60 {
            night.read(reader);
        }
        night.share();
        night.crawl();
        night.crowd();
        night.tools();
        night.scan();
        night.lines.sort_by_key(|(millis, ..)| *millis);
        night
    }

    /// All lines, in time order.
    pub(crate) fn lines(&self) -> String {
        self.lines.iter().map(|(.., line)| line.as_str()).collect()
    }

    /// Those that one POP wrote.
    pub(crate) fn lines_of(&self, pop: &str) -> String {
        let lines = self.lines.iter().filter(|(_, of, _)| *of == pop);
        lines.map(|(.., line)| line.as_str()).collect()
    }

    /// Those from a time on, before another one.
    pub(crate) fn lines_within(&self, from: u64, until: u64) -> String {
        let lines = self.lines.iter().filter(|(millis, ..)| (from..until).contains(millis));
        lines.map(|(.., line)| line.as_str()).collect()
    }

    /// The POPs.
    pub(crate) const POPS: [&'static str; 2] = ["FRA", "IAD"];

    /// Writes a request; where its answer is not cached, a shield's POP may have it.
    fn ask(&mut self, millis: u64, path: &str, ask: Ask<'_>) {
        let cached = path.starts_with("/-/static/") || self.chance.below(4) == 0;
        let pop = Self::POPS[usize::from(ask.ip.len().is_multiple_of(2))];
        let id = format!("{:08x}{:08x}", self.chance.below(1 << 31), self.lines.len());
        self.push(millis, path, ask, &id, (pop, cached, false));
        if !cached && self.chance.below(3) == 0 {
            let has = self.chance.below(2) == 0;
            let shield = Ask { ip: "151.101.1.6", ..ask };
            // Whose clock is not the same.
            let millis = millis + self.chance.below(400);
            self.push(millis, path, shield, &id, ("IAD", has, true));
        }
    }

    fn push(
        &mut self,
        millis: u64,
        path: &str,
        ask: Ask<'_>,
        id: &str,
        (pop, cached, on_shield): (&'static str, bool, bool),
    ) {
        let time = jiff::Timestamp::from_millisecond(i64::try_from(millis).unwrap()).unwrap();
        let bytes = self.chance.below(90_000);
        let line = serde_json::json!({
            "version": "1",
            "date_time": time.to_string(),
            "url": format!("https://docs.rs{path}"),
            "host": "docs.rs",
            "method": if self.chance.below(50) == 0 { "HEAD" } else { "GET" },
            "bytes": bytes,
            "ip": if ask.ip.is_empty() { None } else { Some(ask.ip) },
            "status": ask.status,
            "edge_location": pop,
            "cache_hit": cached,
            "on_shield": on_shield,
            "request_id": id,
            "http": {"protocol": "HTTP/2", "referer": ask.referer, "useragent": ask.agent},
        });
        self.lines.push((millis, pop, format!("{line}\n")));
    }

    fn page(&mut self) -> String {
        let (name, item) = (self.chance.small(400), self.chance.small(40));
        match self.chance.below(8) {
            0 => format!("/crate/crate-{name}/latest/source/src/lib{item}.rs"),
            1 => format!("/crate-{name}/latest/crate_{name}/"),
            2 => format!("/releases/search?query=crate-{name}"),
            3 => format!("/crate-{name}/1.{item}.0/crate%5F{name}/struct.Item{item}.html"),
            _ => format!("/crate-{name}/1.{item}.0/crate_{name}/struct.Item{item}.html"),
        }
    }

    /// Somebody who reads: pages with what belongs to them, and comes back later.
    fn read(&mut self, reader: u64) {
        let ip = match reader % 4 {
            0 => format!("2001:db8:{reader:x}:{}::{reader:x}", reader % 3),
            _ => format!("198.51.{}.{}", reader % 7, reader + 1),
        };
        let agent = Some(BROWSERS[usize::try_from(reader).unwrap() % BROWSERS.len()]);
        let mut millis = START_MS + self.chance.below(LENGTH_MS / 2);
        let mut from = String::new();
        for _ in 0..1 + self.chance.small(40) {
            let path = self.page();
            let referer = Some(from.as_str()).filter(|from| !from.is_empty());
            let status = if self.chance.below(20) == 0 { 404 } else { 200 };
            self.ask(millis, &path, Ask { ip: &ip, agent, referer, status });
            let url = format!("https://docs.rs{path}");
            for file in ["style.css", "menu.js"] {
                millis += self.chance.below(60);
                let ask = Ask { ip: &ip, agent, referer: Some(&url), status: 200 };
                self.ask(millis, &format!("/-/static/{file}"), ask);
            }
            from = if self.chance.below(5) == 0 { String::new() } else { url };
            millis += match self.chance.below(12) {
                0 => 40 * 60_000,
                1 => 30 * 60_000,
                _ => 200 + self.chance.below(90_000),
            };
        }
    }

    /// A network behind one address, most of which reads.
    fn share(&mut self) {
        for visitor in 0..12 {
            let agent =
                format!("Mozilla/5.0 (X11; Linux x86_64; rv:{visitor}.0) Firefox/{visitor}.0");
            for _ in 0..2 + self.chance.below(30) {
                let (millis, path) = (START_MS + self.chance.below(LENGTH_MS), self.page());
                let ask =
                    Ask { ip: "203.0.113.9", agent: Some(&agent), referer: None, status: 200 };
                self.ask(millis, &path, ask);
            }
        }
    }

    /// Every page once, every other second.
    fn crawl(&mut self) {
        let ask = Ask { ip: "192.0.2.66", agent: Some(BROWSERS[1]), referer: None, status: 200 };
        for page in 0..1_500 {
            let path = format!("/crate-{}/1.0.0/crate_{page}/struct.Walk{page}.html", page % 300);
            self.ask(START_MS + 600_000 + page * 2_000, &path, ask);
        }
    }

    /// The same from many addresses of a few networks.
    fn crowd(&mut self) {
        for page in 0..900_u64 {
            let ip = format!("192.0.{}.{}", 3 + page % 3, page % 90);
            let millis = START_MS + 5_000_000 + page * 700 + self.chance.below(600);
            let path = format!("/crate-{}/2.0.0/crate_{page}/fn.walk{page}.html", page % 120);
            self.ask(
                millis,
                &path,
                Ask { ip: &ip, agent: Some(BROWSERS[2]), referer: None, status: 200 },
            );
        }
    }

    /// A loop, package managers, a bot that says so, and whoever says nothing.
    fn tools(&mut self) {
        let say = |ip, agent| Ask { ip, agent, referer: None, status: 200 };
        for ask in 0..700 {
            let curl = say("198.51.100.20", Some("curl/8.17.0"));
            // Some of which it has.
            let curl = Ask { status: if ask % 9 == 0 { 304 } else { 200 }, ..curl };
            self.ask(START_MS + ask * 5_000, "/crate-7/latest/crate_7/", curl);
        }
        for ask in 0..40 {
            let bot = say(
                "198.51.100.77",
                Some("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
            );
            let path = if ask == 3 { "/robots.txt".to_owned() } else { self.page() };
            self.ask(START_MS + ask * 61_000, &path, bot);
            let path = self.page();
            self.ask(START_MS + ask * 61_000, &path, say("198.51.100.78", None));
            self.ask(START_MS + ask * 7_000, "/about", say("", Some("nobody/1")));
        }
    }

    /// Who looks for weaknesses.
    fn scan(&mut self) {
        for ask in 0..120 {
            let mut path = String::new();
            match ask % 7 {
                0 => path.push_str("/WP-login.php"),
                1 => write!(path, "/{ask}/.env").unwrap(),
                _ => write!(path, "/wp-{}/login{}.php", ask % 9, ask % 31).unwrap(),
            }
            let scanner = Ask {
                ip: "203.0.113.200",
                agent: Some("python-requests/2.32"),
                referer: None,
                status: if ask % 10 == 0 { 503 } else { 404 },
            };
            self.ask(START_MS + 3_000_000 + ask * ask * 37, &path, scanner);
        }
    }
}
