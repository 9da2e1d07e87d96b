//! Visitors and the cohorts that they belong to.
//!
//! Members are visitors and not clients, since the people behind one address
//! are people each. Who belongs to a cohort must not depend on what the trial
//! did: breadth is counted among the requests that reached the origin in the
//! log (those that the edge would have admitted), refused now or not, so that
//! two trials on one night protect the same visitors.

use std::collections::HashMap;

use tidegate_rules::Ruleset;
use tidegate_rules::condition::Truth;
use tidegate_rules::features::Derived;
use tidegate_rules::rule::Cohort;

use super::account::{Account, Answer};
use super::pages::Pages;
use super::result::CohortResult;
use crate::night::Seen;

/// Everybody who can be told apart.
pub(super) struct Visitors<'r> {
    rules: &'r Ruleset,
    /// The windows over which cohorts ask for breadth, each once.
    periods: Vec<u32>,
    all: HashMap<u128, Visitor>,
}

struct Visitor {
    answers: Account,
    /// Whether a request met the condition of each cohort, in file order.
    meets: Box<[bool]>,
    /// Its pages over each of the periods.
    pages: Box<[Pages]>,
}

impl<'r> Visitors<'r> {
    pub(super) fn new(rules: &'r Ruleset) -> Self {
        let mut periods: Vec<u32> =
            rules.cohorts.iter().filter_map(|cohort| Some(cohort.breadth?.period_ms)).collect();
        periods.sort_unstable();
        periods.dedup();
        Self { rules, periods, all: HashMap::new() }
    }

    /// Takes a request into account; `derived` is what the trial's own rules
    /// made of it.
    pub(super) fn add(&mut self, hash: u128, seen: &Seen<'_>, derived: &Derived, answer: Answer) {
        let Self { rules, periods, all } = self;
        let time = seen.request.time;
        let visitor = all.entry(hash).or_insert_with(|| Visitor {
            answers: Account::default(),
            meets: rules.cohorts.iter().map(|_| false).collect(),
            pages: periods.iter().map(|_| Pages::default()).collect(),
        });
        visitor.answers.add(time, answer);
        for (meets, cohort) in visitor.meets.iter_mut().zip(&rules.cohorts) {
            let holds = || cohort.condition.holds(rules, &seen.request, derived);
            *meets = *meets || holds() == Truth::Yes;
        }
        // As in cells, where a free page is not marked.
        if seen.units > 0 {
            for (pages, period_ms) in visitor.pages.iter_mut().zip(periods) {
                pages.mark(seen.derived.page, time, *period_ms);
            }
        }
    }

    /// What became of each cohort, in file order.
    pub(super) fn cohorts(&self) -> Vec<CohortResult> {
        let mut results: Vec<_> = self.rules.cohorts.iter().map(CohortResult::new).collect();
        for visitor in self.all.values() {
            let cohorts = self.rules.cohorts.iter().zip(&visitor.meets).zip(&mut results);
            for ((cohort, meets), result) in cohorts {
                if *meets && self.keeps_to(visitor, cohort) {
                    result.add(&visitor.answers);
                }
            }
        }
        results.iter_mut().for_each(CohortResult::judge);
        results
    }

    /// Whether a visitor's largest breadth is one that the cohort's members
    /// have.
    fn keeps_to(&self, visitor: &Visitor, cohort: &Cohort) -> bool {
        let Some(breadth) = cohort.breadth else { return true };
        let at = self.periods.iter().position(|period_ms| *period_ms == breadth.period_ms);
        let pages = at.and_then(|at| visitor.pages.get(at));
        breadth.holds(pages.map_or(0, Pages::peak))
    }
}
