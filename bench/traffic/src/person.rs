//! Somebody who reads documentation: arrives from a search or a link, looks at a
//! page, follows links to its neighbours. The browser fetches each page's assets
//! and keeps them; a refusal is answered by a reload, three times at most.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::dice::Dice;
use super::sender::{SITE, Sender};
use super::site::{Crate, Site};
use super::software::Kind;
use super::{Actor, Answer, Shot};

/// How often a person reloads a page that was refused.
const RELOADS: u32 = 3;

/// One thing that the browser is about to fetch.
#[derive(Debug, Clone)]
struct Fetch {
    /// Milliseconds after the request before it.
    wait: u64,
    path: String,
    kind: Kind,
    referer: Option<String>,
    /// What it loads once it is there.
    assets: Vec<String>,
}

/// A crate in the version that somebody reads, and the page they are on.
#[derive(Debug, Clone)]
struct Here {
    rank: usize,
    version: String,
    page: String,
}

/// A reader in a session.
pub(super) struct Person {
    sender: Sender,
    site: Arc<Site>,
    dice: Dice,
    /// Milliseconds since the epoch.
    clock: u64,
    /// The pages that this session still has.
    pages_left: u32,
    here: Option<Here>,
    /// What the browser has kept for good.
    kept: HashSet<String>,
    queue: VecDeque<Fetch>,
    asked: Option<Fetch>,
    reloads: u32,
    /// The crates that they came for; empty for whatever people read.
    subject: &'static [usize],
}

impl Person {
    /// A person whose session begins at `start` milliseconds since the epoch.
    pub(super) fn new(sender: Sender, site: Arc<Site>, mut dice: Dice, start: u64) -> Self {
        let mut kept = HashSet::new();
        if dice.percent(40) {
            // Reads here every day: the site's own files and the newest toolset's.
            kept.extend(Crate::site_assets().chain(site.at(0).rustdoc_assets()));
        }
        Self {
            pages_left: dice.session_pages(),
            sender,
            site,
            dice,
            clock: start,
            here: None,
            kept,
            queue: VecDeque::new(),
            asked: None,
            reloads: 0,
            subject: &[],
        }
    }

    /// The same person, who came for these crates.
    pub(super) fn about(self, subject: &'static [usize]) -> Self {
        Self { subject, ..self }
    }

    /// A crate to read.
    fn choose(&mut self) -> usize {
        match self.subject {
            [] => self.site.read(&mut self.dice),
            subject => self.dice.pick(subject),
        }
    }

    fn plan(&mut self) {
        let think = self.dice.think_ms();
        match self.here.clone() {
            None => self.arrive(),
            Some(here) => self.follow(&here, think),
        }
    }

    /// The first page: by the site's search, by a crate's short link, or from
    /// elsewhere on the web.
    fn arrive(&mut self) {
        let rank = self.choose();
        match self.dice.below(10) {
            0..=1 => {
                self.queue_page(0, "/".to_owned(), None, Vec::new());
                let home = format!("{SITE}/");
                self.search(rank, 3_000, home);
            }
            2..=4 => {
                let name = &self.site.at(rank).name;
                let short = Fetch {
                    wait: 0,
                    path: format!("/{name}"),
                    kind: Kind::Page,
                    referer: None,
                    assets: Vec::new(),
                };
                // A redirect: no page, so nothing to load.
                self.queue.push_back(short);
                self.open(rank, "latest".to_owned(), 0, 80, None);
            }
            _ => {
                let referer = self.dice.percent(60).then(|| "https://www.google.com/".to_owned());
                self.visit(rank, 0, referer);
            }
        }
    }

    /// The next page of a session.
    fn follow(&mut self, here: &Here, think: u64) {
        let from = format!("{SITE}{}", here.page);
        let referer = Some(from.clone());
        let site = Arc::clone(&self.site);
        let place = site.at(here.rank);
        match self.dice.below(100) {
            0..=64 => {
                let page = self.some_page(place.pages);
                self.open(here.rank, here.version.clone(), page, think, referer);
            }
            65..=79 => {
                let rank = match self.subject {
                    [] => site.dependency(here.rank, &mut self.dice),
                    _ => self.choose(),
                };
                self.visit(rank, think, referer);
            }
            80..=87 => {
                self.queue_page(think, place.rustdoc_source(&here.version), referer, Vec::new())
            }
            88..=90 => {
                let file = self.dice.below(place.pages);
                self.queue_page(think, place.source(&here.version, file), referer, Vec::new());
            }
            91..=94 => self.queue_page(think, place.about(&here.version, ""), referer, Vec::new()),
            95 => {
                self.queue_page(think, place.about(&here.version, "/builds"), referer, Vec::new())
            }
            _ => {
                let rank = self.choose();
                self.search(rank, think, from);
            }
        }
    }

    /// A search for a crate, and the page that was found.
    fn search(&mut self, rank: usize, wait: u64, referer: String) {
        let path = format!("/releases/search?query={}", self.site.at(rank).name);
        let found = format!("{SITE}{path}");
        self.queue_page(wait, path, Some(referer), Vec::new());
        let wait = self.dice.between(2_000, 9_000);
        self.open(rank, "latest".to_owned(), 0, wait, Some(found));
    }

    /// A page of a crate that was not read before, in the version that a link
    /// names.
    fn visit(&mut self, rank: usize, wait: u64, referer: Option<String>) {
        let site = Arc::clone(&self.site);
        let krate = site.at(rank);
        let version = match self.dice.below(20) {
            0..=13 => "latest",
            14..=16 => krate.newest(),
            _ => &krate.versions[self.dice.below(krate.versions.len())],
        };
        let page = self.some_page(krate.pages);
        self.open(rank, version.to_owned(), page, wait, referer);
    }

    fn open(
        &mut self,
        rank: usize,
        version: String,
        page: usize,
        wait: u64,
        referer: Option<String>,
    ) {
        let site = Arc::clone(&self.site);
        let krate = site.at(rank);
        let path = krate.page(&version, page);
        let assets = krate.rustdoc_assets().chain([krate.sidebar(&version)]).collect();
        self.here = Some(Here { rank, version, page: path.clone() });
        self.queue_page(wait, path, referer, assets);
    }

    fn queue_page(&mut self, wait: u64, path: String, referer: Option<String>, more: Vec<String>) {
        let assets = Crate::site_assets().chain(more).collect();
        self.queue.push_back(Fetch { wait, path, kind: Kind::Page, referer, assets });
    }

    /// The crate's first page often, and the pages listed first more often.
    fn some_page(&mut self, pages: usize) -> usize {
        if self.dice.percent(30) {
            return 0;
        }
        let point = self.dice.unit();
        (point * point * pages as f64) as usize
    }

    /// The assets of a page that has arrived, in front of everything else.
    fn load(&mut self, page: Fetch) {
        let referer = format!("{SITE}{}", page.path);
        let mut wait = self.dice.between(60, 250);
        let mut loads = VecDeque::new();
        for path in page.assets {
            // What is not under `/-/` a browser asks for again.
            if path.starts_with("/-/") && !self.kept.insert(path.clone()) {
                continue;
            }
            loads.push_back(Fetch {
                wait,
                path,
                kind: Kind::Asset,
                referer: Some(referer.clone()),
                assets: Vec::new(),
            });
            wait = self.dice.between(1, 9);
        }
        loads.append(&mut self.queue);
        self.queue = loads;
    }

    fn refused(&mut self, mut page: Fetch, retry_after: Option<u32>) {
        if self.reloads >= RELOADS {
            self.reloads = 0;
            self.queue.clear();
            return;
        }
        self.reloads += 1;
        let patience = self.dice.between(300, 4_000);
        page.wait = retry_after.map_or(8_000, |seconds| u64::from(seconds) * 1_000) + patience;
        self.queue.push_front(page);
    }
}

impl Actor for Person {
    fn next(&mut self) -> Option<Shot> {
        if self.queue.is_empty() {
            self.pages_left = self.pages_left.checked_sub(1)?;
            self.plan();
        }
        let fetch = self.queue.pop_front()?;
        self.clock += fetch.wait;
        let shot =
            self.sender.shot(self.clock, fetch.path.clone(), fetch.kind, fetch.referer.as_deref());
        self.asked = Some(fetch);
        Some(shot)
    }

    fn answered(&mut self, answer: &Answer) {
        let Some(fetch) = self.asked.take() else { return };
        if fetch.kind == Kind::Asset {
            return;
        }
        if answer.status == 429 {
            self.refused(fetch, answer.retry_after);
            return;
        }
        self.reloads = 0;
        if answer.granted() {
            self.load(fetch);
        }
    }
}
