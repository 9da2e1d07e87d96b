//! The requests of steps, made and decided one after the other.

use super::{Facts, Step};
use crate::decide::{Admission, Engine};
use crate::explain::{Account, Look, Watched};
use crate::key::CellKey;
use crate::record::Verification;
use crate::request::{CacheState, Client, Outcome, Request, Signals, Time};
use crate::signature::Signature;
use crate::store::{Cells, Charge, Memory, Stored, Verdict};
use crate::strain::{Answered, OriginState, Strain};

/// One request that was decided.
pub struct Played<'p> {
    /// Its number, from 1.
    pub number: u64,
    /// Its facts.
    pub request: &'p Request<'p>,
    /// What was decided.
    pub admission: &'p Admission,
    /// What it was settled with.
    pub outcome: &'p Outcome,
    /// What the cells were asked, where they were watched.
    pub account: Option<&'p Account>,
}

/// The place of a request among those of its step.
pub(super) struct Turn<'p> {
    pub(super) step: &'p Step,
    /// Whether it is the last one.
    pub(super) is_last: bool,
}

/// Decides the requests of `steps`, the first at `start`, and shows each to
/// `sink`. Of those whose number is to be `watched`, the cells are watched.
pub(super) fn play(
    steps: &[Step],
    engine: &Engine,
    start: Time,
    watched: impl Fn(u64) -> bool,
    sink: &mut dyn FnMut(Played<'_>, Turn<'_>),
) {
    let mut cells = Told::default();
    let (mut now, mut number) = (start.unix_millis(), 0);
    for step in steps {
        now = now.saturating_add(step.after_ms);
        for nth in 1..=step.times {
            if nth > 1 {
                now = now.saturating_add(step.every_ms);
            }
            number += 1;
            let time = Time::from_unix_millis(now);
            cells.origin_is(step.facts.origin, time);
            let path = step.facts.path.replace("{n}", &nth.to_string());
            let request = step.facts.request(time, &path);
            let outcome = step.facts.outcome();
            let (admission, account) = if watched(number) {
                let mut watched = Watched::new(&mut cells);
                (decide(engine, &mut watched, &request, &outcome), Some(watched.account))
            } else {
                (decide(engine, &mut cells, &request, &outcome), None)
            };
            let turn = Turn { step, is_last: nth == step.times };
            let played = Played {
                number,
                request: &request,
                admission: &admission,
                outcome: &outcome,
                account: account.as_ref(),
            };
            sink(played, turn);
        }
    }
}

fn decide(
    engine: &Engine,
    cells: &mut dyn Cells,
    request: &Request<'_>,
    outcome: &Outcome,
) -> Admission {
    let mut admission = engine.screen(request).into_admission();
    if outcome.cache.is_some_and(CacheState::reached_origin) {
        engine.admit(&mut admission, cells, request.time);
    }
    engine.settle(&mut admission, outcome, cells, request.time);
    admission
}

impl Facts {
    fn request<'f>(&'f self, time: Time, path: &'f str) -> Request<'f> {
        Request {
            host: self.host.as_deref(),
            query: self.query.as_deref(),
            client: Some(Client::Address(self.client)),
            user_agent: self.user_agent.as_deref(),
            asn: self.asn,
            country: self.country.as_deref(),
            credentials: self.credentials,
            signals: Signals {
                fingerprint: self.fingerprint,
                headers: self.headers.as_deref(),
                ..Signals::default()
            },
            signature: self.signed_by.as_ref().map(|signer| Signature::Checked {
                agent: Some(&signer.name),
                verification: Verification::Verified,
            }),
            ..Request::new(time, &self.method, path)
        }
    }

    fn outcome(&self) -> Outcome {
        let cache = if self.cached { CacheState::Hit } else { CacheState::Miss };
        Outcome { cache: Some(cache), ..Outcome::default() }
    }
}

/// Cells in memory, before an origin whose state is told.
#[derive(Default)]
struct Told {
    cells: Stored<Memory>,
    strained_since: Option<Time>,
}

impl Told {
    fn origin_is(&mut self, state: OriginState, now: Time) {
        self.strained_since = match state {
            OriginState::Calm => None,
            OriginState::Strained => self.strained_since.or(Some(now)),
        };
    }
}

impl Look for Told {
    fn look(&mut self, key: &CellKey) -> Option<Vec<u8>> {
        self.cells.look(key)
    }
}

impl Cells for Told {
    fn charge(&mut self, charges: &[Charge<'_>], now: Time) -> Verdict {
        self.cells.charge(charges, now)
    }

    fn refund(&mut self, charges: &[Charge<'_>]) -> Vec<&'static str> {
        self.cells.refund(charges)
    }

    fn strained_since(&mut self, _: &Strain, _: Time) -> Result<Option<Time>, &'static str> {
        Ok(self.strained_since)
    }

    fn answered(&mut self, _: &Strain, _: &Answered, _: Time) -> Result<(), &'static str> {
        Ok(())
    }
}
