//! What each client and each visitor of a night did, from one pass.
//!
//! Only counts and sets are kept, never lines. Nothing is judged: scores are in
//! [`crate::score`], findings in [`crate::detect`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;

use serde::{Serialize, Serializer};
use tidegate_rules::agent::{Agent, Claim};
use tidegate_rules::key::client_of;
use tidegate_rules::record::Verification;
use tidegate_rules::{Client, Ruleset, Time};

use crate::night::Seen;
use crate::walk::Walks;

/// Sample request ids kept for one client.
const SAMPLES: usize = 3;

const MINUTE_MS: u64 = 60_000;

/// Everybody of one night.
#[derive(Debug, Default)]
pub struct Clients {
    /// Clients by the text of their [`ClientKey`].
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
    /// Its breadth. A client's is that of all its visitors together.
    pub walks: Walks,
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

/// A visitor: an activity with what it was about.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// What it did.
    pub activity: Activity,
    /// The client that it belongs to.
    pub client: String,
    /// Origin units by place of route.
    pub routes: HashMap<Option<u16>, u64>,
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
        let Some(client) = ClientKey::of(seen.request.client) else {
            self.unknown += 1;
            return;
        };
        let name = client.to_string();
        if let Some(visitor) = seen.derived.visitor {
            let visitor = self.visitors.entry(visitor).or_default();
            visitor.activity.add(seen, asset);
            *visitor.routes.entry(seen.derived.route).or_default() += u64::from(seen.units);
            if visitor.client.is_empty() {
                visitor.client.clone_from(&name);
            }
        }
        self.clients.entry(name).or_default().add(seen, asset);
    }

    /// The largest breadth of each client's visitors.
    #[must_use]
    pub fn breadths(&self) -> HashMap<&str, u32> {
        let mut breadths = HashMap::new();
        for visitor in self.visitors.values() {
            let widest = breadths.entry(visitor.client.as_str()).or_insert(0);
            *widest = visitor.activity.walks.breadth().max(*widest);
        }
        breadths
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
        // As in cells, where a free page is not marked.
        if seen.units > 0 {
            self.walks.mark(time, seen.derived.page);
        }
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

/// Who a client is, as reports name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// An IPv4 address, or the first address of an IPv6 /64.
    Address(IpAddr),
    /// The keyed hash that records carry instead.
    Hashed(u64),
}

impl ClientKey {
    /// The client of a request; `None` where the log does not say.
    #[must_use]
    pub fn of(client: Option<Client>) -> Option<Self> {
        Some(match client? {
            Client::Address(address) => Self::Address(client_of(address)),
            Client::Hashed { client, .. } => Self::Hashed(client),
        })
    }
}

/// An address, or 16 hex digits.
impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Hashed(hash) => write!(f, "{hash:016x}"),
        }
    }
}

impl Serialize for ClientKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::masked;

    #[test]
    fn keys_are_named_by_client_and_shortened_to_their_network() {
        let named = |client| {
            let key = ClientKey::of(Some(client)).unwrap().to_string();
            let network = masked(&key, false);
            (key, network)
        };
        let address = |text: &str| Client::Address(text.parse().unwrap());
        let both = |key: &str, network: &str| (key.to_owned(), network.to_owned());
        assert_eq!(named(address("192.0.2.7")), both("192.0.2.7", "192.0.2.0/24"));
        assert_eq!(named(address("::ffff:192.0.2.7")), both("192.0.2.7", "192.0.2.0/24"));
        assert_eq!(named(address("2001:db8:1:2:3::4")), both("2001:db8:1:2::", "2001:db8:1::/48"));
        let hashed = Client::Hashed { client: 0xabc, network: 1 };
        assert_eq!(named(hashed), both("0000000000000abc", "0000000000000abc"));
    }
}
