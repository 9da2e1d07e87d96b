//! A night of logs, as the analyzer and the backtest both see it: every line
//! once, in time order, with what the log itself does not say filled in by
//! declared assumptions.
//!
//! [`Night::pass`] may be called more than once: the files are read again, or the
//! store is asked again, so that nothing has to be kept in memory. Nothing is
//! judged here.

mod ahead;
mod cache;
mod gather;
mod pass;

use tidegate_rules::features::{Derived, derive_from};
use tidegate_rules::{CacheState, HashKey, Outcome, Request, Ruleset};

use crate::basis::{Assumptions, Lines, Window};
use crate::beside::Beside;
use crate::clients::ClientKey;
use crate::event::Event;
use crate::ingest::{IngestError, Input, Options, Progress, Summary};
#[cfg(not(target_family = "wasm"))]
use crate::store::Stored;
use crate::waiting::Second;
use gather::Batch;
#[cfg(not(target_family = "wasm"))]
use gather::Gatherer;
use pass::{Found, Pass};

/// Most requests that are shown together.
const TOGETHER: usize = 32;

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
    #[cfg(not(target_family = "wasm"))]
    Stored(&'n Stored<'n>),
}

impl Source<'_> {
    /// How files are read; a store keeps what was read.
    #[must_use]
    pub fn options(&self) -> Options {
        match self {
            Self::Files { options, .. } => *options,
            #[cfg(not(target_family = "wasm"))]
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
        let mut pass = Pass::new(self.rules);
        let mut show = |batch| self.show(&mut pass, batch, sink);
        let (files, duplicates) = match &self.source {
            Source::Files { inputs, options } => {
                ahead::read(inputs, *options, progress, &mut show)?
            }
            #[cfg(not(target_family = "wasm"))]
            Source::Stored(stored) => {
                let mut gatherer = Gatherer::default();
                let files = stored.read(progress, &mut |row, place| {
                    gatherer.take_stored(row, place);
                    if let Some(batch) = gatherer.due(place.reached) {
                        gatherer.reuse(show(batch));
                    }
                })?;
                show(gatherer.rest());
                (files, gatherer.duplicates)
            }
        };
        Ok(pass.passed(files, duplicates))
    }

    /// Shows what has been read; gives its memory back.
    fn show(
        &self,
        pass: &mut Pass,
        batch: Batch,
        sink: &mut dyn FnMut(&[Seen<'_>]),
    ) -> Vec<Second> {
        let Batch { seconds, spared, .. } = batch;
        pass.shielding.note(spared);
        let mut events = seconds.iter().flat_map(Second::events);
        loop {
            let some: Vec<_> = events.by_ref().take(TOGETHER).collect();
            if some.is_empty() {
                break;
            }
            let found = pass.look(self, &some);
            let together = some.into_iter().zip(found);
            let together = together.map(|(event, found)| self.seen(pass, event, found));
            sink(&together.collect::<Vec<_>>());
        }
        drop(events);
        seconds
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
