//! After the answer: the account is corrected.

use super::{Admission, Engine};
use crate::key::KeyKind;
use crate::record::Action;
use crate::request::{CacheState, Outcome, Time};
use crate::store::{Cells, Charge};
use crate::strain::{Answered, OriginState};

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
        self.note_origin(admission, outcome, cells, now);
        if admission.decision.action != Action::Pass {
            return;
        }
        let escaped = outcome.cache.is_some_and(CacheState::reached_origin) && !admission.asked;
        if escaped {
            admission.asked = true;
            let verdict = self.ask_counters(admission, cells, now);
            admission.decision.failures.extend(verdict.failures);
        } else if outcome.cache == Some(CacheState::ShieldHit) {
            let paid = std::mem::take(&mut admission.charged);
            let mut charges = self.charges(admission, |_| true);
            for charge in &mut charges {
                charge.asks.retain(|ask| paid.contains(&(ask.rule, ask.floor)));
            }
            charges.retain(|charge| !charge.asks.is_empty());
            let failures = cells.refund(&charges);
            admission.decision.failures.extend(failures);
        }
        self.note_visit(admission, outcome, cells, now);
    }

    /// Takes the origin's answer into the estimate of its strain; only one to GET or
    /// HEAD, since a slow upload is its client's.
    fn note_origin(
        &self,
        admission: &mut Admission,
        outcome: &Outcome,
        cells: &mut dyn Cells,
        now: Time,
    ) {
        let Some(strain) = &self.rules.strain else { return };
        let answered = outcome.status.is_some() || outcome.origin_ms.is_some();
        if !admission.reads || !answered || !outcome.cache.is_some_and(CacheState::reached_origin) {
            return;
        }
        let units = admission.derived.units;
        let answered = Answered { units, took_ms: outcome.origin_ms, status: outcome.status };
        admission.decision.failures.extend(cells.answered(strain, &answered, now).err());
    }

    /// Whoever read a page before a strain began has a history, and so has whoever
    /// pulls in a page's assets while it lasts. The cache answers most of both, so
    /// that no counter was asked about them. In calm time the page alone is noted:
    /// it pulls in a dozen assets, and each note is a write.
    fn note_visit(
        &self,
        admission: &mut Admission,
        outcome: &Outcome,
        cells: &mut dyn Cells,
        now: Time,
    ) {
        let layout = self.rules.layout(KeyKind::Visitor).filter(|layout| layout.has_history());
        let key = admission.derived.key(KeyKind::Visitor);
        let (Some(layout), Some(key)) = (layout, key) else { return };
        let asset = admission.derived.asset;
        let cached = outcome.cache.is_some_and(|cache| !cache.reached_origin());
        if !asset && (admission.asked || !cached) {
            return;
        }
        let strained = self.origin(admission, cells, now) == Some(OriginState::Strained);
        if asset == strained {
            let strained_since = admission.strained_since;
            let (store, asks) = (self.rules.store(KeyKind::Visitor), Vec::new());
            let seen = Charge { key, layout, store, page: None, asset, strained_since, asks };
            let verdict = cells.charge(&[seen], now);
            admission.decision.failures.extend(verdict.failures);
        }
    }
}
