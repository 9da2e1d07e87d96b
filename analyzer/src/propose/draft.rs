//! One proposal: as a rule to try, and as the TOML that people read, which is
//! printed from that very rule.

use std::collections::BTreeMap;
use std::num::NonZeroU8;

use serde_json::Value;
use tidegate_rules::breadth::bits_for;
use tidegate_rules::cell::{Layout, Window};
use tidegate_rules::condition::Condition;
use tidegate_rules::index::RuleIndex;
use tidegate_rules::key::{KeyKind, SHARD_ROOM};
use tidegate_rules::print::{self, Printed, QuotaNames, Table, Unprintable};
use tidegate_rules::rule::{Breadth, Budget, Effect, Rule, RuleText};
use tidegate_rules::store::Gate;
use tidegate_rules::strain::OriginState;
use tidegate_rules::{Mode, Quota, Ruleset};

use super::Predicted;
use crate::detect::Finding;

/// What a proposal is made of, before it is text.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// The place of the finding that it answers.
    pub(crate) finding: usize,
    pub(crate) id: String,
    pub(crate) why: String,
    /// What whoever is refused should do instead.
    pub(crate) advice: String,
    pub(crate) condition: Condition,
    /// `None` where it tags.
    pub(crate) limit: Option<Limit>,
}

/// What a draft lets everybody have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) key: KeyKind,
    pub(crate) quota: Quota,
    pub(crate) breadth: Option<Breadth>,
    pub(crate) origin: Option<OriginState>,
    /// What a visitor with a history has of its own, where the key is a crowd.
    pub(crate) floor: Option<Quota>,
    /// What the dearest request costs that it charges.
    pub(crate) dearest: u32,
}

impl Limit {
    pub(crate) const fn new(key: KeyKind, quota: Quota, dearest: u32) -> Self {
        Self { key, quota, breadth: None, origin: None, floor: None, dearest }
    }

    pub(crate) const fn over(self, over: u32, period_ms: u32) -> Self {
        Self { breadth: Some(Breadth { period_ms, over: Some(over), under: None }), ..self }
    }

    pub(crate) const fn under(self, under: u32, period_ms: u32) -> Self {
        Self { breadth: Some(Breadth { period_ms, over: None, under: Some(under) }), ..self }
    }

    pub(crate) const fn while_strained(self, floor: Option<Quota>) -> Self {
        Self { origin: Some(OriginState::Strained), floor, ..self }
    }

    /// Whether it can be tried in one engine with others: where its key is kept
    /// in one cell, whatever else is in it.
    pub(crate) fn shares_engine(&self) -> bool {
        self.key.shards() == 1 && self.origin.is_none() && self.floor.is_none()
    }
}

/// The cells of one kind of key, while drafts still add to them.
#[derive(Default)]
struct Plan {
    budgets: Vec<Quota>,
    windows: Vec<Window>,
    history: bool,
    room: Option<u32>,
}

impl Plan {
    fn place(&mut self, quota: Quota, dearest: u32) -> u16 {
        let room = quota.burst().get() / dearest.max(1).saturating_mul(SHARD_ROOM);
        self.room = Some(self.room.map_or(room, |least| least.min(room)));
        self.budgets.push(quota);
        u16::try_from(self.budgets.len() - 1).unwrap_or(u16::MAX)
    }

    /// Drafts whose windows are alike share one: each sees it as if it were its
    /// own.
    fn gate(&mut self, breadth: Breadth) -> Gate {
        let bits = bits_for(breadth.over.max(breadth.under).unwrap_or_default());
        let window = Window { period_ms: breadth.period_ms, bits };
        let at = self.windows.iter().position(|known| *known == window).unwrap_or_else(|| {
            self.windows.push(window);
            self.windows.len() - 1
        });
        let window = u16::try_from(at).unwrap_or(u16::MAX);
        Gate { window, over: breadth.over, under: breadth.under }
    }

    fn layout(self, kind: KeyKind) -> Layout {
        let whole = self.history || !self.windows.is_empty();
        let room = u8::try_from(self.room.filter(|_| !whole).unwrap_or_default());
        let shards = room.unwrap_or(u8::MAX).min(kind.shards());
        let shards = NonZeroU8::new(shards).unwrap_or(NonZeroU8::MIN);
        let layout = Layout::new(self.budgets, self.windows).sharded(shards);
        if self.history { layout.with_history() } else { layout }
    }
}

/// The places of drafts that are tried in one engine: all that can share one, then
/// each of the others alone.
pub(crate) fn batches<'d>(drafts: impl IntoIterator<Item = &'d Draft>) -> Vec<Vec<usize>> {
    let shares = |draft: &Draft| draft.limit.is_none_or(|limit| limit.shares_engine());
    let (shared, alone): (Vec<_>, Vec<_>) =
        drafts.into_iter().enumerate().partition(|(_, draft)| shares(draft));
    let places = |some: Vec<(usize, &Draft)>| some.into_iter().map(|(at, _)| at).collect();
    let alone: Vec<usize> = places(alone);
    let batches = std::iter::once(places(shared)).chain(alone.into_iter().map(|at| vec![at]));
    batches.filter(|batch| !batch.is_empty()).collect()
}

/// A site with nothing but these drafts for rules, in this mode.
pub(crate) fn site_of(site: &Ruleset, drafts: &[&Draft], mode: Mode) -> Ruleset {
    let mut plans: BTreeMap<KeyKind, Plan> = BTreeMap::new();
    let rules: Vec<Rule> = drafts.iter().map(|draft| draft.rule(&mut plans, mode)).collect();
    let asks_origin = drafts.iter().any(|draft| draft.limit.is_some_and(|it| it.origin.is_some()));
    let layouts = plans.into_iter().map(|(kind, plan)| (kind, plan.layout(kind)));
    Ruleset {
        index: RuleIndex::new(&rules),
        rules,
        layouts: layouts.collect(),
        strain: asks_origin.then(|| site.strain.unwrap_or_default()),
        ..site.clone()
    }
}

impl Draft {
    fn rule(&self, plans: &mut BTreeMap<KeyKind, Plan>, mode: Mode) -> Rule {
        let effect = match self.limit {
            None => Effect::Tag,
            Some(Limit { key, quota, breadth, origin, floor, dearest }) => {
                let floor = floor.map(|quota| {
                    let visitors = plans.entry(KeyKind::Visitor).or_default();
                    visitors.history = true;
                    visitors.place(quota, dearest)
                });
                let plan = plans.entry(key).or_default();
                let slot = plan.place(quota, dearest);
                let gate = breadth.map(|breadth| plan.gate(breadth));
                Effect::Throttle(Budget { key, slot, quota, gate, origin, floor })
            }
        };
        Rule {
            text: RuleText::new(
                &self.id,
                &self.why,
                Some(&*self.advice).filter(|it| !it.is_empty()),
            ),
            condition: self.condition.clone(),
            effect,
            mode,
            rollout: 100,
            starts: None,
            expires: None,
        }
    }

    /// A throttling rule of a site as it is; `None` where it has a verdict.
    pub(crate) fn of(site: &Ruleset, rule: &Rule) -> Option<Self> {
        let Effect::Throttle(budget) = &rule.effect else { return None };
        let window = |gate: Gate| {
            let windows = site.layout(budget.key)?.windows();
            let period_ms = windows.get(usize::from(gate.window))?.period_ms;
            Some(Breadth { period_ms, over: gate.over, under: gate.under })
        };
        let routes = rule.condition.routes();
        let charged = site.routes.iter().zip(0..);
        let charged = charged.filter(|(_, at)| routes.is_empty() || routes.contains(at));
        let visitors = site.layout(KeyKind::Visitor);
        let limit = Limit {
            key: budget.key,
            quota: budget.quota,
            breadth: budget.gate.and_then(window),
            origin: budget.origin,
            floor: budget.floor.and_then(|slot| visitors?.budget(slot).copied()),
            dearest: charged.map(|(route, _)| route.cost).max().unwrap_or_default(),
        };
        Some(Self {
            finding: 0,
            id: rule.id().to_owned(),
            why: rule.why().to_owned(),
            advice: rule.advice().unwrap_or_default().to_owned(),
            condition: rule.condition.clone(),
            limit: Some(limit),
        })
    }

    /// The rule in shadow as TOML, with its quotas.
    pub(crate) fn printed(&self, site: &Ruleset) -> Result<Printed, Unprintable> {
        let tried = site_of(site, &[self], Mode::Shadow);
        let rule = self.rule(&mut BTreeMap::new(), Mode::Shadow);
        let names = QuotaNames { budget: self.id.clone(), ..QuotaNames::of(&rule) };
        print::rule(&tried, &rule, &names)
    }

    /// The proposal as a person reads it: the rule that was tried, in shadow, and
    /// where it comes from.
    pub(crate) fn toml(
        &self,
        site: &Ruleset,
        finding: &Finding,
        predicted: &Predicted,
        expires: &str,
    ) -> Result<String, Unprintable> {
        let mut printed = self.printed(site)?;
        printed.rule.text("owner", "");
        printed.rule.text("expires", expires);
        Ok(format!("{printed}\n{}", evidence(finding, predicted)))
    }
}

fn evidence(finding: &Finding, predicted: &Predicted) -> Table {
    let text = |key: &str| finding.evidence.get(key).and_then(Value::as_str).unwrap_or("unknown");
    let number = |key: &str| finding.evidence.get(key).and_then(Value::as_u64);
    let samples = finding.evidence.get("samples").and_then(Value::as_array);
    let mut table = Table::new("[rule.evidence]");
    table.text("finding", &finding.id);
    table.text("window", &format!("{}/{}", text("from"), text("to")));
    table.number("clients", number("clients").unwrap_or(finding.keys.len() as u64));
    table.number("requests", number("requests").unwrap_or_default());
    table.number("units", number("units").unwrap_or_default());
    table.texts("samples", samples.into_iter().flatten().filter_map(Value::as_str));
    table.texts("predicted", effects(predicted));
    table
}

/// A duration as rule files write it. Those of a draft are of whole seconds.
pub(crate) fn duration(millis: u32) -> String {
    print::duration(millis).unwrap_or_default()
}

fn effects(predicted: &Predicted) -> impl Iterator<Item = String> + '_ {
    let saved = format!(
        "{} of {} origin units saved",
        predicted.origin_units_saved, predicted.origin_units
    );
    let cohorts = predicted.cohorts.iter().filter(|cohort| cohort.clients > 0);
    let cohorts = cohorts.map(|cohort| {
        format!("{}: {} of {} throttled", cohort.name, cohort.throttled, cohort.clients)
    });
    let crowd = predicted.crowd.as_ref().map(|crowd| {
        let outside = crowd.outside.iter().filter(|cohort| cohort.clients > 0);
        let outside: Vec<_> = outside
            .map(|cohort| format!("{} {} of {}", cohort.name, cohort.throttled, cohort.clients))
            .collect();
        format!(
            "of the crowd {} of {} visitors throttled, {} of {} units saved; outside of it {}",
            crowd.throttled,
            crowd.visitors,
            crowd.origin_units_saved,
            crowd.origin_units,
            outside.join(", ")
        )
    });
    std::iter::once(saved).chain(crowd).chain(cohorts)
}

#[cfg(test)]
mod tests;
