//! The engine: screen, admit, settle.
//!
//! Time, state and the secret are arguments; nothing here panics, and whatever
//! fails lets the request through and says so. This is the only place where
//! precedence is written down: the site switch; an explicit `allow`; `block`;
//! the tightest exhausted budget; else pass.

use std::num::NonZeroU32;

use crate::features::{Derived, derive};
use crate::gcra::Charged;
use crate::key::{HashKey, KeyKind};
use crate::quota::Quota;
use crate::record::Action;
use crate::request::{Outcome, Request, Time};
use crate::route::{CacheClass, ErrorForm};
use crate::rule::{Budget, Effect, Mode, Rule, Truth};
use crate::ruleset::Ruleset;
use crate::store::{Ask, Cells, Charge};

/// A rule set, ready to decide.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The rules.
    pub rules: Ruleset,
    /// Their version: see [`crate::pack::version`].
    pub version: String,
    /// The secret under which keys are hashed.
    pub secret: HashKey,
    /// The site switch: the most that any rule may do.
    pub switch: Mode,
}

/// What is known of a request before it is sent anywhere.
#[derive(Debug, Clone)]
pub enum Screened {
    /// A rule exempts it.
    Allow(Admission),
    /// A rule refuses it for good.
    Block(Admission),
    /// Nothing objects yet; to be admitted before it reaches the origin.
    Pass(Admission),
}

impl Screened {
    /// The admission, whatever was decided.
    #[must_use]
    pub fn into_admission(self) -> Admission {
        match self {
            Self::Allow(admission) | Self::Block(admission) | Self::Pass(admission) => admission,
        }
    }
}

/// Whether a request may reach the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    /// It may.
    Pass,
    /// Not now.
    Throttle {
        /// Milliseconds after which it may.
        retry_ms: u64,
    },
}

/// One request on its way. Owns its facts, since it outlives the request where
/// the platform asks late.
#[derive(Debug, Clone)]
pub struct Admission {
    /// What was derived from the request.
    pub derived: Derived,
    /// What was decided so far.
    pub decision: Decision,
    /// Rules with a budget that match but for their breadth.
    candidates: Vec<u16>,
    early: bool,
    asked: bool,
}

impl Admission {
    /// Whether the origin is sure to be asked, so that the request can be
    /// admitted before it is sent: its route is never cached.
    #[must_use]
    pub const fn reaches_origin(&self) -> bool {
        self.early
    }

    /// Whether [`Engine::admit`] has answered already.
    #[must_use]
    pub const fn was_asked(&self) -> bool {
        self.asked
    }
}

/// What was decided about a request, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is done.
    pub action: Action,
    /// The rule that decided.
    pub rule: Option<u16>,
    /// Milliseconds until the same request would pass, where it is throttled.
    pub retry_ms: Option<u64>,
    /// Shadow rules that would have refused.
    pub shadow: Vec<u16>,
    /// Rules that tag the request.
    pub tags: Vec<u16>,
    /// What failed inside.
    pub failures: Vec<&'static str>,
}

/// All that an answer to a refused client says.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'e> {
    /// The rule that refuses.
    pub rule: &'e Rule,
    /// Milliseconds until the same request would pass; `None` where it never
    /// will.
    pub retry_ms: Option<u64>,
    /// The exhausted budget's quota.
    pub quota: Option<&'e Quota>,
    /// How the route's clients expect errors.
    pub errors: ErrorForm,
    /// The site's policy page.
    pub policy: Option<&'e str>,
}

impl Engine {
    /// Looks at a request without asking any counter.
    #[must_use]
    pub fn screen(&self, request: &Request<'_>) -> Screened {
        let derived = derive(&self.rules, &self.secret, request);
        let mut admission = Admission {
            early: self.never_cached(&derived),
            derived,
            decision: Decision::default(),
            candidates: Vec::new(),
            asked: false,
        };
        if self.rules.answers_for(request.host) {
            self.match_rules(request, &mut admission);
        }
        match admission.decision.action {
            Action::Allow => {
                admission.candidates.clear();
                Screened::Allow(admission)
            }
            Action::Block => Screened::Block(admission),
            Action::Pass | Action::Throttle => Screened::Pass(admission),
        }
    }

    /// Asks the counters, once, about a request that is about to reach the
    /// origin. A second call repeats the first answer.
    pub fn admit(&self, admission: &mut Admission, cells: &mut dyn Cells, now: Time) -> Admit {
        if !admission.asked {
            admission.asked = true;
            let charges = self.charges(admission);
            if !charges.is_empty() {
                let verdict = cells.charge(&charges, now);
                self.judge(admission, verdict);
            }
        }
        match admission.decision {
            Decision { action: Action::Throttle, retry_ms, .. } => {
                Admit::Throttle { retry_ms: retry_ms.unwrap_or_default() }
            }
            _ => Admit::Pass,
        }
    }

    /// Corrects the account after the answer: what reached the origin without
    /// having been asked about is charged now, so that the next request pays.
    pub fn settle(
        &self,
        admission: &mut Admission,
        outcome: &Outcome,
        cells: &mut dyn Cells,
        now: Time,
    ) {
        let escaped = outcome.cache.is_some_and(|cache| cache.reached_origin());
        if escaped && !admission.asked && admission.decision.action == Action::Pass {
            admission.asked = true;
            let charges = self.charges(admission);
            let verdict = cells.charge(&charges, now);
            admission.decision.failures.extend(verdict.failures);
        }
    }

    /// What to tell a refused client; `None` where nothing refused it.
    #[must_use]
    pub fn refusal(&self, admission: &Admission) -> Option<Refusal<'_>> {
        if !matches!(admission.decision.action, Action::Throttle | Action::Block) {
            return None;
        }
        let rule = self.rules.rule(admission.decision.rule?)?;
        let route = admission.derived.route.and_then(|at| self.rules.route(at));
        Some(Refusal {
            rule,
            retry_ms: admission.decision.retry_ms,
            quota: match &rule.effect {
                Effect::Throttle(budget) => Some(&budget.quota),
                _ => None,
            },
            errors: route.map(|route| route.errors).unwrap_or_default(),
            policy: self.rules.policy.as_deref(),
        })
    }

    fn never_cached(&self, derived: &Derived) -> bool {
        let route = derived.route.and_then(|at| self.rules.route(at));
        route.is_some_and(|route| route.cache == CacheClass::Never)
    }

    /// The mode that a rule has under the site switch.
    fn mode(&self, rule: &Rule) -> Mode {
        rule.mode.min(self.switch)
    }

    fn match_rules(&self, request: &Request<'_>, admission: &mut Admission) {
        for (at, rule) in (0_u16..).zip(&self.rules.rules) {
            let mode = self.mode(rule);
            if mode == Mode::Off || !rule.lives(request.time) {
                continue;
            }
            let holds = rule.condition.holds(request, &admission.derived, &self.rules.agents);
            if holds != Truth::Yes {
                continue;
            }
            admission.note(at, rule, mode);
        }
    }

    fn charges<'s>(&'s self, admission: &Admission) -> Vec<Charge<'s>> {
        let Some(units) = NonZeroU32::new(admission.derived.units) else { return Vec::new() };
        let mut charges = Vec::with_capacity(KeyKind::ALL.len());
        for kind in KeyKind::ALL {
            let asks: Vec<Ask> =
                admission.candidates.iter().filter_map(|at| self.ask(*at, kind, units)).collect();
            let key = admission.derived.key(kind);
            if let (false, Some(key), Some(layout)) =
                (asks.is_empty(), key, self.rules.layout(kind))
            {
                charges.push(Charge { key, layout, page: admission.derived.page, asks });
            }
        }
        charges
    }

    fn ask(&self, at: u16, kind: KeyKind, units: NonZeroU32) -> Option<Ask> {
        let rule = self.rules.rule(at)?;
        let Effect::Throttle(Budget { key, slot, gate, .. }) = &rule.effect else { return None };
        let enforced = self.mode(rule) == Mode::Enforce;
        (*key == kind).then_some(Ask { rule: at, slot: *slot, units, gate: *gate, enforced })
    }

    /// The tightest exhausted budget answers: the one that lasts longest.
    fn judge(&self, admission: &mut Admission, verdict: crate::store::Verdict) {
        let decision = &mut admission.decision;
        decision.failures.extend(verdict.failures);
        for answer in verdict.answers {
            let Charged::Refused { retry_ms } = answer.charged else { continue };
            if !answer.enforced {
                decision.shadow.push(answer.rule);
            } else if decision.retry_ms.is_none_or(|longest| retry_ms > longest) {
                decision.action = Action::Throttle;
                decision.rule = Some(answer.rule);
                decision.retry_ms = Some(retry_ms);
            }
        }
    }
}

impl Admission {
    /// Takes a matching rule into account.
    fn note(&mut self, at: u16, rule: &Rule, mode: Mode) {
        let enforced = mode == Mode::Enforce;
        let action = self.decision.action;
        match (&rule.effect, enforced) {
            (Effect::Throttle(_), _) => self.candidates.push(at),
            (Effect::Allow, true) if action != Action::Allow => self.decide(Action::Allow, at),
            (Effect::Block, true) if action == Action::Pass => self.decide(Action::Block, at),
            (Effect::Tag, true) => self.decision.tags.push(at),
            (Effect::Block, false) => self.decision.shadow.push(at),
            (Effect::Allow | Effect::Block, true) | (Effect::Allow | Effect::Tag, false) => {}
        }
    }

    fn decide(&mut self, action: Action, at: u16) {
        self.decision.action = action;
        self.decision.rule = Some(at);
    }
}

impl Default for Decision {
    fn default() -> Self {
        Self {
            action: Action::Pass,
            rule: None,
            retry_ms: None,
            shadow: Vec::new(),
            tags: Vec::new(),
            failures: Vec::new(),
        }
    }
}
