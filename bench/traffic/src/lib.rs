//! Traffic with truth: a seeded simulation of who visits docs.rs and crates.io,
//! in simulated time, so that half an hour plays as fast as the answers come.
//!
//! Every visitor is an [`Actor`]: it yields its next request and sees the answer,
//! because a polite curl waits for `Retry-After`, a person reloads, and a crawler
//! goes on. [`Scenario`] says who is there, [`Schedule`] puts their requests in
//! time order, [`World`] answers them as a CDN and an origin without limits
//! would, and [`AccessLog`] writes what that CDN would log.
//!
//! This crate must not know rules or detectors: of `tidegate-rules` it uses the
//! words [`Time`] and [`CacheState`] and nothing else, and it never looks at
//! *why* it was answered as it was. The truth about each request travels in the
//! [`TRUTH`] header, for the counting origin, and in [`truth`]; nothing that
//! decides may read either.

mod access_log;
mod address;
mod builds;
mod cast;
mod class;
mod crawl;
mod crawlers;
mod dice;
mod person;
mod programs;
mod registry;
mod route;
mod scenario;
mod schedule;
mod sender;
mod shopper;
mod site;
mod software;
pub mod truth;
mod walker;
mod world;

use std::borrow::Cow;
use std::net::IpAddr;

use tidegate_rules::{CacheState, Time};

pub use access_log::AccessLog;
pub use class::{Class, Kind};
pub use route::Route;
pub use scenario::{Crawl, CrawlKind, Hosted, Scenario};
pub use schedule::{Lane, Schedule, Turn};
pub use world::World;

/// The header that carries a request's [`Class`] name: the last one that every
/// client sends, and the same for all, so that it tells nobody apart.
pub const TRUTH: &str = "x-truth";

/// One request of the simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// When the client sends it.
    pub at: Time,
    /// The client's address.
    pub client: IpAddr,
    /// `GET` or `HEAD`.
    pub method: &'static str,
    /// The URL after the host, with its query.
    pub path_and_query: String,
    /// Lower-case names and values in the order in which this client sends them:
    /// `host` first, [`TRUTH`] last.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// JA4 of the client's TLS, where it would be known.
    pub ja4: Option<&'static str>,
    /// HTTP/2 fingerprint; `None` for a client that speaks HTTP/1.1.
    pub h2: Option<&'static str>,
    /// Autonomous system of the client's network.
    pub asn: Option<u32>,
    /// ISO 3166-1 alpha-2 code of the client's country.
    pub country: Option<&'static str>,
    /// The point of presence that it comes to.
    pub pop: &'static str,
    /// What the client really is.
    pub class: Class,
    /// Which visitor of the scenario sends it; people behind one address differ.
    pub actor: u32,
}

impl Shot {
    /// `HTTP/2` or `HTTP/1.1`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        if self.h2.is_some() { "HTTP/2" } else { "HTTP/1.1" }
    }

    /// The value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_ref())
    }
}

/// What an actor gets to see of an answer, and a log to say about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// Where the answer came from, where the target can tell.
    pub cache: Option<CacheState>,
    /// Length of the body in bytes, where known.
    pub bytes: Option<u64>,
    /// Milliseconds that the origin took, where it was asked and that is known.
    pub origin_ms: Option<u32>,
    /// The id that the edge gave the request, where it says one.
    pub request_id: Option<String>,
}

impl Answer {
    /// An answer of which only the status is known.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Whether the client was sent away: 429 or 403.
    #[must_use]
    pub const fn refused(&self) -> bool {
        matches!(self.status, 403 | 429)
    }

    /// Whether the client got what it asked for: any status below 400.
    #[must_use]
    pub const fn granted(&self) -> bool {
        self.status < 400
    }
}

/// A visitor: a state machine between its requests and their answers.
///
/// Each [`Actor::next`] is followed by one [`Actor::answered`]. Times never run
/// backwards, and one actor keeps one address for life.
pub trait Actor: Send {
    /// The next request, or `None` when the visitor is done.
    fn next(&mut self) -> Option<Shot>;

    /// Takes the answer to the request that [`Actor::next`] gave last.
    fn answered(&mut self, answer: &Answer);
}

#[cfg(test)]
mod tests;
