//! Where cells live, behind one call: charge these budgets, all or nothing.
//!
//! [`Cells`] is what the engine asks. [`Stored`] answers it over any store of
//! bytes. [`ByKind`] does so over such a store and counters that count by
//! themselves (Fastly's), each kind of key where the rule set keeps it; what a
//! budget means to those is in [`erl`].

mod by_kind;
mod bytes;
mod counted;
pub mod erl;
mod memory;

use std::num::NonZeroU32;

pub use by_kind::ByKind;
pub use bytes::{Store, Stored};
pub use counted::Counters;
pub use memory::Memory;

use serde::{Deserialize, Serialize};

use crate::cell::Layout;
use crate::gcra::Charged;
use crate::key::CellKey;
use crate::request::Time;
use crate::strain::{Answered, Strain};
use crate::words::worded;

worded! {
    /// Where the cells of a kind of key live.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub enum StoreKind {
        /// In the POP's cache, as bytes that are read and written.
        #[default]
        Cache = "cache",
        /// In the platform's rate counters, which count by themselves over fixed
        /// windows and hold neither a burst nor a breadth.
        Erl = "erl",
    }
}

/// What one request asks of one cell.
#[derive(Debug, Clone)]
pub struct Charge<'l> {
    /// The cell.
    pub key: CellKey,
    /// What cells of its kind hold.
    pub layout: &'l Layout,
    /// Where they live.
    pub store: StoreKind,
    /// Hash of the page asked for, marked in every breadth window; `None` where
    /// the origin is spared.
    pub page: Option<u64>,
    /// Whether the request is for an asset.
    pub asset: bool,
    /// Since when the origin is strained.
    pub strained_since: Option<Time>,
    /// The budgets to charge.
    pub asks: Vec<Ask>,
}

/// One budget to charge, for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The rule that asks.
    pub rule: u16,
    /// The budget's place in the layout.
    pub slot: u16,
    /// Units to charge.
    pub units: NonZeroU32,
    /// The breadth that the rule demands, where it does.
    pub gate: Option<Gate>,
    /// Whether a refusal counts; a shadow rule's does not.
    pub enforced: bool,
    /// Whether this is the floor of a visitor with a history: it refuses nobody,
    /// and where it has the units, the rule asks no other budget.
    pub floor: bool,
}

/// A breadth that a rule demands before it charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Gate {
    /// The window's place in the layout.
    pub window: u16,
    /// Matches counts above this.
    pub over: Option<u32>,
    /// Matches counts below this.
    pub under: Option<u32>,
}

impl Gate {
    fn opens(self, counts: &[u32]) -> bool {
        counts.get(usize::from(self.window)).is_some_and(|count| {
            self.over.is_none_or(|over| *count > over)
                && self.under.is_none_or(|under| *count < under)
        })
    }
}

/// What the cells said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// One for each ask whose gate opened.
    pub answers: Vec<Answer>,
    /// What failed inside; whoever failed was not asked.
    pub failures: Vec<&'static str>,
}

/// What one budget said to one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The rule that asked.
    pub rule: u16,
    /// What the budget said.
    pub charged: Charged,
    /// Whether a refusal counts.
    pub enforced: bool,
    /// Whether the budget is a floor.
    pub floor: bool,
}

/// Cells that can be charged.
pub trait Cells {
    /// Marks the page in every cell, then charges every budget whose gate is
    /// open: either all the enforced ones, or, where one refuses, none.
    ///
    /// A shadow budget is charged where it has the units and no enforced one
    /// refused: the request then reaches the origin, as it would have.
    ///
    /// A cell that cannot be read or written charges nothing and is named in
    /// the verdict's failures.
    fn charge(&mut self, charges: &[Charge<'_>], now: Time) -> Verdict;

    /// Gives back what these budgets were charged for a request that cost the
    /// origin nothing after all; every ask is one that passed. The page stays
    /// marked. What failed is returned.
    fn refund(&mut self, charges: &[Charge<'_>]) -> Vec<&'static str>;

    /// Since when the origin is strained; `None` where it is calm.
    ///
    /// # Errors
    ///
    /// What failed, in words for a log: then nobody knows how the origin is.
    fn strained_since(&mut self, strain: &Strain, now: Time) -> Result<Option<Time>, &'static str>;

    /// Takes an answer of the origin into account.
    ///
    /// # Errors
    ///
    /// What failed, in words for a log.
    fn answered(
        &mut self,
        strain: &Strain,
        answered: &Answered,
        now: Time,
    ) -> Result<(), &'static str>;
}

/// Charging in two steps: every budget is asked before any is taken, wherever
/// it lies.
trait Phases {
    /// A charge whose answers are known and which is not taken yet.
    type Open<'c>;

    /// Puts the answers of one cell into the verdict; all of them or, where the
    /// cell fails, none.
    fn ask<'c>(
        &mut self,
        charge: &'c Charge<'c>,
        now: Time,
        verdict: &mut Verdict,
    ) -> Result<Self::Open<'c>, &'static str>;

    /// Takes what was asked, unless an enforced budget of any cell refused.
    fn settle(&mut self, open: Self::Open<'_>, refused: bool) -> Result<(), &'static str>;
}

fn charge_all<P: Phases>(phases: &mut P, charges: &[Charge<'_>], now: Time) -> Verdict {
    let mut verdict = Verdict::default();
    let mut open = Vec::with_capacity(charges.len());
    for charge in charges {
        match phases.ask(charge, now, &mut verdict) {
            Ok(asked) => open.push(asked),
            Err(failure) => verdict.failures.push(failure),
        }
    }
    let refused = verdict.answers.iter().any(Answer::refuses);
    let settled = open.into_iter().map(|asked| phases.settle(asked, refused));
    verdict.failures.extend(settled.filter_map(Result::err));
    verdict
}

impl Answer {
    fn refuses(&self) -> bool {
        self.enforced && matches!(self.charged, Charged::Refused { .. })
    }
}
