//! Who did what in a night, from one pass: clients, their visitors, networks
//! and crowds, each with its [`Features`].
//!
//! A client with one visitor is that visitor, so that most have one record. Only
//! figures are kept, never lines. Nothing is judged: scores are in
//! [`crate::score`], findings in [`crate::detect`].

mod counted;
mod key;
pub(crate) mod probes;
mod together;
mod visitors;

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::features::{
    Bounds, Facts, Features, Groups, Kept, Key, Ledger, Many, Minute, Origin, POPULAR_FROM,
    Popularity, Swarms, minute,
};
use crate::near::bring_near;
use crate::night::{Night, Seen};

pub use key::ClientKey;
use together::network;
pub use visitors::{Breadths, Visitor};

/// Room for clients: those in short go beyond it where there are more.
const CLIENTS: Bounds = Bounds { bytes: 256 << 20, full_bytes: 16 << 20 };

/// Room for the visitors of clients that have more than one.
const VISITORS: Bounds = Bounds { bytes: 48 << 20, full_bytes: 16 << 20 };

/// Visitors told apart, among the clients that have more than one. What comes
/// then is one visitor for each client.
const MOST_VISITORS: usize = 1 << 18;

/// Room for networks, and for crowds.
const GROUP_BYTES: usize = 6 << 20;

/// Room for those who share a software.
const SWARM_BYTES: usize = 8 << 20;

/// The mark of a client's visitors that are not told apart.
const REST: u32 = 0;

/// Two rows of as many counters, as a power of two, tell pages that few ask for.
const PAGE_COUNTER_BITS: u32 = 21;

/// Requests after which all that came before counts half for the popularity of pages.
pub(crate) const HALVING: u64 = 1 << (PAGE_COUNTER_BITS - 2);

/// Everybody of one night.
#[derive(Debug)]
pub struct Clients {
    clients: Ledger,
    visitors: Ledger,
    /// Networks that asked for much.
    pub networks: Groups,
    /// Crowds that asked for much: those who share a fingerprint and a system,
    /// or a network where the system is unknown.
    pub crowds: Groups,
    /// Those who share a software, however little each of them asks for.
    pub swarms: Swarms,
    /// What the origin took.
    pub origin: Origin,
    /// The site's own activity, minute by minute since the epoch.
    pub minutes: BTreeMap<u64, Minute>,
    /// Requests for what pages pull in, in each minute that had any.
    pub asset_minutes: BTreeMap<u64, u64>,
    /// Requests whose client the log does not say.
    pub unknown: u64,
    /// Requests of visitors who were not told apart for want of room.
    pub merged: u64,
    pages: Popularity,
    /// Whether the site's robots.txt is known.
    pub robots_known: bool,
}

impl Clients {
    /// Nobody yet.
    #[must_use]
    pub fn new(night: &Night<'_>) -> Self {
        Self {
            clients: Ledger::new(CLIENTS),
            visitors: Ledger::new(VISITORS),
            networks: Groups::new(GROUP_BYTES),
            crowds: Groups::new(GROUP_BYTES),
            swarms: Swarms::new(SWARM_BYTES),
            origin: Origin::new(night.rules.strain),
            minutes: BTreeMap::new(),
            asset_minutes: BTreeMap::new(),
            unknown: 0,
            merged: 0,
            pages: Popularity::new(PAGE_COUNTER_BITS),
            robots_known: night.beside.robots.is_some(),
        }
    }

    /// Takes one request into account.
    pub fn add(&mut self, seen: &Seen<'_>) {
        self.add_all(std::slice::from_ref(seen));
    }

    /// Takes requests into account, in their order. Some dozens at once take less
    /// time than one by one.
    pub fn add_all(&mut self, some: &[Seen<'_>]) {
        let places = self.look(some);
        let facts: Vec<_> = some.iter().map(|seen| self.facts(seen)).collect();
        self.note_minutes(&facts);
        for ((seen, facts), place) in some.iter().zip(&facts).zip(places) {
            self.note_origin(seen);
            let (Some(key), Some(hash)) = (seen.key, seen.derived.client) else {
                self.unknown += 1;
                continue;
            };
            self.note_groups(seen, hash, facts);
            self.note_swarm(seen, hash, facts);
            self.note_client(key.into(), place, mark(seen.derived.visitor), facts);
        }
    }

    /// Takes the minutes of requests into account, which are few.
    fn note_minutes(&mut self, facts: &[Facts<'_>]) {
        for some in facts.chunk_by(|a, b| minute(a.time) == minute(b.time)) {
            let Some(at) = some.first().map(|facts| minute(facts.time)) else { continue };
            let sum = self.minutes.entry(at).or_default();
            some.iter().for_each(|facts| sum.add(facts.units));
            let assets = some.iter().filter(|facts| facts.asset).count() as u64;
            if assets > 0 {
                *self.asset_minutes.entry(at).or_default() += assets;
            }
        }
    }

    /// The places of the clients that are known.
    ///
    /// There are so many that what is known of one lies far away in memory. What
    /// each request needs of it is read for all of them first, so that the processor
    /// waits for it once and not each time.
    fn look(&self, some: &[Seen<'_>]) -> Vec<Option<u32>> {
        let find = |seen: &Seen<'_>| self.clients.find(seen.key?.into());
        let places: Vec<_> = some.iter().map(find).collect();
        let pages = || some.iter().map(|seen| seen.derived.page);
        bring_near(pages().map(|page| self.pages.look(page)));
        let hashes = some.iter().filter_map(|seen| seen.derived.network);
        bring_near(hashes.map(|hash| self.networks.look_lately(hash)));
        // Step by step: where the next thing lies is known when the one before is there.
        let clients = places.iter().map(|at| self.clients.many((*at)?));
        let networks = some.iter().map(|seen| Some(self.networks.get(network(seen)?)?.many()));
        let many = clients.zip(pages()).chain(networks.zip(pages()));
        let many = many.filter_map(|(many, page)| Some((many?, page)));
        let many: SmallVec<[_; 64]> = many.collect();
        bring_near(many.iter().map(|(many, _)| many.glance()));
        bring_near(many.iter().map(|(many, page)| many.look(*page)));
        places
    }

    fn facts<'s>(&mut self, seen: &Seen<'s>) -> Facts<'s> {
        let derived = &seen.derived;
        let status = seen.event.status().unwrap_or_default();
        Facts {
            time: seen.request.time,
            page: derived.page,
            crate_name: seen.crate_name,
            referer: seen.referer,
            referred: seen.event.referred,
            route: derived.route,
            units: seen.units,
            missed: seen.cache.reached_origin(),
            asset: derived.asset,
            unpopular: self.pages.count(derived.page) < POPULAR_FROM,
            robots: seen.request.path == "/robots.txt",
            forbidden: seen.forbidden,
            status,
            claim: derived.claim,
            fingerprint: derived.fingerprint,
            id: seen.request.request_id,
            path: seen.request.path,
            probe: status / 100 == 4 && probes::is_probe(seen.request.path),
        }
    }

    /// Takes a request of a client whose place is known, or who may be new.
    fn note_client(&mut self, key: Key, place: Option<u32>, mark: u32, facts: &Facts<'_>) {
        let Some(at) = place.or_else(|| self.clients.find(key)) else {
            self.clients.add(key, mark, facts);
            return;
        };
        let (first, shared) = self.clients.mark(at);
        if !shared && first != mark {
            self.visitors.adopt(visitor(at, first), &self.clients, at);
            self.clients.share(at);
        }
        if shared || first != mark {
            let full = self.visitors.len() >= MOST_VISITORS;
            let known = !full || self.visitors.find(visitor(at, mark)).is_some();
            self.merged += u64::from(!known);
            self.visitors.add(visitor(at, if known { mark } else { REST }), 0, facts);
        }
        self.clients.add_at(at, facts);
    }

    /// How many clients there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The places of all clients, in the order in which they came.
    pub fn places(&self) -> impl Iterator<Item = u32> {
        (0..).take(self.len())
    }

    /// The places of the clients that are kept in full, in the same order.
    #[must_use]
    pub fn full(&self) -> Vec<u32> {
        self.clients.full()
    }

    /// The place of a client, by its key or by the text of it.
    #[must_use]
    pub fn find(&self, key: ClientKey) -> Option<u32> {
        self.clients.find(key.into())
    }

    /// The client at a place.
    #[must_use]
    pub fn key(&self, at: u32) -> ClientKey {
        self.clients.key(at).into()
    }

    /// What a client did.
    #[must_use]
    pub fn features(&self, at: u32) -> Features {
        self.clients.features(at)
    }

    /// What a client did, where it is kept in full.
    #[must_use]
    pub fn many(&self, at: u32) -> Option<&Many> {
        self.clients.many(at)
    }

    /// Units and requests of a client.
    #[must_use]
    pub fn harm(&self, at: u32) -> (u64, u64) {
        self.clients.harm(at)
    }

    /// How many clients and how many of their visitors are kept how.
    #[must_use]
    pub fn kept(&self) -> (Kept, Kept) {
        (self.clients.kept(), self.visitors.kept())
    }
}

/// What a client's visitors are told apart by.
#[expect(clippy::cast_possible_truncation, reason = "28 bits of the hash are what is wanted")]
fn mark(visitor: Option<u128>) -> u32 {
    (visitor.unwrap_or_default() as u32 >> 4).max(REST + 1)
}

/// The key of a visitor of the client at a place.
fn visitor(client: u32, mark: u32) -> Key {
    Key { bits: u64::from(client) << 32 | u64::from(mark), kind: 0 }
}
