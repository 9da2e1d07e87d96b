//! Precedence, step by step, in words. What it is stands in [`crate::decide`]; here
//! is how it came out.

use super::{Decided, RuleAsked, Said, Told};
use crate::decide::Engine;
use crate::record::Action;
use crate::request::{Request, Time};
use crate::rule::{Mode, Rule};
use crate::text::{rfc3339, span};

/// Why no rule was asked at all, where none was.
pub(super) fn nobody_asked(engine: &Engine, request: &Request<'_>) -> Option<String> {
    if engine.switch == Mode::Off {
        return Some("the site's switch is off".to_owned());
    }
    let host = request.host.filter(|_| !engine.rules.answers_for(request.host))?;
    Some(format!("`{host}` is no host of this site"))
}

/// Why a rule was not asked that is off, not begun or expired.
pub(super) fn asleep(rule: &Rule, now: Time) -> String {
    match (rule.mode, rule.starts, rule.expires) {
        (Mode::Off, ..) => "its mode is off".to_owned(),
        (_, Some(starts), _) if now < starts => format!("it begins at {}", rfc3339(starts)),
        (_, _, Some(ends)) => format!("it expired at {}", rfc3339(ends)),
        _ => "it is not in force".to_owned(),
    }
}

impl Told<'_> {
    pub(super) fn decision(&self, rules: &[RuleAsked]) -> Decided {
        let decision = &self.admission.decision;
        let id = |at: &u16| self.engine.rules.rule(*at).map(|rule| rule.id().to_owned());
        Decided {
            action: decision.action.name(),
            rule: decision.rule.as_ref().and_then(id),
            retry_ms: decision.retry_ms,
            shadow: decision.shadow.iter().filter_map(id).collect(),
            tags: decision.tags.iter().filter_map(id).collect(),
            failures: decision.failures.clone(),
            steps: self.steps(rules),
        }
    }

    fn steps(&self, rules: &[RuleAsked]) -> Vec<String> {
        if let Some(why) = nobody_asked(self.engine, self.request) {
            return vec![format!("{why}: it passes")];
        }
        let switch = self.engine.switch;
        let acts = if switch == Mode::Shadow { ": nothing is done, only told" } else { "" };
        let mut steps = vec![format!("the site's switch is `{}`{acts}", switch.name())];
        let said = |said: Said, effect: &str| {
            let mut own = rules.iter().filter(|rule| rule.enforced && rule.effect == effect);
            own.find(|rule| rule.said == said.name()).map(|rule| rule.id.as_str())
        };
        if let Some(rule) = said(Said::Exempts, "allow") {
            steps.push(format!("`{rule}` exempts it: no other rule has a say"));
            return steps;
        }
        steps.push("no rule exempts it".to_owned());
        if let Some(rule) = said(Said::Refuses, "block") {
            steps.push(format!("`{rule}` blocks it"));
            return steps;
        }
        steps.push("no rule blocks it".to_owned());
        steps.push(self.of_budgets(rules));
        steps
    }

    /// What the budgets came to.
    fn of_budgets(&self, rules: &[RuleAsked]) -> String {
        let own = |said: Said| {
            let budgets = rules.iter().filter(|rule| rule.enforced && rule.effect == "throttle");
            budgets.filter(|rule| rule.said == said.name()).count()
        };
        let (refuse, within) = (own(Said::Refuses), own(Said::Within));
        let decision = &self.admission.decision;
        let rule = decision.rule.and_then(|at| self.engine.rules.rule(at)).map(Rule::id);
        match (decision.action, rule) {
            (Action::Throttle, Some(rule)) => {
                let wait = span(decision.retry_ms.unwrap_or_default());
                let which = match refuse {
                    1 => "the one exhausted budget is that of",
                    _ => "of the exhausted budgets the longest wait has that of",
                };
                format!("{which} `{rule}`: {wait}; nothing is charged")
            }
            _ if refuse > 0 && self.engine.switch == Mode::Shadow => {
                "the switch keeps the exhausted budgets from refusing it".to_owned()
            }
            _ if refuse > 0 => {
                "budgets were asked after the answer only, and one of them is exhausted".to_owned()
            }
            _ if within > 0 && self.account.refunded => {
                "every budget asked had enough; what was charged was given back, since another \
                 POP's cache answered"
                    .to_owned()
            }
            _ if within > 0 => "every budget asked had enough, and is charged".to_owned(),
            _ => "no enforced budget was asked".to_owned(),
        }
    }
}
