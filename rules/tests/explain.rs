//! An explanation is of the decision that was made, and making it changes nothing.

mod common;
mod random;

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use tidegate_rules::case::{Traffic, read_traffic};
use tidegate_rules::diagnostic::Source;
use tidegate_rules::explain::{Addresses, RuleAsked, Watched};
use tidegate_rules::key::CellKey;
use tidegate_rules::request::CacheState;
use tidegate_rules::text::{WIDTH, width};
use tidegate_rules::{
    Action, Admission, Cells, Client, Engine, Explanation, Outcome, Request, Signals, Store,
    Stored, Time, compile,
};

/// Cells that can be compared.
#[derive(Debug, Default, PartialEq)]
struct Kept(HashMap<CellKey, Vec<u8>>);

impl Store for Kept {
    fn load(&mut self, key: &CellKey) -> Result<Option<Vec<u8>>, &'static str> {
        Ok(self.0.get(key).cloned())
    }

    fn save(&mut self, key: &CellKey, bytes: Vec<u8>, _: u64) -> Result<(), &'static str> {
        self.0.insert(*key, bytes);
        Ok(())
    }
}

/// One request that somebody might send.
#[derive(Debug, Clone)]
struct Asked {
    wait_ms: u64,
    method: &'static str,
    host: Option<&'static str>,
    path: String,
    query: bool,
    client: u8,
    user_agent: Option<&'static str>,
    asn: Option<u32>,
    country: Option<&'static str>,
    credentials: Option<bool>,
    fingerprint: Option<u64>,
    cache: CacheState,
    status: u16,
}

fn asked() -> impl Strategy<Value = Asked> {
    let url = (
        select(vec!["GET", "GET", "GET", "HEAD", "PUT"]),
        select(vec![None, Some("docs.example")]),
        select(vec!["/search", "/serde/", "/tokio/1.0/tokio", "/a b\u{1b}", "/x"]),
        0..40_u8,
        any::<bool>(),
    );
    let client = (
        select(vec![1_u8, 2, 130]),
        select(vec![None, Some(""), Some("curl/8"), Some("a bot")]),
        select(vec![None, Some(64_496), Some(1)]),
        select(vec![None, Some("DE"), Some("FR")]),
        option::of(any::<bool>()),
        select(vec![None, Some(0xff), Some(7)]),
    );
    let answer = (
        select(vec![0_u64, 1, 200, 70_000]),
        select(vec![
            CacheState::Miss,
            CacheState::Miss,
            CacheState::Pass,
            CacheState::Hit,
            CacheState::ShieldHit,
        ]),
        select(vec![200_u16, 503]),
    );
    (url, client, answer).prop_map(|(url, client, answer)| {
        let (method, host, path, page, query) = url;
        let (client, user_agent, asn, country, credentials, fingerprint) = client;
        let (wait_ms, cache, status) = answer;
        let path = format!("{path}{page}");
        Asked {
            wait_ms,
            method,
            host,
            path,
            query,
            client,
            user_agent,
            asn,
            country,
            credentials,
            fingerprint,
            cache,
            status,
        }
    })
}

impl Asked {
    fn request(&self, time: Time) -> Request<'_> {
        Request {
            host: self.host,
            query: self.query.then_some("q"),
            client: Some(Client::Address([192, 0, 2, self.client].into())),
            user_agent: self.user_agent,
            asn: self.asn,
            country: self.country,
            credentials: self.credentials,
            signals: Signals { fingerprint: self.fingerprint, ..Signals::default() },
            ..Request::new(time, self.method, &self.path)
        }
    }

    fn outcome(&self) -> Outcome {
        Outcome { status: Some(self.status), cache: Some(self.cache), origin_ms: Some(3_000) }
    }
}

/// As the edge decides: what only another POP's cache answers was admitted, too.
fn decide(engine: &Engine, asked: &Asked, time: Time, cells: &mut dyn Cells) -> Admission {
    let mut admission = engine.screen(&asked.request(time)).into_admission();
    if asked.cache != CacheState::Hit {
        engine.admit(&mut admission, cells, time);
    }
    engine.settle(&mut admission, &asked.outcome(), cells, time);
    admission
}

/// What must hold between an explanation and the admission that it explains.
fn agree(
    engine: &Engine,
    request: &Request<'_>,
    admission: &Admission,
    explained: &Explanation,
    outcome: &Outcome,
) -> Result<(), TestCaseError> {
    let (decision, decided) = (&admission.decision, &explained.decision);
    let id = |at: &u16| engine.rules.rules[usize::from(*at)].id().to_owned();
    prop_assert_eq!(decided.action, decision.action.name());
    prop_assert_eq!(&decided.rule, &decision.rule.as_ref().map(id));
    prop_assert_eq!(decided.retry_ms, decision.retry_ms);
    prop_assert_eq!(&decided.shadow, &decision.shadow.iter().map(id).collect::<Vec<_>>());
    for (rule, told) in engine.rules.rules.iter().zip(&explained.rules) {
        let about = !["asleep", "unmet"].contains(&told.said);
        let matches = rule.matches(&engine.rules, request, &admission.derived);
        prop_assert_eq!(about, matches, "{}: {}", &told.id, &told.because);
        let charged =
            decision.action == Action::Pass && outcome.cache != Some(CacheState::ShieldHit);
        budgets_add_up(told, charged)?;
        if decided.rule.as_ref() == Some(&told.id) {
            prop_assert!(told.enforced && ["refuses", "exempts"].contains(&told.said));
        } else if decision.action == Action::Pass {
            prop_assert!(!(told.enforced && told.said == "refuses"), "{:?}", told);
        }
    }
    prop_assert_eq!(decision.action == Action::Throttle, decided.retry_ms.is_some());
    Ok(())
}

fn budgets_add_up(told: &RuleAsked, charged: bool) -> Result<(), TestCaseError> {
    for budget in told.budgets.iter().filter(|_| ["within", "refuses"].contains(&told.said)) {
        let spared = told.budgets.first().is_some_and(|first| first.floor) && !budget.floor;
        if told.said == "refuses" {
            prop_assert!(budget.before < budget.units && budget.after == budget.before);
        } else if !spared {
            let taken = if charged { budget.units } else { 0 };
            prop_assert_eq!(budget.before, budget.after + taken, "{:?}", budget);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_explanation_is_of_the_decision_and_changes_nothing(
        site in random::site(),
        requests in vec(asked(), 1..60),
    ) {
        let Ok(compiled) = compile("site.toml", &mut |_| Ok(site.clone())) else {
            // What the compiler refuses is another test's matter.
            return Ok(());
        };
        let engine = common::engine(compiled.rules);
        let (mut plain, mut watched) = (Stored(Kept::default()), Stored(Kept::default()));
        let mut now = 1_790_000_000_000;
        for asked in &requests {
            now += asked.wait_ms;
            let time = Time::from_unix_millis(now);
            let unseen = decide(&engine, asked, time, &mut plain);
            let mut cells = Watched::new(&mut watched);
            let admission = decide(&engine, asked, time, &mut cells);
            let (request, outcome) = (asked.request(time), asked.outcome());
            let explained = engine.explain(&request, &admission, &outcome, &cells.account);
            prop_assert_eq!(&unseen.decision, &admission.decision);
            prop_assert_eq!(&plain.0, &watched.0);
            agree(&engine, &request, &unseen, &explained, &outcome)?;
            let text = explained.text(Addresses::Masked);
            prop_assert!(text.lines().all(|line| width(line) <= WIDTH), "{}", text);
            prop_assert!(!text.contains("192.0.2.130") && !text.contains('\u{1b}'), "{}", text);
        }
    }
}

/// Midnight UTC.
const START: Time = Time::from_unix_millis(1_767_225_600_000);

fn traffic(text: &str) -> Traffic {
    let read = read_traffic(Source { name: "requests.toml".to_owned(), text: text.to_owned() });
    read.unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The explanation of the last request.
fn last(entry: &str, text: &str) -> String {
    let (engine, traffic) = (common::engine(common::site(entry).rules), traffic(text));
    let explained = traffic.explain(&engine, START, traffic.count()).unwrap();
    explained.text(Addresses::Masked)
}

#[test]
fn a_loop_around_one_page() {
    insta::assert_snapshot!(last(
        "docs-rs.toml",
        r#"
        request = { path = "/crate/serde/latest/builds", host = "docs.rs", user_agent = "curl/8.5.0" }
        times   = 500
        every   = "1ms"
        "#
    ));
}

#[test]
fn a_walk_that_only_a_rule_in_shadow_would_refuse() {
    insta::assert_snapshot!(last(
        "docs-rs.toml",
        r#"
        request = { path = "/crate-{n}/1.0.0/crate_{n}/", user_agent = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", client = "2001:db8::7" }
        times   = 190
        every   = "200ms"
        "#
    ));
}

#[test]
fn what_is_cached_or_not_for_get_is_charged_to_nobody() {
    let cached = r#"request = { path = "/serde/latest/serde/", cached = true, host = "docs.rs" }"#;
    insta::assert_snapshot!("cached", last("docs-rs.toml", cached));
    let posted = r#"request = { path = "/x", method = "POST", host = "elsewhere.example" }"#;
    insta::assert_snapshot!("elsewhere", last("docs-rs.toml", posted));
}

#[test]
fn requests_are_listed_in_a_line_each() {
    let engine = common::engine(common::site("docs-rs.toml").rules);
    let lines = traffic(
        r#"
        start = "2026-11-24T10:00:00Z"
        name  = "a loop, as it was copied from a case"
        [[step]]
        request = { path = "/crate/serde/latest/builds", user_agent = "curl/8.5.0" }
        times   = 482
        every   = "1ms"
        expect  = { action = "throttle" }
        [[step]]
        request = { path = "/serde/latest/serde/", cached = true }
        after   = "1m"
        "#,
    )
    .lines(&engine, START);
    let shown: Vec<_> = lines.iter().skip(479).map(|line| line.text()).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn every_mistake_of_a_file_of_requests_at_once() {
    let text = "start = \"noon\"\nrequest = { url = \"/\" }\ntime = 3\nevery = \"soon\"\n";
    let source = Source { name: "requests.toml".to_owned(), text: text.to_owned() };
    insta::assert_snapshot!(read_traffic(source).unwrap_err());
}
