//! Changes of a rule that may make it pass: the nearest first. A larger burst or
//! budget, a higher threshold, a narrower match; of a block, a limit for whoever
//! walks the site instead.

use tidegate_rules::agent::Category;
use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::key::KeyKind;
use tidegate_rules::rule::{Breadth, Cohort, Effect, Rule};
use tidegate_rules::{Quota, Ruleset};

use super::Change;
use crate::backtest::Tried;
use crate::propose::draft::{Draft, Limit, duration};

/// How many times larger a burst or a budget is tried.
const TIMES: [u32; 4] = [2, 4, 8, 16];

/// Thresholds of breadth that are tried where there was none.
const THRESHOLDS: [u32; 4] = [50, 100, 150, 250];

const TEN_MINUTES_MS: u32 = 600_000;

/// Pages in ten minutes that somebody over the threshold still gets.
const PACE: u32 = 60;

const ADVICE: &str = "Slow down, and wait as long as Retry-After says.";

/// Largest threshold that a rule can have.
const MOST: u32 = tidegate_rules::breadth::THRESHOLD_BOUND;

/// A changed rule to try.
pub(super) struct Variant {
    /// Which of the failing rules it changes.
    of: usize,
    what: String,
    pub(super) draft: Draft,
}

impl Variant {
    /// What is told of it, and of which failing rule it is a change.
    pub(super) fn change(&self, site: &Ruleset, tried: &Tried) -> Option<(usize, Change)> {
        let rule = self.draft.printed(site).ok()?.to_string();
        Some((self.of, Change { what: self.what.clone(), refuses: tried.refused, rule }))
    }
}

/// Everything that is tried for a rule, the nearest first.
pub(super) fn variants(site: &Ruleset, rule: &Rule, tried: &Tried, of: usize) -> Vec<Variant> {
    let variant = |(what, draft)| Variant { of, what, draft };
    let all = match Draft::of(site, rule) {
        Some(draft) => of_limit(site, &draft, tried),
        None => of_block(site, rule, tried),
    };
    all.into_iter().map(variant).collect()
}

fn of_limit(site: &Ruleset, draft: &Draft, tried: &Tried) -> Vec<(String, Draft)> {
    let Some(limit) = draft.limit else { return Vec::new() };
    let with = |limit: Limit| Draft { limit: Some(limit), ..draft.clone() };
    let quota = limit.quota;
    let mut all = Vec::new();
    let mut larger = |units: u32, burst: u32| {
        let Ok(quota) = Quota::new(units, quota.period_ms(), burst) else { return };
        let what = match units == limit.quota.units() {
            true => format!("a burst of {burst}"),
            false => format!("{units} units and a burst of {burst}"),
        };
        all.push((what, with(Limit { quota, ..limit })));
    };
    for times in TIMES {
        larger(quota.units(), quota.burst().get().saturating_mul(times));
    }
    for times in TIMES {
        let units = quota.units().saturating_mul(times);
        larger(units, quota.burst().get().saturating_mul(times));
    }
    all.extend(wider(&limit).map(|(what, limit)| (what, with(limit))));
    all.extend(sparing(site, draft, tried));
    all
}

/// Higher thresholds of breadth, or some where there was none.
fn wider(limit: &Limit) -> impl Iterator<Item = (String, Limit)> + '_ {
    let periods = limit.breadth.map_or(TEN_MINUTES_MS, |breadth| breadth.period_ms);
    let thresholds: Vec<u32> = match limit.breadth {
        Some(Breadth { over: Some(over), .. }) => vec![over * 3 / 2, over * 2, over * 4],
        Some(_) => Vec::new(),
        None if limit.key == KeyKind::Crowd || limit.key.shards() > 1 => Vec::new(),
        None => THRESHOLDS.to_vec(),
    };
    thresholds.into_iter().filter(|over| *over <= MOST).map(move |over| {
        let what = format!("only above {over} different pages in {}", duration(periods));
        (what, limit.over(over, periods))
    })
}

/// The same rule without the cohorts that it hurts, where it names nobody to be
/// spared yet.
fn sparing(site: &Ruleset, draft: &Draft, tried: &Tried) -> Option<(String, Draft)> {
    let over = hurt(site, tried);
    let spared = spared(&over)?;
    if draft.condition.not().is_some() {
        return None;
    }
    let demands = draft.condition.demands().iter().cloned();
    let condition = Condition::new(demands.chain([Demand::Not(spared)]));
    let names: Vec<_> = over.iter().map(|cohort| cohort.name.as_str()).collect();
    let what = format!("the same, but for {}", names.join(" and "));
    Some((what, Draft { condition, ..draft.clone() }))
}

/// The cohorts that a trial hurts beyond their budgets.
fn hurt<'s>(site: &'s Ruleset, tried: &Tried) -> Vec<&'s Cohort> {
    let over = site.cohorts.iter().zip(&tried.cohorts).filter(|(_, it)| !it.within_budget);
    over.map(|(cohort, _)| cohort).collect()
}

/// Whom these cohorts are about, where one list of agents says it.
fn spared(cohorts: &[&Cohort]) -> Option<Condition> {
    let conditions = || cohorts.iter().map(|cohort| &cohort.condition);
    let agents: Vec<u16> = conditions().flat_map(Condition::agents).copied().collect();
    let categories: Vec<Category> = conditions().flat_map(Condition::categories).copied().collect();
    let all_named = conditions().all(|condition| !condition.agents().is_empty());
    let all_kinds = conditions().all(|condition| !condition.categories().is_empty());
    match (all_named, all_kinds) {
        (true, _) => Some(Condition::new([Demand::Agents(agents.into_iter().collect())])),
        (_, true) => Some(Condition::new([Demand::Categories(categories.into_iter().collect())])),
        _ => None,
    }
}

/// Instead of a block: a pace for whoever walks the site, on all of its routes or
/// not on those that the hurt cohorts are about.
fn of_block(site: &Ruleset, rule: &Rule, tried: &Tried) -> Vec<(String, Draft)> {
    let routes = rule.condition.routes();
    let about = site.routes.iter().zip(0..);
    let about = about.filter(|(_, at)| routes.is_empty() || routes.contains(at));
    let dearest = about.map(|(route, _)| route.cost).max().unwrap_or_default();
    let quota = Quota::new(PACE.saturating_mul(dearest), TEN_MINUTES_MS, dearest * 2);
    let Some(quota) = quota.ok().filter(|_| rule.effect == Effect::Block) else {
        return Vec::new();
    };
    let theirs = hurt(site, tried).into_iter().flat_map(|cohort| cohort.condition.routes());
    let theirs = Demand::Routes(theirs.copied().collect());
    let without = match &theirs {
        Demand::Routes(routes) if !routes.is_empty() && rule.condition.not().is_none() => {
            let demands = rule.condition.demands().iter().cloned();
            Some(Condition::new(demands.chain([Demand::Not(Condition::new([theirs]))])))
        }
        _ => None,
    };
    let change = |over: u32, condition: &Condition, but: &str| {
        let limit = Limit::new(KeyKind::Visitor, quota, dearest).over(over, TEN_MINUTES_MS);
        let what =
            format!("a pace instead of a block, only above {over} different pages in 10m{but}");
        let draft = Draft {
            finding: 0,
            id: rule.id().to_owned(),
            why: rule.why().to_owned(),
            advice: rule.advice().unwrap_or(ADVICE).to_owned(),
            condition: condition.clone(),
            limit: Some(limit),
        };
        (what, draft)
    };
    let on_all = THRESHOLDS.into_iter().map(|over| change(over, &rule.condition, ""));
    let but = ", and not on the routes of those whom it hurts";
    let on_others = without
        .iter()
        .flat_map(|condition| THRESHOLDS.into_iter().map(|over| change(over, condition, but)));
    on_all.chain(on_others).collect()
}
