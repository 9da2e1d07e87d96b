//! One line of a log, owned, so that lines can wait for their turn.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tidegate_rules::record::Verification;
use tidegate_rules::{Action, CacheState, Client, Outcome, Request, Signals, Time, Vouched};

use crate::ingest::{Format, Line};

/// One line of a log, owned.
#[derive(Debug, Clone)]
pub struct Event {
    time: Time,
    /// Place in the files: lines of one millisecond keep their order.
    place: u64,
    format: Format,
    method: Box<str>,
    path: Box<str>,
    query: Option<Box<str>>,
    host: Option<Box<str>>,
    client: Option<Client>,
    user_agent: Option<Box<str>>,
    fingerprint: Option<u64>,
    asn: Option<u32>,
    country: Option<Box<str>>,
    pop: Option<Box<str>>,
    vouched: Option<Vouched>,
    request_id: Option<Box<str>>,
    outcome: Outcome,
    refused: bool,
    /// Whether a page led here, where the log says.
    pub referred: Option<bool>,
}

impl Event {
    /// Keeps what later steps ask about. `place` counts the lines.
    #[must_use]
    pub fn of(line: &Line<'_>, place: u64) -> Self {
        let request = &line.request;
        let decided = line.decided;
        Self {
            time: request.time,
            place,
            format: line.format,
            method: request.method.into(),
            path: request.path.into(),
            query: request.query.map(Into::into),
            host: request.host.map(Into::into),
            client: request.client,
            user_agent: request.user_agent.map(Into::into),
            fingerprint: tidegate_rules::fingerprint::fingerprint(&request.signals),
            asn: request.asn,
            country: request.country.map(Into::into),
            pop: request.pop.map(Into::into),
            vouched: request.vouched.or_else(|| vouched(decided?.verification)),
            request_id: request.request_id.map(Into::into),
            outcome: line.outcome,
            refused: decided.is_some_and(|record| refuses(record.decision)),
            referred: line.referer.map(|referer| !referer.is_empty()),
        }
    }

    /// The facts of the request. Whether credentials came along no log says.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            time: self.time,
            method: &self.method,
            host: self.host.as_deref(),
            path: &self.path,
            query: self.query.as_deref(),
            client: self.client,
            user_agent: self.user_agent.as_deref(),
            signals: Signals { fingerprint: self.fingerprint, ..Signals::default() },
            asn: self.asn,
            country: self.country.as_deref(),
            pop: self.pop.as_deref(),
            credentials: None,
            vouched: self.vouched,
            request_id: self.request_id.as_deref(),
        }
    }

    /// When the request arrived.
    #[must_use]
    pub fn time(&self) -> Time {
        self.time
    }

    /// Status that the client got.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.outcome.status
    }

    /// Milliseconds that the origin took.
    #[must_use]
    pub fn origin_ms(&self) -> Option<u32> {
        self.outcome.origin_ms
    }

    /// What the log says of the cache. What Tidegate refused, for now or for
    /// good, it kept from the origin, so it counts as a miss that was spared.
    #[must_use]
    pub fn cache(&self) -> Option<CacheState> {
        if self.refused { Some(CacheState::Miss) } else { self.outcome.cache }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn is_error(&self) -> bool {
        self.outcome.status.is_some_and(|status| status >= 400)
    }

    /// What a cache at one POP tells pages apart by.
    pub(crate) fn cache_key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.pop, &self.host, &self.path, &self.query).hash(&mut hasher);
        hasher.finish()
    }
}

/// Whether the client got a refusal instead of an answer.
const fn refuses(action: Action) -> bool {
    match action {
        Action::Throttle | Action::Block => true,
        Action::Pass | Action::Allow => false,
    }
}

fn vouched(verification: Verification) -> Option<Vouched> {
    match verification {
        Verification::Verified => Some(Vouched::Verified),
        Verification::Contradicted => Some(Vouched::Contradicted),
        Verification::Unverifiable | Verification::None => None,
    }
}

/// Earlier events are greater: a heap gives them first.
impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time, other.place).cmp(&(self.time, self.place))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.place) == (other.time, other.place)
    }
}

impl Eq for Event {}
