//! What became of each cohort, against what may be done to it.

use serde::Serialize;

use super::account::Account;
use crate::rule::{Cohort, Harm};

/// What became of one cohort. Its members are visitors: a visitor of whom one
/// request met the cohort's condition, and whose largest breadth is one that
/// the cohort asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CohortResult {
    /// Its name.
    pub name: String,
    /// Members.
    pub clients: u64,
    /// Members with at least one 429.
    pub clients_throttled: u64,
    /// Members with a run of refusals of at least [`super::STARVED_MS`].
    pub clients_starved: u64,
    /// Members with at least one 403.
    pub clients_blocked: u64,
    /// Requests of the members, whether or not they meet the condition.
    pub requests: u64,
    /// Those answered with 429.
    pub requests_throttled: u64,
    /// Those answered with 403.
    pub requests_blocked: u64,
    /// Whether the members suffered no more than the cohort's budget allows.
    pub within_budget: bool,
    /// The budget: shares of the members, each from 0 to 1.
    pub budget: Harm,
}

/// One kind of harm that a cohort suffered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harmed {
    /// What happened to them.
    pub what: &'static str,
    /// Members to whom it happened.
    pub clients: u64,
    /// The share of the members to whom it may, from 0 to 1.
    pub budget: f64,
    /// Whether they are more than that.
    pub is_over: bool,
}

impl CohortResult {
    /// Of a cohort that has no member yet.
    #[must_use]
    pub fn new(cohort: &Cohort) -> Self {
        Self {
            name: cohort.name.clone(),
            clients: 0,
            clients_throttled: 0,
            clients_starved: 0,
            clients_blocked: 0,
            requests: 0,
            requests_throttled: 0,
            requests_blocked: 0,
            within_budget: true,
            budget: cohort.harm,
        }
    }

    /// Takes a member into account.
    pub fn add(&mut self, answers: &Account) {
        self.clients += 1;
        self.requests += answers.requests;
        self.hurt(answers);
    }

    /// Takes into account how a member was refused that is counted already.
    pub fn hurt(&mut self, answers: &Account) {
        self.clients_throttled += u64::from(answers.throttled > 0);
        self.clients_starved += u64::from(answers.starved());
        self.clients_blocked += u64::from(answers.blocked > 0);
        self.requests_throttled += answers.throttled;
        self.requests_blocked += answers.blocked;
    }

    /// Compares what was suffered with the budget.
    pub fn judge(&mut self) {
        self.within_budget = self.harms().iter().all(|harm| !harm.is_over);
    }

    /// Each kind of harm with its budget; an empty cohort suffers none.
    #[must_use]
    pub fn harms(&self) -> [Harmed; 3] {
        [
            ("throttled", self.clients_throttled, self.budget.throttled_clients),
            ("starved", self.clients_starved, self.budget.starved_clients),
            ("blocked", self.clients_blocked, self.budget.blocked_clients),
        ]
        .map(|(what, clients, budget)| Harmed {
            what,
            clients,
            budget,
            is_over: exceeds(clients, budget, self.clients),
        })
    }
}

/// Whether `hurt` of `all` is a larger share than `budget`.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn exceeds(hurt: u64, budget: f64, all: u64) -> bool {
    // Exactly the share allowed is allowed, however `0.7%` is rounded.
    hurt as f64 > (budget * all as f64) + 1e-6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_share_allowed_is_allowed() {
        for thousandths in 0..=1_000_u32 {
            let budget = f64::from(thousandths) / 10.0 / 100.0;
            let allowed = u64::from(thousandths);
            assert!(!exceeds(allowed, budget, 1_000), "{allowed} of 1000 at {budget}");
            assert!(exceeds(allowed + 1, budget, 1_000), "one more at {budget}");
        }
    }

    #[test]
    fn an_empty_cohort_suffers_nothing() {
        assert!(!exceeds(0, 0.0, 0));
    }
}
