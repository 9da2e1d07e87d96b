//! Cells of some kinds of keys as bytes, of the others in counters.

use super::{
    Cells, Charge, Counters, Phases, Store, StoreKind, Stored, Verdict, bytes, charge_all, counted,
};
use crate::request::Time;
use crate::strain::{Answered, Strain};

/// Cells that live where the rule set keeps their kind of key. Each store fails
/// for itself: the budgets of the other are asked all the same.
///
/// What counters were charged is never given back, since they only count up; it
/// leaves them with the window.
#[derive(Debug, Default)]
pub struct ByKind<S, C> {
    /// Cells as bytes, and the estimate of the origin's strain.
    pub bytes: Stored<S>,
    /// What counts by itself.
    pub counters: C,
}

/// A charge that is asked for and not taken yet.
pub(super) enum Open<'c> {
    Bytes(bytes::Open<'c>),
    Counted(counted::Open),
}

impl<S: Store, C: Counters> Phases for ByKind<S, C> {
    type Open<'c> = Open<'c>;

    fn ask<'c>(
        &mut self,
        charge: &'c Charge<'c>,
        now: Time,
        verdict: &mut Verdict,
    ) -> Result<Open<'c>, &'static str> {
        match charge.store {
            StoreKind::Cache => self.bytes.ask(charge, now, verdict).map(Open::Bytes),
            StoreKind::Erl => counted::ask(&mut self.counters, charge, verdict).map(Open::Counted),
        }
    }

    fn settle(&mut self, open: Open<'_>, refused: bool) -> Result<(), &'static str> {
        match open {
            Open::Bytes(open) => self.bytes.settle(open, refused),
            Open::Counted(_) if refused => Ok(()),
            Open::Counted(open) => counted::settle(&mut self.counters, &open),
        }
    }
}

impl<S: Store, C: Counters> Cells for ByKind<S, C> {
    fn charge(&mut self, charges: &[Charge<'_>], now: Time) -> Verdict {
        charge_all(self, charges, now)
    }

    fn refund(&mut self, charges: &[Charge<'_>]) -> Vec<&'static str> {
        let in_bytes = charges.iter().filter(|charge| charge.store == StoreKind::Cache);
        in_bytes.filter_map(|charge| self.bytes.give_back(charge).err()).collect()
    }

    fn strained_since(&mut self, strain: &Strain, now: Time) -> Result<Option<Time>, &'static str> {
        self.bytes.strained_since(strain, now)
    }

    fn answered(
        &mut self,
        strain: &Strain,
        answered: &Answered,
        now: Time,
    ) -> Result<(), &'static str> {
        self.bytes.answered(strain, answered, now)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::num::NonZeroU32;

    use super::*;
    use crate::cell::Layout;
    use crate::gcra::Charged;
    use crate::key::{CellKey, KeyKind};
    use crate::quota::Quota;
    use crate::store::erl::Window;
    use crate::store::{Ask, Memory};

    const NOW: Time = Time::from_unix_millis(1_700_000_000_000);

    /// Counters that never forget; `broken` ones fail.
    #[derive(Default)]
    struct Sums {
        units: BTreeMap<String, u32>,
        broken: bool,
    }

    impl Counters for Sums {
        fn rate(&mut self, entry: &str, window: Window) -> Result<u32, &'static str> {
            let units = self.units.get(entry).copied().unwrap_or_default();
            if self.broken { Err("no rate") } else { Ok(units / window.seconds()) }
        }

        fn add(&mut self, entry: &str, units: NonZeroU32) -> Result<(), &'static str> {
            *self.units.entry(entry.to_owned()).or_default() += units.get();
            Ok(())
        }
    }

    /// A store that is gone.
    #[derive(Default)]
    struct Broken;

    impl Store for Broken {
        fn load(&mut self, _: &CellKey) -> Result<Option<Vec<u8>>, &'static str> {
            Err("no bytes")
        }

        fn save(&mut self, _: &CellKey, _: Vec<u8>, _: u64) -> Result<(), &'static str> {
            Err("no bytes")
        }
    }

    /// A visitor's budget in counters and the site's in bytes, each of `bursts`
    /// requests of 10 units in ten seconds.
    fn layouts(bursts: [u32; 2]) -> [Layout; 2] {
        let layout = |burst| Layout::new(vec![Quota::new(burst, 10_000, burst).unwrap()], vec![]);
        bursts.map(|burst| layout(burst * 10))
    }

    fn both([visitors, sites]: &[Layout; 2]) -> [Charge<'_>; 2] {
        let charge = |kind, layout, store, rule| Charge {
            key: CellKey { kind, hash: 1 },
            layout,
            store,
            page: Some(1),
            asset: false,
            strained_since: None,
            asks: vec![Ask {
                rule,
                slot: 0,
                units: NonZeroU32::new(10).unwrap(),
                gate: None,
                enforced: true,
                floor: false,
            }],
        };
        [
            charge(KeyKind::Visitor, visitors, StoreKind::Erl, 0),
            charge(KeyKind::Site, sites, StoreKind::Cache, 1),
        ]
    }

    /// Which rules refused each of some requests.
    fn refusals<S: Store, C: Counters>(
        cells: &mut ByKind<S, C>,
        bursts: [u32; 2],
        requests: usize,
    ) -> Vec<Vec<u16>> {
        let layouts = layouts(bursts);
        let mut refused = || {
            let answers = cells.charge(&both(&layouts), NOW).answers.into_iter();
            let refused = answers.filter(|a| matches!(a.charged, Charged::Refused { .. }));
            refused.map(|answer| answer.rule).collect()
        };
        (0..requests).map(|_| refused()).collect()
    }

    #[test]
    fn a_refusal_in_one_store_leaves_the_other_uncharged() {
        let mut cells = ByKind::<Memory, Sums>::default();
        assert_eq!(refusals(&mut cells, [1, 2], 2), [vec![], vec![0]]);
        cells.counters.units.clear();
        assert_eq!(refusals(&mut cells, [1, 2], 1), [[0; 0]], "the site was charged once");
        let mut cells = ByKind::<Memory, Sums>::default();
        refusals(&mut cells, [9, 1], 3);
        let counted: Vec<_> = cells.counters.units.values().copied().collect();
        assert_eq!(counted, [10], "what the site refused is not counted for the visitor");
    }

    #[test]
    fn each_store_fails_for_itself() {
        let mut cells = ByKind::<Memory, Sums>::default();
        cells.counters.broken = true;
        assert_eq!(refusals(&mut cells, [1, 2], 3), [vec![], vec![], vec![1]]);
        assert_eq!(cells.charge(&both(&layouts([1, 2])), NOW).failures, ["no rate"]);
        let mut cells = ByKind::<Broken, Sums>::default();
        assert_eq!(refusals(&mut cells, [2, 1], 3), [vec![], vec![], vec![0]]);
        assert_eq!(cells.charge(&both(&layouts([2, 1])), NOW).failures, ["no bytes"]);
    }

    #[test]
    fn budgets_and_rule_sets_have_entries_of_their_own() {
        let mut cells = ByKind::<Memory, Sums>::default();
        refusals(&mut cells, [9, 9], 1);
        refusals(&mut cells, [8, 9], 1);
        assert_eq!(cells.counters.units.len(), 2, "{:?}", cells.counters.units);
        assert!(cells.counters.units.keys().all(|entry| entry.is_ascii() && entry.len() <= 64));
    }

    #[test]
    fn counters_are_not_asked_for_pages_nor_histories_and_give_nothing_back() {
        let mut cells = ByKind::<Memory, Sums>::default();
        let layouts = layouts([1, 9]);
        let [mut visitor, _] = both(&layouts);
        visitor.asks[0].floor = true;
        assert_eq!(cells.charge(&[visitor], NOW), Verdict::default());
        let [visitor, _] = both(&layouts);
        cells.charge(std::slice::from_ref(&visitor), NOW);
        assert_eq!(cells.refund(&[visitor]), [""; 0]);
        assert_eq!(refusals(&mut cells, [1, 9], 1), [vec![0]]);
    }
}
