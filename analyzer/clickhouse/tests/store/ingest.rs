//! Every line once, however often and under whatever name its log is given.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::engine::{Engine, log, trouble};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn a_log_is_stored_once() {
    let engine = Engine::new();
    let lines = log(1..=40_000);
    engine.put("access.log", &lines);
    engine.put("access.log.1.gz", gzip(lines.as_bytes()));
    insta::assert_snapshot!(engine.stored(&["access.log"]), @"
    Lines: 40,000 read, 0 bad.
    Requests: 40,000 stored in the store, 0 were there.
    ");
    engine.has_all(40_000);
    insta::assert_snapshot!(engine.stored(&["access.log"]), @"
    Lines: 40,000 read, 0 bad.
    Requests: 0 stored in the store, 40,000 were there.
    ");
    insta::assert_snapshot!(engine.stored(&["access.log.1.gz", "access.log"]), @"
    Lines: 80,000 read, 0 bad.
    Requests: 0 stored in the store, 80,000 were there.
    ");
    engine.has_all(40_000);
    assert_eq!(engine.ask("SELECT count() FROM tidegate_lines"), "40000", "nothing is left over");
}

#[test]
fn a_log_that_has_grown_is_known_up_to_where_it_ended() {
    let engine = Engine::new();
    for end in [10, 20_000, 20_001, 32_768, 50_000] {
        engine.put("access.log", log(1..=end));
        engine.stored(&["access.log"]);
        engine.has_all(end);
    }
    // One whose end was cut off, and the whole of it.
    let whole = gzip(log(1..=60_000).as_bytes());
    engine.put("cut.gz", &whole[..whole.len() - 2_000]);
    let cut = engine.ingest(&engine.url(), &["cut.gz"]).output().unwrap();
    assert_eq!(cut.status.code(), Some(1), "it ends early");
    assert!(trouble(&cut).contains("ends early"), "{}", trouble(&cut));
    engine.put("whole.gz", whole);
    engine.stored(&["whole.gz"]);
    engine.has_all(60_000);
}

#[test]
fn a_line_that_is_being_written_is_left_for_the_next_time() {
    let engine = Engine::new();
    let whole = log(1..=20_000);
    // In the middle of line 17,001.
    let cut = &whole[..log(1..=17_001).len() - 20];
    engine.put("access.log", cut);
    insta::assert_snapshot!(engine.stored(&["access.log"]), @"
    Lines: 17,000 read, 0 bad.
    Requests: 17,000 stored in the store, 0 were there.
    Left for the next time: the last line of access.log, which has no end yet.
    ");
    engine.has_all(17_000);
    let output =
        engine.ingest(&engine.url(), &["--format", "json", "access.log"]).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["stored"], &told["known"]), (&0.into(), &17_000.into()));
    assert_eq!(told["left"], serde_json::json!(["access.log"]));
    engine.put("access.log", &whole);
    insta::assert_snapshot!(engine.stored(&["access.log"]), @"
    Lines: 20,000 read, 0 bad.
    Requests: 3,000 stored in the store, 17,000 were there.
    ");
    engine.has_all(20_000);
    // A compressed log is finished, and so is its last line.
    let unended = log(1..=20_001);
    let unended = unended.trim_end();
    engine.put("access.log", unended);
    engine.put("other.log", unended);
    insta::assert_snapshot!(engine.stored(&["access.log", "other.log"]), @"
    Lines: 40,000 read, 0 bad.
    Requests: 0 stored in the store, 40,000 were there.
    Left for the next time: the last lines of 2 logs, which have no end yet.
    ");
    engine.put("access.log.1.gz", gzip(unended.as_bytes()));
    engine.stored(&["access.log.1.gz"]);
    engine.has_all(20_001);
    engine.stored(&["access.log"]);
    engine.has_all(20_001);
}

#[test]
fn lines_that_are_alike_are_different_lines() {
    let engine = Engine::new();
    let line = log(1..=1);
    engine.put("twice.log", line.repeat(2));
    engine.put("other.log", format!("{line}{}", log(2..=2)));
    engine.stored(&["twice.log", "other.log"]);
    assert_eq!(engine.requests(), "4\t6\t2");
}

#[test]
fn with_a_key_no_address_is_stored() {
    let engine = Engine::new();
    engine.put("access.log", log(1..=9));
    engine.put("hash.key", "9f86d081884c7d65");
    engine.stored(&["access.log", "--hash-key", "hash.key"]);
    let hashes = "length(client) = 16 AND length(network) = 16 AND address IS NULL";
    assert_eq!(engine.ask(&format!("SELECT countIf({hashes}) FROM tidegate_requests")), "9");
}

#[test]
fn what_is_no_request_is_counted_and_known() {
    let engine = Engine::new();
    engine.put("access.log", format!("{}not a line\n\n{}", log(1..=2), log(5..=5)));
    let output =
        engine.ingest(&engine.url(), &["--format", "json", "access.log"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["lines"], serde_json::json!({"read": 4, "bad": 1}));
    assert_eq!((&told["stored"], &told["known"]), (&3.into(), &0.into()));
    assert!(trouble(&output).contains("line 3: "), "{}", trouble(&output));
    assert_eq!(engine.requests(), "3\t8\t3");
    let loads = "SELECT first_line, last_line, lines, bad, requests, first_time, last_time, log \
                 FROM tidegate_loads";
    let told = "1\t5\t4\t1\t3\t2024-12-31 08:00:00.000\t2025-01-01 08:00:00.000\taccess.log";
    assert_eq!(engine.ask(loads), told);
    engine.stored(&["access.log"]);
    assert_eq!(engine.requests(), "3\t8\t3");
}

#[test]
fn standard_input_and_two_sites_are_kept_apart() {
    let engine = Engine::new();
    engine.put("site.toml", "format = 1\nsite = \"docs.example\"\n");
    let lines = log(1..=100);
    engine.put("access.log", &lines);
    let mut command = engine.ingest(&engine.url(), &["-"]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
    engine.has_all(100);
    engine.stored(&["access.log"]);
    engine.has_all(100);
    engine.stored(&["--rules", "site.toml", "access.log"]);
    let sites = "SELECT site, count() FROM tidegate_requests GROUP BY site ORDER BY site";
    assert_eq!(engine.ask(sites), "any\t100\ndocs.example\t100");
}

#[test]
fn a_file_that_is_no_log_keeps_no_other_from_being_stored() {
    let engine = Engine::new();
    engine.put("access.log", log(1..=10));
    engine.put("picture.png", b"\x89PNG\r\n");
    let output = engine.ingest(&engine.url(), &["access.log", "picture.png"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(trouble(&output).contains("`picture.png` is not a log"), "{}", trouble(&output));
    engine.has_all(10);
}

#[test]
fn a_line_says_what_its_log_says() {
    let engine = Engine::new();
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/logs");
    let logs = ["fastly/both-versions.log", "combined/behind-proxies.log", "record/basic.log"]
        .map(|log| logs.join(log).display().to_string());
    engine.stored(&logs.each_ref().map(String::as_str));
    let rows = "SELECT * EXCEPT load FROM tidegate_requests \
                WHERE line = 1 ORDER BY format FORMAT Vertical";
    insta::assert_snapshot!(engine.ask(rows));
}
