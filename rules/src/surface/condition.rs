//! Which requests a rule or a cohort is about.

use super::{Choice, Kind, NUMBER, Table, key, words};
use crate::agent::{Category, Headers};
use crate::breadth::THRESHOLD_BOUND;
use crate::record::Verification;
use crate::route::CacheClass;
use crate::strain::OriginState;

const ABSENT: &str = "says nothing";

/// A condition.
pub(super) static CONDITION: Table = Table {
    name: "match",
    what: "a condition",
    about: "Which requests a rule or a cohort is about. Every key must hold; of a list, one entry \
            must. A key that is left out says nothing.",
    keys: &[
    key(
        "route",
        Kind::Name("route"),
        "route = [\"rustdoc\", \"source\"]",
        "Limits one kind of page. Prefer it to `path`: a route has a cost, and reports know it.",
    )
    .many()
    .or_else(ABSENT),
    key(
        "path",
        Kind::PathGlob,
        "path = \"/crate/{crate}/**\"",
        "Part of a route, or a path across routes.",
    )
    .many()
    .or_else(ABSENT),
    key(
        "query",
        Kind::Flag,
        "query = true",
        "Whether there is a query. Somebody who adds one to a page that has none may want to go \
         round the cache.",
    )
    .or_else(ABSENT),
    key("host", Kind::TextGlob, "host = \"static.example.org\"", "One of the site's hosts.")
        .many()
        .or_else(ABSENT),
    key(
        "method",
        Kind::Method,
        "method = [\"PUT\", \"DELETE\"]",
        "Makes the rule about other methods than GET and HEAD: publishing is never charged unless \
         a rule names it.",
    )
    .many()
    .or_else("GET and HEAD; for an `allow` and for cohorts, any"),
    key(
        "cache",
        Kind::Word(words::<CacheClass>),
        "cache = \"never\"",
        "What the origin lets caches keep of the route: limit all that no cache will ever spare \
         the origin.",
    )
    .many()
    .or_else(ABSENT),
    key(
        "agent",
        Kind::Table(&CLAIM, &[]),
        "agent = { verification = \"verified\" }",
        "What the client says it is, and whether that is true.",
    )
    .or_else(ABSENT),
    key(
        "fingerprint",
        Kind::Fingerprint,
        "fingerprint = \"00f1e2d3c4b5a697\"",
        "One build of one software, whatever it calls itself. Records carry it.",
    )
    .many()
    .or_else(ABSENT),
    key(
        "network",
        Kind::Network,
        "network = [\"192.0.2.0/24\", \"2001:db8::/32\"]",
        "Addresses that you know: your own CI, or a provider that asked for an exemption.",
    )
    .many()
    .or_else(ABSENT),
    key(
        "asn",
        NUMBER,
        "asn = [64496, 64497]",
        "A provider with all its networks, where the platform knows it.",
    )
    .in_units("number of an autonomous system")
    .many()
    .or_else(ABSENT),
    key(
        "country",
        Kind::Country,
        "country = \"DE\"",
        "The country of the client's network. A poor reason to refuse anybody.",
    )
    .many()
    .or_else(ABSENT),
    key(
        "credentials",
        Kind::Flag,
        "credentials = false",
        "Whether the request carries a token or a cookie: spare those who are signed in.",
    )
    .or_else(ABSENT),
    key(
        "hours",
        Kind::Hours,
        "hours = \"22:00-06:00\"",
        "Times of the day in UTC, over midnight too: a job that is welcome at night only.",
    )
    .many()
    .or_else(ABSENT),
    key(
        "breadth",
        Kind::Table(&BREADTH, &[]),
        "breadth = { over = 150, per = \"10m\" }",
        "Tells a walk over the site from a reader, and from a loop around one page. Only with a \
         `quota`, and in cohorts.",
    )
    .or_else(ABSENT),
    key(
        "origin",
        Kind::Word(words::<OriginState>),
        "origin = \"strained\"",
        "Makes a limit hold only while the origin hurts, so that it costs nobody anything on a \
         good day. Only with a `quota`.",
    )
    .or_else("in either state; with `key = \"crowd\"`, `strained`"),
    key(
        "not",
        Kind::Table(&CONDITION, &["breadth", "origin"]),
        "not = { agent = { verification = \"verified\" } }",
        "What must not hold, all of it taken together.",
    )
    .or_else(ABSENT),
],
    also: None,
    choice: None,
};

/// What a client says it is.
pub(super) static CLAIM: Table = Table {
    name: "match.agent",
    what: "agent",
    about: "What the client says it is, inside a condition.",
    keys: &[
        key(
            "name",
            Kind::Name("agent"),
            "name = [\"curl\", \"wget\"]",
            "Software by the name of its `[[agent]]`.",
        )
        .many()
        .or_else(ABSENT),
        key(
            "category",
            Kind::Word(words::<Category>),
            "category = \"browser\"",
            "All software of one kind.",
        )
        .many()
        .or_else(ABSENT),
        key(
            "verification",
            Kind::Word(words::<Verification>),
            "verification = \"verified\"",
            "Whether the claim is true: `verified` by address, by a signature or by the platform; \
             `contradicted`, which a proxy on the way can cause; `unverifiable` where none of them \
             proves anything; `none` where there is nothing to check by. Trust no name without it.",
        )
        .many()
        .or_else(ABSENT),
        key(
            "headers",
            Kind::Word(words::<Headers>),
            "headers = \"lacking\"",
            "Whether the request has the headers that its agent always sends. A browser that lacks \
             them is hardly one.",
        )
        .many()
        .or_else(ABSENT),
    ],
    also: None,
    choice: None,
};

/// How many different pages.
pub(super) static BREADTH: Table = Table {
    name: "match.breadth",
    what: "breadth",
    about: "How many different pages the key of the rule asked for, inside a condition. With both \
            bounds, both must hold.",
    keys: &[
        key(
            "over",
            Kind::Number { min: 0, max: THRESHOLD_BOUND },
            "over = 150",
            "Holds above this many pages: a walk.",
        )
        .in_units("different pages")
        .or_else("no lower bound"),
        key(
            "under",
            Kind::Number { min: 0, max: THRESHOLD_BOUND },
            "under = 100",
            "Holds below this many pages: a reader.",
        )
        .in_units("different pages")
        .or_else("no upper bound"),
        key(
            "per",
            Kind::Duration,
            "per = \"10m\"",
            "The window, at least `10s`. Rules of one key with the same window share its counter.",
        ),
    ],
    also: None,
    choice: Some(Choice::Some(&[&["over"], &["under"]])),
};
