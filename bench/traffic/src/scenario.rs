//! Named nights: how many visit, when, and for how long. Who they are is in
//! `cast`, who crawls in `crawlers`.

mod named;

use tidegate_rules::Time;

pub(super) use named::{BROWSER_PERCENT, PER_ADDRESS};

use super::dice::mix;
use super::{Actor, cast};

/// The sizes of the populations, and the seed that draws everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// The site that is visited.
    pub site: Hosted,
    /// Draws who reads what and when. An odd seed gives the crawl the people's
    /// own browsers, an even one a fingerprint of its own.
    pub seed: u64,
    /// When it begins.
    pub start: Time,
    /// How long it lasts.
    pub minutes: u32,
    /// The crawl.
    pub crawl: Crawl,
    /// Cores of the origin: what it can do in a second, in seconds.
    pub cores: u32,
    /// People with an address of their own, one session each.
    pub people: u32,
    /// People behind one address.
    pub nat_people: u32,
    /// Whether those behind one address follow one talk: the same few crates,
    /// within ten minutes.
    pub is_conference: bool,
    /// People who come for one crate's new release, within ten minutes.
    pub release_readers: u32,
    /// People who come to a POP whose cache has nothing.
    pub cold_readers: u32,
    /// CI runs of a link checker.
    pub link_checkers: u32,
    /// Jobs in CI.
    pub ci_jobs: u32,
    /// Feed readers.
    pub feed_readers: u32,
    /// Builds.
    pub builds: u32,
    /// Machines that run cargo.
    pub cargos: u32,
    /// Machines that run git.
    pub gits: u32,
    /// Machines of services that keep dependencies up to date.
    pub update_services: u32,
    /// Dashboards that poll a badge, besides one badge service.
    pub badge_pollers: u32,
    /// Loops around curl.
    pub curl_loops: u32,
    /// Polite curls.
    pub polite_curls: u32,
    /// Pages on a polite curl's list.
    pub polite_pages: u32,
    /// Runs of `wget -r`.
    pub wgets: u32,
    /// Scripts without a `User-Agent`.
    pub silent_scripts: u32,
    /// Addresses of the search engine.
    pub search_engines: u32,
    /// Milliseconds between two requests of one of them; at least 1.
    pub search_engine_ms: u32,
}

/// A site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosted {
    /// Documentation: many pages that a cache may keep.
    DocsRs,
    /// The registry's API: hardly anything that a cache may keep.
    CratesIo,
}

impl Hosted {
    /// Its host name.
    #[must_use]
    pub const fn host(self) -> &'static str {
        match self {
            Self::DocsRs => "docs.rs",
            Self::CratesIo => "crates.io",
        }
    }
}

/// A crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crawl {
    /// How it goes about it.
    pub kind: CrawlKind,
    /// When it begins: seconds after the scenario's start.
    pub after_seconds: u32,
    /// How long it lasts, in seconds.
    pub seconds: u32,
    /// Its addresses; 0 for no crawl.
    pub addresses: u32,
    /// Requests of each address in a minute, at least 1. Where an address comes
    /// for a few requests only, the pace of these.
    pub per_minute: u32,
}

/// How a crawl goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrawlKind {
    /// Few addresses of two networks, as fast as they can, in pairs that share a
    /// walk: half of what they ask for the edge has. At most 500 addresses.
    Burst,
    /// Very many addresses of hosting networks, a few requests each.
    Distributed,
    /// The same from the people's own providers.
    Residential,
    /// A few addresses of a network of its own, and a name that is its own; keeps
    /// to the rules. At most 500 addresses.
    Polite,
    /// The same without keeping to anything. At most 500 addresses.
    Impolite,
    /// An address of one /16 for a few requests, and then another.
    RotatingV4,
    /// The same in an IPv6 /32, a /64 each time.
    RotatingV6,
    /// Hosts that send a browser's headers to the letter and hesitate between
    /// pages as people do. At most 500 addresses.
    Mimic,
    /// One call of crates.io's API for each crate there is. At most 500 addresses.
    ApiSweep,
}

impl Scenario {
    /// The same with each population `factor` times as large, none empty that
    /// was not; rates, times and the length of lists stay.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        for count in self.populations() {
            *count = scaled(*count, factor);
        }
        // In pairs, since two addresses of a burst share a walk.
        self.crawl.addresses = scaled(self.crawl.addresses.div_ceil(2), factor) * 2;
        self
    }

    /// The same with each legitimate population from 0.6 to 1.4 times as large,
    /// as the seed draws it: so that nothing fits one night by chance.
    #[must_use]
    pub fn varied(mut self) -> Self {
        let seed = self.seed;
        for (at, count) in self.populations().into_iter().enumerate() {
            let chance = mix(seed, 1_000 + at as u64) % 81;
            *count = scaled(*count, 0.6 + chance as f64 / 100.0);
        }
        self
    }

    fn populations(&mut self) -> [&mut u32; 17] {
        let Self { people, nat_people, release_readers, cold_readers, link_checkers, .. } = self;
        let Self { ci_jobs, feed_readers, builds, cargos, gits, update_services, .. } = self;
        let Self { badge_pollers, curl_loops, polite_curls, wgets, silent_scripts, .. } = self;
        [
            people,
            nat_people,
            release_readers,
            cold_readers,
            link_checkers,
            ci_jobs,
            feed_readers,
            builds,
            cargos,
            gits,
            update_services,
            badge_pollers,
            curl_loops,
            polite_curls,
            wgets,
            silent_scripts,
            &mut self.search_engines,
        ]
    }

    /// When the crawl begins.
    #[must_use]
    pub const fn onset(&self) -> Time {
        Time::from_unix_millis(self.start.unix_millis() + self.crawl.after_seconds as u64 * 1_000)
    }

    /// When the crate is released that [`Self::release_readers`] come for.
    pub(crate) const fn release_time(&self) -> Time {
        Time::from_unix_millis(self.start.unix_millis() + self.minutes as u64 * 20_000)
    }

    /// The first moment after the scenario.
    #[must_use]
    pub const fn end(&self) -> Time {
        Time::from_unix_millis(self.start.unix_millis() + self.minutes as u64 * 60_000)
    }

    /// Everybody, numbered from zero.
    #[must_use]
    pub fn actors(&self) -> Vec<Box<dyn Actor>> {
        cast::hire(self)
    }
}

fn scaled(count: u32, factor: f64) -> u32 {
    if count == 0 { 0 } else { ((f64::from(count) * factor).round() as u32).max(1) }
}
