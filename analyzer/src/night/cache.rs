//! A cache as it may have been, where the log does not say: it keeps the pages that
//! were asked for lately, as many as there is memory for here.

use std::collections::HashMap;

/// Pages of one generation: two of them take about a hundred megabytes.
const GENERATION: usize = 1 << 21;

/// Until when each page is kept, in milliseconds. What two generations of others have
/// come after is forgotten, as a cache evicts.
#[derive(Debug, Default)]
pub(super) struct Cache {
    young: HashMap<u64, u64>,
    old: HashMap<u64, u64>,
}

impl Cache {
    /// Whether a page is there at a time; it is for `life_ms` from then on, if not.
    pub(super) fn has(&mut self, page: u64, now_ms: u64, life_ms: u64) -> bool {
        let known = self.young.get(&page).or_else(|| self.old.get(&page)).copied();
        let is_there = known.is_some_and(|ends| ends > now_ms);
        let ends = known.filter(|_| is_there).unwrap_or(now_ms.saturating_add(life_ms));
        self.young.insert(page, ends);
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_kept_for_its_life() {
        let mut cache = Cache::default();
        let asked = [(0, false), (10, true), (99, true), (100, false), (199, true)];
        for (now, expected) in asked {
            assert_eq!(cache.has(7, now, 100), expected, "{now}");
        }
        assert!(!cache.has(8, 0, u64::MAX) && cache.has(8, u64::MAX - 1, 1));
    }

    #[test]
    fn what_many_others_have_come_after_is_forgotten() {
        let mut cache = Cache::default();
        let forever = u64::MAX;
        assert!(!cache.has(0, 0, forever) && !cache.has(1, 0, forever));
        let generation = u64::try_from(GENERATION).unwrap();
        for page in 2..2 * generation {
            cache.has(page, 0, forever);
            if page % 1_000 == 0 {
                assert!(cache.has(1, 0, forever), "asked for again and again: {page}");
            }
        }
        assert!(!cache.has(0, 0, forever));
        assert!(cache.young.len() + cache.old.len() <= 2 * GENERATION);
    }
}
