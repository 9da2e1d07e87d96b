//! Rules, the evidence of learned ones, and the cohorts that limit their harm.

use super::condition::CONDITION;
use super::{Choice, Key, Kind, Literal, NUMBER, Table, key, words};
use crate::key::KeyKind;
use crate::rule::{Mode, Verdict};

/// A rule.
pub(super) static RULE: Table = Table {
    name: "[[rule]]",
    what: "a rule",
    about: "What is done with the requests that match. With `key` and `quota` it throttles what \
            exceeds a budget; with `verdict` it decides without one. It has one or the other. Only \
            GET and HEAD are throttled, blocked or tagged, unless `match` names a `method`.",
    keys: RULE_KEYS,
    also: None,
    choice: Some(Choice::One(&[&["key", "quota"], &["verdict"]])),
};

const RULE_KEYS: &[Key] = &[
    key(
        "id",
        Kind::Text,
        "id = \"walk-many-crates\"",
        "Names the rule in records, reports and refusals: lowercase letters, digits and `-`. Unique in all the files of a site.",
    ),
    key(
        "why",
        Kind::Text,
        "why = \"A reader opens a few pages of a few crates.\"",
        "Whoever is refused reads it, so say what the limit protects. It must not be empty.",
    ),
    key(
        "match",
        Kind::Table(&CONDITION, &[]),
        "match = { route = [\"rustdoc\", \"source\"] }",
        "Which requests the rule is about.",
    )
    .or_else("every request; an `allow` needs one"),
    key(
        "key",
        Kind::Word(words::<KeyKind>),
        "key = \"visitor\"",
        "Who shares one budget: see Keys. Needed with `quota`.",
    )
    .or_else("the rule has a `verdict`"),
    key(
        "quota",
        Kind::Name("quota"),
        "quota = \"reader\"",
        "How much each of them may use. What exceeds it is answered 429, with the time to wait.",
    )
    .or_else("the rule has a `verdict`"),
    key(
        "floor",
        Kind::Name("quota"),
        "floor = \"reader\"",
        "Only with `key = \"crowd\"`: what a visitor with a history spends of its own before it \
         is held to the crowd's budget.",
    )
    .or_else("everybody spends the crowd's"),
    key(
        "verdict",
        Kind::Word(words::<Verdict>),
        "verdict = \"allow\"",
        "`allow` exempts from every limit, `block` answers 403, `tag` tells the origin in a header \
         and changes nothing else. It cannot ask for `breadth` or `origin`.",
    )
    .or_else("the rule has a `quota`"),
    key(
        "mode",
        Kind::Word(words::<Mode>),
        "mode = \"shadow\"",
        "`shadow` evaluates the rule in full and only reports what it would have done; `enforce` \
         acts; `off` does nothing and keeps no state.",
    )
    .or(Literal::Text(Mode::Shadow.name())),
    key(
        "advice",
        Kind::Text,
        "advice = \"Fetch /crate/NAME/VERSION/download once.\"",
        "What a refused person could do instead. The most useful line of a refusal.",
    )
    .or_else("the refusal gives none"),
    key("owner", Kind::Text, "owner = \"docs-rs\"", "Whom to ask about the rule. For people only.")
        .or_else("nobody in particular"),
    key(
        "rollout",
        Kind::Number { min: 1, max: 100 },
        "rollout = 10",
        "Enforces the rule for a part of the keys first, the same ones every time; for the others \
         it is in shadow. Only with `mode = \"enforce\"`.",
    )
    .in_units("percent of the keys")
    .or(Literal::Number(100)),
    key(
        "starts",
        Kind::Day,
        "starts = \"2027-06-01\"",
        "The first day of the rule, from midnight UTC. Before it the rule matches nothing.",
    )
    .or_else("from now on"),
    key(
        "expires",
        Kind::Day,
        "expires = \"2027-06-30\"",
        "The last day of the rule, to its end in UTC. Then it matches nothing, so that no limit \
         outlives its reason. A learned rule needs one.",
    )
    .or_else("for ever"),
    key(
        "evidence",
        Kind::Table(&EVIDENCE, &[]),
        "evidence = { window = \"2026-11-01T22:00:00Z/2026-11-02T04:00:00Z\", clients = 60 }",
        "Makes the rule a learned one. `tidegate analyze` writes it.",
    )
    .or_else("a person wrote the rule"),
    key(
        "reviewed",
        Kind::Text,
        "reviewed = \"A. Reviewer, 2026-11-24\"",
        "Who looked at a learned rule, and when. Needed before one is enforced; `tidegate promote` \
         writes it.",
    )
    .or_else("a learned rule cannot be enforced"),
];

/// Where a learned rule comes from.
pub(super) static EVIDENCE: Table = Table {
    name: "evidence",
    what: "evidence",
    about: "What a learned rule was learned from, inside a rule. It is for people: it changes \
            nothing but that such a rule must expire, and be reviewed before it is enforced.",
    keys: &[
        key("finding", Kind::Text, "finding = \"broad-crawl\"", "What was found.")
            .many()
            .or_else("not said"),
        key(
            "window",
            Kind::Text,
            "window = \"2026-11-01T22:00:00Z/2026-11-02T04:00:00Z\"",
            "From when to when the log reaches.",
        )
        .many()
        .or_else("not said"),
        key("clients", NUMBER, "clients = 60", "How many clients were found.")
            .in_units("clients")
            .or_else("not said"),
        key("requests", NUMBER, "requests = 180_000", "How many requests they made.")
            .in_units("requests")
            .or_else("not said"),
        key("units", NUMBER, "units = 7_200_000", "What these cost the origin.")
            .in_units("milliseconds of origin time")
            .or_else("not said"),
        key(
            "predicted",
            Kind::Text,
            "predicted = [\"people: 0% of 1200 clients throttled\"]",
            "What the backtest says the rule would do.",
        )
        .many()
        .or_else("not said"),
        key(
            "samples",
            Kind::Text,
            "samples = [\"r-0001\", \"r-0002\"]",
            "Ids of some of the requests, to be looked up in the log.",
        )
        .many()
        .or_else("not said"),
    ],
    also: None,
    choice: None,
};

/// Who must not be hurt.
pub(super) static COHORT: Table = Table {
    name: "[[cohort]]",
    what: "a cohort",
    about: "A group of clients to protect, and how much of it may be hurt. A backtest that exceeds \
            one of the shares fails. A cohort changes no decision.",
    keys: &[
        key("name", Kind::Text, "name = \"people\"", "Names the group in reports."),
        key(
            "match",
            Kind::Table(&CONDITION, &["origin"]),
            "match = { agent = { category = \"browser\" }, breadth = { under = 100, per = \"10m\" } }",
            "Whose requests make a client belong to it. Use `breadth` with `under` to leave out \
             whoever walks the site under a good name.",
        )
        .or_else("every client"),
        key(
            "harm",
            Kind::Table(&HARM, &[]),
            "harm = { throttled_clients = \"0.1%\", starved_clients = \"0%\", blocked_clients = \"0%\" }",
            "The most that rules may do to it.",
        ),
    ],
    also: None,
    choice: None,
};

/// How much of a cohort may be hurt.
pub(super) static HARM: Table = Table {
    name: "harm",
    what: "harm",
    about: "The shares of a cohort's clients that may be hurt, inside a cohort.",
    keys: &[
        key(
            "throttled_clients",
            Kind::Share,
            "throttled_clients = \"0.1%\"",
            "Clients with at least one 429. A tool may be paced, a person hardly ever.",
        ),
        key(
            "starved_clients",
            Kind::Share,
            "starved_clients = \"0%\"",
            "Clients that got nothing but refusals for a minute or longer.",
        ),
        key(
            "blocked_clients",
            Kind::Share,
            "blocked_clients = \"0%\"",
            "Clients with at least one 403.",
        ),
    ],
    also: None,
    choice: None,
};
