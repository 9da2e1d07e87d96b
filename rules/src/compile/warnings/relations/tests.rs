//! What is called certain holds for every request that is tried.

use proptest::prelude::*;

use super::*;
use crate::compile::{Compiler, gather};
use crate::condition::Truth;
use crate::features::derive;
use crate::parse::Context;
use crate::{Client, HashKey, Request, Time};

const SITE: &str = r#"
format = 1
site   = "docs.example"
route  = [
    { name = "a", paths = ["/a", "/a/{x}"], cost = 1, cache = "long" },
    { name = "b", paths = ["/b/**"], cost = 1, cache = "short" },
]
agent  = [
    { name = "curl", category = "http-library", user_agents = ["curl/*"] },
    { name = "wget", category = "http-library", user_agents = ["wget/*"] },
    { name = "bot", category = "seo", user_agents = ["bot/*"], networks = ["192.0.2.0/25"] },
]
"#;

/// What a condition may ask, of few values, so that conditions and requests
/// often have them in common.
const DEMANDS: [&[&str]; 11] = [
    &["", "route = \"a\"", "route = \"b\"", "route = [\"a\", \"b\"]"],
    &["", "path = \"/a/**\"", "path = [\"/a\", \"/b/{x}\"]", "path = \"/**/c\""],
    &["", "host = \"*.example\"", "host = \"docs.*\"", "host = \"other\""],
    &["", "query = true", "query = false"],
    &["", "cache = \"long\"", "cache = [\"short\", \"never\"]"],
    &["", "network = \"192.0.2.0/24\"", "network = [\"192.0.2.0/26\", \"198.51.100.0/24\"]"],
    &["", "country = \"DE\"", "country = [\"DE\", \"FR\"]"],
    &["", "hours = \"22:00-02:00\"", "hours = [\"00:00-12:00\", \"20:00-24:00\"]"],
    &["", "credentials = true", "credentials = false"],
    &["", "method = \"GET\"", "method = [\"GET\", \"POST\"]"],
    &[
        "",
        "agent = { name = \"curl\" }",
        "agent = { name = [\"curl\", \"bot\"] }",
        "agent = { category = \"http-library\" }",
        "agent = { category = \"seo\", verification = \"verified\" }",
        "agent = { verification = [\"verified\", \"none\"] }",
    ],
];

/// At most three demands, so that conditions are often related.
fn demands() -> impl Strategy<Value = String> {
    let one = (0..DEMANDS.len(), any::<prop::sample::Index>());
    proptest::collection::vec(one, 0..3).prop_map(|picks| {
        let mut asked = std::collections::BTreeMap::new();
        for (field, pick) in picks {
            asked.insert(field, DEMANDS[field][pick.index(DEMANDS[field].len())]);
        }
        let said: Vec<_> = asked.into_values().filter(|demand| !demand.is_empty()).collect();
        said.join(", ")
    })
}

fn condition() -> impl Strategy<Value = String> {
    (demands(), proptest::option::of(demands())).prop_map(|(demands, not)| {
        let not = not.map(|not| format!("not = {{ {not} }}"));
        let both: Vec<_> = [Some(demands), not].into_iter().flatten().collect();
        both.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    })
}

/// A place in each list of what a request may have.
type Picks = [usize; 9];

fn request(picks: &Picks) -> Request<'static> {
    let [path, host, agent, client, country, hour, query, credentials, method] = *picks;
    let clients = ["192.0.2.7", "192.0.2.200", "198.51.100.1", "203.0.113.1"];
    let hours = [0, 1, 11, 13, 21, 23];
    Request {
        host: [None, Some("docs.example"), Some("other")][host % 3],
        query: [None, Some("x")][query % 2],
        client: [None, Some(0), Some(1), Some(2), Some(3)][client % 5]
            .map(|at: usize| Client::Address(clients[at].parse().unwrap())),
        user_agent: [None, Some("curl/8"), Some("wget/1"), Some("bot/2"), Some("x")][agent % 5],
        country: [None, Some("DE"), Some("FR"), Some("US")][country % 4],
        credentials: [None, Some(true), Some(false)][credentials % 3],
        ..Request::new(
            Time::from_unix_millis(hours[hour % 6] * 3_600_000),
            ["GET", "POST", "PUT"][method % 3],
            ["/a", "/a/c", "/b/c", "/b/x/c", "/c", "/"][path % 6],
        )
    }
}

/// Two conditions and what is certain of them, with whether each holds for each
/// of the requests.
fn relate(one: &str, other: &str, requests: &[Picks]) -> ([bool; 2], Vec<(bool, bool)>) {
    let rule = |id, demands: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\nwhy = \"x\"\nverdict = \"tag\"\nmatch = {{ {demands} }}\n"
        )
    };
    let text = format!("{SITE}{}{}", rule("one", one), rule("other", other));
    let mut context = Context::default();
    let files = gather(&mut context, "site.toml", &[], &mut |_| Ok(text.clone())).unwrap();
    let mut compiler = Compiler::new(&context, &files);
    let rules = compiler.ruleset(&files);
    let lists = compiler.lists.take();
    assert!(context.is_clean(), "{:?}", context.into_found());
    let world = World::new(&files, &rules, &lists);
    let [one, other] = [0, 1].map(|at| &rules.rules[at].condition);
    let holds = |picks: &Picks| {
        let request = request(picks);
        let derived = derive(&rules, &HashKey::default(), &request);
        let holds = |condition: &Condition| condition.holds(&rules, &request, &derived);
        (holds(one) == Truth::Yes, holds(other) == Truth::Yes)
    };
    let certain = [world.covers(one, other), world.apart(one, other)];
    (certain, requests.iter().map(holds).collect())
}

#[test]
fn a_wider_condition_covers_a_narrower_one() {
    for (wide, narrow) in [
        ("", "route = \"a\""),
        ("route = [\"a\", \"b\"]", "route = \"a\", query = true"),
        ("path = \"/b/**\"", "route = \"b\""),
        ("cache = \"long\"", "route = \"a\""),
        ("agent = { category = \"http-library\" }", "agent = { name = [\"curl\", \"wget\"] }"),
        ("network = \"192.0.2.0/24\"", "network = [\"192.0.2.0/26\", \"192.0.2.128/25\"]"),
        ("hours = [\"20:00-24:00\", \"00:00-08:00\"]", "hours = \"22:00-06:00\""),
        ("not = { route = \"a\" }", "route = \"b\""),
        ("not = { route = \"a\" }", "not = { route = [\"a\", \"b\"] }"),
        ("not = { agent = { name = \"curl\" } }", "agent = { category = \"seo\" }"),
    ] {
        assert!(relate(wide, narrow, &[]).0[0], "{wide} covers {narrow}");
        assert!(!relate(narrow, wide, &[]).0[0], "{narrow} does not cover {wide}");
    }
}

#[test]
fn conditions_that_differ_in_a_field_are_apart() {
    for (one, other) in [
        ("route = \"a\"", "route = \"b\""),
        ("route = \"a\"", "path = \"/b/**\""),
        ("agent = { name = \"curl\" }", "agent = { category = \"seo\" }"),
        ("network = \"192.0.2.0/24\"", "network = \"198.51.100.0/24\""),
        ("hours = \"22:00-06:00\"", "hours = \"06:00-22:00\""),
        ("not = { route = [\"a\", \"b\"] }", "route = \"a\""),
        ("not = { agent = { category = \"http-library\" } }", "agent = { name = \"curl\" }"),
    ] {
        assert!(relate(one, other, &[]).0[1], "{one} and {other}");
        assert!(relate(other, one, &[]).0[1], "{other} and {one}");
    }
    let (certain, _) = relate("route = \"a\"", "country = \"DE\"", &[]);
    assert_eq!(certain, [false, false]);
}

proptest! {
    #[test]
    fn what_is_certain_is_so(
        one in condition(),
        other in condition(),
        requests in proptest::collection::vec(any::<Picks>(), 64),
    ) {
        let ([covers, apart], holds) = relate(&one, &other, &requests);
        for (one, other) in holds {
            prop_assert!(!covers || !other || one, "covered, and does not hold");
            prop_assert!(!(apart && one && other), "apart, and both hold");
        }
    }
}
