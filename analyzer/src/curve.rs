//! The curve of a proposal: what its rule would have spared the origin, and whom it
//! would have refused, had its budget been smaller or larger. It tells a reviewer
//! whether the proposed budget stands at the edge of harm or far from it.
//!
//! Each budget is a rule of its own, compiled and tried as the proposal was, all of
//! them in one more pass over the night.

use tidegate_rules::index::RuleIndex;
use tidegate_rules::rule::{Effect, Rule};
use tidegate_rules::{Compiled, Diagnostics, Engine, Mode, Ruleset};
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::backtest::{MOST_TRIALS, Side, Tried, Watch, side_by_side};
use crate::detect::Finding;
use crate::features::SwarmKey;
use crate::ingest::{IngestError, Progress};
use crate::night::{Night, Seen};
use crate::propose::{Proposal, file_text};

/// The budgets that are tried, in percent of the proposed one.
pub const BUDGETS: [u32; 5] = [25, 50, 100, 200, 400];

/// What a proposed rule would do with other budgets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve {
    /// From the smallest budget on; empty where the rule has none, or where there
    /// were too many proposals to try.
    pub points: Vec<Point>,
}

/// What came of one budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The budget, in percent of the proposed one.
    pub percent: u32,
    /// Its units per period.
    pub units: u32,
    /// Units that reached the origin in the log.
    pub origin_units: u64,
    /// Units that the rule would have kept away.
    pub origin_units_saved: u64,
    /// Visitors of protected cohorts whom it would have refused.
    pub hurt: u64,
    /// Cohorts that would have been over their harm budget.
    pub over: Vec<String>,
}

impl Point {
    /// Cohorts over their harm budget, in words.
    pub(crate) fn told_over(&self) -> String {
        if self.over.is_empty() { "none".to_owned() } else { self.over.join(", ") }
    }
}

/// Compiles the site's rules with this text as a further file.
pub type Compile<'c> = &'c dyn Fn(&str) -> Result<Compiled, Diagnostics>;

/// Tries other budgets for each proposal.
///
/// # Errors
///
/// Where a file cannot be read once more.
pub fn curves(
    night: &Night<'_>,
    findings: &[Finding],
    proposals: &[Proposal],
    compile: Compile<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Curve>, IngestError> {
    let batches = proposals.iter().enumerate();
    let mut batches: Vec<Batch> =
        batches.flat_map(|(at, proposal)| Batch::all_of(at, proposal, compile)).collect();
    let mut room = MOST_TRIALS;
    batches.retain(|batch| {
        let fits = batch.trials() <= room;
        room -= if fits { batch.trials() } else { 0 };
        fits
    });
    let mut curves = vec![Curve { points: Vec::new() }; proposals.len()];
    if batches.is_empty() {
        return Ok(curves);
    }
    let engine = |batch: &Batch| Engine {
        rules: batch.rules.clone(),
        version: "trial".to_owned(),
        secret: night.secret.clone(),
        switch: Mode::Enforce,
    };
    let engines: Vec<_> = batches.iter().map(engine).collect();
    let of = |seen: &Seen<'_>| u128::from(is_of_crowd(findings, seen));
    let (sides, _) = side_by_side(night, &engines, crowds(findings, &of), progress)?;
    for (batch, Side { rules, .. }) in batches.iter().zip(sides) {
        let of_crowd = proposals[batch.proposal].predicted.crowd.is_some();
        let points = batch.budgets.iter().zip(&rules);
        let points = points.map(|(budget, tried)| budget.point(tried, of_crowd));
        curves[batch.proposal].points.extend(points);
    }
    Ok(curves)
}

/// Budgets of one proposal that are tried in one engine.
struct Batch {
    proposal: usize,
    budgets: Vec<Budget>,
    /// A rule for each budget.
    rules: Ruleset,
}

impl Batch {
    /// All budgets of a proposal: in one engine where each rule's key is kept in one
    /// cell, whatever else is in it.
    fn all_of(at: usize, proposal: &Proposal, compile: Compile<'_>) -> Vec<Self> {
        let batch = |budgets: Vec<Budget>, rules| Self { proposal: at, budgets, rules };
        let each = BUDGETS.map(|percent| {
            // No burst is smaller than what the dearest request costs.
            let bursts = [percent, percent.max(100)];
            bursts.into_iter().find_map(|burst| {
                let budget = Budget::of(&proposal.rule, percent, burst)?;
                let rules = only(compile, proposal, std::slice::from_ref(&budget))?;
                Some((budget, rules))
            })
        });
        let each: Vec<(Budget, Ruleset)> = each.into_iter().flatten().collect();
        if each.iter().all(|(_, rules)| rules.rules.iter().all(shares_engine)) {
            let budgets: Vec<_> = each.iter().map(|(budget, _)| budget.clone()).collect();
            if let Some(rules) = only(compile, proposal, &budgets) {
                return vec![batch(budgets, rules)];
            }
        }
        each.into_iter().map(|(budget, rules)| batch(vec![budget], rules)).collect()
    }

    /// The engine, and its rules.
    fn trials(&self) -> usize {
        1 + self.budgets.len()
    }
}

/// The rules of these budgets as the site would compile them, and no other rule.
fn only(compile: Compile<'_>, proposal: &Proposal, budgets: &[Budget]) -> Option<Ruleset> {
    let with = |budget: &Budget| Proposal { rule: budget.toml.clone(), ..proposal.clone() };
    let proposals: Vec<_> = budgets.iter().map(with).collect();
    let mut rules = compile(&file_text(&proposals)).ok()?.rules;
    rules.rules.retain(|rule| budgets.iter().any(|budget| budget.id == rule.id()));
    rules.index = RuleIndex::new(&rules.rules);
    (rules.rules.len() == budgets.len()).then_some(rules)
}

/// Whether others can be tried in the same engine.
fn shares_engine(rule: &Rule) -> bool {
    match &rule.effect {
        Effect::Throttle(budget) => {
            budget.key.shards() == 1 && budget.origin.is_none() && budget.floor.is_none()
        }
        _ => true,
    }
}

/// A budget to try.
#[derive(Debug, Clone, PartialEq)]
struct Budget {
    percent: u32,
    units: u32,
    /// The id of the rule that has it.
    id: String,
    toml: String,
}

impl Budget {
    /// A proposal with another budget; `None` where it has none.
    fn of(toml: &str, percent: u32, burst: u32) -> Option<Self> {
        let mut document: DocumentMut = toml.parse().ok()?;
        let rule = document.get_mut("rule")?.as_array_of_tables_mut()?.get_mut(0)?;
        let name = rename(rule, "quota", percent)?;
        rename(rule, "id", percent)?;
        let id = rule.get("id")?.as_str()?.to_owned();
        let quotas = document.get_mut("quota")?.as_array_of_tables_mut()?;
        let named = |quota: &&mut Table| quota.get("name").and_then(Item::as_str) == Some(&name);
        let quota = quotas.iter_mut().find(named)?;
        rename(quota, "name", percent)?;
        let units = scale(quota, "units", percent)?;
        scale(quota, "burst", burst)?;
        Some(Self { percent, units, id, toml: document.to_string() })
    }

    fn point(&self, tried: &Tried, of_crowd: bool) -> Point {
        let protected = if of_crowd { &tried.outside } else { &tried.cohorts };
        let over = protected.iter().filter(|cohort| !cohort.within_budget);
        let units = tried.origin_units;
        Point {
            percent: self.percent,
            units: self.units,
            origin_units: units.offered,
            origin_units_saved: units.offered - units.admitted,
            hurt: protected.iter().map(|cohort| cohort.clients_throttled).sum(),
            over: over.map(|cohort| cohort.name.clone()).collect(),
        }
    }
}

/// Gives a name its budget; the name that it was.
fn rename(table: &mut Table, key: &str, percent: u32) -> Option<String> {
    let value = table.get_mut(key)?;
    let name = value.as_str()?.to_owned();
    *value = Item::Value(Value::from(format!("{name}-{percent}")));
    Some(name)
}

fn scale(quota: &mut Table, key: &str, percent: u32) -> Option<u32> {
    let value = quota.get_mut(key)?;
    let scaled = (value.as_integer()? * i64::from(percent) / 100).max(1);
    *value = Item::Value(Value::from(scaled));
    u32::try_from(scaled).ok()
}

/// The group of everybody of whom nobody can tell whether it is a person: whoever
/// is of a crowd that a finding is about.
fn crowds<'w>(findings: &[Finding], of: &'w dyn Fn(&Seen<'_>) -> u128) -> Watch<'w> {
    let groups = usize::from(findings.iter().any(|finding| finding.crowd.is_some()));
    Watch { groups, crowds: 1, of }
}

fn is_of_crowd(findings: &[Finding], seen: &Seen<'_>) -> bool {
    let mut crowds = findings.iter().filter_map(|finding| finding.crowd.as_ref()).peekable();
    crowds.peek().is_some()
        && SwarmKey::of(seen).is_some_and(|key| crowds.any(|crowd| crowd.has(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROPOSAL: &str = "[[quota]]\nname = \"a\"\nunits = 9_600\nper = \"10m\"\nburst = 4_800\n\n\
                            [[rule]]\nid = \"walk\"\nquota = \"a\"\n";

    #[test]
    fn a_budget_is_scaled_under_another_name() {
        let budget = Budget::of(PROPOSAL, 25, 100).unwrap();
        assert_eq!((budget.units, &*budget.id), (2_400, "walk-25"));
        let expected = PROPOSAL.replace("9_600", "2400").replace("4_800", "4800");
        let expected = expected.replace("\"a\"", "\"a-25\"").replace("\"walk\"", "\"walk-25\"");
        assert_eq!(budget.toml, expected);
    }

    #[test]
    fn a_rule_without_a_budget_has_none_to_scale() {
        assert_eq!(Budget::of("[[rule]]\nid = \"tag\"\n", 50, 50), None);
    }
}
