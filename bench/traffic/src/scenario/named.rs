//! The scenarios by name, each with what it is calibrated on.
//!
//! | scenario | what happens | calibrated on |
//! | --- | --- | --- |
//! | `march-2025` | 80 addresses, 200,000 requests in a minute, half of them past the cache | rust-lang/docs.rs#2779 |
//! | `distributed` | 20,000 addresses of 40 hosting networks, 3.5 requests each | [`PER_ADDRESS`], [`BROWSER_PERCENT`] |
//! | `residential` | the same from the people's own providers | the same |
//! | `polite-ai` | a named AI crawler that keeps to a second between requests | [`POLITE_MS`] |
//! | `impolite-ai` | one that keeps to nothing | rust-lang/docs.rs#2779; Read the Docs and GNOME report the same shape |
//! | `rotating-v4` | one /16, an address for a few requests each | sysopscafe's cgit: 145,000 requests from 140,000 addresses in a day |
//! | `rotating-v6` | one IPv6 /32, a /64 each | the same |
//! | `mimic` | 40 hosts that send browsers' headers to the letter, at a hurried reader's pace | – |
//! | `api-sweep` | crates.io, one call for each crate, 300 a second | anchore/xeol#580: 37,518 requests in two minutes |
//! | `ordinary` | nobody crawls docs.rs; misconfigured tools are there as always | rust-lang/docs.rs, badges/shields#11879 |
//! | `ordinary-api` | nobody crawls crates.io; builds fetch hundreds of crates | rust-lang/crates.io#13482, #13783, #14243 |
//! | `conference` | 300 people behind one address follow a talk | w3c/csswg-drafts#11354, agntcy/shadi#263 |
//! | `release` | 1,500 people come for one crate whose pages were just purged | – |
//! | `cold-pop` | 500 people at a POP whose cache has nothing, behind a warm shield | rust-lang/simpleinfra#836 |
//! | `recrawl` | a search engine reads all `/latest/` pages again, 40 addresses, 20 a second | – |

use tidegate_rules::Time;

use super::{Crawl, CrawlKind, Hosted, Scenario};

/// Requests of an address in a distributed crawl, in the mean: 13,869,734
/// requests from 3.95 million addresses on a documentation wiki, 14 days of
/// 2025 (the `crawl-statistics` data set, MIT).
pub(crate) const PER_ADDRESS: f64 = 3.5;

/// Share of a distributed crawl's requests that say they are a browser, in
/// percent (the same data set: 11,781,095 of 13,868,211).
pub(crate) const BROWSER_PERCENT: u64 = 85;

/// From one request of a polite crawler's address to the next, in milliseconds:
/// the median of a large AI crawler in the same data set, 58 addresses of two /24s.
pub(crate) const POLITE_MS: u32 = 1_000;

/// 26 March 2025, 02:00 UTC.
const START: Time = Time::from_unix_millis(1_742_954_400_000);

const NO_CRAWL: Crawl =
    Crawl { kind: CrawlKind::Burst, after_seconds: 0, seconds: 0, addresses: 0, per_minute: 1 };

const NOBODY: Scenario = Scenario {
    name: "nobody",
    site: Hosted::DocsRs,
    seed: 0,
    start: START,
    minutes: 30,
    crawl: NO_CRAWL,
    cores: 4,
    people: 0,
    nat_people: 0,
    is_conference: false,
    release_readers: 0,
    cold_readers: 0,
    link_checkers: 0,
    ci_jobs: 0,
    feed_readers: 0,
    builds: 0,
    cargos: 0,
    gits: 0,
    update_services: 0,
    badge_pollers: 0,
    curl_loops: 0,
    polite_curls: 0,
    polite_pages: 60,
    wgets: 0,
    silent_scripts: 0,
    search_engines: 0,
    search_engine_ms: 500,
};

impl Scenario {
    /// The names of all scenarios, those with a crawl first.
    pub const NAMES: [&'static str; 15] = [
        "march-2025",
        "distributed",
        "residential",
        "polite-ai",
        "impolite-ai",
        "rotating-v4",
        "rotating-v6",
        "mimic",
        "api-sweep",
        "ordinary",
        "ordinary-api",
        "conference",
        "release",
        "cold-pop",
        "recrawl",
    ];

    /// The scenario of that name; `None` where there is none.
    #[must_use]
    pub fn named(name: &str, seed: u64) -> Option<Self> {
        let docs = Self::ordinary(seed);
        let crawled = |kind, seconds, addresses, per_minute| Self {
            crawl: Crawl { kind, after_seconds: 600, seconds, addresses, per_minute },
            ..Self::ordinary(seed)
        };
        let mut scenario = match name {
            "march-2025" => Self::march_2025(seed).varied(),
            "distributed" => crawled(CrawlKind::Distributed, 480, 20_000, 12),
            "residential" => crawled(CrawlKind::Residential, 480, 20_000, 12),
            "polite-ai" => crawled(CrawlKind::Polite, 900, 20, 60_000 / POLITE_MS),
            "impolite-ai" => crawled(CrawlKind::Impolite, 600, 100, 90),
            "rotating-v4" => crawled(CrawlKind::RotatingV4, 600, 20_000, 12),
            "rotating-v6" => crawled(CrawlKind::RotatingV6, 600, 20_000, 12),
            "mimic" => crawled(CrawlKind::Mimic, 900, 40, 90),
            "api-sweep" => Self {
                crawl: Crawl {
                    kind: CrawlKind::ApiSweep,
                    after_seconds: 600,
                    seconds: 120,
                    addresses: 4,
                    per_minute: 4_500,
                },
                ..Self::ordinary_api(seed)
            },
            "ordinary" => docs,
            "ordinary-api" => Self::ordinary_api(seed),
            "conference" => Self { nat_people: 300, is_conference: true, ..docs },
            "release" => Self { release_readers: 1_500, people: docs.people / 2, ..docs },
            "cold-pop" => Self { cold_readers: 500, people: docs.people / 2, ..docs },
            "recrawl" => Self { search_engines: 40, search_engine_ms: 2_000, ..docs },
            _ => return None,
        };
        scenario.name = Self::NAMES.into_iter().find(|known| *known == name)?;
        Some(scenario)
    }

    /// Docs.rs as it was attacked in March 2025: 200,000 requests in a minute
    /// from 80 addresses, half of them for pages already fetched, in a quarter
    /// of an hour of ordinary traffic.
    #[must_use]
    pub const fn march_2025(seed: u64) -> Self {
        Self {
            name: "march-2025",
            seed,
            minutes: 15,
            crawl: Crawl {
                kind: CrawlKind::Burst,
                after_seconds: 7 * 60,
                seconds: 60,
                addresses: 80,
                per_minute: 2_500,
            },
            // Enough for the pages to arrive after half a minute, so that half of
            // the crawl's are cached, as they were.
            cores: 40,
            people: 400,
            nat_people: 200,
            link_checkers: 4,
            badge_pollers: 8,
            curl_loops: 2,
            polite_curls: 8,
            wgets: 3,
            silent_scripts: 2,
            search_engines: 1,
            ..NOBODY
        }
    }

    /// Half an hour of docs.rs on any day.
    fn ordinary(seed: u64) -> Self {
        let day = Self {
            seed,
            people: 700,
            nat_people: 60,
            link_checkers: 5,
            ci_jobs: 40,
            feed_readers: 40,
            builds: 6,
            cargos: 10,
            gits: 6,
            update_services: 4,
            badge_pollers: 8,
            curl_loops: 2,
            polite_curls: 8,
            wgets: 3,
            silent_scripts: 2,
            search_engines: 1,
            ..NOBODY
        };
        day.varied()
    }

    /// Half an hour of crates.io on any day.
    fn ordinary_api(seed: u64) -> Self {
        let day = Self {
            site: Hosted::CratesIo,
            seed,
            people: 500,
            nat_people: 40,
            link_checkers: 5,
            ci_jobs: 60,
            feed_readers: 20,
            builds: 40,
            cargos: 150,
            gits: 6,
            update_services: 30,
            badge_pollers: 8,
            curl_loops: 2,
            polite_curls: 8,
            silent_scripts: 2,
            search_engines: 1,
            ..NOBODY
        };
        day.varied()
    }
}
