//! The counters: budgets and breadth, asked about what is about to reach the
//! origin.

use std::num::NonZeroU32;

use super::{Admission, Admit, Decision, Engine};
use crate::cell::Layout;
use crate::gcra::Charged;
use crate::key::KeyKind;
use crate::record::Action;
use crate::request::Time;
use crate::rule::{Budget, Effect, Mode};
use crate::store::{Answer, Ask, Cells, Charge, Verdict};

/// A budget that is exhausted.
struct Exhausted {
    rule: u16,
    retry_ms: u64,
    /// Whether the rule is enforced, whatever the site switch says.
    enforced: bool,
}

impl Engine {
    /// Asks the counters, once, about a request that is about to reach the
    /// origin. A second call repeats the first answer.
    ///
    /// For what [`Engine::screen`] let pass: an exempt request is not asked
    /// about, and a blocked one stays blocked.
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

    /// What to ask of the cell of each kind of key.
    pub(super) fn charges<'s>(&'s self, admission: &Admission) -> Vec<Charge<'s>> {
        let Some(units) = NonZeroU32::new(admission.derived.units) else { return Vec::new() };
        if !admission.counted {
            return Vec::new();
        }
        let charge = |(kind, layout): &'s (KeyKind, Layout)| {
            let asks = admission.candidates.iter().filter_map(|at| self.ask(*at, *kind, units));
            let asks: Vec<Ask> = asks.collect();
            // A page counts for breadth whether or not a rule is about it.
            let needed = !asks.is_empty() || !layout.windows().is_empty();
            let key = admission.derived.key(*kind).filter(|_| needed)?;
            Some(Charge { key, layout, page: admission.derived.page, asks })
        };
        self.rules.layouts.iter().filter_map(charge).collect()
    }

    fn ask(&self, at: u16, kind: KeyKind, units: NonZeroU32) -> Option<Ask> {
        let rule = self.rules.rule(at)?;
        let Effect::Throttle(Budget { key, slot, gate, .. }) = &rule.effect else { return None };
        let enforced = self.mode(rule) == Mode::Enforce;
        (*key == kind).then_some(Ask { rule: at, slot: *slot, units, gate: *gate, enforced })
    }

    /// The tightest exhausted budget answers: the one that lasts longest. One
    /// in shadow is a hit where it would have answered among the enforced ones.
    fn judge(&self, admission: &mut Admission, verdict: Verdict) {
        let decision = &mut admission.decision;
        decision.failures.extend(verdict.failures);
        let exhausted: Vec<_> =
            verdict.answers.iter().filter_map(|answer| self.exhausted(answer)).collect();
        for own in &exhausted {
            let among = exhausted.iter().filter(|other| other.enforced || other.rule == own.rule);
            if longest(among) != Some(own.rule) {
                continue;
            }
            if own.enforced && self.switch == Mode::Enforce {
                decision.action = Action::Throttle;
                decision.rule = Some(own.rule);
                decision.retry_ms = Some(own.retry_ms);
            } else {
                decision.shadow.push(own.rule);
            }
        }
        if decision.action == Action::Pass {
            let passed =
                verdict.answers.iter().filter(|a| matches!(a.charged, Charged::Passed { .. }));
            admission.charged = passed.map(|answer| answer.rule).collect();
        }
    }

    fn exhausted(&self, answer: &Answer) -> Option<Exhausted> {
        let Charged::Refused { retry_ms } = answer.charged else { return None };
        let rule = self.rules.rule(answer.rule)?;
        Some(Exhausted { rule: answer.rule, retry_ms, enforced: rule.mode == Mode::Enforce })
    }
}

/// The rule of the first of the longest waits.
fn longest<'e>(exhausted: impl Iterator<Item = &'e Exhausted>) -> Option<u16> {
    let longer = |longest: &'e Exhausted, next: &'e Exhausted| {
        if next.retry_ms > longest.retry_ms { next } else { longest }
    };
    exhausted.reduce(longer).map(|longest| longest.rule)
}
