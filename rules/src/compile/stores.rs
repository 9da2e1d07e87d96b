//! Where cells live, and what a store cannot hold: said to the author of the
//! rule, since at the edge such a rule would silently do something else.

use super::Compiler;
use super::layout::Wish;
use crate::key::KeyKind;
use crate::parse::{RawFile, RawRule};
use crate::store::{StoreKind, erl};

impl Compiler<'_> {
    /// Where cells live, of the kinds that live elsewhere than in the cache.
    pub(super) fn stores(&self, files: &[RawFile]) -> Vec<(KeyKind, StoreKind)> {
        let own = files.first().and_then(|own| own.store.as_ref());
        let kinds = own.into_iter().flat_map(|store| &store.kinds);
        let stores =
            kinds.filter_map(|(kind, word)| Some((*kind, self.context.word("store", word)?)));
        stores.filter(|(_, store)| *store != StoreKind::default()).collect()
    }

    /// Whether the platform counts for the keys of `kind`.
    pub(super) fn is_counted(&self, kind: KeyKind) -> bool {
        self.stores.contains(&(kind, StoreKind::Erl))
    }

    /// Reports what a rule wants of its cells and their store cannot hold.
    pub(super) fn demand_storable(&self, raw: &RawRule, wish: &Wish<'_>) {
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
        let at = raw.quota.as_ref().map_or(&raw.at, |quota| &quota.at);
        for what in erl::objections(&wish.quota, &wish.costs) {
            self.cannot_hold(wish, at, &what);
        }
    }

    fn cannot_hold(&self, wish: &Wish<'_>, at: &crate::parse::At, what: &str) {
        let message = format!("the store `erl` cannot hold what rule `{}` asks: {what}", wish.id);
        let help = "change the rule, or let `[store]` keep these cells in the `cache`".to_owned();
        self.context.report(Some(at), "store-cannot-hold", message, Some(help));
    }
}
