//! Traffic with truth: a seeded simulation of who visits docs.rs, in simulated
//! time, so that a quarter of an hour replays as fast as the answers come.
//!
//! Every visitor is an [`Actor`]: it yields its next request and sees the answer,
//! because a polite curl waits for `Retry-After`, a person reloads, and a crawler
//! goes on. [`Scenario`] says who is there, [`Schedule`] puts their requests in
//! time order.
//!
//! This module must not know rules or detectors: of `tidegate-rules` it uses the
//! words [`Time`] and [`CacheState`] and nothing else, and it never looks at
//! *why* it was answered as it was. The truth about each request travels in the
//! [`TRUTH`] header, for the counting origin; nothing that decides may read it.

mod address;
mod cast;
mod crawl;
mod dice;
mod person;
mod programs;
mod scenario;
mod schedule;
mod sender;
mod site;
mod software;
mod walker;

use std::borrow::Cow;
use std::net::IpAddr;

use tidegate_rules::{CacheState, Time};

pub use scenario::{Burst, Scenario};
pub use schedule::{Lane, Schedule, Turn};

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

/// What a visitor really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Somebody who reads documentation in a browser.
    Person,
    /// The same, behind one address with many others.
    NatPerson,
    /// A link checker in a CI run: many links, once each.
    LinkChecker,
    /// Something that asks for the state of a build every few seconds.
    BadgePoller,
    /// A curl in a loop on one page that is never cached, deaf to 429.
    CurlLoop,
    /// A curl that fetches a list and honours `Retry-After`.
    CurlPolite,
    /// `wget -r` over one version of one crate.
    WgetRecursive,
    /// A script that sends no `User-Agent`.
    NoUserAgent,
    /// A search engine that reads `robots.txt` and `/latest/` pages.
    SearchEngine,
    /// The crawl that takes the site down.
    Crawler,
}

impl Class {
    /// All classes, in the order of tables.
    pub const ALL: [Self; 10] = [
        Self::Person,
        Self::NatPerson,
        Self::LinkChecker,
        Self::BadgePoller,
        Self::CurlLoop,
        Self::CurlPolite,
        Self::WgetRecursive,
        Self::NoUserAgent,
        Self::SearchEngine,
        Self::Crawler,
    ];

    /// The name for tables, logs and the [`TRUTH`] header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::NatPerson => "nat-person",
            Self::LinkChecker => "link-checker",
            Self::BadgePoller => "badge-poller",
            Self::CurlLoop => "curl-loop",
            Self::CurlPolite => "curl-polite",
            Self::WgetRecursive => "wget-recursive",
            Self::NoUserAgent => "no-user-agent",
            Self::SearchEngine => "search-engine",
            Self::Crawler => "crawler",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Its place in [`Class::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests;
