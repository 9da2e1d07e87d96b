//! What one client or visitor got: answers counted, refusals timed.

use crate::record::Action;
use crate::request::Time;

/// From how long a run of refusals on somebody counts as starved, in
/// milliseconds.
///
/// A run is made of consecutive refusals (429 or 403) with no other answer
/// between them, a cached one included, and lasts from the first to the last
/// of them. One refusal lasts no time: nobody starves of a single request.
pub const STARVED_MS: u64 = 60_000;

/// What a request got in the trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// What it asked for, from the origin or a cache.
    Served,
    /// 429.
    Throttled,
    /// 403.
    Blocked,
}

impl Answer {
    /// What somebody gets of a decision.
    #[must_use]
    pub const fn of(action: Action) -> Self {
        match action {
            Action::Pass | Action::Allow => Self::Served,
            Action::Throttle => Self::Throttled,
            Action::Block => Self::Blocked,
        }
    }
}

/// The answers that somebody got.
#[derive(Debug, Clone, Copy, Default)]
pub struct Account {
    /// Answers.
    pub requests: u64,
    /// Those that were 429.
    pub throttled: u64,
    /// Those that were 403.
    pub blocked: u64,
    /// Longest run of refusals, in milliseconds.
    pub longest_ms: u64,
    /// When the present run began.
    refused_since: Option<Time>,
}

impl Account {
    /// Takes an answer into account, in time order: one that comes late makes no
    /// run longer.
    pub fn add(&mut self, time: Time, answer: Answer) {
        self.requests += 1;
        self.throttled += u64::from(answer == Answer::Throttled);
        self.blocked += u64::from(answer == Answer::Blocked);
        if answer == Answer::Served {
            self.refused_since = None;
        } else {
            let since = *self.refused_since.get_or_insert(time);
            self.longest_ms = self.longest_ms.max(time.millis_since(since));
        }
    }

    /// Whether a run of refusals reached [`STARVED_MS`].
    #[must_use]
    pub const fn starved(&self) -> bool {
        self.longest_ms >= STARVED_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest(answers: &[(u64, Answer)]) -> u64 {
        let mut account = Account::default();
        for (second, answer) in answers {
            account.add(Time::from_unix_millis(second * 1_000), *answer);
        }
        account.longest_ms
    }

    #[test]
    fn a_run_ends_with_any_answer_and_the_longest_counts() {
        use Answer::{Blocked, Served, Throttled};
        assert_eq!(longest(&[(0, Served), (90, Served)]), 0);
        assert_eq!(longest(&[(5, Throttled)]), 0, "one refusal lasts no time");
        assert_eq!(longest(&[(5, Throttled), (64, Blocked)]), 59_000, "both are refusals");
        assert_eq!(longest(&[(5, Throttled), (30, Served), (65, Throttled)]), 0);
        assert_eq!(
            longest(&[(0, Blocked), (61, Blocked), (62, Served), (63, Blocked), (70, Blocked)]),
            61_000
        );
    }

    #[test]
    fn starved_begins_at_a_minute() {
        for (second, starved) in [(59, false), (60, true)] {
            let mut account = Account::default();
            account.add(Time::from_unix_millis(0), Answer::Throttled);
            account.add(Time::from_unix_millis(second * 1_000), Answer::Throttled);
            assert_eq!(account.starved(), starved, "after {second} s");
        }
    }
}
