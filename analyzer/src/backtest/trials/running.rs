//! One engine of several: what each of its rules would have refused.

use tidegate_rules::rule::Effect;
use tidegate_rules::{Action, Decision, Engine};

use super::super::pops::Pops;
use super::bits::{Bits, bit};
use crate::night::Seen;

/// An engine on its way through a night.
pub(super) struct Running<'e> {
    pub(super) engine: &'e Engine,
    /// The trial of its rules in force together; those of each rule follow.
    pub(super) first: usize,
    /// Whether it must see answers that no origin gave or that nobody waits for.
    sees_all: bool,
    pops: Pops<'e>,
}

impl<'e> Running<'e> {
    /// An engine at its start; `first` is its first trial.
    pub(super) fn new(engine: &'e Engine, first: usize) -> Self {
        Self { engine, first, sees_all: sees_all(engine), pops: Pops::new(engine) }
    }
}

impl Running<'_> {
    /// The trials that would have throttled and blocked a request.
    pub(super) fn decide(&mut self, seen: &Seen<'_>) -> (Bits, Bits) {
        if !seen.cache.reached_origin() && !self.sees_all {
            return (0, 0);
        }
        let admission = self.pops.decide_derived(seen);
        self.refusals(&admission.decision)
    }

    fn refusals(&self, decision: &Decision) -> (Bits, Bits) {
        let (mut throttled, mut blocked): (Bits, Bits) = (0, 0);
        let own = decision.rule.filter(|_| decision.action.refuses());
        for rule in own.iter().chain(&decision.shadow) {
            let bit = bit(self.first + 1 + usize::from(*rule));
            let rule = self.engine.rules.rule(*rule);
            match rule.is_some_and(|rule| rule.effect == Effect::Block) {
                true => blocked |= bit,
                false => throttled |= bit,
            }
        }
        match decision.action {
            Action::Throttle => throttled |= bit(self.first),
            Action::Block => blocked |= bit(self.first),
            Action::Pass | Action::Allow => {}
        }
        (throttled, blocked)
    }
}

/// Whether an engine has more to do than to charge what reaches the origin: a
/// block meets every request, and whoever asks how the origin is sees every
/// answer.
fn sees_all(engine: &Engine) -> bool {
    let blocks = engine.rules.rules.iter().any(|rule| rule.effect == Effect::Block);
    blocks || engine.rules.strain.is_some()
}
