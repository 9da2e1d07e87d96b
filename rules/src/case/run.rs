//! What the engine says of a case, against what its author expects.

use super::play::play;
use super::{Case, Expected, Step};
use crate::decide::{Admission, Engine};
use crate::diagnostic::{Diagnostic, Place, Severity, near_miss};
use crate::record::{Action, Verification};
use crate::request::Time;

impl Case {
    /// Decides the requests of the case, the first at `start`, and says where
    /// the decisions differ from those expected.
    ///
    /// Breadth is counted in halves of its windows, which start with the epoch:
    /// a start at midnight UTC gives the same answer every day, as long as twice
    /// a day is a multiple of each window.
    #[must_use]
    pub fn run(&self, engine: &Engine, start: Time) -> Vec<Diagnostic> {
        let mut failures = Vec::new();
        let mut throttled = 0;
        play(&self.steps, engine, start, |_| false, &mut |played, turn| {
            throttled += u32::from(played.admission.decision.action == Action::Throttle);
            if turn.is_last {
                let judge = Judge { case: self, engine, failures: &mut failures };
                judge.step(turn.step, played.admission, std::mem::take(&mut throttled));
            }
        });
        failures
    }
}

/// Compares one step's last decision with what was expected of it.
struct Judge<'j> {
    case: &'j Case,
    engine: &'j Engine,
    failures: &'j mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn step(mut self, step: &Step, last: &Admission, throttled: u32) {
        self.decision(step, last);
        self.shadow(step, last);
        self.derived(step, last);
        let expect = &step.expect;
        let few = expect.throttled_at_least.filter(|least| throttled < *least);
        let many = expect.throttled_at_most.filter(|most| throttled > *most);
        for (word, bound) in [("least", few), ("most", many)] {
            if let Some(bound) = bound {
                let message = format!(
                    "expected at {word} {bound} of {} requests throttled, got {throttled}",
                    step.times
                );
                self.fail(step.place.as_ref(), message);
            }
        }
    }

    fn decision(&mut self, step: &Step, last: &Admission) {
        let decision = &last.decision;
        let rule = decision.rule.and_then(|at| self.rule_id(at));
        if let Some(action) = step.expect.action.filter(|action| *action != decision.action) {
            let by = rule.map_or_else(String::new, |rule| format!(" by `{rule}`"));
            let (wanted, got) = (action.name(), decision.action.name());
            self.fail(step.place.as_ref(), format!("expected {wanted}, got {got}{by}"));
        }
        if let Some(expected) = &step.expect.rule {
            self.name("rule", expected, rule, self.rule_ids());
        }
    }

    fn shadow(&mut self, step: &Step, last: &Admission) {
        let Some(expected) = &step.expect.shadow else { return };
        let hits: Vec<&str> =
            last.decision.shadow.iter().filter_map(|at| self.rule_id(*at)).collect();
        for missing in expected.iter().filter(|expected| !hits.contains(&expected.name.as_str())) {
            self.name("shadow rule", missing, None, self.rule_ids());
        }
        for hit in hits.iter().filter(|hit| !expected.iter().any(|name| name.name == **hit)) {
            self.fail(step.place.as_ref(), format!("`{hit}` in shadow would have refused this"));
        }
    }

    fn derived(&mut self, step: &Step, last: &Admission) {
        let (rules, expect, derived) = (&self.engine.rules, &step.expect, &last.derived);
        let known = rules.agents.iter().map(|agent| agent.name.as_str());
        if let Some(signer) = &step.facts.signed_by {
            let found = rules.agent_called(&signer.name).map(|_| signer.name.as_str());
            self.name("agent", signer, found, known.clone());
        }
        if let Some(expected) = &expect.route {
            let route = derived.route.and_then(|at| rules.route(at));
            let known = rules.routes.iter().map(|route| route.name.as_str());
            self.name("route", expected, route.map(|route| route.name.as_str()), known);
        }
        if let Some(expected) = &expect.agent {
            let agent = derived.claim.and_then(|claim| rules.agent(claim.agent?));
            self.name("agent", expected, agent.map(|agent| agent.name.as_str()), known);
        }
        let verification = derived.claim.map_or(Verification::None, |claim| claim.verification);
        if let Some(wanted) = expect.verification.filter(|wanted| *wanted != verification) {
            let (wanted, got) = (wanted.name(), verification.name());
            self.fail(step.place.as_ref(), format!("expected verification {wanted}, got {got}"));
        }
    }
}

impl<'j> Judge<'j> {
    fn rule_id(&self, at: u16) -> Option<&'j str> {
        Some(self.engine.rules.rule(at)?.id())
    }

    fn rule_ids(&self) -> impl Iterator<Item = &'j str> + Clone + use<'j> {
        self.engine.rules.rules.iter().map(|rule| rule.id())
    }

    fn name<'k>(
        &mut self,
        what: &str,
        expected: &Expected,
        found: Option<&str>,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let name = &expected.name;
        if found == Some(name) {
            return;
        }
        if !known.clone().any(|known| known == name) {
            let near = near_miss(name, known).map(|near| format!("did you mean `{near}`?"));
            self.fail(expected.place.as_ref(), format!("no {what} is called `{name}`"));
            if let Some(failure) = self.failures.last_mut() {
                failure.help = near;
            }
            return;
        }
        let found = found.map_or_else(|| "none".to_owned(), |found| format!("`{found}`"));
        self.fail(expected.place.as_ref(), format!("expected {what} `{name}`, got {found}"));
    }

    fn fail(&mut self, place: Option<&Place>, message: String) {
        self.failures.push(Diagnostic {
            severity: Severity::Error,
            code: "case",
            message: format!("{}: {message}", self.case.name),
            place: place.cloned(),
            help: None,
        });
    }
}
