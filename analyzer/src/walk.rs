//! Breadth, as cells count it, but exact: different pages over rolling windows.

use std::collections::HashSet;

use tidegate_rules::Time;

/// The windows over which breadth is counted, in milliseconds, shortest first: a
/// burst stands out in the first before it has cost much, a patient walk in the
/// last. The first is the shortest that a rule may ask for.
pub const WINDOWS_MS: [u32; 3] = [10_000, 60_000, 600_000];

/// Somebody's breadth over each of [`WINDOWS_MS`].
#[derive(Debug, Clone, Default)]
pub struct Walks {
    /// The largest seen.
    pub widest: [u32; WINDOWS_MS.len()],
    walks: [Walk; WINDOWS_MS.len()],
}

impl Walks {
    /// Counts a page that was about to reach the origin.
    pub(crate) fn mark(&mut self, time: Time, page: u64) {
        let walks = self.walks.iter_mut().zip(&mut self.widest).zip(WINDOWS_MS);
        for ((walk, widest), window) in walks {
            let half = time.unix_millis() / u64::from(window / 2);
            *widest = walk.mark(half, page).max(*widest);
        }
    }

    /// Largest breadth over the longest window.
    #[must_use]
    pub fn breadth(&self) -> u32 {
        self.widest.last().copied().unwrap_or_default()
    }
}

/// One window: the pages of its current and of its last half.
#[derive(Debug, Clone, Default)]
struct Walk {
    half: u64,
    current: HashSet<u64>,
    last: HashSet<u64>,
}

impl Walk {
    fn mark(&mut self, half: u64, page: u64) -> u32 {
        match half.saturating_sub(self.half) {
            0 => {}
            1 => self.last = std::mem::take(&mut self.current),
            _ => {
                self.last.clear();
                self.current.clear();
            }
        }
        self.half = self.half.max(half);
        // A page that comes again moves from the last half to the current one,
        // so that the two sets never share a page.
        self.last.remove(&page);
        self.current.insert(page);
        u32::try_from(self.current.len() + self.last.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_moment_counts_and_pages_age() {
        let mut walks = Walks::default();
        // Twenty pages a minute for three minutes, each page once.
        for second in 0..180 {
            if second % 3 == 0 {
                walks.mark(Time::from_unix_millis(second * 1_000), second);
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
}
