//! A file of cases.

use super::{Choice, Kind, Literal, NUMBER, Table, key, words};
use crate::case::{CASES_FORMAT, TIMES_BOUND};
use crate::record::{Action, Verification};
use crate::strain::OriginState;

const UNTOLD: &str = "unknown";
const UNCHECKED: &str = "not looked at";

/// A file of cases.
pub static CASE_FILE: Table = Table {
    name: "case file",
    what: "a file of cases",
    about: "The keys at the top of a file of cases, which lies in the folder `cases` beside the \
            site's own file.",
    keys: &[
        key(
            "format",
            Kind::Number { min: CASES_FORMAT, max: CASES_FORMAT },
            "format = 1",
            "A later version of the language can tell which one your file is written in.",
        ),
        key(
            "site",
            Kind::File,
            "site = \"../docs-rs.toml\"",
            "The site's own rule file, as seen from this one.",
        ),
        key(
            "case",
            Kind::Tables(&CASE),
            "case = [{ name = \"home\", why = \"People start here.\", request = { path = \"/\" }, \
             expect = { action = \"pass\" } }]",
            "What the rules must do, and what they must never do again.",
        )
        .or_else("the file shows nothing"),
    ],
    also: None,
    choice: None,
};

/// A case.
static CASE: Table = Table {
    name: "[[case]]",
    what: "a case",
    about: "Requests and the decisions expected of them. It has the keys of one step, or several \
            `[[case.step]]` in turn. Cases share nothing with each other.",
    keys: &[
        key("name", Kind::Text, "name = \"a walk is paced\"", "What it shows, in a line."),
        key(
            "why",
            Kind::Text,
            "why = \"Sixty addresses walked the site for a night.\"",
            "Where it was seen, and who was hurt.",
        ),
        key(
            "step",
            Kind::Tables(&STEP),
            "step = [{ request = { path = \"/\" }, expect = { action = \"pass\" } }]",
            "Several kinds of requests after each other, which share their budgets.",
        )
        .or_else("the case is itself one step"),
    ],
    also: Some(&STEP),
    choice: Some(Choice::One(&[&["step"], &["request", "expect"]])),
};

/// A step of a case.
static STEP: Table = Table {
    name: "[[case.step]]",
    what: "a step",
    about: "One request, or the same request many times, and what is expected. Written into the \
            case itself where there is only one.",
    keys: &[
        key(
            "request",
            Kind::Table(&REQUEST, &[]),
            "request = { path = \"/serde/1.0.{n}/serde/\" }",
            "What is asked for, by whom.",
        ),
        key(
            "expect",
            Kind::Table(&EXPECT, &[]),
            "expect = { action = \"throttle\", rule = \"walk-many-crates\" }",
            "What must come of it.",
        ),
        key(
            "times",
            Kind::Number { min: 1, max: TIMES_BOUND },
            "times = 200",
            "A budget shows only after many requests.",
        )
        .in_units("requests")
        .or(Literal::Number(1)),
        key(
            "every",
            Kind::Pause,
            "every = \"500ms\"",
            "The time from one request of the step to the next.",
        )
        .or_else("all at once"),
        key(
            "after",
            Kind::Pause,
            "after = \"10m\"",
            "The time from the last request of the step before to the first of this one.",
        )
        .or_else("at once"),
    ],
    also: None,
    choice: None,
};

/// The request of a step.
static REQUEST: Table = Table {
    name: "request",
    what: "a request",
    about: "The facts of a request, inside a step. What is left out is unknown, as in a poor log.",
    keys: &[
        key(
            "path",
            Kind::Text,
            "path = \"/crate-{n}/latest/\"",
            "The path. `{n}` is the number of the request in its step, so that each can be another \
             page.",
        ),
        key("query", Kind::Text, "query = \"query=serde\"", "The query, without its `?`.")
            .or_else("there is none"),
        key("method", Kind::Text, "method = \"POST\"", "The method.").or(Literal::Text("GET")),
        key("host", Kind::Text, "host = \"docs.rs\"", "The host, which a rule can ask for.")
            .or_else(UNTOLD),
        key(
            "client",
            Kind::Address,
            "client = \"192.0.2.7\"",
            "The address. Give two steps different ones to show what they share.",
        )
        .or_else("one address, the same in all steps"),
        key("user_agent", Kind::Text, "user_agent = \"curl/8.20.0\"", "The User-Agent.")
            .or_else(UNTOLD),
        key("asn", NUMBER, "asn = 64496", "The provider.")
            .in_units("number of an autonomous system")
            .or_else(UNTOLD),
        key("country", Kind::Text, "country = \"DE\"", "The country.").or_else(UNTOLD),
        key("credentials", Kind::Flag, "credentials = true", "Whether a token or a cookie came.")
            .or_else(UNTOLD),
        key(
            "fingerprint",
            Kind::Fingerprint,
            "fingerprint = \"00f1e2d3c4b5a697\"",
            "What the software shows. A crowd has one.",
        )
        .or_else(UNTOLD),
        key(
            "headers",
            Kind::Text,
            "headers = [\"host\", \"accept\"]",
            "Names of all the headers, for `headers` of an agent.",
        )
        .many()
        .or_else(UNTOLD),
        key(
            "signed_by",
            Kind::Name("agent"),
            "signed_by = \"chatgpt-user\"",
            "The agent whose key signed it, and truly so.",
        )
        .or_else("nobody signed it"),
        key(
            "origin",
            Kind::Word(words::<OriginState>),
            "origin = \"strained\"",
            "How the origin is.",
        )
        .or(Literal::Text(OriginState::Calm.name())),
        key(
            "cached",
            Kind::Flag,
            "cached = true",
            "The edge has the answer, so that no budget is asked.",
        )
        .or(Literal::Flag(false)),
    ],
    also: None,
    choice: None,
};

/// What is expected of a step.
static EXPECT: Table = Table {
    name: "expect",
    what: "`expect`",
    about: "What must come of a step. All but `throttled` is about its last request.",
    keys: &[
        key(
            "action",
            Kind::Word(words::<Action>),
            "action = \"throttle\"",
            "What is done with it.",
        )
        .or_else(UNCHECKED),
        key("rule", Kind::Name("rule"), "rule = \"steady-visitor\"", "The rule that decides.")
            .or_else(UNCHECKED),
        key(
            "shadow",
            Kind::Name("rule"),
            "shadow = [\"walk-many-crates\"]",
            "All the rules in shadow that would have refused it; `[]` says that none would.",
        )
        .any()
        .or_else(UNCHECKED),
        key("route", Kind::Name("route"), "route = \"rustdoc\"", "The route of the path.")
            .or_else(UNCHECKED),
        key("agent", Kind::Name("agent"), "agent = \"curl\"", "The agent of the User-Agent.")
            .or_else(UNCHECKED),
        key(
            "verification",
            Kind::Word(words::<Verification>),
            "verification = \"verified\"",
            "What becomes of the claim to be that agent.",
        )
        .or_else(UNCHECKED),
        key(
            "throttled",
            Kind::Table(&THROTTLED, &[]),
            "throttled = { at_most = 0 }",
            "How many of the requests of the step are throttled.",
        )
        .or_else(UNCHECKED),
    ],
    also: None,
    choice: None,
};

/// How many requests are throttled.
static THROTTLED: Table = Table {
    name: "throttled",
    what: "`throttled`",
    about: "How many of a step's requests are throttled, inside `expect`.",
    keys: &[
        key("at_least", NUMBER, "at_least = 100", "The limit works.")
            .in_units("requests")
            .or_else(UNCHECKED),
        key("at_most", NUMBER, "at_most = 0", "The limit hurts nobody.")
            .in_units("requests")
            .or_else(UNCHECKED),
    ],
    also: None,
    choice: None,
};
