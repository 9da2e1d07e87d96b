//! Cases: requests as data, with the decisions that their author expects.
//!
//! A case is how a rule file says what it is for, and what must never happen
//! again. It is written in TOML, needs no Rust, and is decided by the engine
//! that decides everything else. The requests of a case come from nowhere but
//! the case: no cell is shared between two of them.

mod play;
mod read;
mod run;
mod traffic;

use std::net::IpAddr;

use crate::diagnostic::Place;
use crate::record::{Action, Verification};
use crate::strain::OriginState;

pub use play::Played;
pub use read::{read, read_traffic};
pub use traffic::{Line, Traffic};

/// The format of case files read by this version.
pub const CASES_FORMAT: u32 = 1;

/// Most requests that a step may stand for, so that a slip of the finger does
/// not take an hour.
pub const TIMES_BOUND: u32 = 100_000;

/// What one file says.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFile {
    /// The site's own rule file, as seen from the file of cases.
    pub site: String,
    /// Its cases, in the order of the file.
    pub cases: Vec<Case>,
}

/// Requests with the decisions expected of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What it shows, in a line.
    pub name: String,
    steps: Vec<Step>,
}

/// One request, or the same request many times.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    place: Option<Place>,
    facts: Facts,
    /// How many requests, at least 1.
    times: u32,
    /// Milliseconds from one to the next.
    every_ms: u64,
    /// Milliseconds from the step before to the first.
    after_ms: u64,
    expect: Expect,
}

/// The facts of a request; see [`crate::Request`].
#[derive(Debug, Clone, PartialEq)]
struct Facts {
    method: String,
    host: Option<String>,
    /// `{n}` stands for the number of the request in its step, from 1.
    path: String,
    query: Option<String>,
    client: IpAddr,
    user_agent: Option<String>,
    asn: Option<u32>,
    country: Option<String>,
    credentials: Option<bool>,
    fingerprint: Option<u64>,
    /// Names of the headers, separated by commas.
    headers: Option<String>,
    /// The agent whose key signed it.
    signed_by: Option<Expected>,
    /// How the origin is.
    origin: OriginState,
    /// Whether the edge has the answer, so that no counter is asked.
    cached: bool,
}

/// What must be so; what is `None` is not looked at.
#[derive(Debug, Clone, Default, PartialEq)]
struct Expect {
    /// Of the last request of the step, as are the names below.
    action: Option<Action>,
    rule: Option<Expected>,
    shadow: Option<Vec<Expected>>,
    route: Option<Expected>,
    agent: Option<Expected>,
    verification: Option<Verification>,
    /// Bounds on the step's requests that are throttled.
    throttled_at_least: Option<u32>,
    throttled_at_most: Option<u32>,
}

/// A name with its place, so that a slip in it can be shown.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    name: String,
    place: Option<Place>,
}
