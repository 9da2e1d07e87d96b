//! The counters: budgets and breadth, asked about what is about to reach the
//! origin.

use std::num::NonZeroU32;

use super::{Admission, Admit, Decision, Engine};
use crate::cell::Layout;
use crate::features::Derived;
use crate::gcra::Charged;
use crate::key::KeyKind;
use crate::record::Action;
use crate::request::Time;
use crate::rule::{Budget, Effect, Mode, Rule};
use crate::store::{Answer, Ask, Cells, Charge, Verdict};
use crate::strain::OriginState;

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
            let verdict = self.ask_counters(admission, cells, now);
            self.judge(admission, verdict);
        }
        match admission.decision {
            Decision { action: Action::Throttle, retry_ms, .. } => {
                Admit::Throttle { retry_ms: retry_ms.unwrap_or_default() }
            }
            _ => Admit::Pass,
        }
    }

    /// Asks how the origin is, where a rule wants to know, and then the budgets.
    pub(super) fn ask_counters(
        &self,
        admission: &mut Admission,
        cells: &mut dyn Cells,
        now: Time,
    ) -> Verdict {
        if !admission.counted || admission.derived.units == 0 {
            return Verdict::default();
        }
        let origin = self.origin(admission, cells, now);
        let charges = self.charges(admission, |budget| match (budget.origin, origin) {
            (Some(wanted), Some(origin)) => wanted == origin,
            // What nobody knows is no reason to refuse.
            (Some(_), None) => false,
            (None, _) => true,
        });
        if charges.is_empty() { Verdict::default() } else { cells.charge(&charges, now) }
    }

    /// How the origin is; `None` where nobody asks or nobody knows.
    pub(super) fn origin(
        &self,
        admission: &mut Admission,
        cells: &mut dyn Cells,
        now: Time,
    ) -> Option<OriginState> {
        match cells.strained_since(self.rules.strain.as_ref()?, now) {
            Ok(since) => {
                admission.strained_since = since;
                Some(since.map_or(OriginState::Calm, |_| OriginState::Strained))
            }
            Err(failure) => {
                admission.decision.failures.push(failure);
                None
            }
        }
    }

    /// What to ask of the cell of each kind of key, of the budgets `wanted`.
    pub(super) fn charges<'s>(
        &'s self,
        admission: &Admission,
        wanted: impl Fn(&Budget) -> bool,
    ) -> Vec<Charge<'s>> {
        let Some(units) = NonZeroU32::new(admission.derived.units) else { return Vec::new() };
        let charge = |(kind, layout): &'s (KeyKind, Layout)| {
            let mut asks = Vec::new();
            for at in &admission.candidates {
                let Some(rule) = self.rules.rule(*at) else { continue };
                let Effect::Throttle(budget) = &rule.effect else { continue };
                let place = budget.place_in(*kind).filter(|_| wanted(budget));
                let Some((slot, floor)) = place else { continue };
                let gate = budget.gate.filter(|_| !floor);
                let enforced = self.acts(rule, &admission.derived);
                asks.push(Ask { rule: *at, slot, units, gate, enforced, floor });
            }
            // A page counts for breadth whether or not a rule is about it.
            let needed = !asks.is_empty() || !layout.windows().is_empty() || layout.has_history();
            let key = admission.derived.cell(*kind, layout.shards()).filter(|_| needed)?;
            Some(Charge {
                key,
                layout,
                store: self.rules.store(*kind),
                page: Some(admission.derived.page),
                asset: admission.derived.asset,
                strained_since: admission.strained_since,
                asks,
            })
        };
        self.rules.layouts.iter().filter_map(charge).collect()
    }

    fn acts(&self, rule: &Rule, derived: &Derived) -> bool {
        self.switch == Mode::Enforce && self.enforces(rule, derived)
    }

    /// The tightest exhausted budget answers: the one that lasts longest. One
    /// in shadow is a hit where it would have answered among the enforced ones.
    fn judge(&self, admission: &mut Admission, verdict: Verdict) {
        let decision = &mut admission.decision;
        decision.failures.extend(verdict.failures);
        let exhausted: Vec<_> = verdict
            .answers
            .iter()
            .filter_map(|answer| self.exhausted(answer, &admission.derived))
            .collect();
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
            admission.charged = passed.map(|answer| (answer.rule, answer.floor)).collect();
        }
    }

    fn exhausted(&self, answer: &Answer, derived: &Derived) -> Option<Exhausted> {
        let Charged::Refused { retry_ms } = answer.charged else { return None };
        let rule = self.rules.rule(answer.rule)?;
        Some(Exhausted { rule: answer.rule, retry_ms, enforced: self.enforces(rule, derived) })
    }
}

/// The rule of the first of the longest waits.
fn longest<'e>(exhausted: impl Iterator<Item = &'e Exhausted>) -> Option<u16> {
    let longer = |longest: &'e Exhausted, next: &'e Exhausted| {
        if next.retry_ms > longest.retry_ms { next } else { longest }
    };
    exhausted.reduce(longer).map(|longest| longest.rule)
}
