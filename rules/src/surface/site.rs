//! A rule file, and what it says of the site: its origin, routes and quotas.

use super::agent::AGENT;
use super::rule::{COHORT, RULE};
use super::store::STORE;
use super::{Key, Kind, Literal, NUMBER, POSITIVE, Table, key, words};
use crate::parse::RULES_FORMAT;
use crate::route::{CacheClass, ErrorForm};

/// A rule file.
pub static RULE_FILE: Table = Table {
    name: "rule file",
    what: "a rule file",
    about: "The keys at the top of a file, before its first table. A site's own file has a `site`; \
            a file that it includes has only `format`, `include` and tables that come more than \
            once.",
    keys: FILE_KEYS,
    also: None,
    choice: None,
};

const FILE_KEYS: &[Key] = &[
    key(
        "format",
        Kind::Number { min: RULES_FORMAT, max: RULES_FORMAT },
        "format = 1",
        "A later version of the language can tell which one your file is written in.",
    ),
    key(
        "site",
        Kind::Text,
        "site = \"docs.rs\"",
        "Names the site in reports and records. It makes the file a site's own.",
    )
    .or_else("the file can only be included"),
    key(
        "hosts",
        Kind::TextGlob,
        "hosts = [\"docs.rs\"]",
        "The hosts that the rules answer for. A request for another host passes untouched.",
    )
    .any()
    .or_else("any host, as with `[]`"),
    key(
        "policy",
        Kind::Text,
        "policy = \"https://docs.rs/about\"",
        "The page that refusals point at, so that people learn what the site asks of its clients.",
    )
    .or_else("refusals point at no page"),
    key(
        "bulk",
        Kind::Text,
        "bulk = \"https://crates.io/data-access\"",
        "Where all of it can be had at once: whoever asks for page after page is told.",
    )
    .or_else("refusals name no such place"),
    key(
        "sampled",
        Kind::Share,
        "sampled = \"5%\"",
        "Fewer records: those of this share of the clients, every one of theirs. Refusals, what \
         shadow rules would have refused, and Tidegate's own failures are always recorded. In \
         whole percents.",
    )
    .or(Literal::Text("100%")),
    key(
        "include",
        Kind::File,
        "include = [\"agents.toml\", \"learned/docs-rs.toml\"]",
        "Shares agents between sites, and keeps learned rules apart from yours. Names are looked \
         for beside this file.",
    )
    .many()
    .or_else("this file alone"),
    key(
        "strain",
        Kind::Table(&STRAIN, &[]),
        "strain = { slow = 5 }",
        "Says when your origin hurts, where the usual bounds do not fit it.",
    )
    .or_else("every key of it at its default"),
    key(
        "store",
        Kind::Table(&STORE, &[]),
        "store = { site = \"erl\" }",
        "Says where cells live, where the cache is not the place for them.",
    )
    .or_else("all cells in the cache"),
    key(
        "route",
        Kind::Tables(&ROUTE),
        "route = [{ name = \"search\", paths = [\"/search\"], cost = 120, cache = \"never\" }]",
        "What kinds of pages the site has and what each costs its origin.",
    )
    .or_else("every path costs 20 units"),
    key(
        "quota",
        Kind::Tables(&QUOTA),
        "quota = [{ name = \"reader\", units = 24_000, per = \"10m\", burst = 12_000 }]",
        "Amounts of work that rules allow.",
    )
    .or_else("no rule can throttle"),
    key(
        "rule",
        Kind::Tables(&RULE),
        "rule = [{ id = \"pace\", why = \"Nobody reads faster.\", key = \"client\", quota = \"reader\" }]",
        "What is done with which requests.",
    )
    .or_else("everything passes"),
    key(
        "cohort",
        Kind::Tables(&COHORT),
        "cohort = [{ name = \"git\", match = { agent = { category = \"git\" } }, harm = { \
         throttled_clients = \"0.1%\", starved_clients = \"0%\", blocked_clients = \"0%\" } }]",
        "Who must not be hurt, so that a backtest can fail.",
    )
    .or_else("no backtest finds harm"),
    key(
        "agent",
        Kind::Tables(&AGENT),
        "agent = [{ name = \"curl\", category = \"http-library\", user_agents = [\"curl/*\"] }]",
        "The software that rules know by name. Most sites include a file of them.",
    )
    .or_else("rules know no software"),
];

/// When the origin is strained.
pub(super) static STRAIN: Table = Table {
    name: "[strain]",
    what: "strain",
    about: "When the origin counts as strained. It is one for the site, in the site's own file.",
    keys: &[
        key(
            "slow",
            POSITIVE,
            "slow = 5",
            "An answer is bad that took more than this many times its route's `cost`, but never \
             one below 250 ms. Raise it where costs vary a lot from page to page.",
        )
        .in_units("times the route's cost")
        .or(Literal::Number(5)),
        key(
            "over",
            Kind::Share,
            "over = \"25%\"",
            "The share of bad answers, slow ones and 5xx, above which the origin is strained. It \
             is calm again below half of that. From `1%` to `99%`.",
        )
        .or(Literal::Text("25%")),
        key(
            "per",
            Kind::Duration,
            "per = \"30s\"",
            "How far back answers count, at least `10s`. Fewer than 20 answers within it say \
             nothing, so a quiet site needs a longer one.",
        )
        .or(Literal::Text("30s")),
    ],
    also: None,
    choice: None,
};

/// A kind of page.
pub(super) static ROUTE: Table = Table {
    name: "[[route]]",
    what: "a route",
    about: "One kind of page. The first route in file order whose glob matches the path wins; \
            `tidegate check` warns of globs that none is left for. A path without a route costs 20 \
            units and counts as never cached.",
    keys: &[
        key(
            "name",
            Kind::Text,
            "name = \"search\"",
            "How rules, cases and reports call it. Unique in all the files of a site.",
        ),
        key(
            "paths",
            Kind::PathGlob,
            "paths = [\"/releases/search\", \"/releases/search/\"]",
            "Which pages are of this kind.",
        )
        .many(),
        key(
            "cost",
            NUMBER,
            "cost = 120",
            "What one request that the edge cannot answer costs. Budgets are spent in it, so a \
             dear page uses up more of them. 0 is free: it is neither charged nor counted.",
        )
        .in_units("milliseconds of origin time"),
        key(
            "cache",
            Kind::Word(words::<CacheClass>),
            "cache = \"never\"",
            "What the origin lets caches keep: nothing, for minutes, or until it is purged. What \
             is never cached is asked about before it is sent to the origin.",
        ),
        key(
            "asset",
            Kind::Flag,
            "asset = true",
            "Marks what pages pull in by themselves, such as style sheets and fonts. Whoever \
             fetches assets is reading pages, which gives a visitor a history.",
        )
        .or(Literal::Flag(false)),
        key(
            "errors",
            Kind::Word(words::<ErrorForm>),
            "errors = \"api-json\"",
            "The form of a refusal: by what the client accepts, or as the JSON that clients of \
             crates.io's API understand.",
        )
        .or(Literal::Text(ErrorForm::Negotiated.name())),
    ],
    also: None,
    choice: None,
};

/// An amount of work over time.
pub(super) static QUOTA: Table = Table {
    name: "[[quota]]",
    what: "a quota",
    about: "An amount of work over time. It has no owner: each rule that names it counts by its \
            own `key`, in a budget of its own. The budget refills all the time, not at the end of \
            a period.",
    keys: &[
        key("name", Kind::Text, "name = \"reader\"", "How rules call it. Unique in all the files."),
        key(
            "units",
            POSITIVE,
            "units = 24_000",
            "How much comes back in each period: 24,000 are 600 pages of cost 40.",
        )
        .in_units("milliseconds of origin time"),
        key("per", Kind::Duration, "per = \"10m\"", "The period in which `units` come back."),
        key(
            "burst",
            POSITIVE,
            "burst = 12_000",
            "How much may be spent at once by whoever has waited. At least the cost of the dearest \
             route that it is charged for, or that page would never pass. A spent burst must be \
             back within 7 days.",
        )
        .in_units("milliseconds of origin time"),
    ],
    also: None,
    choice: None,
};
