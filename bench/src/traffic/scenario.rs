//! How many visit, when, and for how long. Who they are is in `cast`.

use tidegate_rules::Time;

use super::{Actor, cast};

/// The sizes of the populations, and the seed that draws everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Draws who reads what and when. An odd seed gives the crawl the people's
    /// own browsers, an even one a fingerprint of its own.
    pub seed: u64,
    /// When it begins.
    pub start: Time,
    /// How long it lasts.
    pub minutes: u32,
    /// The crawl.
    pub burst: Burst,
    /// People with an address of their own, one session each.
    pub people: u32,
    /// People behind one address.
    pub nat_people: u32,
    /// CI runs of a link checker.
    pub link_checkers: u32,
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
}

/// The crawl that takes the site down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Seconds after the scenario's start.
    pub after_seconds: u32,
    /// How long it lasts, in seconds.
    pub seconds: u32,
    /// Addresses, half in each of two networks; at most 500.
    pub addresses: u32,
    /// Requests of each address in a minute; at least 1.
    pub per_minute: u32,
}

impl Scenario {
    /// Docs.rs as it was attacked in March 2025: 200,000 requests in a minute
    /// from 80 addresses, half of them for pages already fetched, in a quarter
    /// of an hour of ordinary traffic.
    #[must_use]
    pub const fn march_2025(seed: u64) -> Self {
        Self {
            seed,
            // 26 March 2025, 02:00 UTC.
            start: Time::from_unix_millis(1_742_954_400_000),
            minutes: 15,
            burst: Burst { after_seconds: 7 * 60, seconds: 60, addresses: 80, per_minute: 2_500 },
            people: 400,
            nat_people: 200,
            link_checkers: 4,
            badge_pollers: 8,
            curl_loops: 2,
            polite_curls: 8,
            polite_pages: 60,
            wgets: 3,
            silent_scripts: 2,
            search_engines: 1,
        }
    }

    /// The same with each population `factor` times as large, none empty that
    /// was not; rates, times and the length of lists stay.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        let scale = |count: &mut u32| {
            if *count > 0 {
                *count = ((f64::from(*count) * factor).round() as u32).max(1);
            }
        };
        let Self { people, nat_people, link_checkers, badge_pollers, curl_loops, .. } = &mut self;
        [people, nat_people, link_checkers, badge_pollers, curl_loops].into_iter().for_each(scale);
        let Self { polite_curls, wgets, silent_scripts, search_engines, .. } = &mut self;
        [polite_curls, wgets, silent_scripts, search_engines].into_iter().for_each(scale);
        // In pairs, since two addresses share a walk.
        let mut pairs = self.burst.addresses.div_ceil(2);
        scale(&mut pairs);
        self.burst.addresses = pairs * 2;
        self
    }

    /// The first moment after the scenario.
    #[must_use]
    pub const fn end(&self) -> Time {
        Time::from_unix_millis(self.start.unix_millis() + self.minutes as u64 * 60_000)
    }

    /// Everybody, numbered from zero in the order of [`super::Class::ALL`].
    #[must_use]
    pub fn actors(&self) -> Vec<Box<dyn Actor>> {
        cast::hire(self)
    }
}
