//! Why a request was decided as it was, step by step, for whoever answers mail.
//!
//! Nothing is decided here. A request goes through [`Engine::screen`],
//! [`Engine::admit`] and [`Engine::settle`] as any other does, its cells
//! [`Watched`], and what is told afterwards is read off what came of it: from the
//! admission, from what the cells were asked and held, and from each rule's own
//! parts, asked one by one. A request that is not explained pays nothing for it.

mod advice;
mod budget;
mod facts;
mod steps;
mod text;
mod unmet;
mod watch;

pub use budget::{BreadthAsked, BudgetAsked, Level};
pub use facts::{AgentFacts, Facts, RouteFacts};
pub use text::Addresses;
pub use watch::{Account, Look, Watched};

use serde::Serialize;

use crate::decide::{Admission, Engine};
use crate::request::{Outcome, Request};
use crate::rule::{Effect, Rule};
use crate::ruleset::placed;
use crate::words::worded;
use budget::Asking;
use unmet::About;

/// The form of the JSON.
pub const EXPLANATION_FORMAT: u32 = 1;

/// One request and its decision, step by step. As JSON its fields are stable; new
/// ones may be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// [`EXPLANATION_FORMAT`].
    pub format: u32,
    /// Name of the site.
    pub site: String,
    /// Version of its rules.
    pub rules_version: String,
    /// What was known of the request.
    pub facts: Facts,
    /// Its route, and what it costs.
    pub route: RouteFacts,
    /// What the client says it is, and what became of that; `None` where its
    /// User-Agent is unknown.
    pub agent: Option<AgentFacts>,
    /// How the origin was; `None` where nobody asked or nobody knew.
    pub origin: Option<&'static str>,
    /// Every rule, in file order.
    pub rules: Vec<RuleAsked>,
    /// What was decided.
    pub decision: Decided,
    /// What this client could change.
    pub advice: Vec<String>,
}

/// What one rule said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleAsked {
    /// Its name.
    pub id: String,
    /// `allow`, `block`, `tag` or `throttle`.
    pub effect: &'static str,
    /// `off`, `shadow` or `enforce`.
    pub mode: &'static str,
    /// Whether it is enforced for this request's key: not one in shadow, nor one
    /// that is rolled out to others.
    pub enforced: bool,
    /// What it said.
    pub said: &'static str,
    /// Why, in words.
    pub because: String,
    /// Its budget, and before it the floor of a visitor with a history, of those
    /// that were asked.
    pub budgets: Vec<BudgetAsked>,
}

worded! {
    /// What a rule said to a request.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Said {
        /// It is off, not begun, or expired; or the whole site is off.
        Asleep = "asleep",
        /// It is about other requests.
        Unmet = "unmet",
        /// It is about this one, and its budget had no say.
        Unasked = "unasked",
        /// It is about this one once there is more breadth, or other strain.
        Waits = "waits",
        /// Its budget had enough.
        Within = "within",
        /// It objects: its budget is exhausted, or it blocks.
        Refuses = "refuses",
        /// It lets the request pass, whatever the others say.
        Exempts = "exempts",
        /// It tells the origin.
        Tags = "tags",
    }
}

/// What was decided, and how it came to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// `pass`, `allow`, `throttle` or `block`.
    pub action: &'static str,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Milliseconds until the same request would pass.
    pub retry_ms: Option<u64>,
    /// Rules in shadow that would have refused it, each enforced alone.
    pub shadow: Vec<String>,
    /// Rules that tag it.
    pub tags: Vec<String>,
    /// What failed inside; the request was let through.
    pub failures: Vec<&'static str>,
    /// Precedence, step by step, in words.
    pub steps: Vec<String>,
}

/// A request on its way, once more, after it was decided.
#[derive(Clone, Copy)]
struct Told<'t> {
    engine: &'t Engine,
    request: &'t Request<'t>,
    admission: &'t Admission,
    account: &'t Account,
}

impl Engine {
    /// Explains a request after it was decided and settled. `account` is of the
    /// [`Watched`] cells that were asked on the way, `outcome` what it was settled
    /// with.
    #[must_use]
    pub fn explain(
        &self,
        request: &Request<'_>,
        admission: &Admission,
        outcome: &Outcome,
        account: &Account,
    ) -> Explanation {
        let told = Told { engine: self, request, admission, account };
        let rules: Vec<_> =
            placed(&self.rules.rules).map(|(at, rule)| told.rule(at, rule)).collect();
        let decision = told.decision(&rules);
        Explanation {
            format: EXPLANATION_FORMAT,
            site: self.rules.site.clone(),
            rules_version: self.version.clone(),
            facts: Facts::of(request, &admission.derived, outcome),
            route: RouteFacts::of(&self.rules, &admission.derived),
            agent: AgentFacts::of(&self.rules, &admission.derived),
            origin: account.origin.map(|origin| origin.name()),
            advice: told.advice(&rules),
            rules,
            decision,
        }
    }
}

impl Told<'_> {
    fn rule(&self, at: u16, rule: &Rule) -> RuleAsked {
        let enforced = self.engine.enforces(rule, &self.admission.derived);
        let (said, because, budgets) = match self.not_about(rule) {
            Some((said, because)) => (said, because, Vec::new()),
            None => self.answer(at, rule, enforced),
        };
        let effect = match &rule.effect {
            Effect::Allow => "allow",
            Effect::Block => "block",
            Effect::Tag => "tag",
            Effect::Throttle(_) => "throttle",
        };
        let (id, mode, said) = (rule.id().to_owned(), rule.mode.name(), said.name());
        RuleAsked { id, effect, mode, enforced, said, because, budgets }
    }

    /// Why a rule is not about the request, where it is not: the parts of
    /// [`Rule::matches`], asked one by one.
    fn not_about(&self, rule: &Rule) -> Option<(Said, String)> {
        let Self { engine, request, admission, .. } = self;
        if let Some(why) = steps::nobody_asked(engine, request) {
            return Some((Said::Asleep, why));
        }
        if !rule.lives(request.time) {
            return Some((Said::Asleep, steps::asleep(rule, request.time)));
        }
        if !rule.is_about(request.method) {
            let why = format!("`{}`: without a method, a rule is for GET and HEAD", request.method);
            return Some((Said::Unmet, why));
        }
        let about = About { rules: &engine.rules, request, derived: &admission.derived };
        about.unmet(&rule.condition).map(|why| (Said::Unmet, why))
    }

    /// What a rule said that is about the request.
    fn answer(&self, at: u16, rule: &Rule, enforced: bool) -> (Said, String, Vec<BudgetAsked>) {
        let others = || "in shadow, or not rolled out to this client".to_owned();
        let said = match (&rule.effect, enforced) {
            (Effect::Throttle(budget), _) => {
                return Asking { told: *self, at, budget }.answer();
            }
            (Effect::Allow, true) => (Said::Exempts, "whatever other rules say".to_owned()),
            (Effect::Block, true) => (Said::Refuses, "for good".to_owned()),
            (Effect::Block, false) => (Said::Refuses, others()),
            (Effect::Tag, true) => (Said::Tags, "in a header for the origin".to_owned()),
            (Effect::Allow | Effect::Tag, false) => (Said::Unasked, others()),
        };
        (said.0, said.1, Vec::new())
    }
}
