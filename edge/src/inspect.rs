//! The two calls of a host service: inspect and settle.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastly::http::HeaderValue;
use fastly::http::request::{SendError, SendErrorCause};
use fastly::{Request, Response};
use tidegate_rules::agent::Category;
use tidegate_rules::{Admission, Admit, CacheState, Engine, Outcome, Screened};

use crate::act::{Refused, refuse};
use crate::answer::{After, Answer, RECORDS, note};
use crate::cells::{self, Cells};
use crate::clock::Clock;
use crate::door::{self, Door};
use crate::load::{InForce, Rules};
use crate::observe::Observed;
use crate::upstream::{Unsent, cache_state, is_origins};

/// The header that tells the origin which `tag` rules matched.
pub const TAG: &str = "tidegate-tag";

/// Tidegate in one sandbox: decoded rules, kept from request to request.
#[derive(Default)]
pub struct Tidegate {
    rules: Rules,
}

impl Tidegate {
    /// Nothing is read before the first request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What decides now; nothing where the site is off.
    pub(crate) fn in_force(&mut self, door: &Door) -> Option<InForce> {
        self.rules.in_force(door)
    }

    /// Looks at a request before it is sent anywhere. To be called where the
    /// response is for the client, not on a shield POP, and before the service
    /// sets a before-send hook: this one would take its place.
    ///
    /// # Errors
    ///
    /// The answer to send instead, where a rule refuses the request.
    #[expect(clippy::result_large_err, reason = "a refusal is sent at once, never kept")]
    pub fn inspect(&mut self, request: &mut Request) -> Result<Pass, Answer> {
        let door = Door::open(request);
        crate::observe::strip_own(request);
        let Some(force) = self.in_force(&door) else { return Ok(Pass::new(None, door)) };
        let observed = Observed::of(request, &door);
        let Seen { pass, refused } = screened(force, observed, door);
        if let Some(Ok(tags)) = pass.tags().map(HeaderValue::try_from) {
            request.set_header(TAG, tags);
        }
        if refused {
            return Err(pass.refusal());
        }
        // Also where it was admitted already: the hook says when it goes to the origin.
        if !cfg!(feature = "harness") {
            let late = pass.clone();
            request.set_before_send(move |_| {
                late.admit().map_err(|refused| SendErrorCause::Custom(refused.into()))
            });
        }
        Ok(pass)
    }
}

/// A request that was looked at.
pub(crate) struct Seen {
    pub(crate) pass: Pass,
    /// Whether it ends here.
    pub(crate) refused: bool,
}

/// Looks at a request, and asks the counters if it is sure to reach the origin.
pub(crate) fn screened(force: InForce, observed: Observed, door: Door) -> Seen {
    let screened = force.engine.screen(&observed.request());
    let blocked = matches!(screened, Screened::Block(_));
    let mut admission = screened.into_admission();
    admission.decision.failures.extend(force.trouble);
    let cells = cells::open(&door);
    // No endpoint has an empty name: that plays one that is missing.
    let records = if door.fault("records") { "" } else { RECORDS };
    let early = admission.reaches_origin();
    let clock = Clock::new(observed.time, &door);
    let InForce { engine, is_secret, .. } = force;
    let flight = Flight { engine, is_secret, observed, clock, admission, cells, records };
    let pass = Pass::new(Some(flight), door);
    let refused = blocked || (early && pass.admit().is_err());
    Seen { pass, refused }
}

/// One request on its way.
pub(crate) struct Flight {
    engine: Arc<Engine>,
    /// Whether hashes say nothing to those who do not know the secret.
    is_secret: bool,
    observed: Observed,
    clock: Clock,
    admission: Admission,
    cells: Cells,
    /// The log endpoint of its record.
    records: &'static str,
}

impl Flight {
    /// The request is about to reach the origin, if the counters let it.
    fn admit(&mut self) -> Admit {
        self.clock.sets_out();
        self.engine.admit(&mut self.admission, &mut self.cells, self.clock.now())
    }

    fn category(&self) -> Option<Category> {
        let agent = self.admission.derived.claim?.agent?;
        Some(self.engine.rules.agent(agent)?.category)
    }

    /// Settles the account and gives the record to write, where there is one.
    pub(crate) fn settle(&mut self, outcome: &Outcome) -> After {
        self.engine.settle(&mut self.admission, outcome, &mut self.cells, self.clock.now());
        self.record(outcome)
    }

    /// The same of a request to which nothing came back. What the client is told
    /// then is the service's affair, so the record names no status; where the origin
    /// is to blame, it counts as one that says so itself.
    fn settle_unsent(&mut self, cause: &SendErrorCause) -> After {
        let origin_ms = self.clock.origin_ms();
        let outcome = Outcome { status: None, cache: Some(CacheState::Pass), origin_ms };
        let felt = match is_origins(cause) {
            true => Outcome { status: Some(504), ..outcome },
            false => Outcome { origin_ms: None, ..outcome },
        };
        self.engine.settle(&mut self.admission, &felt, &mut self.cells, self.clock.now());
        self.record(&outcome)
    }

    fn record(&self, outcome: &Outcome) -> After {
        let mut record = self.engine.record(&self.observed.request(), &self.admission, outcome);
        if let Some(record) = record.as_mut().filter(|_| !self.is_secret) {
            (record.client, record.network, record.key) = (None, None, None);
        }
        match record.map(|record| serde_json::to_string(&record)) {
            None => After::default(),
            Some(Ok(line)) => After::write(line, self.records),
            Some(Err(error)) => {
                note(&format!("records: a record could not be encoded: {error}"));
                After::default()
            }
        }
    }
}

/// A request that was inspected and may go on.
#[derive(Clone)]
#[must_use = "settle it with what `send` returned"]
pub struct Pass {
    /// Nothing where Tidegate is off.
    flight: Option<Arc<Mutex<Flight>>>,
    #[cfg(feature = "harness")]
    door: Door,
}

impl Pass {
    #[cfg_attr(not(feature = "harness"), expect(unused_variables, reason = "the closed door"))]
    pub(crate) fn new(flight: Option<Flight>, door: Door) -> Self {
        Self {
            flight: flight.map(|flight| Arc::new(Mutex::new(flight))),
            #[cfg(feature = "harness")]
            door,
        }
    }

    /// The flight, unless Tidegate is off. A poisoned lock is as good as any:
    /// the engine leaves nothing half done.
    pub(crate) fn flight(&self) -> Option<MutexGuard<'_, Flight>> {
        Some(self.flight.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the counters, once, whether the request may reach the origin. Only
    /// a service with a cache or a before-send hook of its own calls this.
    ///
    /// # Errors
    ///
    /// [`Refused`] where it may not; the answer comes from [`Pass::settle`].
    pub fn admit(&self) -> Result<(), Refused> {
        match self.flight().map(|mut flight| flight.admit()) {
            Some(Admit::Throttle { .. }) => Err(Refused),
            Some(Admit::Pass) | None => Ok(()),
        }
    }

    /// The request goes to the origin, as far as anybody here can tell.
    pub(crate) fn sets_out(&self) {
        if let Some(mut flight) = self.flight() {
            flight.clock.sets_out();
        }
    }

    /// The `tag` rules that matched, as the header [`TAG`] tells the origin.
    #[must_use]
    pub fn tags(&self) -> Option<String> {
        let flight = self.flight()?;
        let tags = flight.admission.decision.tags.iter();
        let ids: Vec<_> = tags.filter_map(|at| Some(flight.engine.rules.rule(*at)?.id())).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    }

    /// What came in through the door with the request.
    #[cfg(feature = "harness")]
    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    /// Turns what `send` returned into the answer and the record.
    ///
    /// # Errors
    ///
    /// The error of `send`, where it was not Tidegate's own refusal.
    pub fn settle<E: Into<Unsent>>(self, sent: Result<Response, E>) -> Result<Answer, SendError> {
        match sent.map_err(Into::into) {
            Ok(response) => Ok(self.answered(response)),
            Err(Unsent::Refused) => Ok(self.refusal()),
            Err(Unsent::Failed(error)) => {
                if let Some(mut flight) = self.flight() {
                    flight.settle_unsent(error.root_cause()).finish();
                }
                Err(error)
            }
        }
    }

    fn answered(&self, mut response: Response) -> Answer {
        let worked = door::origin_ms(&mut response);
        let Some(mut flight) = self.flight() else {
            return Answer::new(response, After::default());
        };
        // The cache may have a stale copy for whoever was refused, and mostly keeps to
        // itself why.
        let stale = flight.admission.decision.action.refuses();
        let cache = match cache_state(&response) {
            _ if stale => CacheState::Stale,
            Some(told) => told,
            None if flight.admission.reaches_origin() => CacheState::Pass,
            None if flight.admission.was_asked() => CacheState::Miss,
            None => CacheState::Hit,
        };
        let worked = || worked.or_else(|| flight.clock.origin_ms());
        let outcome = Outcome {
            status: Some(response.get_status().as_u16()),
            cache: Some(cache),
            origin_ms: cache.reached_origin().then(worked).flatten(),
        };
        let after = flight.settle(&outcome);
        Answer::new(response, after)
    }

    /// The answer to a refused client.
    pub(crate) fn refusal(&self) -> Answer {
        let Some(mut flight) = self.flight() else {
            return Answer::new(Response::new(), After::default());
        };
        let response = match flight.engine.refusal(&flight.admission) {
            Some(refusal) => refuse(
                &refusal,
                &flight.observed,
                flight.category(),
                flight.admission.derived.units,
            ),
            // Nothing refused it: cannot happen, and is no reason to be unkind.
            None => Response::from_status(503).with_header("retry-after", "1"),
        };
        let outcome = Outcome {
            status: Some(response.get_status().as_u16()),
            cache: Some(CacheState::Refused),
            origin_ms: None,
        };
        let after = flight.settle(&outcome);
        Answer::new(response, after)
    }
}
