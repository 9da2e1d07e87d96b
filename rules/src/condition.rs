//! Which requests a rule is about.
//!
//! Only what the request itself shows; breadth and the origin's state need
//! counters and are asked about where budgets are: [`crate::rule::Budget`].

mod packed;

use packed::Demand;
use serde::{Deserialize, Serialize};

use crate::agent::{Agent, Category, Headers};
use crate::features::Derived;
use crate::glob::Glob;
use crate::record::Verification;
use crate::request::{Request, Time};
use crate::route::CacheClass;
use crate::ruleset::Ruleset;

/// Which requests a rule is about. Fields are joined by AND, the entries of a
/// list by OR; an empty list says nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Demand>", into = "Vec<Demand>")]
pub struct Condition {
    /// Host names.
    pub hosts: Vec<Glob>,
    /// Methods.
    pub methods: Vec<String>,
    /// Places of routes.
    pub routes: Vec<u16>,
    /// Paths.
    pub paths: Vec<Glob>,
    /// Whether there is a query.
    pub query: Option<bool>,
    /// Places of agents.
    pub agents: Vec<u16>,
    /// Categories of agents.
    pub categories: Vec<Category>,
    /// What became of the agent's claim.
    pub verifications: Vec<Verification>,
    /// Lists of networks of the client.
    pub networks: Vec<u16>,
    /// Autonomous systems of the client.
    pub asns: Vec<u32>,
    /// Countries of the client.
    pub countries: Vec<String>,
    /// Whether credentials came along.
    pub credentials: Option<bool>,
    /// Fingerprints of the client's software.
    pub fingerprints: Vec<u64>,
    /// Whether the request has the headers that its agent always sends.
    pub headers: Vec<Headers>,
    /// What the origin lets caches keep of the route.
    pub caches: Vec<CacheClass>,
    /// Times of the day, in UTC.
    pub hours: Vec<Hours>,
    /// What must not hold.
    pub not: Option<Box<Condition>>,
}

/// A time of the day, in minutes since midnight UTC. One that ends before it
/// starts goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The first minute.
    pub from: u16,
    /// The minute after the last.
    pub to: u16,
}

impl Hours {
    fn hold(self, time: Time) -> bool {
        self.hold_at(time.unix_millis() / 60_000 % (24 * 60))
    }

    /// Whether a minute of the day is within.
    pub(crate) fn hold_at(self, minute: u64) -> bool {
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

/// Whether a condition holds. What is unknown neither holds nor fails, and its
/// negation is unknown too: no rule matches on what nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// Nobody knows.
    Unknown,
}

impl Truth {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }
}

impl Condition {
    /// Whether it holds for a request.
    #[must_use]
    pub fn holds(&self, rules: &Ruleset, request: &Request<'_>, derived: &Derived) -> Truth {
        let own = self.about_url(request, derived);
        if own == Truth::No {
            return own;
        }
        let own = own
            .and(self.about_agent(derived, &rules.agents))
            .and(self.about_client(rules, request, derived));
        match &self.not {
            Some(not) if own != Truth::No => own.and(not.holds(rules, request, derived).negated()),
            _ => own,
        }
    }

    fn about_url(&self, request: &Request<'_>, derived: &Derived) -> Truth {
        listed(&self.methods, Some(request.method), |want, method| want == method)
            .and(listed(&self.routes, Some(derived.route), |want, route| Some(*want) == route))
            .and(listed(&self.hosts, request.host, Glob::matches))
            .and(listed(&self.paths, Some(request.path), Glob::matches))
            .and(flag(self.query, Some(request.query.is_some())))
            .and(listed(&self.caches, Some(derived.cache), |want, cache| *want == cache))
            .and(listed(&self.hours, Some(request.time), |hours, time| hours.hold(time)))
    }

    fn about_agent(&self, derived: &Derived, agents: &[Agent]) -> Truth {
        let name = derived.claim.map(|claim| claim.agent);
        let category = name.map(|name| {
            name.and_then(|at| agents.get(usize::from(at))).map(|agent| agent.category)
        });
        let verification = derived.claim.map(|claim| claim.verification);
        let headers = derived.claim.and_then(|claim| claim.headers);
        listed(&self.agents, name, |want, name| Some(*want) == name)
            .and(listed(&self.categories, category, |want, category| Some(*want) == category))
            .and(listed(&self.verifications, verification, |want, found| *want == found))
            .and(listed(&self.headers, headers, |want, found| *want == found))
            .and(listed(&self.fingerprints, derived.fingerprint, |want, found| *want == found))
    }

    fn about_client(&self, rules: &Ruleset, request: &Request<'_>, derived: &Derived) -> Truth {
        listed(&self.networks, derived.places, |list, places| rules.networks.is_in(places, *list))
            .and(listed(&self.asns, request.asn, |want, asn| *want == asn))
            .and(listed(&self.countries, request.country, |want, country| want == country))
            .and(flag(self.credentials, request.credentials))
    }
}

fn listed<W, T: Copy>(wanted: &[W], found: Option<T>, is: impl Fn(&W, T) -> bool) -> Truth {
    if wanted.is_empty() {
        return Truth::Yes;
    }
    Truth::of(found.map(|found| wanted.iter().any(|want| is(want, found))))
}

fn flag(wanted: Option<bool>, found: Option<bool>) -> Truth {
    match wanted {
        None => Truth::Yes,
        Some(wanted) => Truth::of(found.map(|found| found == wanted)),
    }
}
