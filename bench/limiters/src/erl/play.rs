//! Clients against the counters, by the engine's own decisions.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tidegate_rules::store::erl::Window;
use tidegate_rules::{Admit, ByKind, Memory, Stored, Time};

use super::pop::{PenaltyBox, Pop, Traits};
use crate::site::{COST, Site};

/// When every play begins, in milliseconds since the epoch: a whole second.
pub const START: u64 = 1_700_000_000_000;

/// The edge in front of the site, at some POPs.
#[derive(Debug)]
pub struct Edge<'s> {
    site: &'s Site,
    nodes: usize,
    pops: Vec<House>,
    dice: ChaCha8Rng,
}

/// One POP.
#[derive(Debug)]
struct House {
    bytes: Stored<Memory>,
    counters: Pop,
    penalties: PenaltyBox,
}

impl<'s> Edge<'s> {
    /// An edge that has seen nobody yet; `seed` draws which node of a POP a request
    /// comes to, and what counters lose.
    #[must_use]
    pub fn new(site: &'s Site, pops: u32, traits: &Traits, seed: u64) -> Self {
        let house = |at| House {
            bytes: Stored::default(),
            counters: Pop::new(traits.clone(), seed.wrapping_add(u64::from(at))),
            penalties: PenaltyBox::default(),
        };
        let (pops, dice) = ((0..pops).map(house).collect(), ChaCha8Rng::seed_from_u64(seed));
        Self { site, nodes: traits.nodes, pops, dice }
    }

    /// Asks for a page as the edge does: by counters or cells, as the site says.
    pub fn ask(&mut self, pop: usize, client: u32, now: Time) -> Admit {
        let node = self.dice.random_range(0..self.nodes);
        let house = &mut self.pops[pop];
        let counters = house.counters.node(node, now);
        let mut cells = ByKind { bytes: std::mem::take(&mut house.bytes), counters };
        let admit = self.site.ask(&mut cells, client, now);
        house.bytes = cells.bytes;
        admit
    }

    /// Asks for a page as Fastly's `check_rate` would have it, at the same limit.
    /// Whether it passes.
    pub fn check_rate(&mut self, pop: usize, client: u32, now: Time) -> bool {
        let node = self.dice.random_range(0..self.nodes);
        let house = &mut self.pops[pop];
        let (window, entry) = (self.site.window(), client.to_string());
        let limit = self.site.units_per_second();
        let mut node = house.counters.node(node, now);
        !node.check_rate(&mut house.penalties, &entry, COST, window, limit)
    }
}

/// Somebody who asks evenly, whatever the answers.
#[derive(Debug, Clone, Copy)]
pub struct Steady {
    /// Pages that it asks for each second.
    pub rate: u32,
    /// POPs that it comes in at, in turn.
    pub pops: u32,
    /// For how many seconds.
    pub seconds: u32,
}

impl Steady {
    /// Has `ask` say whether each of the pages passes, given its POP.
    pub fn play(self, window: Window, mut ask: impl FnMut(usize, Time) -> bool) -> Got {
        let mut tally = Tally::new(window);
        for number in 0..u64::from(self.rate) * u64::from(self.seconds) {
            let millis = START + number * 1_000 / u64::from(self.rate);
            let pop = usize::try_from(number % u64::from(self.pops)).unwrap_or_default();
            let passed = ask(pop, Time::from_unix_millis(millis));
            tally.add(millis, passed);
        }
        tally.got
    }
}

/// What somebody got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Got {
    /// Pages asked for.
    pub asked: u64,
    /// Pages got.
    pub passed: u64,
    /// Most pages got in any time as long as the window.
    pub most: u64,
    /// Longest time between two pages got, in milliseconds.
    pub dry_ms: u64,
}

/// Sums up.
struct Tally {
    got: Got,
    window_ms: u64,
    /// When pages passed, within the last window.
    recent: VecDeque<u64>,
    /// When the last page passed.
    last: u64,
}

impl Tally {
    fn new(window: Window) -> Self {
        let window_ms = u64::from(window.seconds()) * 1_000;
        Self { got: Got::default(), window_ms, recent: VecDeque::new(), last: START }
    }

    fn add(&mut self, now: u64, passed: bool) {
        self.got.asked += 1;
        self.got.dry_ms = self.got.dry_ms.max(now - self.last);
        if passed {
            self.got.passed += 1;
            self.last = now;
            self.recent.push_back(now);
            while self.recent.front().is_some_and(|at| at + self.window_ms <= now) {
                self.recent.pop_front();
            }
            self.got.most = self.got.most.max(self.recent.len() as u64);
        }
    }
}
