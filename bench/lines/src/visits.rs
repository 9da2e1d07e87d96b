//! Who is there, and what they ask for next.
//!
//! As many visits are under way at once as a site of this size has; which of
//! them asks next is chance. One that is over makes room for another.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Options;
use crate::site::{ASSETS, CRATES, PAGES, Page};

/// Visits under way at once.
const AT_ONCE: usize = 4_096;

/// Lines are up to so many milliseconds older than the one before says.
const DISORDER_MS: u64 = 400;

/// Lines of a crawler's visit, in multiples of the others'.
const CRAWL: u32 = 200;

const BROWSERS: [&str; 8] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
];

const TOOLS: [&str; 6] = [
    "curl/8.16.0",
    "cargo/1.91.0 (ea2d97820 2025-10-10)",
    "Shields.io/server-2025-11-01",
    "python-requests/2.32.5",
    "lychee/0.20.1",
    "git/2.51.2",
];

const CRAWLERS: [&str; 4] = [
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Safari/537.36",
];

/// One request and its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Milliseconds since the first line, about.
    pub(crate) millis: u64,
    pub(crate) client: u32,
    pub(crate) agent: &'static str,
    pub(crate) page: Page,
    pub(crate) referer: Option<Page>,
    pub(crate) status: u16,
    pub(crate) hit: bool,
    /// Bits for whatever else differs from line to line.
    pub(crate) chance: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reader,
    Tool,
    Crawler,
}

#[derive(Debug, Clone, Copy)]
struct Visit {
    client: u32,
    kind: Kind,
    agent: &'static str,
    page: Page,
    of: u32,
    left: u32,
}

/// All visits.
pub(crate) struct Visits {
    dice: ChaCha8Rng,
    under_way: Vec<Visit>,
    begun: u32,
    clients: u32,
    lines: u32,
}

impl Visits {
    pub(crate) fn new(options: &Options) -> Self {
        let mut visits = Self {
            dice: ChaCha8Rng::seed_from_u64(options.seed),
            under_way: Vec::new(),
            begun: 0,
            clients: options.clients.max(1),
            lines: options.visit.max(1),
        };
        let first = (0..AT_ONCE).map(|_| visits.begin()).collect();
        visits.under_way = first;
        visits
    }

    /// The next request, about so many milliseconds after the first.
    pub(crate) fn next(&mut self, millis: u64) -> Asked {
        let at = self.dice.random_range(0..AT_ONCE);
        let mut visit = self.under_way[at];
        let (page, referer) = self.ask(&mut visit);
        visit.left -= 1;
        let Visit { client, agent, .. } = visit;
        self.under_way[at] = if visit.left == 0 { self.begin() } else { visit };
        let chance: u64 = self.dice.random();
        let status = match (page, chance % 64) {
            (Page::Nothing(_), _) => 404,
            (_, 0..2) => 302,
            (_, 2) => 304,
            _ => 200,
        };
        // What many ask for, caches have.
        let hit = match page {
            Page::Asset(_) => true,
            Page::Root(of) | Page::Item(of, _) | Page::About(of) => of < CRATES / 32,
            _ => false,
        };
        let millis = millis.saturating_sub((chance >> 8) % DISORDER_MS);
        Asked { millis, client, agent, page, referer, status, hit, chance }
    }

    fn begin(&mut self) -> Visit {
        let begun = self.begun;
        self.begun = begun.wrapping_add(1);
        // Of many clients, few come often.
        let client = match self.lines {
            1 => begun % self.clients,
            _ => below(&mut self.dice, self.clients, 3),
        };
        let kind = match client % 16 {
            _ if client % 997 == 500 => Kind::Crawler,
            0..4 => Kind::Tool,
            _ => Kind::Reader,
        };
        let pick = |all: &[&'static str]| all[client as usize / 16 % all.len()];
        let (agent, most) = match kind {
            Kind::Reader => (pick(&BROWSERS), 2 * self.lines),
            Kind::Tool => (pick(&TOOLS), self.lines),
            Kind::Crawler => (pick(&CRAWLERS), 2 * self.lines * CRAWL),
        };
        let left = if self.lines == 1 { 1 } else { self.dice.random_range(1..most) };
        let of = below(&mut self.dice, CRATES, 4);
        Visit { client, kind, agent, page: Page::Root(of), of, left }
    }

    /// What a visit asks for next, and the page that led there.
    fn ask(&mut self, visit: &mut Visit) -> (Page, Option<Page>) {
        let (dice, before) = (&mut self.dice, visit.page);
        let (page, leads) = match (visit.kind, dice.random_range(0..100_u32)) {
            (Kind::Reader, 0..40) => (Page::Asset(dice.random_range(0..ASSETS.len() as u32)), true),
            (Kind::Reader, 40..74) => (Page::Item(visit.of, below(dice, PAGES, 2)), true),
            (Kind::Reader, 74..82) => (Page::Source(visit.of, below(dice, PAGES, 2)), true),
            (Kind::Reader, 82..86) => (Page::About(visit.of), true),
            (Kind::Reader, 86..92) => (Page::Search(visit.of), false),
            (Kind::Reader, 92..) => {
                visit.of = below(dice, CRATES, 4);
                (Page::Root(visit.of), true)
            }
            (Kind::Tool, 0..98) => (Page::Status(visit.of), false),
            (Kind::Tool, 98..) => (Page::Nothing(visit.of), false),
            (Kind::Crawler, 0..70) => {
                let (of, at) = (dice.random_range(0..CRATES), dice.random_range(0..PAGES));
                (Page::Item(of, at), false)
            }
            (Kind::Crawler, 70..) => {
                let (of, at) = (dice.random_range(0..CRATES), dice.random_range(0..PAGES));
                (Page::Source(of, at), false)
            }
        };
        if !matches!(page, Page::Asset(_)) {
            visit.page = page;
        }
        // Some pages tell nobody where one comes from.
        let told = leads && dice.random_range(0..4_u32) > 0;
        (page, told.then_some(before))
    }
}

/// A number below `most`; the higher the power, the more small ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far below 2^53")]
fn below(dice: &mut ChaCha8Rng, most: u32, power: i32) -> u32 {
    let share: f64 = dice.random();
    (f64::from(most) * share.powi(power)) as u32
}
