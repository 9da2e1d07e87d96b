//! Breadth, as cells count it, but exact: different pages over rolling windows.

use hashbrown::HashMap;
use tidegate_rules::Time;

/// The windows over which breadth is counted, in milliseconds, shortest first: a
/// burst stands out in the first before it has cost much, a patient walk in the
/// last. The first is the shortest that a rule may ask for.
pub const WINDOWS_MS: [u32; 3] = [10_000, 60_000, 600_000];

/// Largest breadth that is counted: far above every threshold, and a bound on
/// what one walk takes up.
pub const MOST: u32 = 8_192;

/// Somebody's breadth over each of [`WINDOWS_MS`].
#[derive(Debug, Clone, Default)]
pub struct Walks {
    /// The largest seen, at most [`MOST`].
    pub widest: [u32; WINDOWS_MS.len()],
    windows: [Window; WINDOWS_MS.len()],
    /// When each page of the longest window was last marked. A page that comes
    /// again moves from the last half to the current one, so that no page is in
    /// both.
    marked: HashMap<u32, u64>,
    /// Late lines count as if they came now.
    now: u64,
}

/// How many pages the current half of a window and the one before it have.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    half: u64,
    current: u32,
    last: u32,
}

impl Walks {
    /// Counts a page that was about to reach the origin.
    pub(crate) fn mark(&mut self, time: Time, page: u32) {
        self.now = self.now.max(time.unix_millis());
        self.forget();
        let full = self.marked.len() >= MOST as usize;
        let before = match full && !self.marked.contains_key(&page) {
            true => return,
            false => self.marked.insert(page, self.now),
        };
        let windows = self.windows.iter_mut().zip(&mut self.widest).zip(WINDOWS_MS);
        for ((window, widest), period) in windows {
            let half = |millis: u64| millis / u64::from(period / 2);
            window.roll(half(self.now));
            window.count(before.map(half));
            *widest = (window.current + window.last).max(*widest);
        }
    }

    /// Forgets the pages that no window holds any more, once in a half of the
    /// longest.
    fn forget(&mut self) {
        let Some((window, period)) = self.windows.last().zip(WINDOWS_MS.last()) else { return };
        let length = u64::from(period / 2);
        let half = self.now / length;
        if half > window.half {
            self.marked.retain(|_, time| *time / length + 1 >= half);
        }
    }

    /// Largest breadth over the longest window.
    #[must_use]
    pub fn breadth(&self) -> u32 {
        self.widest.last().copied().unwrap_or_default()
    }

    /// Reads a bit of what is always needed.
    pub(crate) fn glance(&self) -> u64 {
        self.now ^ u64::from(self.windows[0].current)
    }

    /// The same of what a page needs.
    pub(crate) fn look(&self, page: u32) -> u64 {
        self.marked.get(&page).copied().unwrap_or_default()
    }

    /// Bytes on the heap, about.
    pub(crate) fn bytes(&self) -> usize {
        self.marked.allocation_size()
    }
}

impl Window {
    fn roll(&mut self, half: u64) {
        match half.saturating_sub(self.half) {
            0 => return,
            1 => self.last = self.current,
            _ => self.last = 0,
        }
        self.current = 0;
        self.half = half;
    }

    /// Counts a page in the current half that was last marked in `before`.
    fn count(&mut self, before: Option<u64>) {
        match before {
            Some(half) if half == self.half => {}
            Some(half) if half + 1 == self.half => {
                self.last = self.last.saturating_sub(1);
                self.current += 1;
            }
            _ => self.current += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_moment_counts_and_pages_age() {
        let mut walks = Walks::default();
        // Twenty pages a minute for three minutes, each page once.
        for second in 0..180_u32 {
            if second % 3 == 0 {
                walks.mark(Time::from_unix_millis(u64::from(second) * 1_000), second);
            }
        }
        assert_eq!(walks.widest, [4, 20, 60]);
        walks.mark(Time::from_unix_millis(3_600_000), 1);
        assert_eq!(walks.widest, [4, 20, 60], "an hour later there is one page in the window");
    }

    #[test]
    fn a_page_that_comes_again_is_one_page() {
        let mut walks = Walks::default();
        for second in 0..60 {
            walks.mark(Time::from_unix_millis(second * 1_000), 7);
        }
        assert_eq!((walks.widest, walks.breadth()), ([1, 1, 1], 1));
    }

    #[test]
    fn a_walk_over_everything_stays_bounded() {
        let mut walks = Walks::default();
        for page in 0..1_000_000 {
            walks.mark(Time::from_unix_millis(u64::from(page) / 10), page);
        }
        assert_eq!(walks.breadth(), MOST);
        assert!(walks.bytes() < 500_000, "{}", walks.bytes());
    }
}
