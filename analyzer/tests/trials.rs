//! Rules tried side by side in one pass are what each alone would have done in a
//! replay of its own.

#[path = "detect/night.rs"]
mod night;

use night::{ASK, Ask, CURL, FIREFOX, Log, SITE, read, site};
use proptest::prelude::*;
use tidegate::backtest::{Backtest, Tried, Watch, run, side_by_side};
use tidegate_rules::index::RuleIndex;
use tidegate_rules::{Engine, HashKey, Mode, Ruleset};

/// Rules of every kind, each of which refuses some of the nights below.
const RULES: &str = r#"
[[quota]]
name  = "tight"
units = 400
per   = "1m"
burst = 200

[[quota]]
name  = "wide"
units = 4_000
per   = "1m"
burst = 2_000

[[rule]]
id    = "pace"
why   = "a test"
key   = "visitor"
quota = "tight"

[[rule]]
id    = "walk"
why   = "a test"
match = { breadth = { over = 20, per = "10m" } }
key   = "visitor"
quota = "tight"

[[rule]]
id    = "walk-of-a-network"
why   = "a test"
match = { breadth = { over = 40, per = "1m" } }
key   = "network"
quota = "wide"

[[rule]]
id    = "poll"
why   = "a test"
match = { agent = { name = "curl" }, breadth = { under = 5, per = "10m" } }
key   = "visitor"
quota = "tight"

[[rule]]
id      = "no-curl"
why     = "a test"
match   = { agent = { name = "curl" } }
verdict = "block"

[[rule]]
id    = "crowd"
why   = "a test"
key   = "crowd"
quota = "wide"
floor = "tight"

[[rule]]
id    = "software"
why   = "a test"
match = { origin = "strained" }
key   = "fingerprint"
quota = "wide"
"#;

/// The site with its rules in shadow, or with one of them in force and no other.
fn rules(only: Option<usize>) -> Ruleset {
    let mut rules = site(&[SITE, RULES].concat());
    if let Some(only) = only {
        for (at, rule) in rules.rules.iter_mut().enumerate() {
            rule.mode = if at == only { Mode::Enforce } else { Mode::Off };
        }
    }
    Ruleset { index: RuleIndex::new(&rules.rules), ..rules }
}

fn engine(rules: Ruleset) -> Engine {
    let (version, secret) = (String::new(), HashKey::default());
    Engine { rules, version, secret, switch: Mode::Enforce }
}

/// Each rule tried, and each alone in a replay of its own.
fn both(log: &Log) -> Vec<(Tried, Backtest)> {
    let site = rules(None);
    read(log, &site, |night| {
        let engines = [engine(rules(None))];
        let watch = Watch { groups: 0, crowds: 0, of: &|_| 0 };
        let (mut sides, _) = side_by_side(night, &engines, watch, &mut |_| {}).unwrap();
        let tried = sides.remove(0).rules.into_iter().enumerate();
        let replayed = |at| run(night, &engine(rules(Some(at))), &mut |_| {}).unwrap();
        tried.map(|(at, tried)| (tried, replayed(at))).collect()
    })
}

#[track_caller]
fn compare(log: &Log) -> Vec<u64> {
    let mut refused = Vec::new();
    for (tried, replayed) in both(log) {
        assert_eq!(tried.cohorts, replayed.cohorts);
        assert_eq!(tried.outside, replayed.cohorts, "there is no crowd");
        assert_eq!(tried.origin_units, replayed.origin_units);
        assert_eq!(tried.refused, replayed.throttled + replayed.blocked);
        let clients = replayed.clients.iter().filter(|one| one.throttled + one.blocked > 0);
        assert_eq!(tried.clients_refused, clients.count());
        refused.push(tried.refused);
    }
    refused
}

const MINUTE: u64 = 60_000;

#[test]
fn every_kind_of_rule_is_tried_as_if_alone() {
    let mut log = Log::default();
    log.readers(300, 0, 20 * MINUTE, 40);
    log.readers(200, 20 * MINUTE, 10 * MINUTE, 900);
    log.crowd(2_000, 20 * MINUTE, 10 * MINUTE, 0xf0);
    log.walk(500, 300, Ask { agent: FIREFOX, fingerprint: Some(0xf1), ..ASK });
    log.every(700, 900, Ask { client: 8, path: "/serde/status.json", ..ASK });
    let refused = compare(&log);
    assert!(refused.iter().all(|refused| *refused > 0), "each refuses something: {refused:?}");
}

/// Some requests of a few clients within half an hour, the origin well or not.
fn some() -> impl Strategy<Value = Vec<(u64, u64, u64, u64, bool)>> {
    prop::collection::vec((0..30 * MINUTE, 0..6_u64, 0..30_u64, 0..4_u64, any::<bool>()), 50..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_the_night_side_by_side_is_as_alone(requests in some()) {
        let mut log = Log::default();
        for (millis, client, page, fingerprint, hurts) in requests {
            let path = format!("/crate/{page}");
            log.ask(&Ask {
                millis,
                client,
                path: if page > 25 { "/static/a.css" } else { &path },
                agent: if client % 2 == 0 { CURL } else { FIREFOX },
                fingerprint: (fingerprint > 0).then_some(fingerprint),
                asn: Some(64_496),
                cache: if page % 7 == 0 { "hit" } else { "miss" },
                origin_ms: Some(if hurts { 2_000 } else { 30 }),
                ..ASK
            });
        }
        compare(&log);
    }
}
