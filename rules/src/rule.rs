//! Rules and cohorts, resolved: what the compiler makes of the TOML.

mod text;

use serde::{Deserialize, Serialize};

pub use text::RuleText;

use crate::condition::{Condition, Truth};
use crate::features::Derived;
use crate::key::KeyKind;
use crate::quota::Quota;
use crate::request::{Request, Time, reads};
use crate::ruleset::Ruleset;
use crate::store::Gate;
use crate::strain::OriginState;
use crate::words::{Worded, worded};

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What it says for itself.
    pub text: RuleText,
    /// Which requests it is about.
    pub condition: Condition,
    /// What it does with them.
    pub effect: Effect,
    /// Whether it acts.
    pub mode: Mode,
    /// Percent of the keys that it is enforced for; for the others it is in
    /// shadow.
    pub rollout: u8,
    /// Before when it never matches.
    pub starts: Option<Time>,
    /// From when on it never matches.
    pub expires: Option<Time>,
}

impl Rule {
    /// Its name, unique in the site's files.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text.id()
    }

    /// Why it exists, shown to whoever it refuses.
    #[must_use]
    pub fn why(&self) -> &str {
        self.text.why()
    }

    /// What a refused person could do instead.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.text.advice()
    }

    /// Whether it is evaluated at all at `now`.
    #[must_use]
    pub fn lives(&self, now: Time) -> bool {
        self.mode != Mode::Off
            && self.starts.is_none_or(|start| start <= now)
            && self.expires.is_none_or(|end| now < end)
    }

    /// Whether it wants to know how the origin is.
    pub(crate) fn asks_origin(&self) -> bool {
        let Effect::Throttle(budget) = &self.effect else { return false };
        self.mode != Mode::Off && budget.origin.is_some()
    }

    /// Whether it is about a request, but for its breadth.
    #[must_use]
    pub fn matches(&self, rules: &Ruleset, request: &Request<'_>, derived: &Derived) -> bool {
        self.is_about(request.method)
            && self.lives(request.time)
            && self.condition.holds(rules, request, derived) == Truth::Yes
    }

    /// Only GET and HEAD are charged or refused unless a rule names a method:
    /// publish, yank, login and rebuild are never hurt.
    pub(crate) fn is_about(&self, method: &str) -> bool {
        !self.condition.methods().is_empty() || self.effect == Effect::Allow || reads(method)
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
    /// How the origin must be for the rule to ask at all.
    pub origin: Option<OriginState>,
    /// Where, in a visitor's cell, lies what a visitor with a history may spend
    /// before it is charged to its crowd.
    pub floor: Option<u16>,
}

impl Budget {
    /// Where the budget, or its floor, lies in the cells of `kind`, and whether
    /// it is the floor.
    pub(crate) fn place_in(&self, kind: KeyKind) -> Option<(u16, bool)> {
        if self.key == kind {
            return Some((self.slot, false));
        }
        self.floor.filter(|_| kind == KeyKind::Visitor).map(|slot| (slot, true))
    }
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
