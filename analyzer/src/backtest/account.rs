//! What one client got, and what it cost the origin.

use tidegate_rules::Time;
use tidegate_rules::cohorts::{Account, Answer};

use super::result::{ClientResult, OriginUnits};
use crate::clients::ClientKey;
use crate::night::Seen;

/// An account with what it cost the origin.
#[derive(Debug, Default)]
pub(super) struct ClientAccount {
    answers: Account,
    units: OriginUnits,
    first_throttled: Option<Time>,
}

impl ClientAccount {
    pub(super) fn add(&mut self, seen: &Seen<'_>, answer: Answer) {
        self.answers.add(seen.request.time, answer);
        self.units.add(seen.units, answer);
        if answer == Answer::Throttled {
            self.first_throttled.get_or_insert(seen.request.time);
        }
    }

    pub(super) fn result(&self, key: ClientKey) -> ClientResult {
        ClientResult {
            key,
            requests: self.answers.requests,
            throttled: self.answers.throttled,
            blocked: self.answers.blocked,
            origin_units: self.units.offered,
            origin_units_admitted: self.units.admitted,
            first_throttled: self.first_throttled,
            starved: self.answers.starved(),
            longest_refusal_ms: self.answers.longest_ms,
        }
    }
}
