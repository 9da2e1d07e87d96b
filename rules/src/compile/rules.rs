//! Rules and cohorts.

use std::collections::BTreeSet;

use super::Compiler;
use super::layout::Plans;
use super::names::{COUNT_BOUND, text};
use crate::cell::Layout;
use crate::condition::{Condition, Demand};
use crate::key::KeyKind;
use crate::parse::{RawCohort, RawRule, Spot};
use crate::rule::{Cohort, Effect, Harm, Mode, Rule, RuleText, Verdict};

/// Whether a condition asks for nothing but the name or the category of an agent.
fn is_mere_claim(condition: &Condition) -> bool {
    let claims = |demand: &Demand| matches!(demand, Demand::Agents(_) | Demand::Categories(_));
    !condition.demands().is_empty() && condition.demands().iter().all(claims)
}

impl Compiler<'_> {
    pub(super) fn rules<'r>(
        &self,
        raw: impl Iterator<Item = &'r RawRule>,
    ) -> (Vec<Rule>, Vec<(KeyKind, Layout)>) {
        let mut plans = Plans::default();
        let mut seen = BTreeSet::new();
        let mut rules = Vec::new();
        for raw in raw {
            if let Some(id) = &raw.id {
                self.demand_plain(id);
                if !seen.insert(id.value.clone()) {
                    self.duplicate("rule", id);
                }
            }
            if rules.len() == COUNT_BOUND {
                self.too_many("rule", &raw.at);
                break;
            }
            rules.extend(self.rule(raw, &mut plans));
        }
        (rules, self.layouts(plans))
    }

    fn rule(&self, raw: &RawRule, plans: &mut Plans) -> Option<Rule> {
        self.demand_reason(raw);
        let mode = self.mode(raw);
        let condition = self.condition(&raw.condition);
        // All of it is looked at before anything is missed.
        let effect = self.effect(raw, &condition, mode, plans);
        let rollout = self.rollout(raw, mode);
        let starts = raw.starts.as_ref().and_then(|day| self.start_of_day(day));
        let expires = raw.expires.as_ref().and_then(|day| self.end_of_day(day));
        self.demand_review(raw, mode);
        Some(Rule {
            text: RuleText::new(
                &text(raw.id.as_ref()),
                &text(raw.why.as_ref()),
                raw.advice.as_ref().map(|advice| advice.value.as_str()),
            ),
            condition,
            effect: effect?,
            mode,
            rollout,
            starts,
            expires,
        })
    }

    fn mode(&self, raw: &RawRule) -> Mode {
        match &raw.mode {
            Some(word) => self.context.word("mode", word).unwrap_or(Mode::Off),
            None => Mode::Shadow,
        }
    }

    fn rollout(&self, raw: &RawRule, mode: Mode) -> u8 {
        let Some(spot) = &raw.rollout else { return 100 };
        let share = u8::try_from(spot.value).ok().filter(|share| (1..=100).contains(share));
        if share.is_none() {
            let message = format!("a rule cannot be rolled out to {} percent", spot.value);
            let help = "from 1 to 100; `mode = \"shadow\"` is for nobody yet".to_owned();
            self.context.report(Some(&spot.at), "bad-rollout", message, Some(help));
        } else if mode != Mode::Enforce {
            let message = "only an enforced rule is rolled out".to_owned();
            let help = "set `mode = \"enforce\"`; for the other keys it stays in shadow".to_owned();
            self.context.report(Some(&spot.at), "rollout-in-shadow", message, Some(help));
        }
        share.unwrap_or(100)
    }

    fn effect(
        &self,
        raw: &RawRule,
        condition: &Condition,
        mode: Mode,
        plans: &mut Plans,
    ) -> Option<Effect> {
        match (&raw.verdict, &raw.quota) {
            (Some(verdict), None) => self.verdict(raw, verdict, condition),
            (None, Some(quota)) => self.throttle(raw, quota, condition, mode, plans),
            (verdict, _) => {
                let message = match verdict {
                    Some(_) => "a rule has a `verdict` or a `quota`, not both",
                    None => "a rule needs a `quota` with a `key`, or a `verdict`",
                };
                let help =
                    "`quota` throttles what exceeds it; `verdict` is `allow`, `block` or `tag`";
                self.context.report(Some(&raw.at), "no-effect", message.into(), Some(help.into()));
                None
            }
        }
    }

    fn verdict(
        &self,
        raw: &RawRule,
        verdict: &Spot<String>,
        condition: &Condition,
    ) -> Option<Effect> {
        let effect = match self.context.word("verdict", verdict)? {
            Verdict::Allow => Effect::Allow,
            Verdict::Block => Effect::Block,
            Verdict::Tag => Effect::Tag,
        };
        let breadth = raw.condition.breadth.as_ref().map(|breadth| &breadth.at);
        let origin = raw.condition.origin.as_ref().map(|origin| &origin.at);
        for (word, at) in [("breadth", breadth), ("the origin's state", origin)] {
            if at.is_some() {
                let message = format!("`{}` cannot ask for {word}", verdict.value);
                let help = "that is known only where budgets are: use a `quota`".to_owned();
                self.context.report(at, "counter-without-quota", message, Some(help));
            }
        }
        for (word, spot) in [("key", &raw.key), ("floor", &raw.floor)] {
            if let Some(spot) = spot {
                let message = format!("`{}` has no budget, so it has no `{word}`", verdict.value);
                self.context.report(Some(&spot.at), "key-without-quota", message, None);
            }
        }
        if effect == Effect::Allow && *condition == Condition::default() {
            let message = "`allow` for everybody would switch every rule off".to_owned();
            let help = "name a verified agent, a network or a route in `match`".to_owned();
            self.context.report(Some(&verdict.at), "allow-everybody", message, Some(help));
        }
        if effect == Effect::Allow && is_mere_claim(condition) {
            let message = "`allow` for a mere claim: anybody can send that User-Agent".to_owned();
            let help = "add `verification = \"verified\"` to `agent`, or name a network".to_owned();
            self.context.report(Some(&verdict.at), "unverified-allow", message, Some(help));
        }
        Some(effect)
    }

    /// An id goes into headers, as one of a list and as a quoted name.
    fn demand_plain(&self, id: &Spot<String>) {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if id.value.is_empty() || !id.value.bytes().all(plain) {
            let message = format!("`{}` is no id of a rule", id.value.escape_debug());
            let help = "refusals send it in headers: write lowercase letters, digits and `-`";
            self.context.report(Some(&id.at), "bad-id", message, Some(help.to_owned()));
        }
    }

    fn demand_reason(&self, raw: &RawRule) {
        if let Some(why) = &raw.why
            && why.value.trim().is_empty()
        {
            let message = "`why` is empty".to_owned();
            let help = "whoever is refused will read it: say why the rule exists".to_owned();
            self.context.report(Some(&why.at), "no-reason", message, Some(help));
        }
    }

    /// A learned rule ends, and nothing is enforced that nobody reviewed.
    fn demand_review(&self, raw: &RawRule, mode: Mode) {
        if raw.evidence.is_none() {
            return;
        }
        if raw.expires.is_none() {
            let message = "a learned rule needs `expires`".to_owned();
            let help = "crawlers change: `expires = \"2027-06-30\"`".to_owned();
            self.context.report(Some(&raw.at), "learned-without-expiry", message, Some(help));
        }
        if mode == Mode::Enforce && raw.reviewed.is_none() {
            let message =
                "a learned rule cannot be enforced before somebody reviewed it".to_owned();
            let help =
                "`tidegate promote` records the review: `reviewed = \"name, date\"`".to_owned();
            let at = raw.mode.as_ref().map_or(&raw.at, |mode| &mode.at);
            self.context.report(Some(at), "unreviewed", message, Some(help));
        }
    }

    pub(super) fn cohort(&self, raw: &RawCohort) -> Cohort {
        if let Some(origin) = &raw.condition.origin {
            let message = "a cohort is who somebody is, however the origin is".to_owned();
            let help = "leave `origin` out".to_owned();
            self.context.report(Some(&origin.at), "cohort-by-origin", message, Some(help));
        }
        let share = |spot: &Option<Spot<String>>| {
            spot.as_ref().and_then(|spot| self.share(spot)).unwrap_or_default()
        };
        Cohort {
            name: text(raw.name.as_ref()),
            condition: self.condition(&raw.condition),
            breadth: raw.condition.breadth.as_ref().and_then(|breadth| self.breadth(breadth)),
            harm: Harm {
                throttled_clients: share(&raw.throttled),
                starved_clients: share(&raw.starved),
                blocked_clients: share(&raw.blocked),
            },
        }
    }
}
