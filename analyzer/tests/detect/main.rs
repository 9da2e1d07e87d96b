//! What the detectors see, on nights of which the truth is known: each sees its
//! own, and none sees what only looks like it.

mod night;

use night::{ASK, Ask, CURL, FIREFOX, Log, SITE, read, site};
use serde_json::json;
use tidegate::analysis::Analysis;
use tidegate::detect::Finding;
use tidegate::report;
use tidegate::score::Class;

const MINUTE: u64 = 60_000;

/// What is found in a night of [`SITE`].
fn analyzed(log: &Log) -> Analysis {
    let rules = site(SITE);
    read(log, &rules, |night| {
        let (mut analysis, clients, _) = Analysis::of(night, &mut |_| {}).unwrap();
        analysis.list_worst(&rules, &clients, 10);
        analysis
    })
}

/// The findings of one detector.
fn found(log: &Log, detector: &str) -> Vec<Finding> {
    let findings = analyzed(log).findings;
    findings.into_iter().filter(|finding| finding.detector == detector).collect()
}

/// Forty calm minutes, then ten in which a crowd walks the site and the origin
/// hurts.
fn crowded() -> Log {
    let mut log = Log::default();
    log.readers(600, 0, 40 * MINUTE, 40);
    log.readers(200, 40 * MINUTE, 10 * MINUTE, 900);
    log.crowd(1_500, 40 * MINUTE, 10 * MINUTE, 0xbad);
    log
}

#[test]
fn a_crowd_is_seen_and_the_readers_beside_it_are_not() {
    let [finding] = &found(&crowded(), "distributed-crawl")[..] else { panic!("one finding") };
    let systems = ["AS64500", "AS64501", "AS64502"];
    let keys: Vec<_> = systems.iter().map(|asn| format!("{:016x} in {asn}", 0xbad)).collect();
    let mut found = finding.keys.clone();
    found.sort();
    assert_eq!(found, keys);
    assert!(finding.crawler_score > 0.9, "{}", finding.crawler_score);
    assert!(finding.harm_score > 0.2, "{}", finding.harm_score);
    let evidence = &finding.evidence;
    assert_eq!(evidence["strained_by"], json!("answers"));
    assert_eq!(evidence["requests"].as_u64().unwrap() / 100, 44, "but for the first few");
    let clients = evidence["clients"].as_u64().unwrap();
    assert!((1_350..1_650).contains(&clients), "{clients}");
    assert!(!evidence["samples"].as_array().unwrap().is_empty());
}

#[test]
fn a_crowd_in_the_readers_own_software_and_systems_is_seen() {
    let mut log = Log::default();
    log.readers(2_400, 0, 40 * MINUTE, 40);
    log.readers(600, 40 * MINUTE, 10 * MINUTE, 900);
    // Of those who have this software there, fewer ask in ten minutes than read
    // in the forty before.
    log.crowd_in(64_496, 600, 40 * MINUTE, 10 * MINUTE, 0xf0);
    let [finding] = &found(&log, "distributed-crawl")[..] else { panic!("one finding") };
    let systems = ["AS64496", "AS64497", "AS64498"];
    let keys: Vec<_> = systems.iter().map(|asn| format!("{:016x} in {asn}", 0xf0)).collect();
    let mut found = finding.keys.clone();
    found.sort();
    assert_eq!(found, keys);
    assert!(finding.evidence["times_the_calm_rate"].as_f64().unwrap() > 4.0);
}

#[test]
fn readers_at_the_busiest_hour_are_no_crowd() {
    let mut log = Log::default();
    log.readers(600, 0, 40 * MINUTE, 40);
    // Ten times as many, all over the site, and the origin hurts.
    log.readers(1_500, 40 * MINUTE, 10 * MINUTE, 900);
    assert_eq!(found(&log, "distributed-crawl"), []);
}

#[test]
fn a_popular_release_is_no_crowd() {
    let mut log = Log::default();
    log.readers(600, 0, 40 * MINUTE, 40);
    // Everybody reads one crate at once, and the origin hurts.
    log.readers(3_000, 40 * MINUTE, 10 * MINUTE, 900);
    assert_eq!(found(&log, "distributed-crawl"), []);
}

#[test]
fn peoples_tools_are_no_crowd_without_a_surge() {
    let mut log = Log::default();
    for client in 0..2_000 {
        let path = format!("/crate-{client}/download");
        let millis = client * 50 * MINUTE / 2_000;
        log.ask(&Ask { millis, client, path: &path, fingerprint: Some(1), asn: Some(1), ..ASK });
    }
    assert_eq!(found(&log, "distributed-crawl"), []);
}

#[test]
fn one_address_that_walks_is_broad_and_no_crowd() {
    let mut log = Log::default();
    log.readers(600, 0, 50 * MINUTE, 40);
    log.walk(1_000, 400, Ask { agent: FIREFOX, fingerprint: Some(0xbad), asn: Some(1), ..ASK });
    assert_eq!(found(&log, "distributed-crawl"), []);
    let [walk] = &found(&log, "broad-crawl")[..] else { panic!("one finding") };
    assert_eq!(walk.keys, [format!("{:016x}", 7)]);
}

#[test]
fn a_contradicted_claim_is_told_from_an_unverifiable_one() {
    let mut log = Log::default();
    let bot = Ask { agent: "Goodbot/1.0", name: Some("goodbot"), ..ASK };
    log.every(MINUTE, 5, Ask { client: 1, verification: "contradicted", ..bot });
    log.every(20_000, 150, Ask { client: 2, ..bot });
    log.every(20_000, 150, Ask { client: 3, verification: "verified", ..bot });
    let [spoofed] = &found(&log, "spoofed-agent")[..] else { panic!("one finding") };
    assert_eq!(spoofed.keys, [format!("{:016x}", 1)]);
    assert_eq!(spoofed.evidence["verification"], "contradicted");
    assert!(spoofed.what.contains("goodbot"), "{}", spoofed.what);
}

#[test]
fn probes_and_guesses_are_a_scan_and_one_broken_link_is_not() {
    let mut log = Log::default();
    let missing = Ask { status: 404, agent: FIREFOX, ..ASK };
    let probes =
        ["/.env", "/wp-login.php", "/.git/config", "/xmlrpc.php", "/.aws/keys", "/phpinfo.php"];
    for (n, path) in (0..).zip(probes) {
        let millis = n * 1_000;
        log.ask(&Ask { millis, client: 1, path, ..missing });
    }
    for n in 0..40 {
        let path = format!("/guess-{n}");
        log.ask(&Ask { millis: n * 1_000, client: 2, path: &path, ..missing });
    }
    log.every(1_000, 400, Ask { client: 3, path: "/gone/status.json", agent: CURL, ..missing });
    for n in 0..40 {
        let path = format!("/old-{n}");
        let bot = Ask { agent: "Goodbot/1.0", client: 4, ..missing };
        log.ask(&Ask { millis: n * 1_000, path: &path, ..bot });
    }
    let [scan] = &found(&log, "scanner")[..] else { panic!("one finding") };
    let mut keys = scan.keys.clone();
    keys.sort();
    assert_eq!(keys, [format!("{:016x}", 1), format!("{:016x}", 2)]);
}

/// Tools that were met in the wild: a service that asks on and on for a crate that
/// does not exist, one that never follows a redirect, one that keeps nothing.
fn misconfigured() -> Log {
    let mut log = Log::default();
    let missing = Ask { client: 1, path: "/gone/status.json", status: 404, ..ASK };
    log.every(880, 3_400, missing);
    log.every(3_000, 200, Ask { client: 2, path: "/moved", status: 301, ..ASK });
    log.every(2_000, 900, Ask { client: 3, path: "/serde/status.json", ..ASK });
    log
}

#[test]
fn a_misconfigured_tool_is_named_with_advice_for_its_owner() {
    let analysis = analyzed(&misconfigured());
    let found = analysis.findings.iter().filter(|f| f.detector == "misconfigured-tool");
    let found: Vec<_> =
        found.map(|f| (f.keys.concat(), f.evidence["fault"].as_str().unwrap())).collect();
    let expected = [
        (format!("{:016x}", 1), "ignores-errors"),
        (format!("{:016x}", 2), "ignores-redirects"),
        (format!("{:016x}", 3), "keeps-nothing"),
    ];
    assert_eq!(found, expected);
    for row in &analysis.clients {
        assert_eq!(row.class, Class::Tool, "{row:?}");
        assert!(row.reasons.iter().any(|reason| reason.starts_with("misconfigured")), "{row:?}");
        assert!(row.crawler_score < 0.6, "{row:?}");
    }
}

/// They walk the site as a crawler does: what differs is what they are, and how
/// much of the origin they take.
#[test]
fn a_tool_at_work_is_no_crawler() {
    let mut log = Log::default();
    log.walk(500, 300, Ask { client: 1, agent: "Uptime/1", ..ASK });
    log.walk(2_000, 300, Ask { client: 2, ..ASK });
    log.walk(100, 300, Ask { client: 3, ..ASK });
    log.walk(2_000, 300, Ask { client: 4, agent: FIREFOX, ..ASK });
    log.walk(2_000, 300, Ask { client: 5, agent: "Nobody-knows/1", ..ASK });
    let mut clients = analyzed(&log).clients;
    clients.sort_by(|a, b| a.key.cmp(&b.key));
    let classes: Vec<_> = clients.iter().map(|row| row.class).collect();
    let crawler = Class::Crawler;
    assert_eq!(classes, [Class::Tool, Class::Tool, crawler, crawler, crawler]);
    let why = "at most 2.00 % of an origin core in any minute";
    assert_eq!(clients[1].reasons.last().map(String::as_str), Some(why));
}

#[test]
fn well_behaved_tools_are_not_misconfigured() {
    let mut log = Log::default();
    log.every(MINUTE, 600, Ask { client: 1, agent: "Uptime/1", ..ASK });
    log.every(5_000, 100, Ask { client: 2, ..ASK });
    log.every(5_000, 100, Ask { client: 2, millis: 1_000_000, status: 304, ..ASK });
    log.every(5 * MINUTE, 100, Ask { client: 3, status: 503, ..ASK });
    for n in 0..200 {
        let path = format!("/crate-{n}/download");
        log.ask(&Ask { millis: n * 500, client: 4, path: &path, ..ASK });
    }
    log.every(1_000, 500, Ask { client: 5, path: "/static/a.css", cache: "hit", ..ASK });
    assert_eq!(found(&log, "misconfigured-tool"), []);
    assert_eq!(found(&log, "runaway-poller"), []);
}

#[test]
fn a_tab_that_reloads_itself_is_a_runaway_poller() {
    let mut log = Log::default();
    log.every(500, 900, Ask { agent: FIREFOX, path: "/serde/status.json", ..ASK });
    log.every(MINUTE, 100, Ask { agent: FIREFOX, client: 8, ..ASK });
    let [poller] = &found(&log, "runaway-poller")[..] else { panic!("one finding") };
    assert_eq!(poller.keys, [format!("{:016x}", 7)]);
    assert_eq!(poller.evidence["peak_requests"], 120);
}

#[test]
fn a_route_that_takes_longer_than_declared_has_a_new_cost() {
    let mut log = Log::default();
    for n in 0..300 {
        let path = format!("/crate-{n}/page");
        let ask = Ask { millis: n * 5_000, client: n, path: &path, ..ASK };
        log.ask(&Ask { origin_ms: Some(110 + u32::try_from(n % 30).unwrap()), ..ask });
    }
    log.every(5_000, 300, Ask { path: "/serde/status.json", origin_ms: Some(12), ..ASK });
    let [drift] = &found(&log, "route-cost")[..] else { panic!("one finding") };
    assert_eq!(drift.evidence["route"], "page");
    assert_eq!(drift.evidence["learned_cost"], 120);
    assert!(drift.todo.contains("cost = 120"), "{}", drift.todo);
}

#[test]
fn the_report_says_what_was_seen_and_what_to_do() {
    let mut log = crowded();
    log.0.append(&mut misconfigured().0);
    log.every(500, 900, Ask { agent: FIREFOX, client: 9, path: "/serde/status.json", ..ASK });
    let bot = Ask { agent: "Goodbot/1.0", name: Some("goodbot"), client: 10, ..ASK };
    log.every(MINUTE, 5, Ask { verification: "contradicted", ..bot });
    let text = report::text(&analyzed(&log), false);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}
