//! How much budgets had left over time: what a picture draws.

use std::collections::HashMap;

use serde::Serialize;
use tidegate_rules::explain::Account;
use tidegate_rules::key::CellKey;
use tidegate_rules::{Ruleset, Time};

/// Most budgets that are followed: a picture of more says nothing.
const COURSES_BOUND: usize = 12;

/// Most points of one course.
const POINTS_BOUND: usize = 300;

/// One budget over time.
#[derive(Serialize)]
pub(super) struct Course {
    /// The rule whose budget it is.
    rule: String,
    /// Whose it is, such as `visitor 2`.
    whose: String,
    /// Units that may be spent at once.
    burst: u32,
    /// Milliseconds after the first request, and units left by then.
    points: Vec<(u64, u32)>,
}

/// Courses, on their way.
pub(super) struct Courses<'r> {
    rules: &'r Ruleset,
    places: HashMap<(u16, CellKey), usize>,
    all: Vec<Course>,
    /// How many keys of each kind a rule has met.
    met: HashMap<u16, u32>,
}

impl<'r> Courses<'r> {
    pub(super) fn new(rules: &'r Ruleset) -> Self {
        Self { rules, places: HashMap::new(), all: Vec::new(), met: HashMap::new() }
    }

    /// Takes what a request left of the budgets that it asked.
    pub(super) fn take(&mut self, at_ms: u64, account: &Account, now: Time) {
        for level in account.levels(self.rules, now).into_iter().filter(|level| !level.floor) {
            let place = match self.places.get(&(level.rule, level.key)) {
                Some(place) => *place,
                None if self.all.len() >= COURSES_BOUND => continue,
                None => {
                    let nth = self.met.entry(level.rule).or_default();
                    *nth += 1;
                    let rule = self.rules.rule(level.rule).map(|rule| rule.id().to_owned());
                    self.all.push(Course {
                        rule: rule.unwrap_or_default(),
                        whose: format!("{} {nth}", level.key.kind.name()),
                        burst: level.burst,
                        points: Vec::new(),
                    });
                    self.places.insert((level.rule, level.key), self.all.len() - 1);
                    self.all.len() - 1
                }
            };
            if let Some(course) = self.all.get_mut(place) {
                course.points.push((at_ms, level.left));
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Course> {
        self.all.iter_mut().for_each(Course::thin);
        self.all
    }
}

impl Course {
    /// Leaves the lowest of each few points, and the last.
    fn thin(&mut self) {
        if self.points.len() <= POINTS_BOUND {
            return;
        }
        let few = self.points.len().div_ceil(POINTS_BOUND - 1);
        let lowest = |few: &[(u64, u32)]| few.iter().min_by_key(|(_, left)| *left).copied();
        let last = self.points.last().copied();
        self.points = self.points.chunks(few).filter_map(lowest).chain(last).collect();
    }
}
