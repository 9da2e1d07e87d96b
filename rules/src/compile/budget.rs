//! Budgets: who shares them, when they are asked, and that whoever waits for
//! one is let through in the end.

use std::ops::RangeInclusive;

use super::Compiler;
use super::layout::{Plans, Wish, add};
use super::names::text;
use crate::condition::Condition;
use crate::key::KeyKind;
use crate::parse::{RawRule, Spot};
use crate::quota::Quota;
use crate::route::UNROUTED_COST;
use crate::rule::{Effect, Mode};
use crate::strain::OriginState;

impl Compiler<'_> {
    pub(super) fn throttle(
        &self,
        raw: &RawRule,
        name: &Spot<String>,
        condition: &Condition,
        mode: Mode,
        plans: &mut Plans,
    ) -> Option<Effect> {
        // All of them are looked at before any is missed.
        let breadth = raw.condition.breadth.as_ref().map(|raw| self.breadth(raw));
        let key = self.key(raw);
        let origin = self.origin(raw, key);
        let quota = self.named_quota(name, condition);
        let floor = raw.floor.as_ref().map(|name| self.floor(name, key, condition));
        let id = text(raw.id.as_ref());
        let wish = Wish {
            id: &id,
            at: &raw.at,
            key: key?,
            quota: quota?,
            costs: self.costs_of(condition),
            breadth: all(breadth)?,
            origin,
            floor: all(floor)?,
        };
        if mode != Mode::Off {
            self.demand_storable(raw, &wish);
        }
        // A rule that is off keeps no state.
        let mut nowhere = Plans::default();
        let plans = if mode == Mode::Off { &mut nowhere } else { plans };
        Some(Effect::Throttle(add(plans, &wish)))
    }

    fn key(&self, raw: &RawRule) -> Option<KeyKind> {
        let Some(key) = &raw.key else {
            let message = "a rule with a `quota` needs a `key`".to_owned();
            let kinds: Vec<_> = KeyKind::ALL.iter().map(|kind| kind.name()).collect();
            let help = format!("who shares the budget: `{}`", kinds.join("`, `"));
            self.context.report(Some(&raw.at), "missing-key", message, Some(help));
            return None;
        };
        self.context.word("key", key)
    }

    /// How the origin must be. A crowd is held to its budget only while the
    /// origin is strained: its members have nothing in common but their software
    /// and their provider.
    fn origin(&self, raw: &RawRule, key: Option<KeyKind>) -> Option<OriginState> {
        let spot = raw.condition.origin.as_ref();
        let told = spot.and_then(|spot| self.context.word("state of the origin", spot));
        if key != Some(KeyKind::Crowd) {
            return told;
        }
        if let (Some(spot), Some(OriginState::Calm)) = (spot, told) {
            let message = "a crowd has no budget while the origin is calm".to_owned();
            let help = "leave `origin` out: for a crowd it is `strained`".to_owned();
            self.context.report(Some(&spot.at), "calm-crowd", message, Some(help));
        }
        Some(OriginState::Strained)
    }

    fn floor(
        &self,
        name: &Spot<String>,
        key: Option<KeyKind>,
        condition: &Condition,
    ) -> Option<Quota> {
        if key.is_some_and(|key| key != KeyKind::Crowd) {
            let message = "only a crowd's budget has a `floor`".to_owned();
            let help = "it is what a visitor with a history may spend outside it".to_owned();
            self.context.report(Some(&name.at), "floor-without-crowd", message, Some(help));
        }
        self.named_quota(name, condition)
    }

    fn named_quota(&self, name: &Spot<String>, condition: &Condition) -> Option<Quota> {
        let Some(quota) = self.quotas.get(&name.value).copied() else {
            self.context.unknown_name("quota", name, self.quotas.keys().map(String::as_str));
            return None;
        };
        if let Some(quota) = &quota {
            self.demand_burst(name, quota, condition);
        }
        quota
    }

    /// A request dearer than the burst would be refused for ever.
    fn demand_burst(&self, name: &Spot<String>, quota: &Quota, condition: &Condition) {
        let dearest = *self.costs_of(condition).end();
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

    /// What the cheapest and the dearest request cost that a rule charges; those
    /// that cost nothing it does not.
    fn costs_of(&self, condition: &Condition) -> RangeInclusive<u32> {
        let by_place = |at: &u16| self.costs.get(usize::from(*at)).copied();
        let costs: Vec<u32> = if condition.routes().is_empty() {
            self.costs.iter().copied().chain([UNROUTED_COST]).collect()
        } else {
            condition.routes().iter().filter_map(by_place).collect()
        };
        let cheapest = costs.iter().copied().filter(|cost| *cost > 0).min();
        let dearest = costs.iter().copied().max().unwrap_or_default();
        cheapest.unwrap_or(dearest)..=dearest
    }
}

/// What was asked for and is right; `None` where it is wrong.
fn all<T>(asked: Option<Option<T>>) -> Option<Option<T>> {
    match asked {
        Some(value) => value.map(Some),
        None => Some(None),
    }
}
