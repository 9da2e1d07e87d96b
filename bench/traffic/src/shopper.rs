//! Somebody who looks for a crate on crates.io: searches, opens a few crates'
//! pages, each of which asks the API six times. A refused page is reloaded,
//! twice at most.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::dice::Dice;
use super::registry;
use super::sender::Sender;
use super::site::Site;
use super::software::Kind;
use super::{Actor, Answer, Shot};

/// How often a refused page is loaded again.
const RELOADS: u32 = 2;

/// One thing that the browser is about to fetch.
struct Fetch {
    /// Milliseconds after the request before it.
    wait: u64,
    path: String,
    kind: Kind,
    referer: Option<String>,
}

/// A visitor in a session.
pub(super) struct Shopper {
    sender: Sender,
    site: Arc<Site>,
    dice: Dice,
    /// Milliseconds since the epoch.
    clock: u64,
    pages_left: u32,
    kept: HashSet<String>,
    queue: VecDeque<Fetch>,
    /// The crate whose page is open.
    open: Option<usize>,
    reloads: u32,
}

impl Shopper {
    /// Somebody whose session begins at `start` milliseconds since the epoch.
    pub(super) fn new(sender: Sender, site: Arc<Site>, mut dice: Dice, start: u64) -> Self {
        let mut kept = HashSet::new();
        if dice.percent(40) {
            kept.extend(registry::assets());
        }
        let pages_left = dice.session_pages();
        let (queue, open) = (VecDeque::new(), None);
        Self { sender, site, dice, clock: start, pages_left, kept, queue, open, reloads: 0 }
    }

    fn plan(&mut self) {
        let mut wait = if self.open.is_some() { self.dice.think_ms() } else { 0 };
        let rank = self.site.read(&mut self.dice);
        if self.dice.percent(35) {
            let name = &self.site.at(rank).name;
            let path = format!("/api/v1/crates?page=1&per_page=10&q={name}");
            let referer = Some("https://crates.io/search".to_owned());
            self.queue.push_back(Fetch { wait, path, kind: Kind::Asset, referer });
            wait = self.dice.between(2_000, 9_000);
        }
        self.show(rank, wait);
    }

    /// A crate's page, what it loads and what it asks for.
    fn show(&mut self, rank: usize, wait: u64) {
        let krate = self.site.at(rank);
        let page = registry::page_of(krate);
        let from = Some(format!("https://crates.io{page}"));
        let calls = registry::calls(krate);
        self.queue.push_back(Fetch { wait, path: page, kind: Kind::Page, referer: None });
        let fresh: Vec<_> =
            registry::assets().filter(|asset| self.kept.insert(asset.clone())).collect();
        for path in fresh.into_iter().chain(calls) {
            let wait = self.dice.between(2, 60);
            self.queue.push_back(Fetch { wait, path, kind: Kind::Asset, referer: from.clone() });
        }
        self.open = Some(rank);
    }
}

impl Actor for Shopper {
    fn next(&mut self) -> Option<Shot> {
        if self.queue.is_empty() {
            self.pages_left = self.pages_left.checked_sub(1)?;
            self.reloads = 0;
            self.plan();
        }
        let fetch = self.queue.pop_front()?;
        self.clock += fetch.wait;
        Some(self.sender.shot(self.clock, fetch.path, fetch.kind, fetch.referer.as_deref()))
    }

    fn answered(&mut self, answer: &Answer) {
        let (true, Some(rank)) = (answer.refused(), self.open) else { return };
        self.queue.clear();
        if self.reloads < RELOADS {
            self.reloads += 1;
            let wait = answer.retry_after.map_or(8_000, |seconds| u64::from(seconds) * 1_000);
            let patience = self.dice.between(300, 4_000);
            self.show(rank, wait + patience);
        }
    }
}
