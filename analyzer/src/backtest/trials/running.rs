//! One engine of several: what each of its rules would have refused.

use std::collections::HashMap;

use tidegate_rules::rule::Effect;
use tidegate_rules::{Action, Decision, Engine, Memory, Screened, Stored};

use super::bits::{Bits, bit};
use crate::night::Seen;

/// An engine with the counters of each POP.
pub(super) struct Running<'e> {
    pub(super) engine: &'e Engine,
    /// The trial of its rules in force together; those of each rule follow.
    pub(super) first: usize,
    /// Whether it must see answers that no origin gave or that nobody waits for.
    pub(super) sees_all: bool,
    pub(super) pops: HashMap<Box<str>, Stored<Memory>>,
}

impl<'e> Running<'e> {
    /// An engine at its start; `first` is its first trial.
    pub(super) fn new(engine: &'e Engine, first: usize) -> Self {
        Self { engine, first, sees_all: sees_all(engine), pops: HashMap::new() }
    }
}

impl Running<'_> {
    /// The trials that would have throttled and blocked a request.
    pub(super) fn decide(&mut self, seen: &Seen<'_>) -> (Bits, Bits) {
        let reaches = seen.cache.reached_origin();
        if !reaches && !self.sees_all {
            return (0, 0);
        }
        let mut admission = match self.engine.screen_derived(&seen.request, seen.derived) {
            Screened::Pass(admission) => admission,
            decided => return self.refusals(&decided.into_admission().decision),
        };
        let pop = seen.request.pop.unwrap_or_default();
        if !self.pops.contains_key(pop) {
            self.pops.insert(pop.into(), Stored::default());
        }
        if let Some(cells) = self.pops.get_mut(pop) {
            let now = seen.request.time;
            if reaches {
                self.engine.admit(&mut admission, cells, now);
            }
            self.engine.settle(&mut admission, &seen.answer(), cells, now);
        }
        self.refusals(&admission.decision)
    }

    fn refusals(&self, decision: &Decision) -> (Bits, Bits) {
        let (mut throttled, mut blocked): (Bits, Bits) = (0, 0);
        let refuses = matches!(decision.action, Action::Throttle | Action::Block);
        let own = decision.rule.filter(|_| refuses);
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
