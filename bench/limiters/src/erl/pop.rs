//! The counters and the penalty box of one POP.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tidegate_rules::store::erl::Window;
use tidegate_rules::{Counters, Time};

/// Most entries of a penalty box at one POP. Of rate counters Fastly does not say
/// how many they hold; they are taken to hold as many.
pub const ENTRIES: usize = 200_000;

/// The shortest that an entry stays in a penalty box, in milliseconds: a minute
/// at least can be asked for, and the platform rounds up.
pub const PENALTY_MS: u64 = 120_000;

/// How finely nodes tell each other what they counted, in milliseconds.
const SLOT_MS: u64 = 100;

/// Slots of the longest window.
const MINUTE_SLOTS: u64 = 60_000 / SLOT_MS;

/// How the counters of a POP differ from true ones.
#[derive(Debug, Clone)]
pub struct Traits {
    /// Nodes that take requests.
    pub nodes: usize,
    /// Milliseconds after which a node knows what the others counted; its own
    /// counts it knows at once.
    pub sync_ms: u64,
    /// The share of units that is not counted, drawn anew every tenth of a second.
    pub lost: RangeInclusive<f64>,
    /// Most entries.
    pub entries: usize,
}

impl Traits {
    /// One node that counts everything.
    #[must_use]
    pub const fn exact() -> Self {
        Self { nodes: 1, sync_ms: 0, lost: 0.0..=0.0, entries: ENTRIES }
    }

    /// The worst that the documentation allows for: a tenth is always lost, and
    /// many nodes are "a few seconds" behind each other.
    #[must_use]
    pub const fn worst() -> Self {
        Self { nodes: 32, sync_ms: 3_000, lost: 0.1..=0.1, entries: ENTRIES }
    }
}

/// A rate counter at one POP.
#[derive(Debug)]
pub struct Pop {
    traits: Traits,
    dice: ChaCha8Rng,
    entries: HashMap<String, Entry>,
    /// Additions so far.
    added: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// The addition that was its last.
    last: u64,
    slots: VecDeque<Slot>,
}

/// What was counted in a tenth of a second.
#[derive(Debug)]
struct Slot {
    at: u64,
    /// The share that is counted.
    kept: f64,
    /// Units, by node.
    units: Vec<u64>,
}

impl Pop {
    /// A POP whose counters are empty; `seed` draws what they lose.
    #[must_use]
    pub fn new(traits: Traits, seed: u64) -> Self {
        let dice = ChaCha8Rng::seed_from_u64(seed);
        Self { traits, dice, entries: HashMap::new(), added: 0 }
    }

    /// The counters as one of the nodes sees them.
    pub fn node(&mut self, node: usize, now: Time) -> Node<'_> {
        Node { node: node % self.traits.nodes, now: now.unix_millis(), pop: self }
    }

    /// Makes room for a new entry, at the cost of the one that was added to the
    /// longest ago.
    fn make_room(&mut self) {
        if self.entries.len() >= self.traits.entries {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.entries.remove(&oldest);
            }
        }
    }
}

/// One node of a POP at one moment.
#[derive(Debug)]
pub struct Node<'p> {
    pop: &'p mut Pop,
    node: usize,
    /// Milliseconds since the epoch.
    now: u64,
}

impl Node<'_> {
    /// Whether this node knows what another counted in a slot.
    fn knows(&self, slot: &Slot, node: usize) -> bool {
        node == self.node || (slot.at + 1) * SLOT_MS + self.pop.traits.sync_ms <= self.now
    }

    fn counted(&self, entry: &Entry, window: Window) -> f64 {
        // A window of ten seconds is the current second and the nine before.
        let first = (self.now / 1_000 + 1).saturating_sub(u64::from(window.seconds())) * 1_000;
        let slots = entry.slots.iter().filter(|slot| slot.at * SLOT_MS >= first);
        let known = slots.map(|slot| {
            let known = slot.units.iter().enumerate().filter(|(node, _)| self.knows(slot, *node));
            slot.kept * known.map(|(_, units)| *units as f64).sum::<f64>()
        });
        known.sum()
    }

    /// Fastly's `check_rate`: counts, and puts into the penalty box what exceeds
    /// `limit` units per second. Whether the entry is in there.
    pub fn check_rate(
        &mut self,
        penalties: &mut PenaltyBox,
        entry: &str,
        units: NonZeroU32,
        window: Window,
        limit: u32,
    ) -> bool {
        self.count(entry, units);
        if self.known_rate(entry, window) > limit {
            penalties.add(entry, self.now);
        }
        penalties.has(entry, self.now)
    }

    fn known_rate(&self, entry: &str, window: Window) -> u32 {
        let counted = self.pop.entries.get(entry).map(|entry| self.counted(entry, window));
        (counted.unwrap_or_default() / f64::from(window.seconds())) as u32
    }

    fn count(&mut self, entry: &str, units: NonZeroU32) {
        let pop = &mut *self.pop;
        if !pop.entries.contains_key(entry) {
            pop.make_room();
        }
        pop.added += 1;
        let known = pop.entries.entry(entry.to_owned()).or_default();
        known.last = pop.added;
        let at = self.now / SLOT_MS;
        if known.slots.back().is_none_or(|slot| slot.at < at) {
            let kept = 1.0 - pop.dice.random_range(pop.traits.lost.clone());
            known.slots.retain(|slot| slot.at + MINUTE_SLOTS > at);
            known.slots.push_back(Slot { at, kept, units: vec![0; pop.traits.nodes] });
        }
        if let Some(slot) = known.slots.back_mut() {
            slot.units[self.node] += u64::from(units.get());
        }
    }
}

impl Counters for Node<'_> {
    fn rate(&mut self, entry: &str, window: Window) -> Result<u32, &'static str> {
        Ok(self.known_rate(entry, window))
    }

    fn add(&mut self, entry: &str, units: NonZeroU32) -> Result<(), &'static str> {
        self.count(entry, units);
        Ok(())
    }
}

/// A penalty box at one POP: who is in it is refused everything.
#[derive(Debug, Default)]
pub struct PenaltyBox(HashMap<String, u64>);

impl PenaltyBox {
    fn add(&mut self, entry: &str, now: u64) {
        if self.0.len() >= ENTRIES && !self.0.contains_key(entry) {
            let next = self.0.iter().min_by_key(|(_, ends)| **ends);
            if let Some(next) = next.map(|(name, _)| name.clone()) {
                self.0.remove(&next);
            }
        }
        self.0.insert(entry.to_owned(), now + PENALTY_MS);
    }

    fn has(&self, entry: &str, now: u64) -> bool {
        self.0.get(entry).is_some_and(|ends| now < *ends)
    }
}
