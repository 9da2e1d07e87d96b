//! What a pass over a night remembers on its way, and what it assumes where the
//! log is silent.

use tidegate_rules::features::Derived;
use tidegate_rules::route::CacheClass;
use tidegate_rules::{CacheState, Request, Ruleset};

use super::cache::Cache;
use super::{Night, Passed};
use crate::agents::{Agents, Named};
use crate::askers::Askers;
use crate::basis::{Assumptions, Lines, Said, Window};
use crate::event::Event;
use crate::ingest::Summary;
use crate::near::bring_near;
use crate::paths::Paths;
use crate::place::Place;
use crate::shielding::Shielding;

/// How long a page of the cache class `short` is kept, in milliseconds.
const SHORT_MS: u64 = 60_000;

/// One pass over the files.
pub(super) struct Pass {
    pub(super) shielding: Shielding,
    late: u64,
    window: Option<Window>,
    fingerprints: bool,
    pub(super) durations: bool,
    without_pop: bool,
    modelled: bool,
    origins_own: bool,
    cache: Cache,
    agents: Agents,
    pub(super) askers: Askers,
    pub(super) paths: Paths,
}

/// Where it is remembered what there is to know of an event.
pub(super) struct Found {
    pub(super) named: Option<Named>,
    pub(super) asker: Option<Place>,
    pub(super) path: Place,
    pub(super) referer: Place,
}

impl Pass {
    pub(super) fn new(rules: &Ruleset) -> Self {
        Self {
            shielding: Shielding::default(),
            late: 0,
            window: None,
            fingerprints: false,
            durations: false,
            without_pop: false,
            modelled: false,
            origins_own: false,
            cache: Cache::default(),
            agents: Agents::default(),
            askers: Askers::default(),
            paths: Paths::new(rules),
        }
    }

    /// Looks where it is remembered what there is to know of some events, and reads a
    /// bit of it: of all of them at once, so that the processor waits once.
    pub(super) fn look(&mut self, night: &Night<'_>, events: &[Event<'_>]) -> Vec<Found> {
        bring_near(events.iter().map(Event::glance));
        let find = |event| self.find(night, event);
        let found: Vec<_> = events.iter().map(find).collect();
        bring_near(found.iter().map(|found| self.paths.look(found.path)));
        bring_near(found.iter().map(|found| self.paths.look(found.referer)));
        found.iter().filter_map(|found| found.asker).for_each(|at| self.askers.look(at));
        found
    }

    fn find(&mut self, night: &Night<'_>, event: &Event<'_>) -> Found {
        let named = |text| self.agents.named(night.rules, night.secret, text);
        let named = event.user_agent().map(named);
        let asker = self.askers.place(event.client(), named);
        let path = self.paths.place(event.path());
        let referer = event.referer().map_or(path, |path| self.paths.place(path));
        Found { named, asker, path, referer }
    }

    pub(super) fn note(&mut self, request: &Request<'_>) {
        self.fingerprints |= request.signals.ja4.is_some() || request.signals.fingerprint.is_some();
        self.without_pop |= request.pop.is_none();
        let time = request.time;
        self.shielding.forget(time);
        let window = self.window.get_or_insert(Window { from: time, to: time });
        self.late += u64::from(time < window.to);
        window.from = window.from.min(time);
        window.to = window.to.max(time);
    }

    /// The cache state of a request whose log does not say.
    pub(super) fn model(
        &mut self,
        rules: &Ruleset,
        derived: &Derived,
        event: &Event<'_>,
    ) -> CacheState {
        if event.is_origins_own() {
            self.origins_own = true;
            return CacheState::Miss;
        }
        self.modelled = true;
        let route = derived.route.and_then(|at| rules.route(at));
        let life = match route.map(|route| route.cache).unwrap_or_default() {
            CacheClass::Never => return CacheState::Pass,
            _ if event.is_error() => return CacheState::Pass,
            CacheClass::Short => SHORT_MS,
            CacheClass::Long => u64::MAX / 2,
        };
        match self.cache.has(event.cache_key(), event.time().unix_millis(), life) {
            true => CacheState::Hit,
            false => CacheState::Miss,
        }
    }

    pub(super) fn passed(self, files: Summary, duplicate: u64) -> Passed {
        let (late, sampled) = (self.late, files.sampled());
        let lines = Lines { read: files.read(), bad: files.bad(), duplicate, late, sampled };
        Passed { lines, assumptions: self.assumptions(), window: self.window, files }
    }

    fn assumptions(&self) -> Assumptions {
        let said = Said {
            modelled: self.modelled,
            origins_own: self.origins_own,
            fingerprints: self.fingerprints,
            durations: self.durations,
            pops: self.window.is_some() && !self.without_pop,
        };
        said.assumptions()
    }
}
