//! The curve of a proposal: what its rule would have spared the origin, and whom it
//! would have refused, had its budget been smaller or larger. It tells a reviewer
//! whether the proposed budget stands at the edge of harm or far from it.
//!
//! Each budget is a draft of its own, tried as the proposal was, all of them in one
//! more pass over the night.

use tidegate_rules::{Engine, Mode, Quota};

use crate::backtest::{MOST_TRIALS, Tried, Watch, side_by_side};
use crate::detect::Finding;
use crate::features::SwarmKey;
use crate::ingest::{IngestError, Progress};
use crate::night::{Night, Seen};
use crate::propose::Proposal;
use crate::propose::draft::{Draft, Limit, batches, site_of};

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

/// Tries other budgets for each proposal.
///
/// # Errors
///
/// Where a file cannot be read once more.
pub fn curves(
    night: &Night<'_>,
    findings: &[Finding],
    proposals: &[Proposal],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Curve>, IngestError> {
    let mut curves = vec![Curve { points: Vec::new() }; proposals.len()];
    let mut budgets: Vec<Budget> = Vec::new();
    for (at, proposal) in proposals.iter().enumerate() {
        let own: Vec<_> =
            BUDGETS.iter().filter_map(|percent| Budget::of(at, proposal, *percent)).collect();
        // Beside each budget's trial there may be one of its engine's own.
        if (budgets.len() + own.len()) * 2 <= MOST_TRIALS {
            budgets.extend(own);
        }
    }
    if budgets.is_empty() {
        return Ok(curves);
    }
    let batches = batches(budgets.iter().map(|budget| &budget.draft));
    let engine = |batch: &Vec<usize>| {
        let drafts: Vec<&Draft> = batch.iter().map(|at| &budgets[*at].draft).collect();
        let (version, secret) = ("trial".to_owned(), night.secret.clone());
        let rules = site_of(night.rules, &drafts, Mode::Shadow);
        Engine { rules, version, secret, switch: Mode::Enforce }
    };
    let engines: Vec<_> = batches.iter().map(engine).collect();
    let of = |seen: &Seen<'_>| u128::from(is_of_crowd(findings, seen));
    let (sides, _) = side_by_side(night, &engines, crowds(findings, &of), progress)?;
    let tried = batches.iter().zip(sides).flat_map(|(batch, side)| batch.iter().zip(side.rules));
    let mut tried: Vec<_> = tried.collect();
    tried.sort_by_key(|(at, _)| **at);
    for (at, tried) in tried {
        let budget = &budgets[*at];
        let of_crowd = proposals[budget.proposal].predicted.crowd.is_some();
        curves[budget.proposal].points.push(budget.point(&tried, of_crowd));
    }
    Ok(curves)
}

/// A budget to try.
struct Budget {
    /// The place of its proposal.
    proposal: usize,
    percent: u32,
    units: u32,
    draft: Draft,
}

impl Budget {
    /// A proposal with another budget; `None` where it has none.
    fn of(at: usize, proposal: &Proposal, percent: u32) -> Option<Self> {
        let limit = scaled(proposal.draft.limit?, percent)?;
        let draft = Draft { limit: Some(limit), ..proposal.draft.clone() };
        Some(Self { proposal: at, percent, units: limit.quota.units(), draft })
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

/// A limit with so many percent of its budget. No burst is smaller than what the
/// dearest request costs.
fn scaled(limit: Limit, percent: u32) -> Option<Limit> {
    let scaled = |number: u32| u32::try_from(u64::from(number) * u64::from(percent) / 100).ok();
    let burst = limit.quota.burst().get();
    let burst = scaled(burst).filter(|own| *own >= limit.dearest).unwrap_or(burst);
    let units = scaled(limit.quota.units())?.max(1);
    let quota = Quota::new(units, limit.quota.period_ms(), burst).ok()?;
    Some(Limit { quota, ..limit })
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
    use tidegate_rules::key::KeyKind;

    use super::*;

    #[test]
    fn a_budget_is_scaled_and_its_burst_holds_the_dearest_request() {
        let limit = Limit::new(KeyKind::Visitor, Quota::new(9_600, 600_000, 480).unwrap(), 120);
        let quotas = [25, 10].map(|percent| scaled(limit, percent).unwrap().quota);
        let told = quotas.map(|quota| (quota.units(), quota.period_ms(), quota.burst().get()));
        assert_eq!(told, [(2_400, 600_000, 120), (960, 600_000, 480)]);
    }
}
