//! What a backtest found, as other tools read it.
//!
//! The JSON form is a stable contract: fields may be added, none may change
//! its meaning.

use std::cmp::Reverse;

use serde::Serialize;
use tidegate_rules::Time;
use tidegate_rules::cohorts::{Answer, CohortResult};

use super::against::AgainstResult;
use crate::basis::{Assumptions, Lines, Window};
use crate::clients::ClientKey;
use crate::ingest::Summary;
use crate::time;

/// The format of the JSON form, in the field `format`.
pub const BACKTEST_FORMAT: u8 = 1;

/// What a rule set would have done to a night. The same night and rules give
/// the same bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Backtest {
    /// [`BACKTEST_FORMAT`].
    pub format: u8,
    /// The site of the rules on trial.
    pub site: String,
    /// Their version.
    pub version: String,
    /// What the log did not say, and what was taken instead.
    pub assumptions: Assumptions,
    /// First and last request; `None` where there was none.
    pub window: Option<Window>,
    /// Lines of the log.
    pub lines: Lines,
    /// Requests, each once.
    pub requests: u64,
    /// Those answered with 429.
    pub throttled: u64,
    /// Those answered with 403.
    pub blocked: u64,
    /// Those whose client the log does not say. No budget knows them, and no
    /// cohort counts them.
    pub unknown: u64,
    /// Work at the origin.
    pub origin_units: OriginUnits,
    /// Rules, in file order.
    pub rules: Vec<RuleResult>,
    /// Cohorts, in file order.
    pub cohorts: Vec<CohortResult>,
    /// How many clients there were, also where [`Self::clients`] keeps fewer.
    pub clients_total: u64,
    /// Of all of them, what became of how many.
    pub clients_hurt: Hurt,
    /// Clients, sorted by the text of their keys.
    pub clients: Vec<ClientResult>,
    /// What the trial was compared with, in the order asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<AgainstResult>,
    /// Files and samples of bad lines, for whoever tells a person about them.
    #[serde(skip)]
    pub files: Summary,
}

impl Backtest {
    /// Whether no cohort is over its budget.
    #[must_use]
    pub fn within_budgets(&self) -> bool {
        self.cohorts.iter().all(|cohort| cohort.within_budget)
    }

    /// The clients that were refused most often, at most `most`; of those
    /// refused alike, the costlier first.
    #[must_use]
    pub fn worst(&self, most: usize) -> Vec<&ClientResult> {
        let mut clients: Vec<_> = self.clients.iter().collect();
        // Stable, so that the order of keys decides what is left.
        clients.sort_by_key(|client| Reverse(client.badness()));
        clients.truncate(most);
        clients
    }

    /// Keeps only the [`worst`](Self::worst) clients of each side, still sorted
    /// by key.
    pub fn keep_worst(&mut self, most: usize) {
        keep_worst(&mut self.clients, most);
        self.against.iter_mut().for_each(|side| keep_worst(&mut side.clients, most));
    }
}

fn keep_worst(clients: &mut Vec<ClientResult>, most: usize) {
    if most < clients.len() {
        clients.sort_by_key(|client| Reverse(client.badness()));
        clients.truncate(most);
        clients.sort_by_cached_key(|client| client.key.to_string());
    }
}

/// How many clients were refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Hurt {
    /// Those with at least one 429.
    pub throttled: u64,
    /// Those with at least one 403.
    pub blocked: u64,
    /// Those with a run of refusals of at least [`super::STARVED_MS`].
    pub starved: u64,
}

impl Hurt {
    pub(super) fn of(clients: &[ClientResult]) -> Self {
        let count = |is: fn(&ClientResult) -> bool| {
            clients.iter().filter(|client| is(client)).count() as u64
        };
        Self {
            throttled: count(|client| client.throttled > 0),
            blocked: count(|client| client.blocked > 0),
            starved: count(|client| client.starved),
        }
    }
}

/// Work at the origin, in units, by the night's own rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OriginUnits {
    /// What the requests asked for.
    pub offered: u64,
    /// What was let through.
    pub admitted: u64,
}

impl OriginUnits {
    pub(super) fn add(&mut self, units: u32, answer: Answer) {
        self.offered += u64::from(units);
        if answer == Answer::Served {
            self.admitted += u64::from(units);
        }
    }
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleResult {
    /// Its id.
    pub id: String,
    /// Requests that it decided or tagged, and those of the shadow counts. A
    /// request that stays within the rule's budget is not among them.
    pub matched: u64,
    /// Requests that it answered with 429.
    pub throttled: u64,
    /// Requests that it answered with 403.
    pub blocked: u64,
    /// Requests that it would have answered with 429, were it not in shadow.
    pub shadow_throttled: u64,
    /// Requests that it would have answered with 403, were it not in shadow.
    pub shadow_blocked: u64,
}

impl RuleResult {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            matched: 0,
            throttled: 0,
            blocked: 0,
            shadow_throttled: 0,
            shadow_blocked: 0,
        }
    }
}

/// What became of one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientResult {
    /// Who it is.
    pub key: ClientKey,
    /// Its requests.
    pub requests: u64,
    /// Those answered with 429.
    pub throttled: u64,
    /// Those answered with 403.
    pub blocked: u64,
    /// Work at the origin that its requests asked for, in units.
    pub origin_units: u64,
    /// Work that was let through.
    pub origin_units_admitted: u64,
    /// When it got its first 429.
    #[serde(serialize_with = "time::serialize_known")]
    pub first_throttled: Option<Time>,
    /// Whether a run of refusals on it reached [`tidegate_rules::cohorts::STARVED_MS`].
    pub starved: bool,
    /// The longest run of refusals on it, in milliseconds.
    pub longest_refusal_ms: u64,
}

impl ClientResult {
    /// What makes a client worth looking at, greatest first.
    const fn badness(&self) -> (u64, u64) {
        (self.throttled + self.blocked, self.origin_units)
    }
}
