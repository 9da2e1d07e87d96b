//! Requests of a night one by one: what was decided of each, and why. The night is
//! replayed as a backtest replays it, so that budgets are what they were by then.
//!
//! Nothing is decided here; see [`crate::backtest`] and [`tidegate_rules::explain`].

use std::fmt;

use tidegate_rules::case::{Line as Decided, Played};
use tidegate_rules::{Engine, Explanation, Time};

use crate::backtest::Pops;
use crate::ingest::{Format, IngestError, Progress};
use crate::night::{Night, Passed};
use crate::text::grouped;
use crate::time::rfc3339;

/// Most lines of one id whose times are told.
const TIMES_SHOWN: usize = 3;

/// What a night has to say of a request's id.
pub struct Found {
    /// The first request of that id, explained.
    explained: Option<Explanation>,
    /// When each request of that id came.
    times: Vec<Time>,
    /// How many requests there were, and how many with any id.
    requests: u64,
    with_id: u64,
    /// What the pass found out about the log.
    pub passed: Passed,
}

/// Why a request cannot be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unexplained {
    /// No request of the log has an id.
    NoIds {
        /// How many requests there are.
        requests: u64,
        /// The formats of the log's files.
        formats: Vec<Format>,
    },
    /// None has this one.
    NotThere {
        /// How many requests there are.
        requests: u64,
        /// How many of them have an id.
        with_id: u64,
    },
    /// Several have it.
    Several(Vec<Time>),
}

/// Replays `night` through `trial` and explains the request of an id.
///
/// # Errors
///
/// Where a file cannot be opened, read or recognised.
pub fn request(
    night: &Night<'_>,
    trial: &Engine,
    id: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Found, IngestError> {
    let mut pops = Pops::new(trial);
    let (mut explained, mut times) = (None, Vec::new());
    let (mut requests, mut with_id) = (0, 0);
    let passed = night.pass(progress, &mut |seen| {
        requests += 1;
        with_id += u64::from(seen.request.request_id.is_some());
        if seen.request.request_id == Some(id) {
            times.push(seen.request.time);
            if explained.is_none() {
                let (admission, account) = pops.watch(seen);
                let answer = seen.answer();
                explained = Some(trial.explain(&seen.request, &admission, &answer, &account));
                return;
            }
        }
        // What comes later can change nothing, but may have the same id.
        if explained.is_none() {
            pops.decide(seen);
        }
    })?;
    Ok(Found { explained, times, requests, with_id, passed })
}

/// Replays `night` through `trial` and shows what was decided of each request, in
/// time order. The cells of those whose number, from 1, is to be `watched` are
/// watched.
///
/// # Errors
///
/// Where a file cannot be opened, read or recognised.
pub fn play(
    night: &Night<'_>,
    trial: &Engine,
    watched: impl Fn(u64) -> bool,
    progress: &mut dyn FnMut(Progress<'_>),
    sink: &mut dyn FnMut(Played<'_>),
) -> Result<Passed, IngestError> {
    let (mut pops, mut number) = (Pops::new(trial), 0);
    night.pass(progress, &mut |seen| {
        number += 1;
        let (admission, account) = if watched(number) {
            let (admission, account) = pops.watch(seen);
            (admission, Some(account))
        } else {
            (pops.decide(seen), None)
        };
        let (request, outcome) = (&seen.request, &seen.answer());
        let (admission, account) = (&admission, account.as_ref());
        sink(Played { number, request, admission, outcome, account });
    })
}

/// Replays `night` through `trial` and says in a line each what was decided.
///
/// # Errors
///
/// Where a file cannot be opened, read or recognised.
pub fn list(
    night: &Night<'_>,
    trial: &Engine,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Vec<Decided>, Passed), IngestError> {
    let (mut lines, mut start) = (Vec::new(), None);
    let passed = play(night, trial, |_| false, progress, &mut |played| {
        let start = *start.get_or_insert(played.request.time);
        lines.push(Decided::of(trial, start, &played));
    })?;
    Ok((lines, passed))
}

/// Replays `night` through `trial` and explains its request of this number in time
/// order, from 1; `None` where there is none.
///
/// # Errors
///
/// Where a file cannot be opened, read or recognised.
pub fn numbered(
    night: &Night<'_>,
    trial: &Engine,
    number: u64,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Option<Explanation>, Passed), IngestError> {
    let mut found = None;
    let passed = play(night, trial, |one| one == number, progress, &mut |played| {
        if let Some(account) = played.account {
            let Played { request, admission, outcome, .. } = played;
            found = Some(trial.explain(request, admission, outcome, account));
        }
    })?;
    Ok((found, passed))
}

impl Found {
    /// The explanation.
    ///
    /// # Errors
    ///
    /// Where not exactly one request has the id.
    pub fn into_explanation(self) -> Result<Explanation, Unexplained> {
        let Self { requests, with_id, .. } = self;
        match (self.explained, self.times.len()) {
            (Some(explanation), 1) => Ok(explanation),
            (Some(_), _) => Err(Unexplained::Several(self.times)),
            (None, _) if with_id == 0 => {
                let mut formats: Vec<Format> = Vec::new();
                for format in self.passed.files.files.iter().filter_map(|file| file.format) {
                    if !formats.contains(&format) {
                        formats.push(format);
                    }
                }
                Err(Unexplained::NoIds { requests, formats })
            }
            (None, _) => Err(Unexplained::NotThere { requests, with_id }),
        }
    }
}

/// Fits behind the id and a colon.
impl fmt::Display for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIds { requests, formats } => {
                let formats: Vec<_> = formats.iter().map(Format::to_string).collect();
                write!(
                    f,
                    "none of {} requests has an id ({}); ids are in Fastly's access log v1, in \
                     CloudFront's log and in Tidegate's own records",
                    grouped(*requests),
                    formats.join(", ")
                )
            }
            Self::NotThere { requests, with_id } => write!(
                f,
                "no request of the log has this id; {} of {} have one",
                grouped(*with_id),
                grouped(*requests)
            ),
            Self::Several(times) => {
                let shown: Vec<_> = times.iter().take(TIMES_SHOWN).map(|at| rfc3339(*at)).collect();
                let more = if times.len() > TIMES_SHOWN { ", …" } else { "" };
                write!(
                    f,
                    "{} lines have this id, at {}{more}; give one log of the same requests, not \
                     their records beside it",
                    grouped(times.len() as u64),
                    shown.join(", ")
                )
            }
        }
    }
}

impl std::error::Error for Unexplained {}
