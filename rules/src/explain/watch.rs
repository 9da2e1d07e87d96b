//! Cells that are watched while they are asked. Whoever decides asks them as any
//! others; what they held before and after is what an explanation shows.

use crate::key::CellKey;
use crate::request::Time;
use crate::store::{Answer, Ask, Cells, Charge, Store, Stored, Verdict};
use crate::strain::{Answered, OriginState, Strain};

/// Cells whose bytes can be looked at without asking anything of them.
pub trait Look {
    /// The bytes under a key; `None` where there are none, or where they cannot be
    /// read.
    fn look(&mut self, key: &CellKey) -> Option<Vec<u8>>;
}

impl<S: Store> Look for Stored<S> {
    fn look(&mut self, key: &CellKey) -> Option<Vec<u8>> {
        self.0.load(key).ok().flatten()
    }
}

/// Cells that note what they are asked.
#[derive(Debug)]
pub struct Watched<'c, C> {
    cells: &'c mut C,
    /// What was asked so far.
    pub account: Account,
}

impl<'c, C> Watched<'c, C> {
    /// Watches `cells` from now on.
    #[must_use]
    pub fn new(cells: &'c mut C) -> Self {
        Self { cells, account: Account::default() }
    }
}

/// What cells were asked about one request.
#[derive(Debug, Clone, Default)]
pub struct Account {
    pub(super) asked: Vec<Asked>,
    pub(super) answers: Vec<Answer>,
    /// How the origin is; `None` where nobody asked or nobody knows.
    pub(super) origin: Option<OriginState>,
    /// Whether something was given back.
    pub(super) refunded: bool,
}

/// What one cell was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) key: CellKey,
    pub(super) page: Option<u64>,
    pub(super) strained_since: Option<Time>,
    pub(super) asks: Vec<Ask>,
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Option<Vec<u8>>,
}

impl<C: Cells + Look> Cells for Watched<'_, C> {
    fn charge(&mut self, charges: &[Charge<'_>], now: Time) -> Verdict {
        let before: Vec<_> = charges.iter().map(|charge| self.cells.look(&charge.key)).collect();
        let verdict = self.cells.charge(charges, now);
        for (charge, before) in charges.iter().zip(before) {
            self.account.asked.push(Asked {
                key: charge.key,
                page: charge.page,
                strained_since: charge.strained_since,
                asks: charge.asks.clone(),
                before,
                after: self.cells.look(&charge.key),
            });
        }
        self.account.answers.extend(verdict.answers.iter().cloned());
        verdict
    }

    fn refund(&mut self, charges: &[Charge<'_>]) -> Vec<&'static str> {
        let failures = self.cells.refund(charges);
        for charge in charges {
            self.account.refunded = true;
            let after = self.cells.look(&charge.key);
            for asked in self.account.asked.iter_mut().filter(|asked| asked.key == charge.key) {
                asked.after.clone_from(&after);
            }
        }
        failures
    }

    fn strained_since(&mut self, strain: &Strain, now: Time) -> Result<Option<Time>, &'static str> {
        let since = self.cells.strained_since(strain, now);
        if let Ok(since) = since {
            let state = since.map_or(OriginState::Calm, |_| OriginState::Strained);
            self.account.origin.get_or_insert(state);
        }
        since
    }

    fn answered(
        &mut self,
        strain: &Strain,
        answered: &Answered,
        now: Time,
    ) -> Result<(), &'static str> {
        self.cells.answered(strain, answered, now)
    }
}
