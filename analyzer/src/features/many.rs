//! Somebody who asked for enough to be looked at: kept in full, in about 1 KB,
//! more for each minute in which it was there.

use std::mem::replace;

use smallvec::SmallVec;

use super::few::{Few, PAGES, crate_bit, tag};
use super::{Distinct, Facts, Features, SESSION_GAP_MS, class, minute};
use crate::walk::Walks;

/// Sample request ids kept.
const SAMPLES: usize = 3;

/// Longest of a path that is kept, in bytes.
const EXAMPLE_BYTES: usize = 80;

/// What happened within one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Minute {
    /// Requests.
    pub requests: u64,
    /// Units caused at the origin.
    pub units: u64,
}

impl Minute {
    pub(crate) fn add(&mut self, units: u32) {
        self.requests += 1;
        self.units += u64::from(units);
    }
}

/// What there is to say beside [`Features`] of somebody who was counted elsewhere; see
/// the methods of [`Many`].
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Minutes since the epoch, in order.
    pub(crate) minutes: Vec<(u64, Minute)>,
    /// Units by place of route.
    pub(crate) routes: Vec<(Option<u16>, u64)>,
    /// Ids of some requests.
    pub(crate) samples: Vec<Box<str>>,
    /// A path.
    pub(crate) example: String,
}

/// What somebody did, in full.
#[derive(Debug, Clone, Default)]
pub struct Many {
    /// All but what the other fields say.
    known: Features,
    pages: Distinct,
    /// What is left of the pages of the time when little was kept: each until it
    /// is asked for again.
    early: SmallVec<[u32; PAGES]>,
    /// Pages of that time that cannot be told apart any more.
    lost: u64,
    /// Crates of that time, a bit each, until they are asked for again.
    early_crates: u16,
    crates: Distinct,
    walks: Walks,
    /// Minutes since the epoch, in order.
    minutes: Vec<(u64, Minute)>,
    /// Units by place of route.
    routes: SmallVec<[(Option<u16>, u64); 2]>,
    samples: Vec<Box<str>>,
    /// The first path that it asked for twice in a row, or the first of all.
    example: Box<str>,
    /// Whether it is one that came twice in a row.
    repeated: bool,
    last_page: u64,
    /// Bytes that it took up when they were last asked for.
    measured: usize,
}

impl Many {
    /// Goes on from the little that was kept.
    pub(super) fn from_few(few: &Few) -> Self {
        let known = few.features();
        let mut walks = Walks::default();
        let early = match few.is_exact() {
            true => few.tags().map(|(tag, _)| tag).collect(),
            false => SmallVec::new(),
        };
        for (tag, _) in few.tags().filter(|(_, admitted)| few.is_exact() && *admitted) {
            walks.mark(known.last, tag);
        }
        // Of the minutes before the last one, nothing but the peak is known.
        let minutes = vec![few.last_minute()];
        let lost = if few.is_exact() { 0 } else { known.pages };
        let early_crates = few.crates();
        Self { known, early, lost, early_crates, walks, minutes, ..Self::default() }
    }

    /// Somebody whose figures were counted elsewhere.
    pub(crate) fn counted(known: Features, rest: Counted) -> Self {
        let mut walks = Walks::default();
        walks.widest = known.widest;
        let Counted { minutes, routes, samples, example } = rest;
        let (pages, crates) = (Distinct::counted(known.pages), Distinct::counted(known.crates));
        let example = shortened(&example).into();
        let routes = routes.into();
        Self { known, pages, crates, walks, minutes, routes, samples, example, ..Self::default() }
    }

    /// Takes one request into account.
    pub fn add(&mut self, facts: &Facts<'_>) {
        self.note_page(facts);
        self.note_time(facts);
        let known = &mut self.known;
        known.requests += 1;
        known.units += u64::from(facts.units);
        known.misses += u64::from(facts.missed);
        known.assets += u64::from(facts.asset);
        known.told += u64::from(facts.referred.is_some());
        known.referred += u64::from(facts.referred == Some(true));
        known.unpopular += u64::from(facts.unpopular);
        known.statuses[class(facts.status)] += 1;
        known.fingerprinted |= facts.fingerprint.is_some();
        known.robots |= facts.robots;
        known.forbidden += u64::from(facts.forbidden);
        known.unchanged += u64::from(facts.status == 304);
        known.probes += u64::from(facts.probe);
        if known.claim.is_none_or(|claim| claim.agent.is_none()) {
            known.claim = facts.claim.or(known.claim);
        }
        if facts.units > 0 {
            let units = u64::from(facts.units);
            match self.routes.iter_mut().find(|(route, _)| *route == facts.route) {
                Some((_, sum)) => *sum += units,
                None => self.routes.push((facts.route, units)),
            }
        }
        let again = facts.page == self.last_page;
        self.last_page = facts.page;
        if !self.repeated && (again || self.example.is_empty()) {
            self.example = shortened(facts.path).into();
            self.repeated = again;
        }
        if let Some(id) = facts.id.filter(|_| self.samples.len() < SAMPLES) {
            self.samples.push(id.into());
        }
    }

    fn note_page(&mut self, facts: &Facts<'_>) {
        if let Some(page) = facts.referer {
            let before = self.pages.is_recent(page) || self.early.contains(&tag(page));
            self.known.chained += u64::from(before);
        }
        if !self.early.is_empty() {
            self.early.retain(|early| *early != tag(facts.page));
        }
        self.pages.insert(facts.page);
        if let Some(name) = facts.crate_name {
            self.crates.insert(name);
            self.early_crates &= !crate_bit(name);
        }
        // As in cells, where a free page is not marked.
        if facts.units > 0 {
            self.walks.mark(facts.time, tag(facts.page));
        }
    }

    fn note_time(&mut self, facts: &Facts<'_>) {
        let known = &mut self.known;
        if known.requests == 0 {
            (known.first, known.last, known.exact) = (facts.time, facts.time, true);
        }
        let pause = facts.time.millis_since(known.last);
        let ends = known.requests == 0 || pause > SESSION_GAP_MS;
        known.sessions += u64::from(ends);
        if !ends {
            known.pauses.add(pause);
        }
        known.first = known.first.min(facts.time);
        known.last = known.last.max(facts.time);
        let at = minute(facts.time);
        let minute = of_minute(&mut self.minutes, at);
        minute.add(facts.units);
        let Minute { requests, units } = *minute;
        self.known.peak_requests = self.known.peak_requests.max(requests);
        self.known.peak_units = self.known.peak_units.max(units);
    }

    /// What it did, in figures.
    #[must_use]
    pub fn features(&self) -> Features {
        Features {
            pages: self.pages.count() + self.early.len() as u64 + self.lost,
            crates: self.crates.count() + u64::from(self.early_crates.count_ones()),
            widest: self.walks.widest,
            exact: self.known.exact && self.pages.is_exact() && self.crates.is_exact(),
            ..self.known
        }
    }

    /// Largest breadth over the longest window.
    pub(super) fn breadth(&self) -> u32 {
        self.walks.breadth()
    }

    /// What happened in each minute in which it was there, in order.
    #[must_use]
    pub fn minutes(&self) -> &[(u64, Minute)] {
        &self.minutes
    }

    /// Units by place of route.
    #[must_use]
    pub fn routes(&self) -> &[(Option<u16>, u64)] {
        &self.routes
    }

    /// Ids of some of its requests.
    pub fn samples(&self) -> impl Iterator<Item = &str> {
        self.samples.iter().map(|id| &**id)
    }

    /// A path that it asked for: the first that came twice in a row, if any did.
    #[must_use]
    pub fn example(&self) -> &str {
        &self.example
    }

    /// Reads here and there, so that the rest is at hand; what is said means nothing.
    pub(crate) fn glance(&self) -> u64 {
        let known = &self.known;
        let own = known.requests ^ known.pauses.count ^ known.peak_units ^ self.lost;
        own ^ self.walks.glance() ^ self.last_page
    }

    /// The same of what lies elsewhere and a request for a page needs.
    pub(crate) fn look(&self, page: u64) -> u64 {
        let minute = self.minutes.last().map_or(0, |(at, _)| *at);
        minute ^ self.walks.look(tag(page)) ^ self.pages.look()
    }

    /// Harm first: whoever has less of it is the first to be kept in short.
    pub(super) fn harm(&self) -> (u64, u64) {
        (self.known.units, self.known.requests)
    }

    /// Bytes that it took up when this was last asked, none at first; and now.
    pub(super) fn measure(&mut self) -> (usize, usize) {
        let now = self.bytes();
        (replace(&mut self.measured, now), now)
    }

    /// Bytes that it takes up, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.pages.bytes()
            + self.crates.bytes()
            + self.walks.bytes()
            + self.minutes.capacity() * size_of::<(u64, Minute)>()
            + self.routes.len() * size_of::<(Option<u16>, u64)>()
            + self.samples.capacity() * 2 * size_of::<Box<str>>()
            + self.example.len()
            // What the allocator adds to seven pieces.
            + 7 * 16
    }
}

/// What a list in the order of time has for a minute. Logs are nearly in order, so
/// that it is mostly the last one or a later one.
pub(super) fn of_minute<T: Default>(list: &mut Vec<(u64, T)>, at: u64) -> &mut T {
    let place = match list.last() {
        Some((last, _)) if *last == at => list.len() - 1,
        Some((last, _)) if *last > at => match list.binary_search_by_key(&at, |(at, _)| *at) {
            Ok(place) => place,
            Err(place) => {
                list.insert(place, (at, T::default()));
                place
            }
        },
        _ => {
            list.push((at, T::default()));
            list.len() - 1
        }
    };
    &mut list[place].1
}

/// At most [`EXAMPLE_BYTES`] of a path.
fn shortened(path: &str) -> &str {
    let end = (0..=EXAMPLE_BYTES.min(path.len())).rev().find(|end| path.is_char_boundary(*end));
    path.get(..end.unwrap_or_default()).unwrap_or_default()
}
