//! Cells as bytes, which are read and written.

use super::{Answer, Ask, Cells, Charge, Phases, Verdict, charge_all};
use crate::cell::Cell;
use crate::gcra::{self, Charged};
use crate::key::CellKey;
use crate::request::Time;
use crate::strain::{Answered, Estimate, Strain};

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
        charge_all(self, charges, now)
    }

    fn refund(&mut self, charges: &[Charge<'_>]) -> Vec<&'static str> {
        charges.iter().filter_map(|charge| self.give_back(charge).err()).collect()
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

impl<S: Store> Stored<S> {
    pub(super) fn give_back(&mut self, charge: &Charge<'_>) -> Result<(), &'static str> {
        let mut cell = Cell::open(charge.layout, self.0.load(&charge.key)?);
        for ask in &charge.asks {
            let Some(quota) = charge.layout.budget(ask.slot) else { continue };
            let mut tat = cell.arrival(ask.slot);
            gcra::refund(quota, &mut tat, ask.units);
            cell.set_arrival(ask.slot, tat);
        }
        self.0.save(&charge.key, cell.into_bytes(), charge.layout.life_ms())
    }
}

impl<S: Store> Phases for Stored<S> {
    type Open<'c> = Open<'c>;

    fn ask<'c>(
        &mut self,
        charge: &'c Charge<'c>,
        now: Time,
        verdict: &mut Verdict,
    ) -> Result<Open<'c>, &'static str> {
        Ok(Open::ask(charge, self.0.load(&charge.key)?, now, verdict))
    }

    fn settle(&mut self, open: Open<'_>, refused: bool) -> Result<(), &'static str> {
        let (key, life_ms) = (open.charge.key, open.charge.layout.life_ms());
        match open.settle(refused) {
            Some(bytes) => self.0.save(&key, bytes, life_ms),
            None => Ok(()),
        }
    }
}

/// A cell whose charges are known but not yet taken.
pub(super) struct Open<'c> {
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
    ///
    /// Nothing where the store has them already, as it mostly has those of a
    /// refused flood. To write them again would not only be work for nothing: it
    /// would undo what another request was charged since they were read. A cell with
    /// a history pays that price, so that it lasts for as long as its visitor comes.
    fn settle(mut self, refused: bool) -> Option<Vec<u8>> {
        if !refused {
            for (slot, tat) in self.taken {
                self.cell.set_arrival(slot, tat);
            }
        }
        self.cell.into_news()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::cell::{Layout, Window};
    use crate::key::KeyKind;
    use crate::quota::Quota;
    use crate::store::{Gate, Memory, StoreKind};

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
            store: StoreKind::Cache,
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

    /// Counts what is written.
    #[derive(Default)]
    struct Written(Memory, usize);

    impl Store for Written {
        fn load(&mut self, key: &CellKey) -> Result<Option<Vec<u8>>, &'static str> {
            self.0.load(key)
        }

        fn save(&mut self, key: &CellKey, bytes: Vec<u8>, life: u64) -> Result<(), &'static str> {
            self.1 += 1;
            self.0.save(key, bytes, life)
        }
    }

    #[test]
    fn a_refusal_writes_only_what_it_changed() {
        let mut cells = Stored(Written::default());
        let layout = layout(&[10]);
        let mut ask = |page| {
            let charge = charge(&layout, KeyKind::Visitor, vec![ask(0, true)]);
            cells.charge(&[Charge { page: Some(page), ..charge }], NOW);
            cells.0.1
        };
        assert_eq!([ask(1), ask(1), ask(1), ask(2), ask(2)], [1, 1, 1, 2, 2]);
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
