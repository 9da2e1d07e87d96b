//! A night of logs, as the analyzer and the backtest both see it: every line
//! once, in time order, with what the log itself does not say filled in by
//! declared assumptions.
//!
//! [`Night::pass`] may be called more than once: the files are read again, so
//! that nothing has to be kept in memory. Nothing is judged here.

use std::cell::RefCell;
use std::collections::{BinaryHeap, HashMap};

use tidegate_rules::features::{Derived, derive};
use tidegate_rules::route::CacheClass;
use tidegate_rules::{CacheState, HashKey, Outcome, Request, Ruleset, Time};

use crate::basis::{
    Assumptions, CacheSource, CostSource, Lines, PopSource, StrainSource, VisitorSource, Window,
};
use crate::event::Event;
use crate::ingest::{self, Format, IngestError, Input, Line, Options, Progress, Summary};

/// How far out of order lines may be, in milliseconds: a log is written when
/// requests end, and its lines are sorted by when they are written.
const DISORDER_MS: u64 = 30_000;

/// How long a page of the cache class `short` is kept, in milliseconds.
const SHORT_MS: u64 = 60_000;

/// The logs of one site, and what is needed to read them.
pub struct Night<'n> {
    /// The files.
    pub inputs: &'n [Input],
    /// How to read them.
    pub options: Options,
    /// The site's rules: routes, costs and agents come from them.
    pub rules: &'n Ruleset,
    /// The secret under which keys are hashed.
    pub secret: &'n HashKey,
}

/// One request of the night.
pub struct Seen<'s> {
    /// Its facts.
    pub request: Request<'s>,
    /// What rules ask about.
    pub derived: Derived,
    /// Where its answer came from, as logged or assumed.
    pub cache: CacheState,
    /// Units that it caused at the origin.
    pub units: u32,
    /// The rest of its line.
    pub event: &'s Event,
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
    /// Shows every request to `sink`, in time order. One that comes more than
    /// 30 s late may be shown out of order, and is counted in [`Lines::late`].
    ///
    /// # Errors
    ///
    /// Where a file cannot be opened, read or recognised.
    pub fn pass(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
        sink: &mut dyn FnMut(&Seen<'_>),
    ) -> Result<Passed, IngestError> {
        let state = RefCell::new(Pass::default());
        let files = ingest::read(self.inputs, &self.options, progress, &mut |line| {
            let mut state = state.borrow_mut();
            state.take(line);
            while let Some(event) = state.due() {
                self.show(&mut state, &event, sink);
            }
        })?;
        let mut state = state.into_inner();
        while let Some(event) = state.waiting.pop() {
            self.show(&mut state, &event, sink);
        }
        Ok(state.passed(files))
    }

    fn show(&self, pass: &mut Pass, event: &Event, sink: &mut dyn FnMut(&Seen<'_>)) {
        let request = event.request();
        let derived = derive(self.rules, self.secret, &request);
        pass.note(&request);
        pass.durations |= event.origin_ms().is_some();
        let cache = event.cache().unwrap_or_else(|| pass.model(self.rules, &derived, event));
        let units = if cache.reached_origin() { derived.units } else { 0 };
        sink(&Seen { request, derived, cache, units, event });
    }
}

/// One pass over the files.
#[derive(Default)]
struct Pass {
    waiting: BinaryHeap<Event>,
    latest: Time,
    taken: u64,
    duplicates: u64,
    late: u64,
    window: Option<Window>,
    fingerprints: bool,
    durations: bool,
    pops: bool,
    modelled: bool,
    kept: HashMap<u64, u64>,
}

impl Pass {
    fn take(&mut self, line: &Line<'_>) {
        // The line of the POP that the client spoke to says the same and more.
        if line.on_shield {
            self.duplicates += 1;
            return;
        }
        self.latest = self.latest.max(line.request.time);
        self.taken += 1;
        self.waiting.push(Event::of(line, self.taken));
    }

    fn due(&mut self) -> Option<Event> {
        let first = self.waiting.peek()?;
        let ripe = self.latest.millis_since(first.time()) > DISORDER_MS;
        if ripe { self.waiting.pop() } else { None }
    }

    fn note(&mut self, request: &Request<'_>) {
        self.fingerprints |= request.signals.ja4.is_some() || request.signals.fingerprint.is_some();
        self.pops |= request.pop.is_some();
        let time = request.time;
        let window = self.window.get_or_insert(Window { from: time, to: time });
        self.late += u64::from(time < window.to);
        window.from = window.from.min(time);
        window.to = window.to.max(time);
    }

    /// The cache state of a request whose log does not say.
    fn model(&mut self, rules: &Ruleset, derived: &Derived, event: &Event) -> CacheState {
        if event.format() == Format::Combined {
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
        Passed { lines, assumptions: self.assumptions(&files), window: self.window, files }
    }

    fn assumptions(&self, files: &Summary) -> Assumptions {
        let combined = files.files.iter().any(|file| file.format == Some(Format::Combined));
        let cache = if self.modelled {
            CacheSource::Modelled
        } else if combined {
            CacheSource::Origin
        } else {
            CacheSource::Logged
        };
        Assumptions {
            cache,
            cost: CostSource::Declared,
            pops: if self.pops { PopSource::Logged } else { PopSource::Assumed },
            strain: if self.durations { StrainSource::Logged } else { StrainSource::None },
            visitor: match self.fingerprints {
                true => VisitorSource::Fingerprint,
                false => VisitorSource::UserAgent,
            },
        }
    }
}
