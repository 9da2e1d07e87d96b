//! Somebody who asked for little, in 60 bytes: there are millions of them.
//!
//! Exact up to three different pages. Beyond, where there is no room to keep
//! more, pages and crates are counted by small bitmaps (linear counting over 64
//! and 16 bits: of ten pages, about one in eleven is missed or counted too
//! much), and shares are those of the first 255 requests.

mod bitmap;
mod packed;
mod shortened;

use super::{Facts, Features, Minute, Pauses, SESSION_GAP_MS, class, minute};
use bitmap::linear;
use packed::{COUNTS, Count, Flag, Word, mask};

/// Different pages that are told apart.
pub(crate) const PAGES: usize = 3;

/// Bits that a page is told apart by.
const TAG_BITS: u32 = 20;

/// Whoever asks for more than this is kept in full, where there is room.
pub(crate) const REQUESTS: u32 = 32;

/// Whoever costs the origin more than this is kept in full, where there is room.
pub(crate) const UNITS: u32 = 400;

/// Who asked for little. See [`Features`] for what the fields mean.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Few {
    /// Time of the first request, then the claim.
    first: Word,
    /// Time of the last request, then flags and the number of sessions.
    last: Word,
    /// Three tags, or a bitmap.
    pages: Word,
    requests: u32,
    units: u32,
    crates: u16,
    peak_units: u16,
    minute_units: u16,
    counts: [u8; COUNTS],
}

impl Few {
    pub(super) fn new(facts: &Facts<'_>) -> Self {
        let mut few = Self::default();
        few.set_first(facts.time);
        few.set_last(facts.time);
        few.add(facts);
        few
    }

    /// In the place of somebody who is kept in full: where that is.
    pub(super) fn elsewhere(place: u32) -> Self {
        Self { requests: place, ..Self::default() }
    }

    /// The place that it was made with.
    pub(super) const fn is_elsewhere(&self) -> usize {
        self.requests as usize
    }

    /// Whether a request makes it more than it can tell exactly.
    pub(super) fn outgrows(&self, facts: &Facts<'_>) -> bool {
        let cost = self.units.saturating_add(facts.units);
        self.requests >= REQUESTS
            || cost > UNITS
            || self.flag(Flag::Bitmap)
            || !self.fits(tag(facts.page))
    }

    pub(super) fn add(&mut self, facts: &Facts<'_>) {
        // Before the page: a page is no referer of its own.
        let chained = facts.referer.is_some_and(|page| self.knows(tag(page)));
        self.note_page(facts);
        self.note_time(facts);
        self.requests = self.requests.saturating_add(1);
        self.units = self.units.saturating_add(facts.units);
        if self.requests <= u8::MAX.into() {
            let status = class(facts.status);
            let counts = [
                (Count::Misses, facts.missed),
                (Count::Assets, facts.asset),
                (Count::Referred, facts.referred == Some(true)),
                (Count::Chained, chained),
                (Count::Unpopular, facts.unpopular),
                (Count::Moved, status == 3),
                (Count::Refused, status == 4),
                (Count::Failed, status == 5),
            ];
            for (count, holds) in counts {
                self.counts[count as usize] += u8::from(holds);
            }
        }
        let flags = [
            (Flag::Told, facts.referred.is_some()),
            (Flag::Robots, facts.robots),
            (Flag::Forbidden, facts.forbidden),
            (Flag::Fingerprinted, facts.fingerprint.is_some()),
            (Flag::NoStatus, class(facts.status) == 0),
        ];
        for (flag, holds) in flags {
            self.raise(flag, holds);
        }
        if self.claim().is_none_or(|claim| claim.agent.is_none()) {
            self.set_claim(facts.claim.or(self.claim()));
        }
    }

    fn note_page(&mut self, facts: &Facts<'_>) {
        if let Some(name) = facts.crate_name {
            self.crates |= crate_bit(name);
        }
        let tag = tag(facts.page);
        if !self.flag(Flag::Bitmap) && !self.fits(tag) {
            let bits = self.tags().map(|(tag, _)| bit(tag)).fold(0, |all, bit| all | bit);
            self.pages = Word::of(bits);
            self.raise(Flag::Bitmap, true);
        }
        if self.flag(Flag::Bitmap) {
            self.pages = Word::of(self.pages.get() | bit(tag));
            return;
        }
        let at = self.tags().position(|(known, _)| known == tag);
        let at = at.unwrap_or(self.tags().count());
        let shift = u32::try_from(at).unwrap_or_default() * (TAG_BITS + 1);
        let admitted = u64::from(facts.units > 0);
        self.pages = Word::of(self.pages.get() | (u64::from(tag) << 1 | admitted) << shift);
    }

    fn note_time(&mut self, facts: &Facts<'_>) {
        let (first, last) = (self.first(), self.last());
        if self.requests == 0 || facts.time.millis_since(last) > SESSION_GAP_MS {
            let sessions = self.sessions().saturating_add(1);
            self.set_sessions(sessions);
        }
        if minute(facts.time) > minute(last) {
            self.counts[Count::MinuteRequests as usize] = 0;
            self.minute_units = 0;
        }
        let units = u16::try_from(facts.units).unwrap_or(u16::MAX);
        self.minute_units = self.minute_units.saturating_add(units);
        self.peak_units = self.peak_units.max(self.minute_units);
        let requests = self.count(Count::MinuteRequests).saturating_add(1);
        self.counts[Count::MinuteRequests as usize] = requests;
        let peak = self.count(Count::PeakRequests).max(requests);
        self.counts[Count::PeakRequests as usize] = peak;
        self.set_first(first.min(facts.time));
        self.set_last(last.max(facts.time));
    }

    /// The pages told apart, and whether each reached the origin.
    pub(super) fn tags(&self) -> impl Iterator<Item = (u32, bool)> {
        let pages = self.pages.get();
        let tags = (0..PAGES).map(move |at| pages >> (at * (TAG_BITS as usize + 1)));
        tags.map(|slot| (tag_in(slot >> 1), slot & 1 == 1)).take_while(|(tag, _)| *tag > 0)
    }

    /// The crates that were asked for, a bit each.
    pub(super) const fn crates(&self) -> u16 {
        self.crates
    }

    fn fits(&self, tag: u32) -> bool {
        self.knows(tag) || self.tags().count() < PAGES
    }

    fn knows(&self, tag: u32) -> bool {
        !self.flag(Flag::Bitmap) && self.tags().any(|(known, _)| known == tag)
    }

    pub(super) fn is_exact(&self) -> bool {
        !self.flag(Flag::Bitmap) && self.requests <= u8::MAX.into()
    }

    /// Harm first: whoever has less of it is the first to be kept in short.
    pub(super) fn harm(&self) -> (u64, u64) {
        (self.units.into(), self.requests.into())
    }

    /// The minute of the last request, and what happened within it.
    pub(super) fn last_minute(&self) -> (u64, Minute) {
        let requests = self.count(Count::MinuteRequests).into();
        (minute(self.last()), Minute { requests, units: self.minute_units.into() })
    }

    /// What it did. Breadth is at most what is said.
    pub(super) fn features(&self) -> Features {
        let pages = match self.flag(Flag::Bitmap) {
            true => linear(self.pages.get().count_ones(), 64),
            false => self.tags().count() as u64,
        };
        let misses = self.scaled(Count::Misses);
        let admitted = match self.flag(Flag::Bitmap) {
            true => pages.min(misses),
            false => self.tags().filter(|(_, admitted)| *admitted).count() as u64,
        };
        let told = if self.flag(Flag::Told) { self.requests.into() } else { 0 };
        Features {
            requests: self.requests.into(),
            units: self.units.into(),
            misses,
            assets: self.scaled(Count::Assets),
            told,
            referred: self.scaled(Count::Referred),
            chained: self.scaled(Count::Chained),
            unpopular: self.scaled(Count::Unpopular),
            statuses: self.statuses(),
            pages,
            crates: linear(self.crates.count_ones(), 16),
            widest: [u32::try_from(admitted).unwrap_or(u32::MAX); 3],
            first: self.first(),
            last: self.last(),
            sessions: self.sessions(),
            pauses: Pauses::default(),
            peak_requests: self.count(Count::PeakRequests).into(),
            peak_units: self.peak_units.into(),
            claim: self.claim(),
            fingerprinted: self.flag(Flag::Fingerprinted),
            robots: self.flag(Flag::Robots),
            forbidden: self.flag(Flag::Forbidden).into(),
            unchanged: 0,
            probes: 0,
            exact: self.is_exact(),
        }
    }

    fn statuses(&self) -> [u64; 6] {
        let [moved, refused, failed] =
            [Count::Moved, Count::Refused, Count::Failed].map(|count| self.scaled(count));
        let rest = u64::from(self.requests).saturating_sub(moved + refused + failed);
        // One answer without a status is taken for all of them.
        let (unknown, fine) = if self.flag(Flag::NoStatus) { (rest, 0) } else { (0, rest) };
        [unknown, 0, fine, moved, refused, failed]
    }
}

/// What a page is told apart by: never 0, which is no page.
pub(super) fn tag(page: u64) -> u32 {
    tag_in(page).max(1)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower bits are what is wanted")]
const fn tag_in(bits: u64) -> u32 {
    (bits & mask(TAG_BITS)) as u32
}

/// The bit of a crate.
pub(super) const fn crate_bit(name: u64) -> u16 {
    1 << (name % 16)
}

const fn bit(tag: u32) -> u64 {
    1 << (tag % 64)
}
