//! What a client could change, of what it has in its hands.

use super::{RuleAsked, Told};
use crate::record::{Action, Verification};
use crate::route::CacheClass;
use crate::rule::{Effect, Rule};
use crate::text::{grouped, span};

impl Told<'_> {
    /// What would have made it pass, the surest first; nothing where it passed.
    pub(super) fn advice(&self, rules: &[RuleAsked]) -> Vec<String> {
        let Some(refusal) = self.engine.refusal(self.admission) else { return Vec::new() };
        let mut advice = Vec::new();
        if let Some(retry_ms) = refusal.retry_ms {
            advice.push(format!("Wait {}: then the same request passes.", span(retry_ms)));
        }
        advice.extend(self.pace(refusal.rule));
        let asked = rules.iter().find(|rule| rule.id == refusal.rule.id());
        advice.extend(asked.and_then(breadth));
        advice.extend(refusal.rule.advice().map(str::to_owned));
        advice.extend(self.caches());
        advice.extend(self.claim());
        advice.extend(refusal.bulk.map(|bulk| format!("All of the site's data at once: {bulk}")));
        if self.admission.decision.action == Action::Block {
            let whom = refusal.policy.unwrap_or("the site");
            advice.push(format!(
                "It is refused for good. If that is wrong, write to {whom} and name the rule."
            ));
        }
        advice
    }

    /// The pace that the budget bears.
    fn pace(&self, rule: &Rule) -> Option<String> {
        let Effect::Throttle(budget) = &rule.effect else { return None };
        let (quota, units) = (&budget.quota, self.admission.derived.units);
        let every_ms = quota.nanos_per_unit().saturating_mul(units.into()).div_ceil(1_000_000);
        let at_once = grouped((quota.burst().get() / units.max(1)).into());
        Some(format!(
            "Ask for such pages no faster than one every {}; after a pause, {at_once} may come at once.",
            span(every_ms)
        ))
    }

    /// That cached pages are free, where this one can be.
    fn caches(&self) -> Option<String> {
        (self.admission.derived.cache != CacheClass::Never).then(|| {
            "Pages that the cache has are free: ask for what others read, too, and keep answers."
                .to_owned()
        })
    }

    /// What became of a claim that could have helped.
    fn claim(&self) -> Option<String> {
        let claim = self.admission.derived.claim?;
        let agent = self.engine.rules.agent(claim.agent?)?;
        match claim.verification {
            Verification::Contradicted | Verification::Unverifiable => Some(format!(
                "It says that it is `{}`, which its address and signature do not prove: if it is, \
                 send from the addresses that its operator publishes, or sign requests.",
                agent.name
            )),
            Verification::Verified | Verification::None => None,
        }
    }
}

/// That the rule is about different pages, where it is.
fn breadth(asked: &RuleAsked) -> Option<String> {
    let breadth = asked.budgets.iter().find_map(|budget| budget.breadth.as_ref())?;
    let over = grouped(breadth.over?.into());
    let counted = breadth.counted();
    Some(format!("Ask for fewer different pages: {counted}, and the rule begins above {over}."))
}
