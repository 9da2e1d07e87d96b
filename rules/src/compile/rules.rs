//! Rules and cohorts.

use std::collections::{BTreeMap, BTreeSet};

use super::Compiler;
use super::layout::Plan;
use super::names::{COUNT_BOUND, text};
use crate::cell::Layout;
use crate::key::KeyKind;
use crate::parse::{RawCohort, RawRule, Spot};
use crate::quota::Quota;
use crate::route::UNROUTED_COST;
use crate::rule::{Cohort, Condition, Effect, Harm, Mode, Rule, Verdict};

type Plans = BTreeMap<KeyKind, Plan>;

impl Compiler<'_> {
    pub(super) fn rules<'r>(
        &self,
        raw: impl Iterator<Item = &'r RawRule>,
    ) -> (Vec<Rule>, Vec<(KeyKind, Layout)>) {
        let mut plans = Plans::new();
        let mut seen = BTreeSet::new();
        let mut rules = Vec::new();
        for raw in raw {
            if let Some(id) = &raw.id
                && !seen.insert(id.value.clone())
            {
                self.duplicate("rule", id);
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
        let effect = self.effect(raw, &condition, mode, plans)?;
        self.demand_review(raw, mode);
        Some(Rule {
            id: text(raw.id.as_ref()),
            why: text(raw.why.as_ref()),
            advice: raw.advice.as_ref().map(|advice| advice.value.clone()),
            condition,
            effect,
            mode,
            expires: raw.expires.as_ref().and_then(|day| self.end_of_day(day)),
        })
    }

    fn mode(&self, raw: &RawRule) -> Mode {
        match &raw.mode {
            Some(word) => self.context.word("mode", word).unwrap_or(Mode::Off),
            None => Mode::Shadow,
        }
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
        if let Some(breadth) = &raw.condition.breadth {
            let message = format!("`{}` cannot ask for breadth", verdict.value);
            let help = "breadth is counted where budgets are: use a `quota`".to_owned();
            self.context.report(Some(&breadth.at), "breadth-without-quota", message, Some(help));
        }
        if let Some(key) = &raw.key {
            let message = format!("`{}` has no budget, so it has no `key`", verdict.value);
            self.context.report(Some(&key.at), "key-without-quota", message, None);
        }
        if effect == Effect::Allow && *condition == Condition::default() {
            let message = "`allow` for everybody would switch every rule off".to_owned();
            let help = "name a verified agent, a network or a route in `match`".to_owned();
            self.context.report(Some(&verdict.at), "allow-everybody", message, Some(help));
        }
        Some(effect)
    }

    fn throttle(
        &self,
        raw: &RawRule,
        name: &Spot<String>,
        condition: &Condition,
        mode: Mode,
        plans: &mut Plans,
    ) -> Option<Effect> {
        // All of them are looked at before any is missed.
        let breadth = raw.condition.breadth.as_ref().map(|raw| self.breadth(raw));
        let key = match &raw.key {
            Some(key) => self.context.word("key", key),
            None => {
                let message = "a rule with a `quota` needs a `key`".to_owned();
                let help = "who shares the budget: `visitor` or `client`".to_owned();
                self.context.report(Some(&raw.at), "missing-key", message, Some(help));
                None
            }
        };
        let quota = self.quotas.get(&name.value).copied();
        if quota.is_none() {
            self.context.unknown_name("quota", name, self.quotas.keys().map(String::as_str));
        }
        let breadth = match breadth {
            Some(breadth) => Some(breadth?),
            None => None,
        };
        let (key, quota) = (key?, quota??);
        self.demand_burst(name, &quota, condition);
        let id = text(raw.id.as_ref());
        // A rule that is off keeps no state.
        let mut nowhere = Plan::default();
        let plan = match mode {
            Mode::Off => &mut nowhere,
            _ => plans.entry(key).or_default(),
        };
        Some(Effect::Throttle(plan.add(&id, &raw.at, key, quota, breadth)))
    }

    /// A request dearer than the burst would be refused for ever.
    fn demand_burst(&self, name: &Spot<String>, quota: &Quota, condition: &Condition) {
        let by_place = |at: &u16| self.costs.get(usize::from(*at)).copied();
        let dearest = if condition.routes.is_empty() {
            self.costs.iter().copied().max().unwrap_or_default().max(UNROUTED_COST)
        } else {
            condition.routes.iter().filter_map(by_place).max().unwrap_or_default()
        };
        if quota.burst().get() < dearest {
            let message = format!(
                "the burst of quota `{}` is {}, but a request that this rule charges costs {dearest}",
                name.value,
                quota.burst(),
            );
            let help =
                format!("such a request would never pass: give it a burst of at least {dearest}");
            self.context.report(Some(&name.at), "burst-too-small", message, Some(help));
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
        if !raw.learned {
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
        Cohort {
            name: text(raw.name.as_ref()),
            condition: self.condition(&raw.condition),
            breadth: raw.condition.breadth.as_ref().and_then(|breadth| self.breadth(breadth)),
            harm: Harm {
                throttled_clients: self.share(raw.throttled.as_ref()),
                starved_clients: self.share(raw.starved.as_ref()),
                blocked_clients: self.share(raw.blocked.as_ref()),
            },
        }
    }
}
