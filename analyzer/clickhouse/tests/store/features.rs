//! Features that the store counts and features that a pass counts, of the same lines:
//! what is exact is what all lines say, what is sketched stays within its bound.

use std::path::Path;

use serde_json::json;
use tidegate::analysis::Analysis;
use tidegate::basis::{CacheSource, VisitorSource};
use tidegate::beside::Beside;
use tidegate::clients::ClientKey;
use tidegate::detect::{Finding, detect};
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night as Nights, Source};
use tidegate::rule_files;
use tidegate::store::{Counted, Location, Patience, Span, Store, Stored};
use tidegate_rules::HashKey;

use crate::compare::{Differences, told as told_minutes};
use crate::engine::{Engine, told, trouble};
use crate::night::{Night, START_MS};
use crate::read::{docs_rs, site_of};
use crate::truth::Everybody;

const ALL: Span = Span { from: None, until: None };

fn open(engine: &Engine) -> Store {
    let location = Location::from_argument(&engine.url()).unwrap();
    Store::open_to_read(&location, Patience::default()).unwrap()
}

/// What was found in a log, by both.
struct Found {
    analysis: Analysis,
    there: Counted,
}

/// Has both engines count a log, and compares them with each other and with what all
/// lines say.
#[track_caller]
fn agree(engine: &Engine, rules: &str, log: &Path) -> Found {
    let name = log.display().to_string();
    let output = engine.ingest(&engine.url(), &["--rules", rules, &name]).output().unwrap();
    assert!(output.status.code() < Some(2), "{}", trouble(&output));
    let rules = rule_files::compile(&engine.path(rules).display().to_string(), &[]).unwrap().rules;
    let store = open(engine);
    let stored = Stored::find(&store, &rules.site, ALL).unwrap();
    let (secret, beside, inputs) =
        (HashKey::default(), Beside::default(), [Input::Path(log.to_owned())]);
    let night = |source| Nights { source, rules: &rules, secret: &secret, beside };
    let files = night(Source::Files { inputs: &inputs, options: Options::default() });
    let everybody = Everybody::of(&files);
    let night = night(Source::Stored(&stored));
    let (analysis, here, passed) = Analysis::of(&night, &mut |_| {}).unwrap();
    let there = stored.count(&night, &mut |_, _| {}).unwrap();

    let mut wrong = Differences::default();
    wrong.same("the log", "lines", &there.passed.lines, &passed.lines);
    wrong.same("the log", "window", &there.passed.window, &passed.window);
    wrong.same("the log", "assumptions", &there.passed.assumptions, &passed.assumptions);
    wrong.same("the log", "clients", &there.clients_total, &(here.len() as u64));
    wrong.same("the log", "without a client", &there.clients.unknown, &here.unknown);
    let minutes = [&there.clients, &here].map(|clients| told_minutes(&clients.minutes));
    wrong.same("the log", "minutes", &minutes[0], &minutes[1]);
    let assets = (&there.clients.asset_minutes, &here.asset_minutes);
    wrong.same("the log", "asset minutes", assets.0, assets.1);
    wrong.origin(&there.clients, &here);
    for (clients, is_there) in [(&here, false), (&there.clients, true)] {
        wrong.clients(clients, &everybody, is_there);
        let (networks, crowds) = (clients.networks.worst_first(), clients.crowds.worst_first());
        wrong.groups(&networks, &everybody.networks, is_there);
        wrong.groups(&crowds, &everybody.crowds, is_there);
        wrong.swarms(clients, &everybody, is_there);
    }
    for at in here.full() {
        let key = here.key(at);
        wrong.same(&key.to_string(), "is in the store", &there.clients.find(key).is_some(), &true);
    }
    // Detectors see the same.
    let keys = |findings: &[Finding]| -> Vec<_> {
        findings.iter().map(|found| (found.id.clone(), found.keys.clone())).collect()
    };
    let found = keys(&detect(&rules, &there.clients));
    wrong.same("the log", "findings", &found, &keys(&analysis.findings));
    wrong.none();
    Found { analysis, there }
}

#[test]
fn a_night_of_a_real_site() {
    let engine = Engine::new();
    let log = engine.put("night.log", Night::new(1).lines());
    let found = agree(&engine, &docs_rs(), &log);
    // There is something to agree about.
    assert!(found.there.clients.len() > 100);
    assert!(found.analysis.findings.len() > 1);
    let all = || found.there.clients.visitors().map(|visitor| visitor.features());
    assert!(all().map(|of| of.probes).sum::<u64>() > 10);
    assert!(all().map(|of| of.unchanged).sum::<u64>() > 10);
}

/// Pages that were popular until what had been asked for before counts half: at the start
/// of a minute, where both engines do it at the same request.
#[test]
fn popularity_fades() {
    let engine = Engine::new();
    let page = |number: u64| number * 7_919 % 150_001;
    let (mut times, mut truth) = (vec![0_u8; 150_001], [0_u64; 7]);
    for number in 0..66 * 8_192 {
        if number == 1 << 19 {
            times.iter_mut().for_each(|times| *times /= 2);
        }
        let (page, client) = (page(number), page(number) % 7);
        let times = &mut times[usize::try_from(page).unwrap()];
        *times += 1;
        truth[usize::try_from(client).unwrap()] += u64::from(*times < 4);
    }
    let lines = (0..66 * 8_192_u64).map(|number| {
        let (minute, second) = (number / 8_192, number % 8_192 * 60 / 8_192);
        let (hour, minute, page) = (8 + minute / 60, minute % 60, page(number));
        format!(
            "192.0.2.{} - - [11/Mar/2025:{hour:02}:{minute:02}:{second:02} +0000] \"GET /{page}/ \
             HTTP/1.1\" 200 5 \"-\" \"-\"\n",
            page % 7
        )
    });
    engine.put("access.log", lines.collect::<String>());
    engine.stored(&["access.log"]);
    let rules = rule_files::compile_generic(&[]).unwrap().rules;
    let store = open(&engine);
    let stored = Stored::find(&store, &rules.site, ALL).unwrap();
    let (secret, beside) = (HashKey::default(), Beside::default());
    let night = Nights { source: Source::Stored(&stored), rules: &rules, secret: &secret, beside };
    let (_, here, _) = Analysis::of(&night, &mut |_| {}).unwrap();
    let there = stored.count(&night, &mut |_, _| {}).unwrap().clients;
    for (client, truth) in truth.into_iter().enumerate() {
        let key = ClientKey::named(&format!("192.0.2.{client}")).unwrap();
        let [here, there] = [&here, &there].map(|clients| {
            clients.find(key).map(|at| clients.features(at).unpopular).unwrap_or_default()
        });
        assert_eq!(there, truth, "{key}");
        // Pages share counters in a pass, a few of them both.
        assert!((truth - truth / 500..=truth).contains(&here), "{key}: {here} and not {truth}");
        assert!(truth > 3 * 150_001 / 7 + 100, "some are unpopular again: {truth}");
    }
}

#[test]
fn a_night_without_cache_states() {
    let engine = Engine::new();
    let lines = Night::new(3).lines();
    let lines = lines.replace("\"cache_hit\":true,", "").replace("\"cache_hit\":false,", "");
    let log = engine.put("night.log", lines);
    let found = agree(&engine, &docs_rs(), &log);
    assert_eq!(found.analysis.assumptions.cache, CacheSource::Modelled);
}

/// A log of the origin itself, whose lines have no ids.
#[test]
fn a_log_of_an_origin() {
    let engine = Engine::new();
    let lines = (0..2_000_u64).map(|number| {
        let (minute, second) = (number / 60 % 60, number % 60);
        let referer = format!("https://docs.rs/crate-{}/", number * number % 41);
        format!(
            "192.0.2.{} - - [11/Mar/2025:08:{minute:02}:{second:02} +0000] \"GET /crate-{}/ \
             HTTP/1.1\" {} 512 \"{}\" \"curl/8.{}\"\n",
            number % 23,
            number * number % 61,
            [200, 301, 404, 500][usize::try_from(number % 4).unwrap()],
            if number % 3 == 0 { "-" } else { &referer },
            number % 2,
        )
    });
    let log = engine.put("access.log", lines.collect::<String>());
    let found = agree(&engine, &docs_rs(), &log);
    assert_eq!(found.analysis.assumptions.cache, CacheSource::Origin);
}

/// A crowd with one fingerprint in one system, one in a network whose system is unknown,
/// and clients with several fingerprints; an origin that hurts for a while, twice.
fn records() -> String {
    let lines = (0..4_000_u64).map(|number| {
        let (client, asn) = (number % 97, Some(64_496).filter(|_| number % 2 == 0));
        let cache = ["miss", "hit", "pass"][usize::try_from(number % 3).unwrap()];
        let line = json!({
            "time": START_MS + number * 311 + number / 1_500 * 400_000,
            "site": "docs.rs",
            "method": "GET",
            "path": format!("/crate-{}/1.0.0/crate_{}/", number % 50, number % 300),
            "client": hash(client + 1),
            "network": hash(client % 3 + 1),
            "fingerprint": hash(number % 4 + 1),
            "asn": asn,
            "verification": "none",
            "units": 0,
            "decision": if number % 20 == 0 { "throttle" } else { "pass" },
            "cache": cache,
            "status": if number % 13 == 0 { 503 } else { 200 },
            "origin_ms": took(number),
            "rules": "0123456789abcdef",
            "sampled": 100,
        });
        // What a record is recognised by comes first.
        format!("{{\"tidegate\":1,{}\n", &line.to_string()[1..])
    });
    lines.collect()
}

/// Something whose bits are as good as random.
fn hash(number: u64) -> String {
    format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Slow for a while, then now and then.
fn took(number: u64) -> u64 {
    match number {
        900..1_200 | 2_000..2_200 if !number.is_multiple_of(3) => 2_000 + number,
        2_200..2_500 if number.is_multiple_of(6) => 70_000,
        _ => number * number % 90,
    }
}

#[test]
fn crowds_of_records() {
    let engine = Engine::new();
    let log = engine.put("records.log", records());
    let Found { analysis, there } = agree(&engine, &docs_rs(), &log);
    assert!(there.clients.crowds.worst_first().len() > 3);
    assert_eq!(analysis.assumptions.visitor, VisitorSource::Fingerprint);
    let minutes = there.clients.minutes.keys();
    let hurt = minutes.filter(|at| there.clients.origin.hurt_in(**at)).count();
    assert!(hurt > 2 && hurt < there.clients.minutes.len(), "{hurt}");
    assert!(there.clients.origin.routes().values().any(|times| times.answers > 100));
}

/// Whoever asks for little is in the store where a detector asks for no more.
#[test]
fn a_single_request_is_enough_for_some_findings() {
    let engine = Engine::new();
    let line = |client: u64, agent: &str, verification: &str| {
        let line = json!({
            "time": START_MS + client,
            "site": "docs.rs",
            "method": "GET",
            "path": "/about",
            "client": hash(client),
            "network": hash(0),
            "user_agent": agent,
            "verification": verification,
            "units": 0,
            "decision": "pass",
            "cache": "miss",
            "status": 200,
            "rules": "0123456789abcdef",
            "sampled": 100,
        });
        format!("{{\"tidegate\":1,{}\n", &line.to_string()[1..])
    };
    let lines = [
        line(1, "curl/8", "none"),
        line(2, "Mozilla/5.0 (compatible; Googlebot/2.1)", "contradicted"),
        line(3, "Nuclei - Open-source project", "none"),
    ];
    let log = engine.put("records.log", lines.concat());
    let Found { analysis, there } = agree(&engine, &docs_rs(), &log);
    let found: Vec<_> = analysis.findings.iter().map(|found| found.detector).collect();
    assert_eq!(found, ["spoofed-agent", "scanner"]);
    assert_eq!((there.clients.len(), there.clients_total), (2, 3));
}

#[test]
fn logs_of_every_format() {
    let engine = Engine::new();
    // One of each format, and what few logs have.
    for log in [
        "cloudfront/basic.log",
        "combined/times-and-cache-states.log",
        "damage/two-formats.log",
        "fastly-vcl/template.log",
        "fastly/hostile-text.log",
        "fastly/shielded.log",
        "record/basic.log",
    ] {
        let (rules, path) = site_of(&engine, log);
        agree(&engine, &rules, &path);
    }
}

#[test]
fn what_is_about_each_line_is_counted_here() {
    let engine = Engine::new();
    engine.put("night.log", Night::new(1).lines());
    engine.put("robots.txt", "User-agent: *\nDisallow: /about\n");
    engine.stored(&["night.log"]);
    let url = engine.url();
    let store = ["--store", &url, "--count-in", "store"];
    let output = engine.run("analyze", &[&store[..], &["--robots", "robots.txt"]].concat());
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(trouble(&output));
    // Stored by other rules than those of any site.
    engine.put("other.toml", "format = 1\nsite = \"any\"\n");
    let output = engine.run("analyze", &[&store[..], &["--rules", "other.toml"]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", trouble(&output));
    insta::assert_snapshot!("counted-there", trouble(&output));
    let told = told(&output);
    assert!(told.contains("5,693 of 156 clients") && told.contains("None: the store"), "{told}");
}
