//! Clients and groups as the machine output says them.

use serde::Serialize;
use tidegate_rules::agent::{Category, Headers};
use tidegate_rules::record::Verification;
use tidegate_rules::{Ruleset, Time};

use crate::clients::{Breadths, Clients};
use crate::features::{Features, Group, GroupKey};
use crate::score::{self, Class};
use crate::time;

/// One client.
#[derive(Debug, Clone, Serialize)]
pub struct ClientRow {
    /// Its address, its IPv6 /64, or its hash.
    pub key: String,
    /// Requests.
    pub requests: u64,
    /// Units caused at the origin.
    pub origin_units: u64,
    /// Different pages over all requests.
    pub pages: u64,
    /// First request.
    #[serde(serialize_with = "time::serialize")]
    pub first: Time,
    /// Last request.
    #[serde(serialize_with = "time::serialize")]
    pub last: Time,
    /// What it claims to be, where the log has a User-Agent.
    pub agent: Option<AgentRow>,
    /// What kind of client it seems to be.
    pub class: Class,
    /// How like a crawler, 0 to 1.
    pub crawler_score: f64,
    /// How much of one origin core it kept busy in its worst minute, 0 to 1.
    pub harm_score: f64,
    /// Why it is classed so, in words.
    pub reasons: Vec<String>,
    /// What else it did.
    pub features: FeaturesRow,
}

/// An agent's claim.
#[derive(Debug, Clone, Serialize)]
pub struct AgentRow {
    /// Its name; `None` where nobody knows the User-Agent.
    pub name: Option<String>,
    /// What it is for.
    pub category: Option<&'static str>,
    /// What became of the claim.
    pub verification: Verification,
}

/// A network or a crowd that asked for much.
#[derive(Debug, Clone, Serialize)]
pub struct GroupRow {
    /// The network, its hash, or a fingerprint and where it is.
    pub key: String,
    /// Its different clients.
    pub clients: u64,
    /// Requests since it got a record.
    pub requests: u64,
    /// Units caused at the origin.
    pub origin_units: u64,
    /// Different pages over all requests.
    pub pages: u64,
    /// What else it did.
    pub features: FeaturesRow,
}

/// What somebody did, beyond the first figures. `docs/features.md` says how each
/// is computed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FeaturesRow {
    /// Requests that reached the origin.
    pub misses: u64,
    /// Largest number of different pages in ten minutes among those.
    pub breadth: u32,
    /// Different crates.
    pub crates: u64,
    /// Share of requests for pages that few asked for lately.
    pub tail_share: f64,
    /// Share of requests for what pages pull in.
    pub asset_ratio: f64,
    /// Share of requests with a referer.
    pub referer_share: Option<f64>,
    /// Share of requests whose referer is a page fetched before.
    pub referer_chain: Option<f64>,
    /// Answers of unknown status, then 1xx to 5xx.
    pub statuses: [u64; 6],
    /// Coefficient of variation of the pauses between requests.
    pub irregularity: Option<f64>,
    /// Sessions.
    pub sessions: u64,
    /// Most requests in a minute.
    pub peak_requests: u64,
    /// Most units in a minute.
    pub peak_units: u64,
    /// Whether it asked for robots.txt.
    pub robots_seen: bool,
    /// Whether it kept to robots.txt, where that is known.
    pub robots_obeyed: Option<bool>,
    /// Whether a fingerprint is known.
    pub fingerprint: bool,
    /// Whether it has the headers that its agent always sends.
    pub headers: Option<Headers>,
    /// Whether counts of different things are exact.
    pub exact: bool,
}

impl ClientRow {
    pub(super) fn of(rules: &Ruleset, clients: &Clients, breadths: &Breadths, at: u32) -> Self {
        let features = clients.features(at);
        let breadth = breadths.of(at, &features);
        let (class, reasons) = score::classify(rules, &features, breadth);
        Self {
            key: clients.key(at).to_string(),
            requests: features.requests,
            origin_units: features.units,
            pages: features.pages,
            first: features.first,
            last: features.last,
            agent: features.claim.map(|claim| {
                let agent = features.agent(rules);
                AgentRow {
                    name: agent.map(|agent| agent.name.clone()),
                    category: agent.map(|agent| agent.category).map(Category::name),
                    verification: claim.verification,
                }
            }),
            class,
            crawler_score: rounded(score::crawler(&features, breadth)),
            harm_score: rounded(score::harm(&features)),
            reasons,
            features: FeaturesRow::of(&features, clients.robots_known),
        }
    }
}

impl GroupRow {
    pub(super) fn of(key: GroupKey, group: &Group, robots_known: bool) -> Self {
        let features = group.features();
        Self {
            key: key.to_string(),
            clients: group.clients(),
            requests: features.requests,
            origin_units: features.units,
            pages: features.pages,
            features: FeaturesRow::of(&features, robots_known),
        }
    }
}

impl FeaturesRow {
    fn of(features: &Features, robots_known: bool) -> Self {
        Self {
            misses: features.misses,
            breadth: features.breadth(),
            crates: features.crates,
            tail_share: rounded(features.tail_share()),
            asset_ratio: rounded(features.asset_ratio()),
            referer_share: features.referer_share().map(rounded),
            referer_chain: features.referer_chain().map(rounded),
            statuses: features.statuses,
            irregularity: features.pauses.irregularity().map(rounded),
            sessions: features.sessions,
            peak_requests: features.peak_requests,
            peak_units: features.peak_units,
            robots_seen: features.robots,
            robots_obeyed: features.robots_obeyed().filter(|_| robots_known),
            fingerprint: features.fingerprinted,
            headers: features.headers(),
            exact: features.exact,
        }
    }
}

/// Three digits are more than a score can say.
fn rounded(score: f64) -> f64 {
    (score * 1000.0).round() / 1000.0
}
