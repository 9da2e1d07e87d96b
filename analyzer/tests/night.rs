//! A log in, requests in time order out: what a pass counts and assumes.

use std::fs;

use serde_json::json;
use tempfile::TempDir;
use tidegate::analysis::Analysis;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Passed, Seen};
use tidegate::{backtest, report};
use tidegate_rules::{CacheState, Engine, HashKey, Mode, Ruleset, compile};

/// One page costs 40 units.
const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"
"#;

/// 2025-03-11T00:00:00Z.
const MIDNIGHT_MS: u64 = 1_741_651_200_000;

fn site() -> Ruleset {
    let compiled = compile("test.toml", &mut |_| Ok(SITE.to_owned()));
    compiled.unwrap_or_else(|wrong| panic!("{wrong}")).rules
}

/// Reads lines as the night of a site.
fn read<T>(lines: &[String], with: impl FnOnce(&Night<'_>) -> T) -> T {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("night.log");
    fs::write(&file, lines.join("\n")).unwrap();
    let (inputs, rules, secret) = ([Input::Path(file)], site(), HashKey::default());
    let options = Options::default();
    with(&Night { inputs: &inputs, options, rules: &rules, secret: &secret })
}

fn pass(lines: &[String], sink: &mut dyn FnMut(&Seen<'_>)) -> Passed {
    read(lines, |night| night.pass(&mut |_| {}, sink).unwrap())
}

/// A record of Tidegate's own, so many seconds after midnight.
fn record(second: u64, decision: &str, cache: &str, status: u16) -> String {
    let line = json!({
        "tidegate": 1,
        "time": MIDNIGHT_MS + second * 1_000,
        "site": "docs.example",
        "method": "GET",
        "path": format!("/{decision}"),
        "client": "00f067aa0ba902b7",
        "network": "4bf92f3577b34da6",
        "verification": "none",
        "units": 0,
        "decision": decision,
        "cache": cache,
        "status": status,
        "rules": "0123456789abcdef",
        "sampled": 100,
    });
    // What a record is recognised by comes first.
    let rest = line.to_string().replace(",\"tidegate\":1", "");
    format!("{{\"tidegate\":1,{}", &rest[1..])
}

fn passed_at(seconds: &[u64]) -> Vec<String> {
    seconds.iter().map(|second| record(*second, "pass", "miss", 200)).collect()
}

#[test]
fn what_was_refused_for_now_or_for_good_is_a_miss_that_was_spared() {
    let lines = [
        record(0, "pass", "hit", 200),
        record(1, "throttle", "refused", 429),
        record(2, "throttle", "stale", 200),
        record(3, "block", "refused", 403),
        record(4, "allow", "miss", 200),
    ];
    let mut found = Vec::new();
    pass(&lines, &mut |seen| found.push((seen.request.path.to_owned(), seen.cache, seen.units)));
    let found: Vec<_> =
        found.iter().map(|(path, cache, units)| (path.as_str(), *cache, *units)).collect();
    let expected = [
        ("/pass", CacheState::Hit, 0),
        ("/throttle", CacheState::Miss, 40),
        ("/throttle", CacheState::Miss, 40),
        ("/block", CacheState::Miss, 40),
        ("/allow", CacheState::Miss, 40),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_line_is_late_where_later_ones_have_been_shown() {
    let shown = |seconds: &[u64]| {
        let mut shown = Vec::new();
        let passed = pass(&passed_at(seconds), &mut |seen| {
            shown.push((seen.request.time.unix_millis() - MIDNIGHT_MS) / 1_000);
        });
        (shown, passed.lines.late)
    };
    assert_eq!(shown(&[20, 0, 40, 10]), (vec![0, 10, 20, 40], 0), "within 30 s");
    assert_eq!(shown(&[0, 100, 10]), (vec![0, 10, 100], 0), "far behind, but still in time");
    assert_eq!(shown(&[0, 40, 80, 10]), (vec![0, 40, 10, 80], 1));
    assert_eq!(shown(&[0, 40, 80, 10, 20, 50]), (vec![0, 40, 10, 20, 50, 80], 2));
}

#[test]
fn the_window_takes_late_lines_in() {
    let passed = pass(&passed_at(&[50, 90, 130, 0]), &mut |_| {});
    let window = passed.window.unwrap();
    assert_eq!(passed.lines.late, 1);
    assert_eq!(window.from.unix_millis(), MIDNIGHT_MS);
    assert_eq!(window.to.unix_millis(), MIDNIGHT_MS + 130_000);
}

#[test]
fn late_lines_are_told_beside_every_figure() {
    let told = |seconds: &[u64]| {
        read(&passed_at(seconds), |night| {
            let (analysis, ..) = Analysis::of(night, &mut |_| {}).unwrap();
            let engine = Engine {
                rules: night.rules.clone(),
                version: "0123456789abcdef".to_owned(),
                secret: night.secret.clone(),
                switch: Mode::Enforce,
            };
            let replayed = backtest::run(night, &engine, &mut |_| {}).unwrap();
            assert_eq!(replayed.lines, analysis.lines);
            let json = serde_json::to_value(&analysis).unwrap();
            assert_eq!(serde_json::to_value(&replayed).unwrap()["lines"], json["lines"]);
            let texts = [
                report::text(&analysis, false),
                report::markdown(&analysis, false),
                backtest::render_text(&replayed, false),
                backtest::render_markdown(&replayed, false),
            ];
            (json["lines"]["late"].as_u64().unwrap(), texts)
        })
    };
    let (late, texts) = told(&[0, 40, 80, 10]);
    assert_eq!(late, 1);
    for text in texts {
        assert!(text.contains("4 read, 0 bad, 0 logged twice, 1 out of order."), "{text}");
    }
    let (late, texts) = told(&[0, 40, 80]);
    assert_eq!(late, 0);
    for text in texts {
        assert!(text.contains("3 read, 0 bad, 0 logged twice."), "{text}");
    }
}
