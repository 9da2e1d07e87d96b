//! What each client and each visitor of a night did, from one pass.
//!
//! Only counts and sets are kept, never lines. Nothing is judged: scores are in
//! [`crate::score`], findings in [`crate::detect`].

use std::collections::{BTreeMap, HashMap, HashSet};

use tidegate_rules::agent::Claim;
use tidegate_rules::key::{KeyKind, client_of};
use tidegate_rules::{Client, Ruleset, Time};

use crate::night::Seen;

/// The windows over which breadth is counted, in milliseconds, shortest first: a
/// burst stands out in the first, a patient walk in the last.
pub const WINDOWS_MS: [u32; 2] = [60_000, 600_000];

/// Sample request ids kept for one client.
const SAMPLES: usize = 3;

const MINUTE_MS: u64 = 60_000;

/// Everybody of one night.
#[derive(Debug, Default)]
pub struct Clients {
    /// Clients by their text: an address, an IPv6 /64, or a hash in hex.
    pub clients: BTreeMap<String, Activity>,
    /// Visitors by their key's hash.
    pub visitors: HashMap<u128, Visitor>,
    /// The site's own activity, minute by minute since the epoch.
    pub minutes: BTreeMap<u64, Minute>,
    /// Origin units by place of route.
    pub routes: HashMap<Option<u16>, u64>,
    /// Requests whose client the log does not say.
    pub unknown: u64,
}

/// What somebody did.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// Requests.
    pub requests: u64,
    /// Units caused at the origin.
    pub units: u64,
    /// Requests that reached the origin.
    pub misses: u64,
    /// Requests for routes that pages pull in.
    pub assets: u64,
    /// Requests with a referer, and requests of which the log says either way.
    pub referred: (u64, u64),
    /// Different pages, by the hash of their paths.
    pub pages: HashSet<u64>,
    /// Answers by hundreds of their status: 1xx to 5xx.
    pub statuses: [u64; 6],
    /// First and last request.
    pub seen: Option<(Time, Time)>,
    /// What it claims to be: the first claim that names an agent.
    pub claim: Option<Claim>,
    /// Requests and units by minute since the epoch.
    pub minutes: BTreeMap<u64, Minute>,
    /// Autonomous system, where known.
    pub asn: Option<u32>,
    /// Ids of some of its requests.
    pub samples: Vec<String>,
}

/// A visitor: an activity with its breadth.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// What it did.
    pub activity: Activity,
    /// The client that it belongs to.
    pub client: String,
    /// Largest breadth over each of [`WINDOWS_MS`].
    pub breadths: [u32; WINDOWS_MS.len()],
    /// Origin units by place of route.
    pub routes: HashMap<Option<u16>, u64>,
    walks: [Walk; WINDOWS_MS.len()],
}

/// Different pages over one rolling window, as cells count them, but exact.
#[derive(Debug, Clone, Default)]
struct Walk {
    half: u64,
    current: HashSet<u64>,
    last: HashSet<u64>,
}

impl Walk {
    fn mark(&mut self, half: u64, page: u64) -> u32 {
        match half.saturating_sub(self.half) {
            0 => {}
            1 => self.last = std::mem::take(&mut self.current),
            _ => {
                self.last.clear();
                self.current.clear();
            }
        }
        self.half = self.half.max(half);
        // A page that comes again moves from the last half to the current one,
        // so that the two sets never share a page.
        self.last.remove(&page);
        self.current.insert(page);
        u32::try_from(self.current.len() + self.last.len()).unwrap_or(u32::MAX)
    }
}

/// What happened within one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Minute {
    /// Requests.
    pub requests: u64,
    /// Units caused at the origin.
    pub units: u64,
}

impl Minute {
    fn add(&mut self, units: u32) {
        self.requests += 1;
        self.units += u64::from(units);
    }
}

impl Clients {
    /// Takes one request into account.
    pub fn add(&mut self, rules: &Ruleset, seen: &Seen<'_>) {
        let asset = seen.derived.route.and_then(|at| rules.route(at)).is_some_and(|r| r.asset);
        self.minutes.entry(minute(seen.request.time)).or_default().add(seen.units);
        *self.routes.entry(seen.derived.route).or_default() += u64::from(seen.units);
        let Some(name) = client_name(seen.request.client) else {
            self.unknown += 1;
            return;
        };
        if let Some(key) = seen.derived.key(KeyKind::Visitor) {
            let visitor = self.visitors.entry(key.hash).or_default();
            visitor.activity.add(seen, asset);
            visitor.walk(seen);
            if visitor.client.is_empty() {
                visitor.client.clone_from(&name);
            }
        }
        self.clients.entry(name).or_default().add(seen, asset);
    }
}

impl Activity {
    fn add(&mut self, seen: &Seen<'_>, asset: bool) {
        let time = seen.request.time;
        self.requests += 1;
        self.units += u64::from(seen.units);
        self.misses += u64::from(seen.cache.reached_origin());
        self.assets += u64::from(asset);
        if let Some(referred) = seen.event.referred {
            self.referred.0 += u64::from(referred);
            self.referred.1 += 1;
        }
        self.pages.insert(seen.derived.page);
        let class = usize::from(seen.event.status().unwrap_or_default() / 100);
        if let Some(count) = self.statuses.get_mut(class) {
            *count += 1;
        }
        let (first, last) = self.seen.unwrap_or((time, time));
        self.seen = Some((first.min(time), last.max(time)));
        if self.claim.is_none_or(|claim| claim.agent.is_none()) {
            self.claim = seen.derived.claim.or(self.claim);
        }
        self.minutes.entry(minute(time)).or_default().add(seen.units);
        self.asn = self.asn.or(seen.request.asn);
        if self.samples.len() < SAMPLES
            && let Some(id) = seen.request.request_id
        {
            self.samples.push(id.to_owned());
        }
    }

    /// The minute in which it caused most units.
    #[must_use]
    pub fn worst_minute(&self) -> Minute {
        let by_units = self.minutes.values().max_by_key(|minute| minute.units);
        by_units.copied().unwrap_or_default()
    }

    /// Most requests in one minute.
    #[must_use]
    pub fn peak_requests(&self) -> u64 {
        self.minutes.values().map(|minute| minute.requests).max().unwrap_or_default()
    }

    /// Requests for pages, not for what pages pull in.
    #[must_use]
    pub fn page_requests(&self) -> u64 {
        self.requests - self.assets
    }
}

impl Visitor {
    /// Largest breadth over the longest window.
    #[must_use]
    pub fn breadth(&self) -> u32 {
        self.breadths.last().copied().unwrap_or_default()
    }

    /// Counts pages that were about to reach the origin.
    fn walk(&mut self, seen: &Seen<'_>) {
        *self.routes.entry(seen.derived.route).or_default() += u64::from(seen.units);
        if seen.units == 0 {
            return;
        }
        let walks = self.walks.iter_mut().zip(&mut self.breadths).zip(WINDOWS_MS);
        for ((walk, widest), window) in walks {
            let half = seen.request.time.unix_millis() / u64::from(window / 2);
            *widest = walk.mark(half, seen.derived.page).max(*widest);
        }
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

/// A client as text: its address, its IPv6 /64, or its hash.
#[must_use]
pub fn client_name(client: Option<Client>) -> Option<String> {
    Some(match client? {
        Client::Address(address) => client_of(address).to_string(),
        Client::Hashed { client, .. } => format!("{client:016x}"),
    })
}
