//! The visitors of clients, each by itself, and the widest of each client.

use hashbrown::HashMap;

use super::Clients;
use crate::features::{Features, Ledger, Many};

/// A visitor of a client, or a client that has one.
#[derive(Clone, Copy)]
pub struct Visitor<'c> {
    /// The place of its client.
    pub client: u32,
    ledger: &'c Ledger,
    at: u32,
}

impl<'c> Visitor<'c> {
    /// What it did.
    #[must_use]
    pub fn features(&self) -> Features {
        self.ledger.features(self.at)
    }

    /// What it did, where it is kept in full.
    #[must_use]
    pub fn many(&self) -> Option<&'c Many> {
        self.ledger.many(self.at)
    }
}

impl Clients {
    /// Every visitor.
    pub fn visitors(&self) -> impl Iterator<Item = Visitor<'_>> {
        let alone = self.places().filter(|at| !self.clients.mark(*at).1);
        let alone = alone.map(|at| Visitor { client: at, ledger: &self.clients, at });
        let places = (0..).take(self.visitors.len());
        alone.chain(places.map(|at| self.visitor(at)))
    }

    fn visitor(&self, at: u32) -> Visitor<'_> {
        let client = u32::try_from(self.visitors.key(at).bits >> 32).unwrap_or_default();
        Visitor { client, ledger: &self.visitors, at }
    }

    /// The largest breadth of each client's visitors.
    #[must_use]
    pub fn breadths(&self) -> Breadths {
        // Of a client that has one visitor it is its own.
        let mut shared = HashMap::new();
        for visitor in (0..).take(self.visitors.len()).map(|at| self.visitor(at)) {
            let widest = shared.entry(visitor.client).or_insert(0);
            *widest = self.visitors.breadth(visitor.at).max(*widest);
        }
        Breadths(shared)
    }
}

/// The largest breadth of each client's visitors.
#[derive(Debug)]
pub struct Breadths(HashMap<u32, u32>);

impl Breadths {
    /// That of the client at a place, which did this.
    #[must_use]
    pub fn of(&self, at: u32, features: &Features) -> u32 {
        self.0.get(&at).copied().unwrap_or_else(|| features.breadth())
    }
}
