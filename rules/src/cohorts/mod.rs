//! Whom the rules must not hurt, and whether they did: visitors, the cohorts that
//! they belong to, and what they got.
//!
//! Members are visitors and not clients, since the people behind one address
//! are people each. Who belongs to a cohort must not depend on what was refused:
//! breadth is counted among the requests that reached the origin, or would have
//! reached it, refused now or not, so that two rule sets on the same traffic protect
//! the same visitors. Nothing is decided here, and no decision asks.

mod account;
mod pages;
mod result;

pub use account::{Account, Answer, STARVED_MS};
pub use result::{CohortResult, Harmed};

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use pages::Pages;

use crate::condition::Truth;
use crate::features::Derived;
use crate::request::Request;
use crate::rule::Cohort;
use crate::ruleset::Ruleset;

/// Everybody who can be told apart. `A` is what became of one of them.
#[derive(Debug)]
pub struct Visitors<'r, A> {
    rules: &'r Ruleset,
    /// The windows over which cohorts ask for breadth, each once.
    periods: Vec<u32>,
    all: HashMap<u128, Visitor<A>, BuildHasherDefault<DefaultHasher>>,
}

#[derive(Debug)]
struct Visitor<A> {
    answers: A,
    /// Whether a request met the condition of each cohort, in file order.
    meets: Box<[bool]>,
    /// Its pages over each of the periods.
    pages: Box<[Pages]>,
}

impl<'r, A: Default> Visitors<'r, A> {
    /// Nobody yet.
    #[must_use]
    pub fn new(rules: &'r Ruleset) -> Self {
        let mut periods: Vec<u32> =
            rules.cohorts.iter().filter_map(|cohort| Some(cohort.breadth?.period_ms)).collect();
        periods.sort_unstable();
        periods.dedup();
        Self { rules, periods, all: HashMap::default() }
    }

    /// Takes a request into account, in time order, and gives what became of its
    /// visitor until now. `derived` is what the rules made of the request; `reached`
    /// says whether the origin had to answer it, or would have had to.
    pub fn add(
        &mut self,
        visitor: u128,
        request: &Request<'_>,
        derived: &Derived,
        reached: bool,
    ) -> &mut A {
        let Self { rules, periods, all } = self;
        let visitor = all.entry(visitor).or_insert_with(|| Visitor {
            answers: A::default(),
            meets: rules.cohorts.iter().map(|_| false).collect(),
            pages: periods.iter().map(|_| Pages::default()).collect(),
        });
        for (meets, cohort) in visitor.meets.iter_mut().zip(&rules.cohorts) {
            let holds = || cohort.condition.holds(rules, request, derived);
            *meets = *meets || holds() == Truth::Yes;
        }
        // As in cells, where a free page is not marked.
        if reached {
            for (pages, period_ms) in visitor.pages.iter_mut().zip(periods) {
                pages.mark(derived.page, request.time, *period_ms);
            }
        }
        &mut visitor.answers
    }

    /// Everybody, in no order.
    pub fn all(&self) -> impl Iterator<Item = &A> {
        self.all.values().map(|visitor| &visitor.answers)
    }

    /// Each member of each cohort, by the cohort's place in file order.
    pub fn members(&self) -> impl Iterator<Item = (usize, &A)> {
        self.all.values().flat_map(move |visitor| {
            let cohorts = self.rules.cohorts.iter().zip(&visitor.meets).enumerate();
            let of =
                cohorts.filter(|(_, (cohort, meets))| **meets && self.keeps_to(visitor, cohort));
            of.map(|(at, _)| (at, &visitor.answers))
        })
    }

    /// Whether a visitor's largest breadth is one that the cohort's members
    /// have.
    fn keeps_to(&self, visitor: &Visitor<A>, cohort: &Cohort) -> bool {
        let Some(breadth) = cohort.breadth else { return true };
        let at = self.periods.iter().position(|period_ms| *period_ms == breadth.period_ms);
        let pages = at.and_then(|at| visitor.pages.get(at));
        breadth.holds(pages.map_or(0, Pages::peak))
    }
}

impl<A: AsRef<[Account]> + Default> Visitors<'_, A> {
    /// What became of each cohort, in file order, where visitors have several
    /// accounts: by the one at a place.
    #[must_use]
    pub fn cohorts(&self, side: usize) -> Vec<CohortResult> {
        let mut results: Vec<_> = self.rules.cohorts.iter().map(CohortResult::new).collect();
        for (at, accounts) in self.members() {
            if let (Some(result), Some(account)) =
                (results.get_mut(at), accounts.as_ref().get(side))
            {
                result.add(account);
            }
        }
        results.iter_mut().for_each(CohortResult::judge);
        results
    }
}
