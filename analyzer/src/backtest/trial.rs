//! One rule set on its way through a night, with the counters of each POP.

use tidegate_rules::rule::Effect;
use tidegate_rules::{Action, Admission, Decision, Engine};

use super::pops::Pops;
use super::result::RuleResult;
use crate::night::{Night, Seen};

/// A rule set, what it counted, and what its rules did.
pub(super) struct Trial<'e> {
    pub(super) engine: &'e Engine,
    /// Whether what the night knows of a request is what this engine would derive.
    derived: bool,
    pops: Pops<'e>,
    pub(super) rules: Vec<RuleResult>,
}

impl<'e> Trial<'e> {
    pub(super) fn new(night: &Night<'_>, engine: &'e Engine) -> Self {
        let derived = derives_alike(night, engine);
        let rules = engine.rules.rules.iter().map(|rule| RuleResult::new(rule.id())).collect();
        Self { engine, derived, pops: Pops::new(engine), rules }
    }

    /// What the edge would have done with the request.
    pub(super) fn take(&mut self, seen: &Seen<'_>) -> Admission {
        let admission = match self.derived {
            true => self.pops.decide_derived(seen),
            false => self.pops.decide(seen),
        };
        self.note(&admission.decision);
        admission
    }

    fn note(&mut self, decision: &Decision) {
        let trial = &self.engine.rules;
        for at in decision.rule.iter().chain(&decision.tags) {
            let Some(rule) = self.rules.get_mut(usize::from(*at)) else { continue };
            rule.matched += 1;
            rule.throttled += u64::from(decision.action == Action::Throttle);
            rule.blocked += u64::from(decision.action == Action::Block);
        }
        for at in &decision.shadow {
            let Some(rule) = self.rules.get_mut(usize::from(*at)) else { continue };
            let blocks = trial.rule(*at).is_some_and(|rule| rule.effect == Effect::Block);
            rule.matched += 1;
            rule.shadow_blocked += u64::from(blocks);
            rule.shadow_throttled += u64::from(!blocks);
        }
    }
}

/// Whether an engine has the night's own routes, agents, networks and secret: then
/// it derives of each request what the night has derived already.
fn derives_alike(night: &Night<'_>, engine: &Engine) -> bool {
    let (own, other) = (night.rules, &engine.rules);
    *night.secret == engine.secret
        && own.routes == other.routes
        && own.paths == other.paths
        && own.agents == other.agents
        && own.user_agents == other.user_agents
        && own.keys == other.keys
        && own.networks == other.networks
}
