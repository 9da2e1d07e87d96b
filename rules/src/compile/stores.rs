//! Where cells live, and what a store cannot hold: said to the author of the
//! rule, since at the edge such a rule would silently do something else.

use super::Compiler;
use super::layout::Wish;
use crate::condition::Condition;
use crate::key::KeyKind;
use crate::parse::{RawFile, RawRule};
use crate::quota::Quota;
use crate::route::UNROUTED_COST;
use crate::store::StoreKind;

/// What the platform's rate counters count over, in milliseconds.
const ERL_WINDOWS_MS: [u32; 3] = [1_000, 10_000, 60_000];

/// The least that the platform's rate counters can be asked to hold to, in
/// requests per second.
const ERL_RATE_BOUND: u32 = 10;

impl Compiler<'_> {
    /// Where cells live, of the kinds that live elsewhere than in the cache.
    pub(super) fn stores(&self, files: &[RawFile]) -> Vec<(KeyKind, StoreKind)> {
        let own = files.first().and_then(|own| own.store.as_ref());
        let kinds = own.into_iter().flat_map(|store| &store.kinds);
        let stores =
            kinds.filter_map(|(kind, word)| Some((*kind, self.context.word("store", word)?)));
        stores.filter(|(_, store)| *store != StoreKind::default()).collect()
    }

    fn is_counted(&self, kind: KeyKind) -> bool {
        self.stores.contains(&(kind, StoreKind::Erl))
    }

    /// Reports what a rule wants of its cells and their store cannot hold.
    pub(super) fn demand_storable(&self, raw: &RawRule, wish: &Wish<'_>, condition: &Condition) {
        if wish.floor.is_some() {
            let needed =
                [wish.key, KeyKind::Visitor].into_iter().find(|kind| self.is_counted(*kind));
            if let (Some(kind), Some(floor)) = (needed, &raw.floor) {
                let what =
                    format!("for a `floor`, `{}` cells must know who was here before", kind.name());
                self.cannot_hold(wish, &floor.at, &what);
            }
        }
        if !self.is_counted(wish.key) {
            return;
        }
        if let Some(breadth) = &raw.condition.breadth {
            self.cannot_hold(wish, &breadth.at, "a breadth needs to know the pages");
        }
        let quota = &wish.quota;
        let at = raw.quota.as_ref().map_or(&raw.at, |quota| &quota.at);
        if !ERL_WINDOWS_MS.contains(&quota.period_ms()) {
            self.cannot_hold(wish, at, "it counts `per` `1s`, `10s` or `1m` only");
        }
        if quota.burst().get() > quota.units() {
            let what = format!(
                "a burst of {}, where a window lets {} through",
                quota.burst(),
                quota.units()
            );
            self.cannot_hold(wish, at, &what);
        }
        let cheapest = self.cheapest(condition);
        if is_too_slow(quota, cheapest) {
            let what = format!(
                "fewer than {ERL_RATE_BOUND} requests per second, of which the cheapest costs {cheapest}"
            );
            self.cannot_hold(wish, at, &what);
        }
    }

    fn cannot_hold(&self, wish: &Wish<'_>, at: &crate::parse::At, what: &str) {
        let message = format!("the store `erl` cannot hold what rule `{}` asks: {what}", wish.id);
        let help = "change the rule, or let `[store]` keep these cells in the `cache`".to_owned();
        self.context.report(Some(at), "store-cannot-hold", message, Some(help));
    }

    /// What the cheapest request costs that a rule charges.
    fn cheapest(&self, condition: &Condition) -> u32 {
        let by_place = |at: &u16| self.costs.get(usize::from(*at)).copied();
        let costs: Vec<u32> = match condition.routes().is_empty() {
            true => self.costs.iter().copied().chain([UNROUTED_COST]).collect(),
            false => condition.routes().iter().filter_map(by_place).collect(),
        };
        costs.into_iter().filter(|cost| *cost > 0).min().unwrap_or(UNROUTED_COST)
    }
}

fn is_too_slow(quota: &Quota, cost: u32) -> bool {
    let least = u64::from(ERL_RATE_BOUND) * u64::from(cost) * u64::from(quota.period_ms());
    u64::from(quota.units()) * 1_000 < least
}
