//! Rules and cohorts, resolved: what the compiler makes of the TOML.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::agent::{Agent, Category};
use crate::features::Derived;
use crate::glob::Glob;
use crate::key::{KeyKind, canonical};
use crate::quota::Quota;
use crate::record::Verification;
use crate::request::{Client, Request, Time};
use crate::store::Gate;
use crate::words::{Worded, worded};

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name, unique in the site's files.
    pub id: String,
    /// Why it exists, shown to whoever it refuses.
    pub why: String,
    /// What a refused person could do instead.
    pub advice: Option<String>,
    /// Which requests it is about.
    pub condition: Condition,
    /// What it does with them.
    pub effect: Effect,
    /// Whether it acts.
    pub mode: Mode,
    /// From when on it never matches.
    pub expires: Option<Time>,
}

impl Rule {
    /// Whether it is evaluated at all at `now`.
    #[must_use]
    pub fn lives(&self, now: Time) -> bool {
        self.mode != Mode::Off && self.expires.is_none_or(|end| now < end)
    }

    /// Whether it is about a request, but for its breadth.
    #[must_use]
    pub fn matches(&self, request: &Request<'_>, derived: &Derived, agents: &[Agent]) -> bool {
        self.is_about(request.method)
            && self.lives(request.time)
            && self.condition.holds(request, derived, agents) == Truth::Yes
    }

    /// Only GET and HEAD are charged or refused unless a rule names a method:
    /// publish, yank, login and rebuild are never hurt.
    fn is_about(&self, method: &str) -> bool {
        !self.condition.methods.is_empty()
            || self.effect == Effect::Allow
            || ["GET", "HEAD"].contains(&method)
    }
}

/// What a rule does with the requests that match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Exempts them from every other rule.
    Allow,
    /// Answers 403.
    Block,
    /// Tells the origin in a header.
    Tag,
    /// Answers 429 to what exceeds the budget.
    Throttle(Budget),
}

worded! {
    /// What a rule without a budget does.
    #[derive(Debug, Clone, Copy)]
    pub enum Verdict {
        /// Exempts.
        Allow = "allow",
        /// Answers 403.
        Block = "block",
        /// Tells the origin.
        Tag = "tag",
    }
}

/// A quota with the key that it is counted under.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Who shares it.
    pub key: KeyKind,
    /// Its place in that key's cells.
    pub slot: u16,
    /// How much, over how long.
    pub quota: Quota,
    /// The breadth that the rule demands first.
    pub gate: Option<Gate>,
}

worded! {
    /// Whether a rule, or the whole site, acts.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum Mode {
        /// Not even evaluated.
        Off = "off",
        /// Evaluated in full, changes nothing.
        Shadow = "shadow",
        /// Acts.
        Enforce = "enforce",
    }
}

impl Mode {
    /// The mode that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Worded::of(word)
    }
}

/// A group of clients to protect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// Its name in reports.
    pub name: String,
    /// Whose requests make a client belong to it.
    pub condition: Condition,
    /// The breadth that its members keep to.
    pub breadth: Option<Breadth>,
    /// What may be done to it.
    pub harm: Harm,
}

/// A breadth over a window, outside any cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breadth {
    /// Length of the window in milliseconds.
    pub period_ms: u32,
    /// Matches counts above this.
    pub over: Option<u32>,
    /// Matches counts below this.
    pub under: Option<u32>,
}

impl Breadth {
    /// Whether a count matches.
    #[must_use]
    pub fn holds(&self, count: u32) -> bool {
        self.over.is_none_or(|over| count > over) && self.under.is_none_or(|under| count < under)
    }
}

/// The share of a cohort's clients that may be hurt, each from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Harm {
    /// Clients with at least one throttled request.
    pub throttled_clients: f64,
    /// Clients whose every answer within 60 s was a refusal.
    pub starved_clients: f64,
    /// Clients with at least one blocked request.
    pub blocked_clients: f64,
}

/// Which requests a rule is about. Fields are joined by AND, the entries of a
/// list by OR; an empty list says nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// Networks of the client.
    pub networks: Vec<IpNet>,
    /// Autonomous systems of the client.
    pub asns: Vec<u32>,
    /// Countries of the client.
    pub countries: Vec<String>,
    /// Whether credentials came along.
    pub credentials: Option<bool>,
    /// What must not hold.
    pub not: Option<Box<Condition>>,
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
    pub fn holds(&self, request: &Request<'_>, derived: &Derived, agents: &[Agent]) -> Truth {
        let own = self.about_url(request, derived);
        if own == Truth::No {
            return own;
        }
        let own = own.and(self.about_agent(derived, agents)).and(self.about_client(request));
        match &self.not {
            Some(not) if own != Truth::No => own.and(not.holds(request, derived, agents).negated()),
            _ => own,
        }
    }

    fn about_url(&self, request: &Request<'_>, derived: &Derived) -> Truth {
        listed(&self.methods, Some(request.method), |want, method| want == method)
            .and(listed(&self.routes, Some(derived.route), |want, route| Some(*want) == route))
            .and(listed(&self.hosts, request.host, Glob::matches))
            .and(listed(&self.paths, Some(request.path), Glob::matches))
            .and(flag(self.query, Some(request.query.is_some())))
    }

    fn about_agent(&self, derived: &Derived, agents: &[Agent]) -> Truth {
        let name = derived.claim.map(|claim| claim.agent);
        let category = name.map(|name| {
            name.and_then(|at| agents.get(usize::from(at))).map(|agent| agent.category)
        });
        let verification = derived.claim.map(|claim| claim.verification);
        listed(&self.agents, name, |want, name| Some(*want) == name)
            .and(listed(&self.categories, category, |want, category| Some(*want) == category))
            .and(listed(&self.verifications, verification, |want, found| *want == found))
    }

    fn about_client(&self, request: &Request<'_>) -> Truth {
        let address = match request.client {
            Some(Client::Address(address)) => Some(canonical(address)),
            Some(Client::Hashed { .. }) | None => None,
        };
        listed(&self.networks, address, |network, address| network.contains(&address))
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
