//! A night of logs and a rule set in, what the rules would have done out.
//!
//! Each night is written as Fastly lines into a file and read back: what is
//! tested is what an operator would run.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;
use tidegate::backtest::today::Preset;
use tidegate::backtest::{
    Against, Answer, Backtest, ClientResult, CohortResult, compare, render_markdown, render_text,
    run,
};
use tidegate::beside::Beside;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Seen, Source};
use tidegate_rules::{Engine, HashKey, Mode, Ruleset, compile};

/// One page costs 40 units; a visitor has 600 at once and one page each 2 s.
const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "static"
paths = ["/-/static/**"]
cost  = 0
cache = "long"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"

[[agent]]
name        = "curl"
category    = "http-library"
user_agents = ["curl/*"]

[[agent]]
name        = "firefox"
category    = "browser"
user_agents = ["*Firefox/*"]

[[quota]]
name  = "reader"
units = 1_200
per   = "1m"
burst = 600
"#;

const PACE: &str = r#"
[[rule]]
id    = "pace"
why   = "A reader opens a page every few seconds."
key   = "visitor"
quota = "reader"
mode  = "enforce"
"#;

const NO_CURL: &str = r#"
[[rule]]
id      = "no-curl"
why     = "For the test."
match   = { agent = { name = "curl" } }
verdict = "block"
mode    = "enforce"
"#;

const COHORTS: &str = r#"
[[cohort]]
name  = "curl"
match = { agent = { name = "curl" }, breadth = { under = 20, per = "10m" } }
harm  = { throttled_clients = "50%", starved_clients = "0%", blocked_clients = "0%" }

[[cohort]]
name  = "people"
match = { agent = { category = "browser" } }
harm  = { throttled_clients = "0%", starved_clients = "0%", blocked_clients = "0%" }
"#;

const CURL: &str = "curl/8.17.0";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// 2025-03-11T00:00:00Z.
const MIDNIGHT_MS: u64 = 1_741_651_200_000;

/// A log being written: lines with their milliseconds after midnight.
#[derive(Default)]
struct Log(Vec<(u64, String)>);

/// One request of it; the rest is a miss at FRA.
#[derive(Clone, Copy)]
struct Ask<'a> {
    millis: u64,
    ip: &'a str,
    agent: &'a str,
    path: &'a str,
    hit: bool,
    pop: &'a str,
}

const ASK: Ask<'_> =
    Ask { millis: 0, ip: "192.0.2.7", agent: CURL, path: "/serde", hit: false, pop: "FRA" };

impl Log {
    fn ask(&mut self, ask: &Ask<'_>) {
        let millis = i64::try_from(MIDNIGHT_MS + ask.millis).unwrap();
        let line = serde_json::json!({
            "version": "1",
            "date_time": jiff::Timestamp::from_millisecond(millis).unwrap().to_string(),
            "method": "GET",
            "url": format!("https://docs.example{}", ask.path),
            "ip": if ask.ip.is_empty() { None } else { Some(ask.ip) },
            "status": 200,
            "cache_hit": ask.hit,
            "edge_location": ask.pop,
            "http": {"protocol": "HTTP/2", "referer": null, "useragent": ask.agent},
        });
        self.0.push((ask.millis, line.to_string()));
    }

    /// A request every `step` milliseconds, `count` of them.
    fn every(mut self, step: u64, count: u64, ask: Ask<'_>) -> Self {
        for n in 0..count {
            self.ask(&Ask { millis: ask.millis + n * step, ..ask });
        }
        self
    }

    /// As many different pages, a second apart.
    fn walk(mut self, pages: u64, ask: Ask<'_>) -> Self {
        for n in 0..pages {
            let path = format!("/crate-{n}");
            self.ask(&Ask { millis: ask.millis + n * 1_000, path: &path, ..ask });
        }
        self
    }

    /// The file, in time order as an edge writes it.
    fn lines(&self) -> String {
        let mut lines: Vec<_> = self.0.iter().collect();
        lines.sort_by_key(|(millis, _)| *millis);
        lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    /// Replays the log through the very rules that it is read by.
    fn backtest(&self, rules: &[&str]) -> Backtest {
        self.backtest_with(&compiled(rules), &compiled(rules))
    }

    fn backtest_with(&self, rules: &Ruleset, trial: &Ruleset) -> Backtest {
        self.night(rules, |night| run(night, &engine(trial.clone()), &mut |_| {}).unwrap())
    }

    /// Replays the log through these rules, with others and every preset beside.
    fn beside(&self, rules: &[&str], other: &[&str]) -> Backtest {
        let (rules, other) = (compiled(rules), engine(compiled(other)));
        let mut against = vec![Against::Rules { name: "other.toml".to_owned(), engine: &other }];
        against.extend(Preset::all().map(Against::Preset));
        self.night(&rules, |night| {
            let mut seen = 0;
            let mut witness = |_: &Seen<'_>, answers: &[Answer]| seen += answers.len() as u64;
            let trial = engine(rules.clone());
            let found = compare(night, &trial, &against, &mut |_| {}, &mut witness).unwrap();
            assert_eq!(seen, 5 * found.requests, "each side answers each request");
            found
        })
    }

    fn night<T>(&self, rules: &Ruleset, read: impl FnOnce(&Night<'_>) -> T) -> T {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("night.log");
        fs::write(&file, self.lines()).unwrap();
        let (inputs, secret) = ([Input::Path(file)], HashKey::default());
        let (options, beside) = (Options::default(), Beside::default());
        read(&Night {
            source: Source::Files { inputs: &inputs, options },
            rules,
            secret: &secret,
            beside,
        })
    }
}

fn engine(rules: Ruleset) -> Engine {
    let (version, secret) = ("0123456789abcdef".to_owned(), HashKey::default());
    Engine { rules, version, secret, switch: Mode::Enforce }
}

fn compiled(rules: &[&str]) -> Ruleset {
    let text = rules.concat();
    let compiled = compile("test.toml", &mut |_| Ok(text.clone()));
    compiled.unwrap_or_else(|wrong| panic!("{wrong}")).rules
}

#[track_caller]
fn client<'b>(found: &'b Backtest, key: &str) -> &'b ClientResult {
    found.clients.iter().find(|client| client.key.to_string() == key).unwrap()
}

#[track_caller]
fn cohort<'b>(found: &'b Backtest, name: &str) -> &'b CohortResult {
    found.cohorts.iter().find(|cohort| cohort.name == name).unwrap()
}

#[test]
fn a_loop_on_an_uncached_page_is_paced_to_the_rate_and_never_starved() {
    // Two a second for ten minutes, four times what the budget gives.
    let found = Log::default().every(500, 1_200, ASK).backtest(&[SITE, PACE]);
    let looping = client(&found, "192.0.2.7");
    // 15 from the burst, then one each 2 s, of which the last burst's worth
    // is earned by the end.
    assert_eq!(looping.origin_units_admitted, 40 * (15 + 299));
    assert_eq!(looping.requests, looping.throttled + looping.origin_units_admitted / 40);
    assert!(!looping.starved);
    assert_eq!(found.rules[0].throttled, looping.throttled);
    assert_eq!(found.throttled, looping.throttled);
}

#[test]
fn who_ignores_the_limit_still_gets_one_answer_each_period() {
    let found = Log::default().every(10, 12_000, ASK).backtest(&[SITE, PACE]);
    let flood = client(&found, "192.0.2.7");
    assert!(flood.throttled > 11_900, "{}", flood.throttled);
    assert!(!flood.starved);
    assert!(flood.longest_refusal_ms < 2_000, "{} ms", flood.longest_refusal_ms);
}

#[test]
fn visitors_behind_one_address_have_budgets_of_their_own() {
    let person = Ask { agent: FIREFOX, ..ASK };
    let found = Log::default()
        .every(100, 600, ASK)
        .every(3_000, 20, Ask { millis: 50, ..person })
        .backtest(&[SITE, PACE, COHORTS]);
    assert_eq!(found.clients.len(), 1, "one client");
    assert_eq!(cohort(&found, "people").clients, 1);
    assert_eq!(cohort(&found, "people").requests, 20);
    assert_eq!(cohort(&found, "people").clients_throttled, 0);
    assert_eq!(cohort(&found, "curl").clients_throttled, 1);
}

#[test]
fn an_ipv6_client_is_its_slash_64() {
    let found = Log::default()
        .every(10, 20, Ask { ip: "2001:db8:1:2::3", ..ASK })
        .every(10, 20, Ask { ip: "2001:db8:1:2:ffff::4", millis: 5, ..ASK })
        .backtest(&[SITE, PACE]);
    assert_eq!(client(&found, "2001:db8:1:2::").requests, 40);
    assert_eq!(client(&found, "2001:db8:1:2::").throttled, 25, "one budget for both");
}

#[test]
fn what_comes_from_the_cache_is_free() {
    let hits = Ask { hit: true, ..ASK };
    let found = Log::default().every(10, 5_000, hits).backtest(&[SITE, PACE]);
    assert_eq!((found.throttled, found.origin_units.offered), (0, 0));
    let free = Ask { path: "/-/static/a.css", ..ASK };
    let found = Log::default().every(10, 5_000, free).backtest(&[SITE, PACE]);
    assert_eq!((found.throttled, found.origin_units.offered), (0, 0));
}

#[test]
fn a_cached_answer_ends_a_run_of_refusals() {
    let log = |hit| {
        // Every budget at this address is gone within the first second.
        let others = Log::default().every(1, 40, ASK);
        let shared = PACE.replace("visitor", "client");
        let tight = SITE.replace("units = 1_200", "units = 40").replace("\"1m\"", "\"10m\"");
        others
            .every(30_000, 6, Ask { agent: FIREFOX, millis: 1_000, ..ASK })
            .every(30_000, 6, Ask { agent: FIREFOX, millis: 16_000, hit, ..ASK })
            .backtest(&[&tight, &shared, COHORTS])
    };
    assert_eq!(cohort(&log(false), "people").clients_starved, 1);
    assert_eq!(cohort(&log(true), "people").clients_starved, 0);
}

#[test]
fn each_pop_counts_for_itself() {
    let burst = |pops: [&str; 2]| {
        let log =
            pops.into_iter().fold(Log::default(), |log, pop| log.every(1, 20, Ask { pop, ..ASK }));
        log.backtest(&[SITE, PACE]).throttled
    };
    assert_eq!(burst(["FRA", "FRA"]), 25);
    assert_eq!(burst(["FRA", "SJC"]), 10);
}

#[test]
fn a_block_starves_and_no_cache_softens_it() {
    let found = Log::default()
        .every(10_000, 30, Ask { hit: true, ..ASK })
        .every(10_000, 30, Ask { agent: FIREFOX, ip: "198.51.100.1", ..ASK })
        .backtest(&[SITE, NO_CURL, COHORTS]);
    let blocked = client(&found, "192.0.2.7");
    assert_eq!((blocked.blocked, blocked.starved), (30, true));
    assert_eq!(blocked.longest_refusal_ms, 290_000);
    assert_eq!(blocked.first_throttled, None);
    assert_eq!((found.rules[0].matched, found.rules[0].blocked), (30, 30));
    let curl = cohort(&found, "curl");
    assert_eq!((curl.clients_blocked, curl.clients_starved, curl.requests_blocked), (1, 1, 30));
    assert!(!curl.within_budget);
    assert_eq!(client(&found, "198.51.100.1").blocked, 0);
}

#[test]
fn a_cohort_within_its_share_is_within_and_one_more_is_over() {
    let night = |flooding: u64| {
        let mut log = Log::default();
        for n in 0..10 {
            let ip = format!("192.0.2.{n}");
            let step = if n < flooding { 10 } else { 3_000 };
            log = log.every(step, 30, Ask { ip: &ip, ..ASK });
        }
        log.backtest(&[SITE, PACE, COHORTS])
    };
    let half = night(5);
    assert_eq!(cohort(&half, "curl").clients_throttled, 5);
    assert!(half.within_budgets(), "half is allowed");
    let more = night(6);
    assert!(!cohort(&more, "curl").within_budget);
    assert!(cohort(&more, "people").within_budget, "nobody is there");
    assert!(!more.within_budgets());
}

#[test]
fn breadth_takes_a_crawler_out_of_the_cohort_that_it_claims() {
    let night = Log::default()
        .walk(100, ASK)
        .walk(100, Ask { ip: "192.0.2.8", hit: true, ..ASK })
        .every(1_000, 100, Ask { ip: "192.0.2.9", ..ASK });
    let members = |found: &Backtest| cohort(found, "curl").clients;
    let paced = night.backtest(&[SITE, PACE, COHORTS]);
    assert_eq!(members(&paced), 2, "cached pages and one page polled are no breadth");
    let blocked = night.backtest(&[SITE, NO_CURL, COHORTS]);
    assert_eq!(members(&blocked), 2, "what the trial refuses does not change who belongs");
}

#[test]
fn shadow_rules_throttle_nobody_but_count() {
    let shadow = |rule: &str| rule.replace("enforce", "shadow");
    let found =
        Log::default().every(100, 100, ASK).backtest(&[SITE, &shadow(PACE), &shadow(NO_CURL)]);
    assert_eq!((found.throttled, found.blocked), (0, 0));
    assert_eq!(found.origin_units.offered, found.origin_units.admitted);
    let [pace, no_curl] = &found.rules[..] else { panic!("two rules") };
    assert_eq!((pace.throttled, pace.shadow_throttled, pace.matched), (0, 81, 81));
    assert_eq!((no_curl.blocked, no_curl.shadow_blocked), (0, 100));
}

#[test]
fn the_trial_decides_and_the_night_measures() {
    let night = compiled(&[SITE]);
    let dearer = compiled(&[&SITE.replace("cost  = 40", "cost  = 60"), PACE]);
    let found = Log::default().every(1, 20, ASK).backtest_with(&night, &dearer);
    assert_eq!(found.throttled, 10, "the trial's burst is ten of its own pages");
    assert_eq!(found.origin_units.offered, 20 * 40, "the yardstick is the night's");
    assert_eq!(found.origin_units.admitted, 10 * 40);
}

#[test]
fn who_is_unknown_is_counted_apart_and_never_throttled() {
    let found =
        Log::default().every(1, 100, Ask { ip: "", ..ASK }).backtest(&[SITE, PACE, COHORTS]);
    assert_eq!((found.requests, found.unknown, found.throttled), (100, 100, 0));
    assert_eq!((found.clients.len(), cohort(&found, "curl").clients), (0, 0));
}

#[test]
fn the_worst_are_kept_in_the_order_of_their_keys() {
    let night = |n: u64, log: Log, count| {
        let ip = format!("192.0.2.{n}");
        log.every(10, count, Ask { ip: &ip, ..ASK })
    };
    let log = [(3, 50), (1, 90), (2, 10), (10, 70)]
        .into_iter()
        .fold(Log::default(), |log, (n, count)| night(n, log, count));
    let mut found = log.backtest(&[SITE, PACE]);
    let keys = |found: &Backtest| {
        let keys: Vec<_> = found.clients.iter().map(|client| client.key.to_string()).collect();
        keys.join(" ")
    };
    assert_eq!(keys(&found), "192.0.2.1 192.0.2.10 192.0.2.2 192.0.2.3");
    found.keep_worst(2);
    assert_eq!(keys(&found), "192.0.2.1 192.0.2.10");
    assert_eq!(found.clients_total, 4);
}

/// A loop, a reader behind the same address, a crawler and somebody unknown.
fn small_night() -> Backtest {
    Log::default()
        .every(500, 400, ASK)
        .every(5_000, 12, Ask { agent: FIREFOX, ..ASK })
        .walk(60, Ask { ip: "2001:db8:1:2::3", agent: "Mozilla/5.0 Firefox/1", ..ASK })
        .every(1_000, 3, Ask { ip: "203.0.113.5", hit: true, ..ASK })
        .every(1_000, 2, Ask { ip: "", ..ASK })
        .backtest(&[SITE, PACE, &NO_CURL.replace("enforce", "shadow"), COHORTS])
}

#[test]
fn the_json_form_is_a_contract() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&small_night()).unwrap());
}

#[test]
fn the_text_form() {
    let text = render_text(&small_night(), false);
    assert!(!text.contains("192.0.2.7"), "no address unless asked for");
    assert!(render_text(&small_night(), true).contains("192.0.2.7"));
    insta::assert_snapshot!(text);
}

#[test]
fn the_markdown_form() {
    let text = render_markdown(&small_night(), false);
    assert!(!text.contains("192.0.2.7"), "no address unless asked for");
    insta::assert_snapshot!(text);
}

/// 70 requests a second for 30 s, all of them cached; a slow curl; one that the
/// log does not name.
fn cached_flood() -> Log {
    Log::default()
        .every(100, 300, Ask { hit: true, ..ASK })
        .every(20, 1_500, Ask { hit: true, ip: "203.0.113.5", agent: FIREFOX, ..ASK })
        .every(5_000, 6, Ask { ip: "203.0.113.9", ..ASK })
        .every(10, 2_000, Ask { hit: true, ip: "", ..ASK })
}

#[test]
fn limits_of_today_count_cached_requests_and_rules_do_not() {
    let found = cached_flood().beside(&[SITE, PACE, COHORTS], &[SITE, NO_CURL]);
    assert_eq!((found.throttled, found.origin_units.admitted), (0, 240));
    let sides: Vec<_> = found
        .against
        .iter()
        .map(|side| (&*side.name, side.throttled, side.blocked, side.origin_units.admitted))
        .collect();
    // 1,500 in half a minute: 700 of them; 600 of them; 41 at once and 12 a second.
    let expected = [
        ("other.toml", 0, 2_306, 0),
        ("docs-rs-today", 800, 0, 240),
        ("crates-io-today", 900, 0, 240),
        ("nginx", 1_100, 0, 240),
    ];
    assert_eq!(sides, expected);
}

#[test]
fn every_side_is_asked_about_the_same_cohorts() {
    let found = cached_flood().beside(&[SITE, PACE, COHORTS], &[SITE, NO_CURL]);
    for side in &found.against {
        let members = |of: &[CohortResult]| -> Vec<_> {
            of.iter().map(|cohort| (cohort.name.clone(), cohort.clients, cohort.requests)).collect()
        };
        assert_eq!(members(&side.cohorts), members(&found.cohorts), "{}", side.name);
        let clients = |side: &[ClientResult]| -> Vec<_> {
            side.iter().map(|client| (client.key, client.requests, client.origin_units)).collect()
        };
        assert_eq!(clients(&side.clients), clients(&found.clients), "{}", side.name);
    }
    let hurt = |at: usize, name: &str| {
        let side: &[CohortResult] = &found.against[at].cohorts;
        let cohort = side.iter().find(|cohort| cohort.name == name).unwrap();
        (cohort.clients, cohort.clients_throttled, cohort.clients_blocked)
    };
    assert_eq!(hurt(0, "curl"), (2, 0, 2));
    assert_eq!((hurt(1, "curl"), hurt(1, "people")), ((2, 0, 0), (1, 1, 0)));
    assert!(found.within_budgets(), "only the rules on trial are judged");
}

#[test]
fn sides_stand_side_by_side() {
    let mut found = cached_flood().beside(&[SITE, PACE, COHORTS], &[SITE, NO_CURL]);
    let text = render_text(&found, false);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(text);
    insta::assert_snapshot!("sides_in_markdown", render_markdown(&found, false));
    found.keep_worst(1);
    insta::assert_snapshot!("sides_in_json", serde_json::to_string_pretty(&found).unwrap());
}

#[test]
fn an_empty_night_is_no_error() {
    let found = Log::default().backtest(&[SITE]);
    assert_eq!((found.requests, found.window), (0, None));
    insta::assert_snapshot!(render_text(&found, false));
}

#[test]
fn no_line_of_text_is_wider_than_80() {
    let mut found = small_night();
    found.site = "s".repeat(200);
    found.requests = 123_456_789_012;
    found.rules[0].id = "r".repeat(200);
    found.rules[0].matched = 123_456_789_012;
    found.cohorts[0].name = "c ".repeat(100);
    found.cohorts[0].requests = 123_456_789_012;
    for line in render_text(&found, true).lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_same_night_gives_the_same_bytes() {
    let bytes = || {
        let mut log = Log::default();
        for n in 0..200 {
            let ip = format!("198.51.100.{n}");
            log = log.every(10, 17, Ask { ip: &ip, millis: n, ..ASK });
        }
        let found = log.backtest(&[SITE, PACE, COHORTS]);
        (serde_json::to_string(&found).unwrap(), render_text(&found, true))
    };
    assert_eq!(bytes(), bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is asked, nobody gets more than burst and rate, and nothing is
    /// let through that was not asked for.
    #[test]
    fn nobody_is_admitted_more_than_the_budget(
        asks in prop::collection::vec((0_u64..6, 0_u64..2_500, 0_u64..5, any::<bool>()), 1..300),
    ) {
        let mut log = Log::default();
        let mut millis = 0;
        for (who, gap, page, hit) in asks {
            millis += gap;
            let (ip, path) = (format!("192.0.2.{who}"), format!("/page-{page}"));
            log.ask(&Ask { millis, ip: &ip, path: &path, hit: hit && page > 2, ..ASK });
        }
        let found = log.backtest(&[SITE, PACE, COHORTS]);
        prop_assert!(found.origin_units.admitted <= found.origin_units.offered);
        let sum = |of: fn(&ClientResult) -> u64| found.clients.iter().map(of).sum::<u64>();
        prop_assert_eq!(sum(|client| client.origin_units), found.origin_units.offered);
        prop_assert_eq!(sum(|client| client.origin_units_admitted), found.origin_units.admitted);
        prop_assert_eq!(sum(|client| client.throttled), found.throttled);
        for client in &found.clients {
            // 600 at once and 20 units a second, one visitor each.
            prop_assert!(client.origin_units_admitted <= 600 + millis / 50);
            prop_assert_eq!(
                client.origin_units - client.origin_units_admitted,
                40 * client.throttled
            );
        }
    }
}
