//! Who did what, for millions of them, within a bound.
//!
//! Everybody has a slot of 60 bytes. Whoever outgrows it ([`Few::outgrows`]) is
//! kept in full as long as there is room; where there is none, the quarter that
//! did least harm goes back into its slots. That is counted, and from then on
//! only whoever does more harm than those is kept in full.

mod slot;

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;

use super::few::Few;
use super::{Facts, Features, Many};
use slot::{FULL, MARK_BITS, SHARED, Slot, mask};

/// Slots of one piece of memory: to grow copies nothing.
const PIECE: usize = 1 << 14;

/// Bytes that a slot takes up with its place in the index, about.
const SLOT_BYTES: usize = size_of::<Slot>() + 8;

/// Who it is about: an address, a hash or a place, and of which of these kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The address or whatever else it is.
    pub bits: u64,
    /// 0 to 3.
    pub kind: u8,
}

/// How much may be kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of all slots and of all that is kept in full.
    pub bytes: usize,
    /// Bytes of what is kept in full, however many slots there are.
    pub full_bytes: usize,
}

/// How many are kept how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Kept {
    /// Kept in full.
    pub full: u64,
    /// Kept in 60 bytes, since they asked for little.
    pub short: u64,
    /// Of those, how often one that had been kept in full, or should have been,
    /// was kept in short for want of room.
    pub demoted: u64,
}

/// Everybody of one kind.
#[derive(Debug)]
pub(crate) struct Ledger {
    bounds: Bounds,
    hasher: DefaultHashBuilder,
    index: HashTable<u32>,
    pieces: Vec<Vec<Slot>>,
    /// Those kept in full, each with its place; their slots say where here.
    full: Vec<(u32, Box<Many>)>,
    full_bytes: usize,
    /// Whoever did no more harm than this is not kept in full.
    bar: (u64, u64),
    demoted: u64,
}

impl Ledger {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            hasher: DefaultHashBuilder::default(),
            index: HashTable::new(),
            pieces: Vec::new(),
            full: Vec::new(),
            full_bytes: 0,
            bar: (0, 0),
            demoted: 0,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The place of somebody.
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        let hash = self.hasher.hash_one((key.bits, key.kind));
        self.index.find(hash, |at| self.slot(*at).key() == key).copied()
    }

    /// Who is at a place.
    pub(crate) fn key(&self, at: u32) -> Key {
        self.slot(at).key()
    }

    /// The mark of somebody, and whether it is shared.
    pub(crate) fn mark(&self, at: u32) -> (u32, bool) {
        let rest = self.slot(at).rest;
        (rest & mask(MARK_BITS), rest & SHARED > 0)
    }

    /// Remembers that more than one mark belongs to somebody.
    pub(crate) fn share(&mut self, at: u32) {
        self.slot_mut(at).rest |= SHARED;
    }

    /// Takes a request of somebody who may be new; `mark` is kept of the first.
    pub(crate) fn add(&mut self, key: Key, mark: u32, facts: &Facts<'_>) -> u32 {
        match self.find(key) {
            Some(at) => {
                self.add_at(at, facts);
                at
            }
            None => self.insert(key, mark, Few::new(facts)),
        }
    }

    /// Takes a request of whoever is at a place.
    pub(crate) fn add_at(&mut self, at: u32, facts: &Facts<'_>) {
        let slot = self.slot(at);
        if let Some(place) = slot.full() {
            if let Some((_, many)) = self.full.get_mut(place) {
                many.add(facts);
                let (before, now) = many.measure();
                self.full_bytes = self.full_bytes - before + now;
            }
        } else if !slot.few.outgrows(facts) {
            self.slot_mut(at).few.add(facts);
            return;
        } else if slot.few.harm() < self.bar {
            let was_exact = slot.few.is_exact();
            let few = &mut self.slot_mut(at).few;
            few.add(facts);
            self.demoted += u64::from(was_exact && !self.slot(at).few.is_exact());
            return;
        } else {
            let mut many = Box::new(Many::from_few(&slot.few));
            many.add(facts);
            self.keep(at, many);
        }
        if self.full_bytes > self.room() {
            self.make_room();
        }
    }

    /// Copies somebody of another ledger.
    pub(crate) fn adopt(&mut self, key: Key, other: &Self, at: u32) {
        let slot = other.slot(at);
        let place = self.insert(key, 0, slot.few);
        if let Some(many) = other.many(at) {
            self.keep(place, Box::new(many.clone()));
        }
    }

    /// Takes somebody in who was counted elsewhere; says its place.
    pub(crate) fn put(&mut self, key: Key, mark: u32, many: Many) -> u32 {
        let at = self.insert(key, mark, Few::from(&many.features()));
        self.keep(at, Box::new(many));
        if self.full_bytes > self.room() {
            self.make_room();
        }
        at
    }

    fn insert(&mut self, key: Key, mark: u32, few: Few) -> u32 {
        let at = u32::try_from(self.index.len()).unwrap_or(u32::MAX);
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(Slot::new(key, mark, few));
        }
        let hash = self.hasher.hash_one((key.bits, key.kind));
        let Self { index, pieces, hasher, .. } = self;
        index.insert_unique(hash, at, |at| {
            let key = slot_of(pieces, *at).key();
            hasher.hash_one((key.bits, key.kind))
        });
        at
    }

    fn keep(&mut self, at: u32, mut many: Box<Many>) {
        let (_, bytes) = many.measure();
        self.full_bytes += bytes;
        let place = u32::try_from(self.full.len()).unwrap_or(u32::MAX);
        self.full.push((at, many));
        let slot = self.slot_mut(at);
        slot.few = Few::elsewhere(place);
        slot.rest |= FULL;
    }

    /// Bytes that those kept in full may take up.
    fn room(&self) -> usize {
        let slots = self.index.len() * SLOT_BYTES;
        self.bounds.bytes.saturating_sub(slots).max(self.bounds.full_bytes)
    }

    /// Keeps the quarter that did least harm in short.
    fn make_room(&mut self) {
        let mut harms: Vec<_> = self.full.iter().map(|(at, many)| (many.harm(), *at)).collect();
        let quarter = harms.len() / 4;
        if harms.is_empty() {
            return;
        }
        harms.select_nth_unstable(quarter);
        for (harm, at) in harms.into_iter().take(quarter + 1) {
            if let Some(many) = self.let_go(at) {
                let slot = self.slot_mut(at);
                slot.few = Few::from(&many.features());
                slot.rest &= !FULL;
            }
            self.bar = self.bar.max(harm);
            self.demoted += 1;
        }
        self.full_bytes = self.full.iter().map(|(_, many)| many.bytes()).sum();
    }

    /// Takes somebody out of those kept in full; the last of them takes the room.
    fn let_go(&mut self, at: u32) -> Option<Box<Many>> {
        let place = self.slot(at).full()?;
        let (_, many) = self.full.swap_remove(place);
        if let Some(moved) = self.full.get(place).map(|(moved, _)| *moved) {
            self.slot_mut(moved).few = Few::elsewhere(u32::try_from(place).unwrap_or(u32::MAX));
        }
        Some(many)
    }

    /// What somebody did.
    pub(crate) fn features(&self, at: u32) -> Features {
        match self.many(at) {
            Some(many) => many.features(),
            None => self.slot(at).few.features(),
        }
    }

    /// Largest breadth of somebody over the longest window.
    pub(crate) fn breadth(&self, at: u32) -> u32 {
        match self.many(at) {
            Some(many) => many.breadth(),
            None => self.slot(at).few.features().breadth(),
        }
    }

    /// Units and requests of somebody.
    pub(crate) fn harm(&self, at: u32) -> (u64, u64) {
        match self.many(at) {
            Some(many) => many.harm(),
            None => self.slot(at).few.harm(),
        }
    }

    /// What somebody did, where it is kept in full.
    pub(crate) fn many(&self, at: u32) -> Option<&Many> {
        self.full.get(self.slot(at).full()?).map(|(_, many)| &**many)
    }

    /// The places of those kept in full, in the order in which they came.
    pub(crate) fn full(&self) -> Vec<u32> {
        let mut places: Vec<u32> = self.full.iter().map(|(at, _)| *at).collect();
        places.sort_unstable();
        places
    }

    /// How many are kept how.
    pub(crate) fn kept(&self) -> Kept {
        let full = self.full.len() as u64;
        Kept { full, short: self.len() as u64 - full, demoted: self.demoted }
    }

    fn slot(&self, at: u32) -> &Slot {
        slot_of(&self.pieces, at)
    }

    fn slot_mut(&mut self, at: u32) -> &mut Slot {
        &mut self.pieces[at as usize / PIECE][at as usize % PIECE]
    }
}

fn slot_of(pieces: &[Vec<Slot>], at: u32) -> &Slot {
    &pieces[at as usize / PIECE][at as usize % PIECE]
}

#[cfg(test)]
mod tests {
    use tidegate_rules::{HashKey, Time};

    use super::*;

    #[test]
    fn five_million_slots_take_three_hundred_megabytes() {
        assert_eq!(size_of::<Slot>(), 60);
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is what is wanted")]
    fn facts(key: u64, page: u64) -> Facts<'static> {
        Facts {
            time: Time::from_unix_millis(page * 1_000),
            page: HashKey::default().hash(b't', &[&page.to_le_bytes()]) as u64,
            crate_name: None,
            referer: None,
            referred: Some(key.is_multiple_of(2)),
            route: None,
            // Whoever comes later costs more.
            units: 10 + key as u32,
            missed: true,
            asset: false,
            unpopular: false,
            robots: false,
            forbidden: false,
            status: 200,
            claim: None,
            fingerprint: None,
            id: None,
            path: "/",
            probe: false,
        }
    }

    /// Two hundred who ask for thirty pages each, in turn.
    fn ledger(full_bytes: usize) -> Ledger {
        let mut ledger = Ledger::new(Bounds { bytes: 0, full_bytes });
        for page in 0..30 {
            for key in 0..200 {
                ledger.add(Key { bits: key, kind: 0 }, 1, &facts(key, page));
            }
        }
        ledger
    }

    #[test]
    fn where_there_is_room_everything_is_exact() {
        let ledger = ledger(10 << 20);
        assert_eq!(ledger.kept(), Kept { full: 200, short: 0, demoted: 0 });
        for at in 0..200 {
            let features = ledger.features(at);
            assert_eq!((features.pages, features.requests), (30, 30));
            assert!(features.exact);
        }
    }

    #[test]
    fn for_want_of_room_the_least_harmful_are_kept_in_short_and_counted() {
        let bound = 100_000;
        let ledger = ledger(bound);
        let Kept { full, short, demoted } = ledger.kept();
        assert!(ledger.full_bytes <= bound, "{}", ledger.full_bytes);
        assert!(full > 10 && short > 100 && full + short == 200, "{full} {short}");
        assert!(demoted >= short, "{demoted} {short}");
        let is_full = |at: &u32| ledger.many(*at).is_some();
        assert!((0..100).filter(is_full).count() < (100..200).filter(is_full).count());
        for at in 0..200 {
            let features = ledger.features(at);
            let key = u64::from(at);
            assert_eq!((features.requests, features.units), (30, 30 * (10 + key)));
            assert_eq!((features.misses, features.statuses[2]), (30, 30));
            assert_eq!(features.referred, if at % 2 == 0 { 30 } else { 0 });
            assert_eq!(features.last.unix_millis(), 29_000);
            // Within three standard errors of what is counted by bitmaps; a page
            // may be in both lives of whoever had two.
            assert!((20..=60).contains(&features.pages), "{}", features.pages);
            assert_eq!(features.exact, is_full(&at) && features.pages == 30, "{at}");
        }
    }

    #[test]
    fn somebody_is_copied_with_all_that_is_known() {
        let (from, mut to) =
            (ledger(10 << 20), Ledger::new(Bounds { bytes: 0, full_bytes: 1 << 20 }));
        to.adopt(Key { bits: 7, kind: 0 }, &from, 3);
        assert_eq!(to.features(0), from.features(3));
        assert_eq!(to.find(Key { bits: 7, kind: 0 }), Some(0));
        assert_eq!(to.find(Key { bits: 7, kind: 1 }), None);
    }
}
