//! Where cells live, behind one call: charge these budgets, all or nothing.
//!
//! [`Cells`] is what the engine asks. [`Stored`] answers it over any store of
//! bytes; a store that counts by itself (Fastly's rate counters) implements
//! [`Cells`] directly.

mod memory;

use std::num::NonZeroU32;

pub use memory::Memory;

use serde::{Deserialize, Serialize};

use crate::cell::{Cell, Layout};
use crate::gcra::{self, Charged};
use crate::key::CellKey;
use crate::request::Time;
use crate::strain::{Answered, Estimate, Strain};
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

/// A store of bytes under keys. A store may forget.
pub trait Store {
    /// The bytes under `key`.
    ///
    /// # Errors
    ///
    /// What failed, in words for a log.
    fn load(&mut self, key: &CellKey) -> Result<Option<Vec<u8>>, &'static str>;

    /// Keeps `bytes` under `key` for at least `life_ms` milliseconds.
    ///
    /// # Errors
    ///
    /// What failed, in words for a log.
    fn save(&mut self, key: &CellKey, bytes: Vec<u8>, life_ms: u64) -> Result<(), &'static str>;
}

/// Cells over a store of bytes.
#[derive(Debug, Default)]
pub struct Stored<S>(pub S);

impl<S: Store> Cells for Stored<S> {
    fn charge(&mut self, charges: &[Charge<'_>], now: Time) -> Verdict {
        let mut verdict = Verdict::default();
        let mut open = Vec::with_capacity(charges.len());
        for charge in charges {
            match self.0.load(&charge.key) {
                Ok(stored) => open.push(Open::ask(charge, stored, now, &mut verdict)),
                Err(failure) => verdict.failures.push(failure),
            }
        }
        let refused = verdict.answers.iter().any(Answer::refuses);
        for cell in open {
            let (key, life_ms) = (cell.charge.key, cell.charge.layout.life_ms());
            if let Err(failure) = self.0.save(&key, cell.settle(refused), life_ms) {
                verdict.failures.push(failure);
            }
        }
        verdict
    }

    fn refund(&mut self, charges: &[Charge<'_>]) -> Vec<&'static str> {
        let mut give_back = |charge: &Charge<'_>| {
            let mut cell = Cell::open(charge.layout, self.0.load(&charge.key)?);
            for ask in &charge.asks {
                let Some(quota) = charge.layout.budget(ask.slot) else { continue };
                let mut tat = cell.arrival(ask.slot);
                gcra::refund(quota, &mut tat, ask.units);
                cell.set_arrival(ask.slot, tat);
            }
            self.0.save(&charge.key, cell.into_bytes(), charge.layout.life_ms())
        };
        charges.iter().filter_map(|charge| give_back(charge).err()).collect()
    }

    fn strained_since(&mut self, strain: &Strain, now: Time) -> Result<Option<Time>, &'static str> {
        let stored = self.0.load(&CellKey::STRAIN)?;
        Ok(Estimate::read(stored.as_deref()).strained_since(strain, now))
    }

    fn answered(
        &mut self,
        strain: &Strain,
        answered: &Answered,
        now: Time,
    ) -> Result<(), &'static str> {
        let stored = self.0.load(&CellKey::STRAIN)?;
        let mut estimate = Estimate::read(stored.as_deref());
        estimate.add(strain, answered, now);
        self.0.save(&CellKey::STRAIN, estimate.bytes(), strain.life_ms())
    }
}

impl Answer {
    fn refuses(&self) -> bool {
        self.enforced && matches!(self.charged, Charged::Refused { .. })
    }
}

/// A cell whose charges are known but not yet taken.
struct Open<'c> {
    charge: &'c Charge<'c>,
    cell: Cell<'c>,
    taken: Vec<(u16, u64)>,
}

impl<'c> Open<'c> {
    fn ask(
        charge: &'c Charge<'c>,
        stored: Option<Vec<u8>>,
        now: Time,
        verdict: &mut Verdict,
    ) -> Self {
        let mut cell = Cell::open(charge.layout, stored);
        cell.remember(now, charge.asset);
        let counts = charge.page.map(|page| cell.mark(page, now)).unwrap_or_default();
        let mut taken = Vec::with_capacity(charge.asks.len());
        for ask in &charge.asks {
            let spared = verdict.answers.iter().any(|told| told.floor && told.rule == ask.rule);
            if spared || !ask.gate.is_none_or(|gate| gate.opens(&counts)) {
                continue;
            }
            let known = |since| cell.has_history(since);
            if ask.floor && !charge.strained_since.is_some_and(known) {
                continue;
            }
            let Some(quota) = charge.layout.budget(ask.slot) else { continue };
            let mut tat = cell.arrival(ask.slot);
            let charged = gcra::charge(quota, &mut tat, ask.units, now);
            match charged {
                Charged::Passed { .. } => taken.push((ask.slot, tat)),
                // Costs nothing, and puts a corrupt arrival time right.
                Charged::Refused { .. } => cell.set_arrival(ask.slot, tat),
            }
            let Ask { rule, enforced, floor, .. } = *ask;
            if !floor || matches!(charged, Charged::Passed { .. }) {
                verdict.answers.push(Answer { rule, charged, enforced, floor });
            }
        }
        Self { charge, cell, taken }
    }

    /// The bytes to keep: breadth in any case, charges only where none refused.
    fn settle(mut self, refused: bool) -> Vec<u8> {
        if !refused {
            for (slot, tat) in self.taken {
                self.cell.set_arrival(slot, tat);
            }
        }
        self.cell.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cell::Window;
    use crate::key::KeyKind;
    use crate::quota::Quota;

    const NOW: Time = Time::from_unix_millis(1_700_000_000_000);

    fn layout(bursts: &[u32]) -> Layout {
        let budgets = bursts.iter().map(|burst| Quota::new(60, 60_000, *burst).unwrap()).collect();
        Layout::new(budgets, vec![Window { period_ms: 600_000, bits: 128 }])
    }

    fn ask(slot: u16, enforced: bool) -> Ask {
        Ask {
            rule: slot,
            slot,
            units: NonZeroU32::new(10).unwrap(),
            gate: None,
            enforced,
            floor: false,
        }
    }

    fn charge(layout: &Layout, kind: KeyKind, asks: Vec<Ask>) -> Charge<'_> {
        Charge {
            key: CellKey { kind, hash: 1 },
            layout,
            page: Some(1),
            asset: false,
            strained_since: None,
            asks,
        }
    }

    fn refusals(verdict: &Verdict) -> Vec<u16> {
        let refused = |a: &&Answer| matches!(a.charged, Charged::Refused { .. });
        verdict.answers.iter().filter(refused).map(|answer| answer.rule).collect()
    }

    #[test]
    fn one_refusal_leaves_every_cell_uncharged() {
        let (visitors, clients) = (layout(&[10]), layout(&[20]));
        let both = [
            charge(&visitors, KeyKind::Visitor, vec![ask(0, true)]),
            charge(&clients, KeyKind::Client, vec![ask(0, true)]),
        ];
        let mut cells = Stored(Memory::default());
        assert_eq!(refusals(&cells.charge(&both, NOW)), [0; 0]);
        assert_eq!(refusals(&cells.charge(&both, NOW)), [0], "the visitor's is spent");
        let client = [charge(&clients, KeyKind::Client, vec![ask(0, true)])];
        assert_eq!(refusals(&cells.charge(&client, NOW)), [0; 0], "the client's was not charged");
    }

    #[test]
    fn a_shadow_refusal_changes_nothing() {
        let layout = layout(&[10, 30]);
        let charges = [charge(&layout, KeyKind::Visitor, vec![ask(0, false), ask(1, true)])];
        let mut cells = Stored(Memory::default());
        assert_eq!(refusals(&cells.charge(&charges, NOW)), [0; 0]);
        assert_eq!(refusals(&cells.charge(&charges, NOW)), [0], "shadow");
        assert_eq!(refusals(&cells.charge(&charges, NOW)), [0], "shadow");
        assert_eq!(refusals(&cells.charge(&charges, NOW)), [0, 1]);
    }

    #[test]
    fn a_gate_opens_by_breadth_and_refused_pages_count() {
        let layout = layout(&[10]);
        let gate = Some(Gate { window: 0, over: Some(2), under: None });
        let gated = Ask { gate, ..ask(0, true) };
        let mut cells = Stored(Memory::default());
        let mut walk = |page| {
            let mut charge = charge(&layout, KeyKind::Visitor, vec![gated.clone()]);
            charge.page = Some(page);
            cells.charge(&[charge], NOW).answers.len()
        };
        assert_eq!([walk(10), walk(20), walk(20), walk(30), walk(10)], [0, 0, 0, 1, 1]);
    }

    #[test]
    fn a_corrupt_arrival_time_locks_nobody_out_for_longer_than_a_burst_takes() {
        let layout = layout(&[10]);
        let charges = [charge(&layout, KeyKind::Visitor, vec![ask(0, true)])];
        let mut cell = Cell::open(&layout, None);
        cell.set_arrival(0, u64::MAX);
        let mut cells = Stored(Memory::default());
        cells.0.save(&charges[0].key, cell.into_bytes(), 0).unwrap();
        assert_eq!(refusals(&cells.charge(&charges, NOW)), [0]);
        let then = Time::from_unix_millis(NOW.unix_millis() + 10_000);
        assert_eq!(refusals(&cells.charge(&charges, then)), [0; 0]);
    }

    #[test]
    fn a_refund_gives_back_what_was_charged_and_forgets_no_page() {
        let layout = layout(&[10, 20]);
        let mut cells = Stored(Memory::default());
        let first = [charge(&layout, KeyKind::Visitor, vec![ask(0, true)])];
        assert_eq!(refusals(&cells.charge(&first, NOW)), [0; 0]);
        assert_eq!(cells.refund(&first), [""; 0]);
        let gate = Some(Gate { window: 0, over: None, under: Some(3) });
        let gated = |page| {
            let asks = vec![Ask { gate, ..ask(0, true) }, ask(1, true)];
            [Charge { page: Some(page), ..charge(&layout, KeyKind::Visitor, asks) }]
        };
        let second = cells.charge(&gated(20), NOW);
        assert_eq!((second.answers.len(), refusals(&second)), (2, vec![]), "two pages");
        assert_eq!(cells.charge(&gated(30), NOW).answers.len(), 1, "three pages");
    }

    struct Broken;

    impl Store for Broken {
        fn load(&mut self, _: &CellKey) -> Result<Option<Vec<u8>>, &'static str> {
            Err("gone")
        }

        fn save(&mut self, _: &CellKey, _: Vec<u8>, _: u64) -> Result<(), &'static str> {
            Err("gone")
        }
    }

    #[test]
    fn a_broken_store_refuses_nobody_and_says_so() {
        let layout = layout(&[10]);
        let charges = [charge(&layout, KeyKind::Visitor, vec![ask(0, true)])];
        let verdict = Stored(Broken).charge(&charges, NOW);
        assert_eq!(verdict, Verdict { answers: vec![], failures: vec!["gone"] });
        assert_eq!(Stored(Broken).refund(&charges), ["gone"]);
    }

    /// Which rules there are on three visitor and two client budgets, and
    /// whether each is enforced.
    type Modes = [[bool; 3]; 2];
    /// One request: milliseconds until it, its page, and which rules match.
    type Step = (u64, u64, [[bool; 3]; 2]);

    const BURSTS: [&[u32]; 2] = [&[10, 30, 60], &[20, 50]];

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        prop::collection::vec((0_u64..4_000, 0_u64..9, any::<[[bool; 3]; 2]>()), 1..80)
    }

    fn asks(cell: usize, modes: Modes, matched: Modes, shadow: bool) -> Vec<Ask> {
        let slots = (0..).zip(BURSTS[cell]).map(|(slot, _)| slot);
        let one = |slot: u16| {
            let at = usize::from(slot);
            let enforced = modes[cell][at];
            (matched[cell][at] && (enforced || shadow)).then(|| ask(slot, enforced))
        };
        slots.filter_map(one).collect()
    }

    fn replay(modes: Modes, steps: &[Step], shadow: bool) -> Vec<Verdict> {
        let layouts = BURSTS.map(layout);
        let mut cells = Stored(Memory::default());
        let mut now = NOW.unix_millis();
        let mut take = |(gap, page, matched): &Step| {
            now += gap;
            let of = |cell: usize| {
                let asks = asks(cell, modes, *matched, shadow);
                Charge { page: Some(*page), ..charge(&layouts[cell], KeyKind::ALL[cell], asks) }
            };
            cells.charge(&[of(0), of(1)], Time::from_unix_millis(now))
        };
        steps.iter().map(&mut take).collect()
    }

    proptest! {
        /// Shadow budgets stop no charge, and are not charged as enforced ones.
        #[test]
        fn shadow_asks_change_no_enforced_answer(modes in any::<Modes>(), steps in steps()) {
            let without = replay(modes, &steps, false);
            for (with, without) in replay(modes, &steps, true).into_iter().zip(without) {
                let enforced: Vec<_> = with.answers.into_iter().filter(|a| a.enforced).collect();
                prop_assert_eq!(enforced, without.answers);
            }
        }

        /// Where an enforced budget refuses, no budget at all is charged; else
        /// every one that has the units.
        #[test]
        fn charges_are_all_or_nothing(modes in any::<Modes>(), steps in steps()) {
            let layouts = BURSTS.map(layout);
            let mut tats = [[0_u64; 3]; 2];
            let mut now = NOW.unix_millis();
            for ((gap, _, matched), verdict) in steps.iter().zip(replay(modes, &steps, true)) {
                now += gap;
                let mut after = tats;
                let mut expected = Vec::new();
                for cell in [0, 1] {
                    for Ask { slot, units, enforced, rule, .. } in asks(cell, modes, *matched, true) {
                        let tat = &mut after[cell][usize::from(slot)];
                        let quota = layouts[cell].budget(slot).unwrap();
                        let charged = gcra::charge(quota, tat, units, Time::from_unix_millis(now));
                        expected.push(Answer { rule, charged, enforced, floor: false });
                    }
                }
                if !expected.iter().any(Answer::refuses) {
                    tats = after;
                }
                prop_assert_eq!(verdict.answers, expected);
            }
        }
    }
}
