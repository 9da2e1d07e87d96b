//! A night of logs, as the analyzer and the backtest both see it: every line
//! once, in time order, with what the log itself does not say filled in by
//! declared assumptions.
//!
//! [`Night::pass`] may be called more than once: the files are read again, or the
//! store is asked again, so that nothing has to be kept in memory. Nothing is
//! judged here.

use std::collections::HashMap;
use std::hint::black_box;

use tidegate_rules::features::{Derived, derive_from};
use tidegate_rules::route::CacheClass;
use tidegate_rules::{CacheState, HashKey, Outcome, Request, Ruleset};

use crate::agents::{Agents, Named};
use crate::askers::Askers;
use crate::basis::{
    Assumptions, CacheSource, CostSource, Lines, PopSource, StrainSource, VisitorSource, Window,
};
use crate::beside::Beside;
use crate::clients::ClientKey;
use crate::event::{Event, Kept};
use crate::ingest::{self, IngestError, Input, Line, Options, Place, Progress, Summary};
use crate::paths::Paths;
use crate::shielding::Shielding;
use crate::store::{Stored, StoredRow};
use crate::waiting::{Second, Waiting};

/// Most requests that are shown together.
const TOGETHER: usize = 32;

/// How long a page of the cache class `short` is kept, in milliseconds.
const SHORT_MS: u64 = 60_000;

/// The logs of one site, and what is needed to read them.
pub struct Night<'n> {
    /// Where its lines are.
    pub source: Source<'n>,
    /// The site's rules: routes, costs and agents come from them.
    pub rules: &'n Ruleset,
    /// The secret under which keys are hashed.
    pub secret: &'n HashKey,
    /// What is known beside the log.
    pub beside: Beside<'n>,
}

/// Where the lines of a night are.
#[derive(Clone, Copy)]
pub enum Source<'n> {
    /// In files.
    Files {
        /// Which ones.
        inputs: &'n [Input],
        /// How to read them.
        options: Options,
    },
    /// In a store.
    Stored(&'n Stored<'n>),
}

impl Source<'_> {
    /// How files are read; a store keeps what was read.
    #[must_use]
    pub fn options(&self) -> Options {
        match self {
            Self::Files { options, .. } => *options,
            Self::Stored(_) => Options::default(),
        }
    }
}

/// One request of the night.
pub struct Seen<'s> {
    /// Its facts.
    pub request: Request<'s>,
    /// What rules ask about.
    pub derived: Derived,
    /// How reports name its client.
    pub key: Option<ClientKey>,
    /// Keyed hash of its User-Agent.
    pub named: Option<u64>,
    /// Hash of the crate that its path is about, where its route names one.
    pub crate_name: Option<u64>,
    /// Hash of the page that led here, where that is of the same host.
    pub referer: Option<u64>,
    /// Whether robots.txt forbids it.
    pub forbidden: bool,
    /// Where its answer came from, as logged or assumed.
    pub cache: CacheState,
    /// Units that it caused at the origin.
    pub units: u32,
    /// The rest of its line.
    pub event: Event<'s>,
}

impl Seen<'_> {
    /// The answer, for the estimate of the origin's strain: of one whose time
    /// nobody logged, nothing.
    #[must_use]
    pub fn answer(&self) -> Outcome {
        let origin_ms = self.event.origin_ms();
        let status = self.event.status().filter(|_| origin_ms.is_some());
        Outcome { status, cache: Some(self.cache), origin_ms }
    }
}

/// What a pass found out about the log itself.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Every file, with samples of its bad lines.
    pub files: Summary,
    /// Which lines count.
    pub lines: Lines,
    /// What was assumed.
    pub assumptions: Assumptions,
    /// First and last request; `None` where there was none.
    pub window: Option<Window>,
}

impl Night<'_> {
    /// Shows every request to `sink`, in time order. One that comes more than a
    /// minute late may be shown out of order, and is counted in [`Lines::late`].
    ///
    /// # Errors
    ///
    /// Where a file cannot be opened, read or recognised, or the store does not
    /// answer.
    pub fn pass(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
        sink: &mut dyn FnMut(&Seen<'_>),
    ) -> Result<Passed, IngestError> {
        self.pass_together(progress, &mut |some| some.iter().for_each(&mut *sink))
    }

    /// As [`Night::pass`], for whoever saves time by seeing a few dozen at once.
    ///
    /// # Errors
    ///
    /// As [`Night::pass`].
    pub fn pass_together(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
        sink: &mut dyn FnMut(&[Seen<'_>]),
    ) -> Result<Passed, IngestError> {
        let mut state = Pass::new(self.rules);
        let mut show_due = |state: &mut Pass, place: Place| {
            while let Some(second) = state.waiting.due(place.reached) {
                self.show_all(state, second, sink);
            }
        };
        let files = match &self.source {
            Source::Files { inputs, options } => {
                ingest::read(inputs, options, progress, &mut |line, place| {
                    state.take(line, place);
                    show_due(&mut state, place);
                })?
            }
            Source::Stored(stored) => stored.read(progress, &mut |row, place| {
                state.take_stored(row, place);
                show_due(&mut state, place);
            })?,
        };
        while let Some(second) = state.waiting.next() {
            self.show_all(&mut state, second, sink);
        }
        Ok(state.passed(files))
    }

    fn show_all(&self, pass: &mut Pass, second: Second, sink: &mut dyn FnMut(&[Seen<'_>])) {
        let mut events = second.events();
        loop {
            let some = events.by_ref().take(TOGETHER);
            let some: Vec<_> = some.map(|event| (event, pass.look(self, &event))).collect();
            if some.is_empty() {
                break;
            }
            let together = some.into_iter().map(|(event, found)| self.seen(pass, event, found));
            sink(&together.collect::<Vec<_>>());
        }
        drop(events);
        pass.waiting.reuse(second);
    }

    fn seen<'s>(&self, pass: &mut Pass, event: Event<'s>, found: Found) -> Seen<'s> {
        let mut request = event.request();
        self.beside.place(&mut request);
        let (rules, secret) = (self.rules, self.secret);
        let Found { named, asker, path, referer } = found;
        let asker = pass.askers.asker(rules, secret, asker, &request, named);
        let path = pass.paths.path(rules, secret, path, request.path);
        let referer = event.referer().map(|path| pass.paths.page(secret, referer, path));
        let mut derived = derive_from(rules, path.asked, asker, request.asn);
        self.beside.rename(secret, &request, &mut derived);
        pass.note(&request);
        pass.durations |= event.origin_ms().is_some();
        let cache = pass.shielding.cache(&event);
        let cache = cache.unwrap_or_else(|| pass.model(rules, &derived, &event));
        let units = if cache.reached_origin() { derived.units } else { 0 };
        let key = self.beside.key(&request, &derived);
        let forbidden = self.beside.forbids(rules, &request, &derived);
        let (named, crate_name) = (named.map(|named| named.hash), path.crate_name);
        Seen { request, derived, key, named, crate_name, referer, forbidden, cache, units, event }
    }
}

/// One pass over the files.
struct Pass {
    waiting: Waiting,
    shielding: Shielding,
    duplicates: u64,
    late: u64,
    window: Option<Window>,
    fingerprints: bool,
    durations: bool,
    without_pop: bool,
    modelled: bool,
    origins_own: bool,
    kept: HashMap<u64, u64>,
    agents: Agents,
    askers: Askers,
    paths: Paths,
}

/// Where it is remembered what there is to know of an event.
struct Found {
    named: Option<Named>,
    asker: usize,
    path: usize,
    referer: usize,
}

impl Pass {
    fn new(rules: &Ruleset) -> Self {
        Self {
            waiting: Waiting::default(),
            shielding: Shielding::default(),
            duplicates: 0,
            late: 0,
            window: None,
            fingerprints: false,
            durations: false,
            without_pop: false,
            modelled: false,
            origins_own: false,
            kept: HashMap::new(),
            agents: Agents::default(),
            askers: Askers::default(),
            paths: Paths::new(rules),
        }
    }

    fn take(&mut self, line: &Line<'_>, place: Place) {
        // The line of the POP that the client spoke to says the same and more.
        let request = &line.request;
        if line.on_shield {
            self.duplicates += 1;
            self.shielding.note(request.time, request.request_id, line.outcome);
            return;
        }
        self.waiting.push(request.time, place, |texts| Kept::of(line, texts));
    }

    /// The same of a line that a store has kept.
    fn take_stored(&mut self, row: &StoredRow<'_>, place: Place) {
        if row.on_shield {
            self.duplicates += 1;
            self.shielding.note(row.time(), row.request_id, row.outcome());
            return;
        }
        self.waiting.push(row.time(), place, |texts| Kept::of_stored(row, texts));
    }

    /// Looks where it is remembered what there is to know of an event: for a few
    /// events one after another, so that the processor waits once for all.
    fn look(&mut self, night: &Night<'_>, event: &Event<'_>) -> Found {
        let named = |text| self.agents.named(night.rules, night.secret, text);
        let named = event.user_agent().map(named);
        let asker = self.askers.place(event.client(), named);
        let path = self.paths.place(event.path());
        let referer = event.referer().map_or(path, |path| self.paths.place(path));
        let slots = self.paths.look(path) ^ self.paths.look(referer) ^ self.askers.look(asker);
        black_box(slots);
        Found { named, asker, path, referer }
    }

    fn note(&mut self, request: &Request<'_>) {
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
    fn model(&mut self, rules: &Ruleset, derived: &Derived, event: &Event<'_>) -> CacheState {
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
        let now = event.time().unix_millis();
        let ends = self.kept.entry(event.cache_key()).or_insert(0);
        if *ends > now {
            return CacheState::Hit;
        }
        *ends = now + life;
        CacheState::Miss
    }

    fn passed(self, files: Summary) -> Passed {
        let lines = Lines {
            read: files.read(),
            bad: files.bad(),
            duplicate: self.duplicates,
            late: self.late,
        };
        Passed { lines, assumptions: self.assumptions(), window: self.window, files }
    }

    /// What was assumed for any request is said of all.
    fn assumptions(&self) -> Assumptions {
        let cache = if self.modelled {
            CacheSource::Modelled
        } else if self.origins_own {
            CacheSource::Origin
        } else {
            CacheSource::Logged
        };
        Assumptions {
            cache,
            cost: CostSource::Declared,
            pops: match self.window.is_some() && !self.without_pop {
                true => PopSource::Logged,
                false => PopSource::Assumed,
            },
            strain: if self.durations { StrainSource::Logged } else { StrainSource::None },
            visitor: match self.fingerprints {
                true => VisitorSource::Fingerprint,
                false => VisitorSource::UserAgent,
            },
        }
    }
}
