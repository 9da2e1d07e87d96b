//! What answers a scenario without limits: the caches of every POP, the shield
//! behind them, and an origin that can do only so much.
//!
//! Nobody is refused here. Where more is asked than the origin can do, answers
//! take as long as what is before them, and fail where that is too long: that
//! is what strain looks like in a log.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tidegate_rules::{CacheState, Time};

use super::address::COLD_POP;
use super::crawl::TAIL;
use super::site::Site;
use super::{Answer, Hosted, Route, Scenario, Shot, registry};

/// A page that waits longer than this for the origin fails, in milliseconds.
const PATIENCE_MS: f64 = 30_000.0;

/// How long what a cache keeps shortly is kept, in milliseconds.
const SHORT_MS: u64 = 60_000;

/// A CDN and an origin in simulated time.
pub struct World {
    hosted: Hosted,
    /// Places of the crates by name, most read first.
    ranks: HashMap<String, usize>,
    pops: HashMap<&'static str, Cache>,
    shield: Cache,
    origin: Origin,
    /// Whether one POP begins with nothing.
    is_cold: bool,
    purge: Option<Purge>,
}

/// A new release: what was kept of a crate is gone.
struct Purge {
    at: Time,
    rank: usize,
}

/// When what is kept was stored, and until when it is good.
type Cache = HashMap<u64, (Time, u64)>;

/// How a page may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Never,
    Shortly,
    Long,
}

/// What the origin makes of a page.
struct Page {
    kept: Kept,
    status: u16,
    cost_ms: u32,
    /// The crate that it is about, by place.
    rank: Option<usize>,
    key: u64,
}

/// The crate whose release [`Scenario::release_readers`] come for, by place.
pub(super) const RELEASED: usize = 1;

impl World {
    /// The world of a scenario, before anybody has come.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let site = Site::new();
        let ranks = (0..site.len()).map(|rank| (site.at(rank).name.clone(), rank)).collect();
        let purge = Purge { at: scenario.release_time(), rank: RELEASED };
        Self {
            hosted: scenario.site,
            ranks,
            pops: HashMap::new(),
            shield: Cache::new(),
            origin: Origin { cores: scenario.cores, backlog_ms: 0.0, last: scenario.start },
            is_cold: scenario.cold_readers > 0,
            purge: (scenario.release_readers > 0).then_some(purge),
        }
    }

    /// Answers a request. Times must not run backwards.
    pub fn answer(&mut self, shot: &Shot) -> Answer {
        let page = self.page(&shot.path_and_query);
        let mut answer = Answer {
            status: page.status,
            cache: Some(CacheState::Pass),
            bytes: Some(u64::from(page.cost_ms) * 400 + 600),
            ..Answer::default()
        };
        if page.kept != Kept::Never {
            answer.cache = Some(self.look(shot.pop, &page, shot.at));
        }
        if matches!(answer.cache, Some(CacheState::Miss | CacheState::Pass)) {
            let took = self.origin.work(page.cost_ms, shot.at);
            answer.origin_ms = Some(took.unwrap_or(PATIENCE_MS as u32));
            if took.is_none() {
                answer.status = 503;
                return answer;
            }
        }
        if page.kept != Kept::Never && answer.cache != Some(CacheState::Hit) {
            let life = if page.kept == Kept::Long { u64::MAX / 2 } else { SHORT_MS };
            let stored = (shot.at, shot.at.unix_millis() + life);
            self.shield.insert(page.key, stored);
            self.pops.entry(shot.pop).or_default().insert(page.key, stored);
        }
        answer
    }

    /// Which cache has a page.
    fn look(&self, pop: &str, page: &Page, now: Time) -> CacheState {
        let has = |cache: Option<&Cache>| {
            let kept = cache.and_then(|cache| cache.get(&page.key));
            kept.is_some_and(|(stored, until)| {
                *until > now.unix_millis() && !self.is_purged(page, *stored, now)
            })
        };
        if has(self.pops.get(pop)) || self.was_read_before(page, Some(pop), now) {
            CacheState::Hit
        } else if has(Some(&self.shield)) || self.was_read_before(page, None, now) {
            CacheState::ShieldHit
        } else {
            CacheState::Miss
        }
    }

    fn is_purged(&self, page: &Page, stored: Time, now: Time) -> bool {
        let purge = self.purge.as_ref().filter(|purge| page.rank == Some(purge.rank));
        purge.is_some_and(|purge| stored < purge.at && now >= purge.at)
    }

    /// Whether people read a page in the days before: at a POP, or anywhere.
    fn was_read_before(&self, page: &Page, pop: Option<&str>, now: Time) -> bool {
        let is_cold = self.is_cold && pop == Some(COLD_POP);
        if page.kept != Kept::Long || is_cold || self.is_purged(page, Time::default(), now) {
            return false;
        }
        // Of a hundred; assets everybody has.
        let share = match page.rank {
            None => return true,
            Some(rank) if rank < TAIL => 85,
            Some(_) => 10,
        };
        let nearer = if pop.is_some() { share / 2 } else { share };
        // What a POP has, the shield has too.
        page.key % 100 < nearer
    }

    fn page(&self, path_and_query: &str) -> Page {
        let path = path_and_query.split('?').next().unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        path_and_query.hash(&mut hasher);
        let key = hasher.finish();
        let mut parts = path.trim_start_matches('/').split('/');
        let name = parts.next().and_then(|first| match first {
            "crate" | "crates" => parts.next(),
            _ => Some(first),
        });
        let rank = name.and_then(|name| self.ranks.get(name)).copied();
        let (kept, status, cost_ms) = match self.hosted {
            Hosted::CratesIo => {
                let (is_kept, cost_ms) = registry::page(path);
                (if is_kept { Kept::Long } else { Kept::Never }, registry::status(path), cost_ms)
            }
            Hosted::DocsRs => {
                let route = Route::of(path);
                (kept(route), route.status(), route.cost_ms(path))
            }
        };
        Page { kept, status, cost_ms, rank, key }
    }
}

const fn kept(route: Route) -> Kept {
    match route {
        Route::Home => Kept::Shortly,
        Route::Static | Route::Badge | Route::Rustdoc => Kept::Long,
        Route::Short | Route::Source | Route::CratePage => Kept::Long,
        Route::Builds | Route::StatusJson | Route::Search | Route::Releases => Kept::Never,
        Route::Sitemap | Route::NotFound => Kept::Never,
    }
}

/// So many cores and one queue before them.
struct Origin {
    cores: u32,
    /// Work that waits, in milliseconds of one core.
    backlog_ms: f64,
    last: Time,
}

impl Origin {
    /// Milliseconds until a page is done; `None` where that is longer than
    /// anybody waits.
    fn work(&mut self, cost_ms: u32, now: Time) -> Option<u32> {
        let cores = f64::from(self.cores);
        let done = now.millis_since(self.last) as f64 * cores;
        self.backlog_ms = (self.backlog_ms - done).max(0.0);
        self.last = now.max(self.last);
        let wait = self.backlog_ms / cores;
        if wait > PATIENCE_MS {
            return None;
        }
        self.backlog_ms += f64::from(cost_ms);
        Some(wait as u32 + cost_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin { cores: 4, backlog_ms: 0.0, last: Time::from_unix_millis(0) }
    }

    #[test]
    fn an_origin_with_time_takes_what_a_page_costs() {
        let mut origin = origin();
        let took: Vec<_> =
            (0..100).map(|n| origin.work(40, Time::from_unix_millis(n * 20))).collect();
        assert!(took.iter().all(|took| *took == Some(40)), "{took:?}");
    }

    #[test]
    fn too_much_work_waits_and_then_fails() {
        let mut origin = origin();
        // Ten times what it can do, for half a minute.
        let took: Vec<_> =
            (0..30_000).map(|n| origin.work(40, Time::from_unix_millis(n))).collect();
        assert!(took[1_000] > Some(1_000), "{:?}", took[1_000]);
        assert!(took.iter().any(Option::is_none));
        assert_eq!(origin.work(40, Time::from_unix_millis(90_000)), Some(40), "it recovers");
    }
}
