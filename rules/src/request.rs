//! The facts of one request that an edge *or a log line* can know.
//!
//! Everything is borrowed from whoever holds the request, and everything that a
//! source may lack is an `Option`: unknown is `None`, and unknown never counts
//! against anybody. This module derives nothing; see [`crate::features`].

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::signature::Signature;
use crate::words::worded;

/// One request, as seen by the edge or read from a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<'a> {
    /// When the request arrived.
    pub time: Time,
    /// `GET`, `HEAD`, … as sent.
    pub method: &'a str,
    /// Host name without a port.
    pub host: Option<&'a str>,
    /// Path as sent, still percent-encoded, without query and fragment.
    pub path: &'a str,
    /// Query string without its `?`. Unknown and absent are the same here: no
    /// rule counts an absent query against anybody.
    pub query: Option<&'a str>,
    /// Who sent it.
    pub client: Option<Client>,
    /// The `User-Agent` header: `Some("")` where the client sent none, `None`
    /// where the source does not say.
    pub user_agent: Option<&'a str>,
    /// What the client's software shows without saying it.
    pub signals: Signals<'a>,
    /// Autonomous system number of the client's network.
    pub asn: Option<u32>,
    /// ISO 3166-1 alpha-2 country code of the client's network.
    pub country: Option<&'a str>,
    /// Name of the point of presence that answered, such as `FRA`.
    pub pop: Option<&'a str>,
    /// Whether the request carries credentials (`Authorization` or `Cookie`);
    /// only their presence is ever read.
    pub credentials: Option<bool>,
    /// What the platform itself says about the agent's identity.
    pub vouched: Option<Vouched>,
    /// How the request is signed, where it is.
    pub signature: Option<Signature<'a>>,
    /// What the platform takes the client for, such as `Googlebot`; any text.
    pub bot: Option<&'a str>,
    /// What the platform knows of proxies at the client's address: words such as
    /// `hosting` or `tor`, separated by commas.
    pub proxy: Option<&'a str>,
    /// The id a person can quote.
    pub request_id: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A request of which only the method, the path and the time are known.
    #[must_use]
    pub fn new(time: Time, method: &'a str, path: &'a str) -> Self {
        Self {
            time,
            method,
            host: None,
            path,
            query: None,
            client: None,
            user_agent: None,
            signals: Signals::default(),
            asn: None,
            country: None,
            pop: None,
            credentials: None,
            vouched: None,
            signature: None,
            bot: None,
            proxy: None,
            request_id: None,
        }
    }
}

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// The full address, at the edge and in access logs.
    Address(IpAddr),
    /// Keyed hashes of the client (one IPv4 address or one IPv6 /64) and of its
    /// network (/24 or /48), as Tidegate's own records carry them.
    Hashed {
        /// Hash of the client.
        client: u64,
        /// Hash of the client's network.
        network: u64,
    },
}

/// What the client's software shows without saying it. Each may be absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signals<'a> {
    /// HTTP version; fingerprints are compared within one protocol only.
    pub protocol: Option<Protocol>,
    /// JA4 of the TLS `ClientHello`, as the platform gives it.
    pub ja4: Option<&'a str>,
    /// JA3 of the same, in hex. Browsers shuffle what it hashes, so that it tells
    /// connections apart and no software.
    pub ja3: Option<&'a str>,
    /// HTTP/2 settings fingerprint, as the platform gives it.
    pub h2: Option<&'a str>,
    /// Version of TLS that was agreed on, such as `TLSv1.3`.
    pub tls: Option<&'a str>,
    /// Cipher suite that was agreed on, by its name in OpenSSL.
    pub cipher: Option<&'a str>,
    /// Hash of the header names in their original order, from
    /// [`crate::fingerprint::header_order`].
    pub header_order: Option<u64>,
    /// Names of the headers, in their original order, separated by commas.
    pub headers: Option<&'a str>,
    /// A fingerprint computed earlier, as a record carries it. Used where the
    /// parts above are unknown.
    pub fingerprint: Option<u64>,
}

worded! {
    /// The HTTP version of a request.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Protocol {
        /// HTTP/0.9, 1.0 and 1.1.
        H1 = "h1",
        /// HTTP/2.
        H2 = "h2",
        /// HTTP/3.
        H3 = "h3",
    }
}

/// What the platform says about a client's claim to be an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// The platform verified the claim.
    Verified,
    /// The platform says that the claim is false.
    Contradicted,
}

/// Whether a method only reads, so that a cache may answer it.
pub(crate) fn reads(method: &str) -> bool {
    ["GET", "HEAD"].contains(&method)
}

/// Headers by which a client could pass itself off as the edge. None of them
/// changes a decision or reaches the origin. A name that ends in `-` stands for
/// every name that starts so.
pub const IMITATIONS: [&str; 10] = [
    "fastly-client-ip",
    "fastly-ff",
    "forwarded",
    "tidegate-tag",
    "x-cache",
    "x-fastly-bot-",
    "x-forwarded-for",
    "x-real-ip",
    "x-request-id",
    "x-tidegate-",
];

/// Whether a header's name, in small letters, is one of [`IMITATIONS`].
#[must_use]
pub fn imitates_edge(name: &str) -> bool {
    IMITATIONS.iter().any(|imitation| {
        name == *imitation || (imitation.ends_with('-') && name.starts_with(imitation))
    })
}

/// Milliseconds since the Unix epoch.
///
/// ```
/// use tidegate_rules::Time;
///
/// let noon = Time::from_unix_millis(1_743_000_000_000);
/// assert_eq!(noon.millis_since(Time::from_unix_millis(1_742_999_999_000)), 1_000);
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Time(u64);

impl Time {
    /// The latest time that the engine accepts: the year 2200. Later ones are
    /// taken as this one, so that no arithmetic below can overflow.
    pub const MAX: Self = Self(7_258_118_400_000);

    /// From milliseconds since the epoch, at most [`Time::MAX`].
    #[must_use]
    pub const fn from_unix_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 { Self::MAX } else { Self(millis) }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn unix_millis(self) -> u64 {
        self.0
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn unix_nanos(self) -> u64 {
        self.0.saturating_mul(1_000_000)
    }

    /// Milliseconds from `earlier` to this time; zero where it lies ahead.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What became of a request, known after the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Status of the answer that the client got.
    pub status: Option<u16>,
    /// Where the answer came from.
    pub cache: Option<CacheState>,
    /// Milliseconds that the origin took, where it was asked.
    pub origin_ms: Option<u32>,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheState {
    /// The edge's own cache: nothing is charged.
    Hit,
    /// A stale copy at the edge, for want of an answer: in a record, because a rule
    /// kept the request from the origin.
    Stale,
    /// Another POP's cache (origin shielding): the origin was spared.
    ShieldHit,
    /// The origin, and the answer may be kept.
    Miss,
    /// The origin, and the answer may not be kept.
    Pass,
    /// Tidegate itself.
    Refused,
}

impl CacheState {
    /// Whether the origin did the work.
    #[must_use]
    pub const fn reached_origin(self) -> bool {
        matches!(self, Self::Miss | Self::Pass)
    }
}
