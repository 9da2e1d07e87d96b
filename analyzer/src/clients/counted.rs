//! Clients, and those whom they belong to, that were counted elsewhere: their figures,
//! as if each had been kept in full from its first request on.

use super::{ClientKey, Clients, mark, visitor};
use crate::features::{GroupKey, Many, Swarm, SwarmKey};

impl Clients {
    /// Takes a client in, which is told apart from its later visitors by its first
    /// one; says its place.
    pub(crate) fn put(&mut self, key: ClientKey, first: Option<u128>, many: Many) -> u32 {
        self.clients.put(key.into(), mark(first), many)
    }

    /// Takes a visitor in, of a client at a place that has several.
    pub(crate) fn put_visitor(&mut self, client: u32, of: Option<u128>, many: Many) {
        self.clients.share(client);
        self.visitors.put(visitor(client, mark(of)), 0, many);
    }

    /// Takes a network in, with the number of its clients.
    pub(crate) fn put_network(&mut self, key: GroupKey, clients: u64, many: Many) {
        self.networks.put(key, clients, many);
    }

    /// Takes a crowd in, with the number of its clients.
    pub(crate) fn put_crowd(&mut self, key: GroupKey, clients: u64, many: Many) {
        self.crowds.put(key, clients, many);
    }

    /// Takes those in who share a software.
    pub(crate) fn put_swarm(&mut self, key: SwarmKey, swarm: Swarm) {
        self.swarms.put(key, swarm);
    }
}
