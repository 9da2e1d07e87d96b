//! A log in, requests in time order out: what a pass counts and assumes.

use std::fs;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;
use tidegate::analysis::Analysis;
use tidegate::beside::Beside;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Passed, Seen, Source};
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

[[agent]]
name        = "browser"
category    = "browser"
user_agents = ["Mozilla/*"]

[[agent]]
name        = "fetcher"
category    = "ai-fetcher"
user_agents = ["Fetcher/*"]
"#;

/// 2025-03-11T00:00:00Z.
const MIDNIGHT_MS: u64 = 1_741_651_200_000;

fn site() -> Ruleset {
    let compiled = compile("test.toml", &mut |_| Ok(SITE.to_owned()));
    compiled.unwrap_or_else(|wrong| panic!("{wrong}")).rules
}

/// Reads files of lines as the night of a site.
fn read_files<T>(files: &[Vec<String>], with: impl FnOnce(&Night<'_>) -> T) -> T {
    let dir = TempDir::new().unwrap();
    let write = |(at, lines): (usize, &Vec<String>)| {
        let file = dir.path().join(format!("{at}.log"));
        fs::write(&file, lines.join("\n")).unwrap();
        Input::Path(file)
    };
    let inputs: Vec<_> = files.iter().enumerate().map(write).collect();
    let (rules, secret) = (site(), HashKey::default());
    let options = Options::default();
    let beside = Beside::default();
    with(&Night {
        source: Source::Files { inputs: &inputs, options },
        rules: &rules,
        secret: &secret,
        beside,
    })
}

fn read<T>(lines: &[String], with: impl FnOnce(&Night<'_>) -> T) -> T {
    read_files(&[lines.to_vec()], with)
}

fn pass(lines: &[String], sink: &mut dyn FnMut(&Seen<'_>)) -> Passed {
    read(lines, |night| night.pass(&mut |_| {}, sink).unwrap())
}

/// The seconds of requests in the order in which they are shown, and how many of
/// them are late.
fn shown(files: &[Vec<String>]) -> (Vec<u64>, u64) {
    let mut shown = Vec::new();
    let passed = read_files(files, |night| {
        let mut note = |seen: &Seen<'_>| {
            shown.push((seen.request.time.unix_millis() - MIDNIGHT_MS) / 1_000);
        };
        night.pass(&mut |_| {}, &mut note).unwrap()
    });
    (shown, passed.lines.late)
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

/// A signature is its key's owner's, whatever the User-Agent says; a log has no
/// signatures, and its records what came of them.
#[test]
fn what_the_edge_found_out_of_a_claim_holds() {
    let judged = |verification: &str, by: &str| {
        let claim = format!(
            "\"user_agent\":\"Mozilla/5.0\",\"agent\":\"fetcher\",\
             \"verification\":\"{verification}\",\"judged_by\":\"{by}\""
        );
        let line = record(0, "pass", "miss", 200).replace("\"verification\":\"none\"", &claim);
        let mut found = None;
        pass(&[line], &mut |seen| found = seen.derived.claim);
        let claim = found.unwrap();
        (site().agent(claim.agent.unwrap()).unwrap().name.clone(), claim.verification.name())
    };
    assert_eq!(judged("verified", "signature"), ("fetcher".to_owned(), "verified"));
    assert_eq!(judged("contradicted", "signature"), ("fetcher".to_owned(), "contradicted"));
    assert_eq!(judged("unverifiable", "signature"), ("browser".to_owned(), "unverifiable"));
    assert_eq!(judged("verified", "address"), ("browser".to_owned(), "verified"));
}

#[test]
fn a_line_is_late_where_later_ones_have_been_shown() {
    let shown = |seconds: &[u64]| shown(&[passed_at(seconds)]);
    assert_eq!(shown(&[40, 0, 59, 20]), (vec![0, 20, 40, 59], 0), "within a minute");
    assert_eq!(shown(&[0, 100, 10]), (vec![0, 10, 100], 0), "far behind, but still in time");
    assert_eq!(shown(&LATE), (vec![0, 80, 20, 160, 240, 320], 1));
    let seconds = [0, 80, 160, 240, 320, 20, 40, 120, 322];
    assert_eq!(shown(&seconds), (vec![0, 80, 20, 160, 40, 120, 240, 320, 322], 3));
}

/// Seconds of which the last is late.
const LATE: [u64; 6] = [0, 80, 160, 240, 320, 20];

#[test]
fn one_clock_that_is_far_ahead_makes_nobody_late() {
    let mut seconds: Vec<_> = (0..200).collect();
    seconds[100] = 1_000_000;
    let mut expected: Vec<_> = (0..200).filter(|second| *second != 100).collect();
    expected.push(1_000_000);
    assert_eq!(shown(&[passed_at(&seconds)]), (expected, 0));
}

#[test]
fn files_that_overlap_are_one_night() {
    let every = |step: usize, from: u64, to: u64| (from..to).step_by(step).collect::<Vec<_>>();
    // POPs and hours, given in any order.
    let files = [every(3, 400, 900), every(7, 100, 500), every(1, 0, 300), every(2, 90, 2_000)];
    let mut expected = files.concat();
    expected.sort_unstable();
    assert_eq!(shown(&files.map(|seconds| passed_at(&seconds))), (expected, 0));
}

#[test]
fn lines_of_one_moment_keep_the_order_of_their_files() {
    let named = |name: &str| vec![record(7, name, "hit", 200); 2];
    let files = [named("throttle"), named("pass"), named("allow")];
    let mut paths = Vec::new();
    read_files(&files, |night| {
        night.pass(&mut |_| {}, &mut |seen| paths.push(seen.request.path.to_owned())).unwrap()
    });
    assert_eq!(paths, ["/throttle", "/throttle", "/pass", "/pass", "/allow", "/allow"]);
}

#[test]
fn more_files_than_may_be_open_are_read() {
    let files: Vec<_> = (0..500).map(|at| passed_at(&[at, at + 40])).collect();
    let (seconds, late) = shown(&files);
    assert_eq!((seconds.len(), seconds.is_sorted(), late), (1_000, true, 0));
    // All at once they are more than can be sorted, and still none is lost.
    let seconds: Vec<_> = (0..10).map(|second| second * 100).collect();
    let files = vec![passed_at(&seconds); 300];
    let (seconds, late) = shown(&files);
    assert_eq!((seconds.len(), late > 0), (3_000, true));
}

#[test]
fn the_window_takes_late_lines_in() {
    let passed = pass(&passed_at(&[50, 150, 250, 350, 450, 0]), &mut |_| {});
    let window = passed.window.unwrap();
    assert_eq!(passed.lines.late, 1);
    assert_eq!(window.from.unix_millis(), MIDNIGHT_MS);
    assert_eq!(window.to.unix_millis(), MIDNIGHT_MS + 450_000);
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
    let (late, texts) = told(&LATE);
    assert_eq!(late, 1);
    for text in texts {
        assert!(text.contains("6 read, 0 bad, 0 logged twice, 1 out of order."), "{text}");
    }
    let (late, texts) = told(&[0, 40, 80]);
    assert_eq!(late, 0);
    for text in texts {
        assert!(text.contains("3 read, 0 bad, 0 logged twice."), "{text}");
    }
}

/// The seconds of a file's lines: it moves on, and each line may be up to 50 s
/// behind.
fn seconds() -> impl Strategy<Value = Vec<u64>> {
    let steps = prop::collection::vec((0_u64..200, 0_u64..=50), 0..80);
    (50_u64..5_000, steps).prop_map(|(mut now, steps)| {
        let line = |(step, behind): (u64, u64)| {
            now += step;
            now - behind
        };
        steps.into_iter().map(line).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_overlaps_is_shown_in_order(files in prop::collection::vec(seconds(), 1..6)) {
        let mut expected = files.concat();
        expected.sort_unstable();
        let files: Vec<_> = files.iter().map(|seconds| passed_at(seconds)).collect();
        prop_assert_eq!(shown(&files), (expected, 0));
    }
}
