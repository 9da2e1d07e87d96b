//! After the answer: the account is corrected.

use super::{Admission, Engine};
use crate::record::Action;
use crate::request::{CacheState, Outcome, Time};
use crate::store::Cells;

impl Engine {
    /// Corrects the account after the answer, once. What reached the origin
    /// without having been asked about is charged now, so that the next request
    /// pays; what a shield's cache answered is given back, since the origin was
    /// spared after all.
    pub fn settle(
        &self,
        admission: &mut Admission,
        outcome: &Outcome,
        cells: &mut dyn Cells,
        now: Time,
    ) {
        if admission.decision.action != Action::Pass {
            return;
        }
        let escaped = outcome.cache.is_some_and(CacheState::reached_origin) && !admission.asked;
        if escaped {
            admission.asked = true;
            let charges = self.charges(admission);
            let verdict = cells.charge(&charges, now);
            admission.decision.failures.extend(verdict.failures);
        } else if outcome.cache == Some(CacheState::ShieldHit) {
            let paid = std::mem::take(&mut admission.charged);
            let mut charges = self.charges(admission);
            for charge in &mut charges {
                charge.asks.retain(|ask| paid.contains(&ask.rule));
            }
            charges.retain(|charge| !charge.asks.is_empty());
            let failures = cells.refund(&charges);
            admission.decision.failures.extend(failures);
        }
    }
}
