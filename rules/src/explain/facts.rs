//! The facts of a request, as Tidegate understood them.

use serde::Serialize;

use crate::features::Derived;
use crate::request::{CacheState, Client, Outcome, Request};
use crate::route::UNROUTED_COST;
use crate::ruleset::Ruleset;
use crate::text::rfc3339;

/// What was known of a request. What is `None` was not, and counted against nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// When it arrived, in RFC 3339.
    pub time: String,
    /// The id that a person can quote.
    pub request_id: Option<String>,
    /// Its method.
    pub method: String,
    /// Its host.
    pub host: Option<String>,
    /// Its path, as sent.
    pub path: String,
    /// Whether there was a query.
    pub query: bool,
    /// The client: an address, or the keyed hash that records have, in hex.
    pub client: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// What its software shows, in hex.
    pub fingerprint: Option<String>,
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Country.
    pub country: Option<String>,
    /// Point of presence; budgets are kept at each.
    pub pop: Option<String>,
    /// Whether credentials came along.
    pub credentials: Option<bool>,
    /// Where the answer came from.
    pub cache: Option<CacheState>,
}

impl Facts {
    pub(super) fn of(request: &Request<'_>, derived: &Derived, outcome: &Outcome) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            time: rfc3339(request.time),
            request_id: owned(request.request_id),
            method: request.method.to_owned(),
            host: owned(request.host),
            path: request.path.to_owned(),
            query: request.query.is_some(),
            client: request.client.map(|client| match client {
                Client::Address(address) => address.to_canonical().to_string(),
                Client::Hashed { client, .. } => format!("{client:016x}"),
            }),
            user_agent: owned(request.user_agent),
            fingerprint: derived.fingerprint.map(|shown| format!("{shown:016x}")),
            asn: request.asn,
            country: owned(request.country),
            pop: owned(request.pop),
            credentials: request.credentials,
            cache: outcome.cache,
        }
    }

    /// What nobody knew, of what rules can ask about.
    pub(super) fn unknown(&self) -> Vec<&'static str> {
        let known = [
            (self.host.is_some(), "host"),
            (self.client.is_some(), "client"),
            (self.user_agent.is_some(), "User-Agent"),
            (self.fingerprint.is_some(), "fingerprint"),
            (self.asn.is_some(), "system (ASN)"),
            (self.country.is_some(), "country"),
            (self.credentials.is_some(), "credentials"),
        ];
        known.into_iter().filter(|(known, _)| !known).map(|(_, fact)| fact).collect()
    }
}

/// A route, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteFacts {
    /// Its name; `None` where no route matches.
    pub name: Option<String>,
    /// Units of a request that reaches the origin; one is a millisecond of its time.
    pub units: u32,
    /// What the origin allows caches to keep.
    pub cache: &'static str,
}

impl RouteFacts {
    pub(super) fn of(rules: &Ruleset, derived: &Derived) -> Self {
        let route = derived.route.and_then(|at| rules.route(at));
        Self {
            name: route.map(|route| route.name.clone()),
            units: route.map_or(UNROUTED_COST, |route| route.cost),
            cache: derived.cache.name(),
        }
    }
}

/// What a client says it is, and what became of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentFacts {
    /// Its name; `None` where nobody knows the User-Agent.
    pub name: Option<String>,
    /// What it is for.
    pub category: Option<&'static str>,
    /// `verified`, `contradicted`, `unverifiable` or `none`.
    pub verification: &'static str,
    /// By what it was judged: `address`, `signature` or `platform`.
    pub judged_by: Option<&'static str>,
    /// Whether the headers are there that the agent always sends: `complete` or
    /// `lacking`.
    pub headers: Option<&'static str>,
}

impl AgentFacts {
    pub(super) fn of(rules: &Ruleset, derived: &Derived) -> Option<Self> {
        let claim = derived.claim?;
        let agent = claim.agent.and_then(|at| rules.agent(at));
        Some(Self {
            name: agent.map(|agent| agent.name.clone()),
            category: agent.map(|agent| agent.category.name()),
            verification: claim.verification.name(),
            judged_by: claim.judged_by.map(|by| by.name()),
            headers: claim.headers.map(|headers| headers.name()),
        })
    }
}
