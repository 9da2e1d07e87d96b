//! What can be said of somebody who sent requests: a visitor, a client, a
//! network, a crowd. From one pass, in bounded memory.
//!
//! Whoever asks for little is kept in 60 bytes (`few`), whoever asks for more
//! in full (`many`); a `ledger` holds both, with a bound on what is kept in
//! full. Networks and crowds get a record when they have asked for enough
//! (`groups`), and so do those who share a software (`swarms`). What the origin
//! took is in `origin`. Nothing is judged here: scores are in [`crate::score`], findings
//! in [`crate::detect`].
//!
//! `docs/features.md` has every feature with its formula, its unit and how exact
//! it is.

mod distinct;
mod few;
mod groups;
mod ledger;
mod many;
mod origin;
mod popularity;
mod swarms;

use tidegate_rules::agent::{Agent, Claim, Headers};
use tidegate_rules::record::Verification;
use tidegate_rules::{Ruleset, Time};

use crate::score::count;
use crate::walk::WINDOWS_MS;

pub use distinct::{Distinct, EXACT, STANDARD_ERROR};
pub(crate) use few::{PAGES as SHORT_PAGES, REQUESTS as SHORT_REQUESTS, UNITS as SHORT_UNITS};
pub use groups::{Group, GroupKey, Groups};
pub(crate) use ledger::Ledger;
pub use ledger::{Bounds, Kept, Key};
pub(crate) use many::Counted;
pub use many::{Many, Minute};
pub(crate) use origin::told_apart;
pub use origin::{Origin, Times};
pub use popularity::Popularity;
pub use swarms::{Member, Swarm, SwarmKey, Swarms};

/// A pause of more than this ends a session, in milliseconds: 30 minutes.
pub const SESSION_GAP_MS: u64 = 30 * 60_000;

/// A page that was asked for fewer times than this lately, by anybody, this time
/// included, is unpopular.
pub const POPULAR_FROM: u8 = 4;

const MINUTE_MS: u64 = 60_000;

/// One request, as features see it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'f> {
    /// When it came.
    pub time: Time,
    /// Hash of the page.
    pub page: u64,
    /// Hash of the crate that the page is about, where its route names one.
    pub crate_name: Option<u64>,
    /// Hash of the page that the `Referer` names, where that is of this site.
    pub referer: Option<u64>,
    /// Whether it had a `Referer`, where the log says.
    pub referred: Option<bool>,
    /// Place of its route.
    pub route: Option<u16>,
    /// Units that it caused at the origin.
    pub units: u32,
    /// Whether it reached the origin.
    pub missed: bool,
    /// Whether pages pull it in.
    pub asset: bool,
    /// Whether few asked for the page lately.
    pub unpopular: bool,
    /// Whether it was for robots.txt.
    pub robots: bool,
    /// Whether robots.txt forbids it to this agent.
    pub forbidden: bool,
    /// Status of the answer; 0 where nobody knows.
    pub status: u16,
    /// What the client says it is.
    pub claim: Option<Claim>,
    /// What its software shows.
    pub fingerprint: Option<u64>,
    /// Its id.
    pub id: Option<&'f str>,
    /// Its path.
    pub path: &'f str,
    /// Whether nobody but a scanner asks for such a path.
    pub probe: bool,
}

/// What somebody did over the whole log, in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Features {
    /// Requests.
    pub requests: u64,
    /// Units caused at the origin.
    pub units: u64,
    /// Requests that reached the origin.
    pub misses: u64,
    /// Requests for routes that pages pull in.
    pub assets: u64,
    /// Requests of which the log says whether they had a referer.
    pub told: u64,
    /// Requests with a referer.
    pub referred: u64,
    /// Requests whose referer is a page that the same one had fetched before.
    pub chained: u64,
    /// Requests for pages that few asked for lately.
    pub unpopular: u64,
    /// Answers by hundreds of their status; the first of unknown status.
    pub statuses: [u64; 6],
    /// Different pages over all requests.
    pub pages: u64,
    /// Different crates.
    pub crates: u64,
    /// Largest breadth over each of [`WINDOWS_MS`].
    pub widest: [u32; WINDOWS_MS.len()],
    /// First request.
    pub first: Time,
    /// Last request.
    pub last: Time,
    /// Runs of requests without a pause of [`SESSION_GAP_MS`].
    pub sessions: u64,
    /// The pauses within its sessions, since it was kept in full.
    pub pauses: Pauses,
    /// Most requests in one minute.
    pub peak_requests: u64,
    /// Most units in one minute.
    pub peak_units: u64,
    /// What it claims to be: the first claim that names an agent.
    pub claim: Option<Claim>,
    /// Whether its software showed a fingerprint.
    pub fingerprinted: bool,
    /// Whether it asked for robots.txt.
    pub robots: bool,
    /// Requests that robots.txt forbids it.
    pub forbidden: u64,
    /// Answers that what it has is still good (304), since it was kept in full.
    pub unchanged: u64,
    /// Refused requests for paths that nobody but a scanner asks for, since it was
    /// kept in full.
    pub probes: u64,
    /// Whether counts of different things are exact.
    pub exact: bool,
}

impl Features {
    /// The agent that it claims to be, where the site knows it.
    #[must_use]
    pub fn agent<'r>(&self, rules: &'r Ruleset) -> Option<&'r Agent> {
        rules.agent(self.claim?.agent?)
    }

    /// Whether it proved to be what it says.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.claim.is_some_and(|claim| claim.verification == Verification::Verified)
    }

    /// Whether it has the headers that its agent always sends.
    #[must_use]
    pub fn headers(&self) -> Option<Headers> {
        self.claim?.headers
    }

    /// Largest breadth over the longest window.
    #[must_use]
    pub fn breadth(&self) -> u32 {
        self.widest.last().copied().unwrap_or_default()
    }

    /// Requests for pages, not for what pages pull in.
    #[must_use]
    pub fn page_requests(&self) -> u64 {
        self.requests - self.assets
    }

    /// Answers that were errors of the client's: 4xx.
    #[must_use]
    pub fn client_errors(&self) -> u64 {
        self.statuses.get(4).copied().unwrap_or_default()
    }

    /// Answers that were errors: 4xx and 5xx.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.client_errors() + self.statuses.get(5).copied().unwrap_or_default()
    }

    /// Answers that were redirects: 3xx but 304.
    #[must_use]
    pub fn redirects(&self) -> u64 {
        self.statuses.get(3).copied().unwrap_or_default().saturating_sub(self.unchanged)
    }

    /// Share of requests for what pages pull in.
    #[must_use]
    pub fn asset_ratio(&self) -> f64 {
        count(self.assets) / count(self.requests)
    }

    /// Share of requests for pages that few asked for lately.
    #[must_use]
    pub fn tail_share(&self) -> f64 {
        count(self.unpopular) / count(self.requests)
    }

    /// Share of requests with a referer, among those of which the log says.
    #[must_use]
    pub fn referer_share(&self) -> Option<f64> {
        (self.told > 0).then(|| count(self.referred) / count(self.told))
    }

    /// Share of requests whose referer is a page fetched before, among those of
    /// which the log says whether they had one.
    #[must_use]
    pub fn referer_chain(&self) -> Option<f64> {
        (self.told > 0).then(|| count(self.chained) / count(self.told))
    }

    /// Whether it kept to robots.txt, where that is known to whoever counted;
    /// `None` where it asked for nothing that is forbidden and never read it
    /// either.
    #[must_use]
    pub fn robots_obeyed(&self) -> Option<bool> {
        (self.robots || self.forbidden > 0).then_some(self.forbidden == 0)
    }
}

/// Pauses between requests, as sums.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pauses {
    /// How many.
    pub count: u64,
    /// Milliseconds of all.
    pub sum: f64,
    /// Their squares.
    pub squares: f64,
}

impl Pauses {
    fn add(&mut self, millis: u64) {
        let millis = count(millis);
        self.count += 1;
        self.sum += millis;
        self.squares += millis * millis;
    }

    /// Their coefficient of variation: 0 is a clock, 1 is chance, people are
    /// above. `None` of fewer than three, and where none took any time.
    #[must_use]
    pub fn irregularity(&self) -> Option<f64> {
        let mean = self.sum / count(self.count);
        let variance = self.squares / count(self.count) - mean * mean;
        (self.count >= 3 && mean > 0.0).then(|| variance.max(0.0).sqrt() / mean)
    }
}

/// The place of an answer's count among the statuses.
fn class(status: u16) -> usize {
    match status / 100 {
        class @ 1..=5 => usize::from(class),
        _ => 0,
    }
}

/// The minute since the epoch.
#[must_use]
pub fn minute(time: Time) -> u64 {
    time.unix_millis() / MINUTE_MS
}

/// The start of a minute.
#[must_use]
pub fn minute_start(minute: u64) -> Time {
    Time::from_unix_millis(minute * MINUTE_MS)
}
