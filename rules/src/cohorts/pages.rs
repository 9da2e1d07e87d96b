//! The largest breadth that one visitor reached over one window.
//!
//! Counted as cells count it, half-window by half-window, but with a memory
//! for those who ask for little: most visitors of a night open a page or two,
//! and a bitmap pair for each of them would be the largest thing in memory.

use crate::breadth::{self, BITS_BOUND};
use crate::request::Time;

/// Pages that are told apart one by one before a bitmap takes over.
const FEW: usize = 4;

const BITMAP_BYTES: usize = BITS_BOUND as usize / 8;

/// The pages of one visitor over one window.
#[derive(Debug, Default)]
pub(super) struct Pages {
    peak: u32,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    /// Pages of the current and the last half-window, exactly.
    Few([Option<Page>; FEW]),
    /// Any number, by linear counting.
    Many(Box<Bitmaps>),
}

/// A page and the latest half-window in which it was asked for.
#[derive(Debug, Clone, Copy)]
struct Page {
    /// The low half of its hash: more than the bitmaps use.
    hash: u32,
    half: u32,
}

#[derive(Debug)]
struct Bitmaps {
    half: u32,
    current: [u8; BITMAP_BYTES],
    last: [u8; BITMAP_BYTES],
}

impl Pages {
    /// Marks the page with this hash, over a window of `period_ms`.
    pub(super) fn mark(&mut self, page: u64, now: Time, period_ms: u32) {
        let half = breadth::half_window(now, period_ms);
        let page = Page { hash: low(page), half };
        let count = match &mut self.kept {
            Kept::Few(few) => match mark_few(few, page) {
                Some(count) => count,
                None => {
                    let mut bitmaps = Box::new(Bitmaps::of(few));
                    let count = bitmaps.mark(page);
                    self.kept = Kept::Many(bitmaps);
                    count
                }
            },
            Kept::Many(bitmaps) => bitmaps.mark(page),
        };
        self.peak = self.peak.max(count);
    }

    /// The largest breadth so far.
    pub(super) const fn peak(&self) -> u32 {
        self.peak
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self::Few([None; FEW])
    }
}

/// How many there are with this one; `None` where there is no room for it.
fn mark_few(few: &mut [Option<Page>; FEW], page: Page) -> Option<u32> {
    for slot in &mut *few {
        *slot = slot.filter(|known| page.half.saturating_sub(known.half) <= 1);
    }
    let same = few.iter().position(|slot| slot.is_some_and(|known| known.hash == page.hash));
    let at = same.or_else(|| few.iter().position(Option::is_none))?;
    *few.get_mut(at)? = Some(page);
    u32::try_from(few.iter().flatten().count()).ok()
}

impl Bitmaps {
    fn of(few: &[Option<Page>; FEW]) -> Self {
        let mut bitmaps = Self { half: 0, current: [0; BITMAP_BYTES], last: [0; BITMAP_BYTES] };
        let mut pages: Vec<Page> = few.iter().copied().flatten().collect();
        // Bitmaps roll forwards only.
        pages.sort_by_key(|page| page.half);
        for page in pages {
            bitmaps.mark(page);
        }
        bitmaps
    }

    fn mark(&mut self, page: Page) -> u32 {
        let Self { half, current, last } = self;
        breadth::mark(half, current, last, page.half, u64::from(page.hash))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(page: u64) -> u32 {
    page as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::HashKey;

    const PERIOD_MS: u32 = 600_000;

    fn page(n: u32) -> u64 {
        HashKey::default().hash(b'p', &[&n.to_le_bytes()]) as u64
    }

    /// The largest breadth of pages asked for at these minutes.
    fn peak(walk: impl IntoIterator<Item = (u64, u32)>) -> u32 {
        let mut pages = Pages::default();
        for (minute, n) in walk {
            let now = Time::from_unix_millis(1_700_000_400_000 + minute * 60_000);
            pages.mark(page(n), now, PERIOD_MS);
        }
        pages.peak()
    }

    #[test]
    fn a_page_counts_once_however_often_it_is_polled() {
        assert_eq!(peak((0..500).map(|minute| (minute, 7))), 1);
    }

    #[test]
    fn few_pages_are_counted_exactly_and_many_nearly() {
        for n in 0..=4 {
            assert_eq!(peak((0..n).map(|n| (0, n))), n);
        }
        for n in [5, 20, 100] {
            let found = peak((0..n).map(|n| (0, n)));
            assert!(found.abs_diff(n) <= n / 10, "{found} for {n}");
        }
    }

    #[test]
    fn windows_roll_before_and_after_the_bitmap() {
        assert_eq!(peak([(0, 1), (5, 2), (10, 3), (15, 4)]), 2, "each half has one page");
        assert_eq!(peak((0..100).map(|n| (u64::from(n) * 5, n))), 2);
        assert_eq!(peak([(0, 1), (0, 2), (0, 3), (5, 4), (5, 5)]), 5, "the last half still counts");
        assert_eq!(peak([(0, 1), (0, 2), (0, 3), (5, 4), (10, 5), (10, 6)]), 4, "and then not");
        assert_eq!(peak([(0, 1), (5, 1), (10, 2)]), 2, "asked for again, it moves on");
    }

    #[test]
    fn the_largest_breadth_stays() {
        let walk = (0..30).map(|n| (0, n)).chain((0..30).map(|minute| (100 + minute, 1)));
        assert!(peak(walk) >= 27);
    }
}
