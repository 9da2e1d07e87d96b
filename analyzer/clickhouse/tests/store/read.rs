//! A log that is stored and a log that is read say the same.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::engine::{Engine, told, trouble};
use crate::ingest::gzip;
use crate::night::{LENGTH_MS, Night, START_MS};

/// The rules of a real site.
pub(crate) fn docs_rs() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/docs-rs.toml").display().to_string()
}

/// What a command says of logs, or of the store.
#[track_caller]
fn said(engine: &Engine, command: &str, arguments: &[&str]) -> Value {
    let output = engine.run(command, &[arguments, &["--format", "json"]].concat());
    let code = output.status.code();
    assert!(matches!(code, Some(0..=2)), "{}", trouble(&output));
    serde_json::from_str(&told(&output)).unwrap_or_else(|_| panic!("{}", trouble(&output)))
}

/// Asserts that both commands say of the store what they say of the logs.
#[track_caller]
fn agree(engine: &Engine, rules: &str, logs: &[&str], span: &[&str]) -> Value {
    let url = engine.url();
    let stored = [&["--rules", rules, "--store", &url], span].concat();
    let read = [&["--rules", rules], logs].concat();
    for command in ["backtest", "analyze"] {
        same(command, &said(engine, command, &stored), &said(engine, command, &read));
    }
    said(engine, "analyze", &stored)
}

/// Asserts that two results are the same, and says where not.
#[track_caller]
fn same(at: &str, one: &Value, other: &Value) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = |object: &serde_json::Map<String, Value>| {
                object.keys().cloned().collect::<Vec<_>>()
            };
            assert_eq!(keys(one), keys(other), "{at}");
            one.iter().for_each(|(key, value)| same(&format!("{at}.{key}"), value, &other[key]));
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{at}");
            for (place, (one, other)) in one.iter().zip(other).enumerate() {
                same(&format!("{at}[{place}]"), one, other);
            }
        }
        _ => assert_eq!(one, other, "{at}"),
    }
}

#[test]
fn a_night_of_two_pops() {
    let engine = Engine::new();
    let night = Night::new(7);
    let logs = Night::POPS.map(|pop| format!("{pop}.log"));
    for (log, pop) in logs.iter().zip(Night::POPS) {
        engine.put(log, night.lines_of(pop));
    }
    let logs = logs.each_ref().map(String::as_str);
    engine.stored(&[&["--rules", &docs_rs()], &logs[..]].concat());
    let found = agree(&engine, &docs_rs(), &logs, &[]);
    // There is something to agree about.
    assert!(found["lines"]["duplicate"].as_u64() > Some(500), "{}", found["lines"]);
    assert!(found["detail"]["visitors"]["full"].as_u64() > Some(5), "{}", found["detail"]);
    assert_ne!(found["findings"], serde_json::json!([]));
}

#[test]
fn a_part_of_a_night() {
    let engine = Engine::new();
    let night = Night::new(8);
    engine.put("night.log", night.lines());
    engine.stored(&["--rules", &docs_rs(), "night.log"]);
    let half = START_MS + LENGTH_MS / 2;
    engine.put("first.log", night.lines_within(0, half));
    engine.put("second.log", night.lines_within(half, u64::MAX));
    let rules = docs_rs();
    agree(&engine, &rules, &["first.log"], &["--until", "2025-03-11T23:30"]);
    agree(&engine, &rules, &["second.log"], &["--from", "2025-03-12T00:30+01:00"]);
    let day = ["--from", "2025-03-12", "--until", "2025-03-13"];
    engine.put("day.log", night.lines_within(START_MS + 2 * 3_600_000, u64::MAX));
    agree(&engine, &rules, &["day.log"], &day);
}

/// A log's rules, by which it is a site of its own, and where it is.
pub(crate) fn site_of(engine: &Engine, log: &str) -> (String, PathBuf) {
    let site = log.replace(['/', '.'], "-");
    let rules = format!(
        "format = 1\nsite = \"{site}\"\n\
         [[route]]\nname = \"page\"\npaths = [\"/**\"]\ncost = 40\ncache = \"short\"\n\
         [[quota]]\nname = \"one\"\nunits = 60\nper = \"1m\"\nburst = 80\n\
         [[rule]]\nid = \"pace\"\nwhy = \"To see it.\"\nkey = \"visitor\"\nquota = \"one\"\n\
         mode = \"enforce\"\n"
    );
    let rules_file = format!("{site}.toml");
    engine.put(&rules_file, rules);
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/logs");
    (rules_file, logs.join(log))
}

#[test]
fn logs_of_every_format() {
    let engine = Engine::new();
    for log in [
        "cloudfront/basic.log",
        "combined/basic.log",
        "combined/behind-proxies.log",
        "combined/default-format-of-fastly.log",
        "combined/recoverable-errors.log",
        "combined/times-and-cache-states.log",
        "damage/members-of-gzip.log.gz",
        "damage/not-utf8.log",
        "damage/two-formats.log",
        "damage/zero-bytes.log",
        "fastly-vcl/quotes-in-headers.log",
        "fastly-vcl/recoverable-errors.log",
        "fastly-vcl/template.log",
        "fastly/both-versions.log",
        "fastly/hostile-text.log",
        "fastly/recoverable-errors.log",
        "fastly/shielded-without-on-shield.log",
        "fastly/shielded.log",
        "record/basic.log",
        "record/recoverable-errors.log",
    ] {
        let (rules, path) = site_of(&engine, log);
        let path = path.display().to_string();
        let output = engine.ingest(&engine.url(), &["--rules", &rules, &path]).output();
        let output = output.unwrap();
        assert!(output.status.code() < Some(2), "{}", trouble(&output));
        agree(&engine, &rules, &[&path], &[]);
    }
}

#[test]
fn a_last_line_without_an_end_is_there_where_the_log_was_compressed() {
    let engine = Engine::new();
    let (rules, path) = site_of(&engine, "damage/cut-last-line.log");
    engine.put("cut.log.gz", gzip(&fs::read(&path).unwrap()));
    engine.stored(&["--rules", &rules, "cut.log.gz"]);
    agree(&engine, &rules, &[&path.display().to_string()], &[]);
}

#[test]
fn where_hashes_are_stored() {
    let engine = Engine::new();
    engine.put("night.log", Night::new(9).lines());
    engine.put("hash.key", "9f86d081884c7d65");
    let rules = docs_rs();
    engine.stored(&["--rules", &rules, "--hash-key", "hash.key", "night.log"]);
    let key = ["--hash-key", "hash.key"];
    let read = [&["--rules", &rules, "night.log"], &key[..]].concat();
    let url = engine.url();
    let stored = [&["--rules", &rules, "--store", &url], &key[..]].concat();
    same("analyze", &said(&engine, "analyze", &stored), &said(&engine, "analyze", &read));
}
