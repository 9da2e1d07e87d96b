//! What a refused client is told.

use super::{Admission, Engine};
use crate::quota::Quota;
use crate::route::ErrorForm;
use crate::rule::{Effect, Rule};

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
    /// Where the site's data can be had in bulk.
    pub bulk: Option<&'e str>,
}

impl Engine {
    /// What to tell a refused client; `None` where nothing refused it.
    #[must_use]
    pub fn refusal(&self, admission: &Admission) -> Option<Refusal<'_>> {
        if !admission.decision.action.refuses() {
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
            bulk: self.rules.bulk.as_deref(),
        })
    }
}
