//! Features in one pass are those that a look at all lines gives, and what is
//! sketched stays within its bound.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use tempfile::TempDir;
use tidegate::analysis::{Analysis, ClientRow};
use tidegate::beside::Beside;
use tidegate::features::{Distinct, EXACT, Popularity, STANDARD_ERROR};
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Source};
use tidegate_rules::features::page;
use tidegate_rules::{HashKey, compile};

const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "static"
paths = ["/static/**"]
cost  = 0
cache = "long"
asset = true

[[route]]
name  = "page"
paths = ["/{crate}/{version}/**"]
cost  = 40
cache = "long"

[[route]]
name  = "rest"
paths = ["/**"]
cost  = 5
cache = "long"
"#;

/// A line of a combined log: everything in it reached the origin.
#[derive(Debug, Clone)]
struct Asked {
    second: u32,
    client: u8,
    agent: u8,
    path: String,
    referer: Option<String>,
    status: u16,
}

/// Crates that a bitmap of 16 bits tells apart.
static CRATES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut bits = BTreeSet::new();
    let names = (0..).map(|number| format!("crate-{number}"));
    names.filter(|name| bits.insert(page(&HashKey::default(), name) % 16)).take(5).collect()
});

fn asked() -> impl Strategy<Value = Asked> {
    let path = prop_oneof![
        4 => (0..5_usize, 0..12_u8).prop_map(below),
        2 => (0..4_u8).prop_map(|file| format!("/static/{file}.css")),
        1 => Just("/robots.txt".to_owned()),
    ];
    let referer = proptest::option::of((0..5_usize, 0..12_u8).prop_map(below));
    let status = prop_oneof![Just(200_u16), Just(302), Just(404), Just(500)];
    let all = (0..3 * 3_600_u32, 0..3_u8, 0..2_u8, path, referer, status);
    all.prop_map(|(second, client, agent, path, referer, status)| Asked {
        second,
        client,
        agent,
        path,
        referer,
        status,
    })
}

fn below((name, page): (usize, u8)) -> String {
    format!("/{}/1.0/{page}", CRATES[name])
}

fn log(all: &[Asked]) -> String {
    let mut log = String::new();
    for Asked { second, client, agent, path, referer, status } in all {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let referer = referer.as_ref().map_or("-".to_owned(), |path| format!("https://x{path}"));
        writeln!(
            log,
            "192.0.2.{client} - - [11/Mar/2025:{hour:02}:{minute:02}:{second:02} +0000] \
             \"GET {path} HTTP/1.1\" {status} 5 \"{referer}\" \"agent-{agent}\""
        )
        .unwrap();
    }
    log
}

fn rows(log: &str) -> BTreeMap<String, ClientRow> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("night.log");
    fs::write(&file, log).unwrap();
    let rules = compile("test.toml", &mut |_| Ok(SITE.to_owned())).unwrap().rules;
    let (inputs, secret, beside) = ([Input::Path(file)], HashKey::default(), Beside::default());
    let options = Options::default();
    let night = Night {
        source: Source::Files { inputs: &inputs, options },
        rules: &rules,
        secret: &secret,
        beside,
    };
    let (mut analysis, clients, _) = Analysis::of(&night, &mut |_| {}).unwrap();
    analysis.list_worst(&rules, &clients, usize::MAX);
    analysis.clients.into_iter().map(|row| (row.key.clone(), row)).collect()
}

fn different<'a, T: Ord + 'a>(all: impl Iterator<Item = T>) -> u64 {
    all.collect::<BTreeSet<_>>().len() as u64
}

fn units(path: &str) -> u64 {
    match path {
        path if path.starts_with("/static/") => 0,
        "/robots.txt" => 5,
        _ => 40,
    }
}

/// Different pages within the current and the last five minutes, at most.
fn breadth(of: &[&Asked]) -> u64 {
    let paid: Vec<_> = of.iter().filter(|asked| units(&asked.path) > 0).collect();
    let at = |end: usize| {
        let half = paid[end].second / 300;
        let within = paid[..=end].iter().filter(|asked| asked.second / 300 + 1 >= half);
        different(within.map(|asked| &asked.path))
    };
    (0..paid.len()).map(at).max().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn share(count: u64, of: u64) -> f64 {
    (count as f64 / of as f64 * 1000.0).round() / 1000.0
}

fn peak(of: &[&Asked], each: impl Fn(&Asked) -> u64) -> u64 {
    let mut minutes: HashMap<u32, u64> = HashMap::new();
    for asked in of {
        *minutes.entry(asked.second / 60).or_default() += each(asked);
    }
    minutes.into_values().max().unwrap_or_default()
}

fn check(row: &ClientRow, of: &[&Asked], unpopular: u64) {
    let requests = of.len() as u64;
    let count =
        |holds: &dyn Fn(&Asked) -> bool| of.iter().filter(|asked| holds(asked)).count() as u64;
    let features = &row.features;
    assert_eq!(row.requests, requests);
    assert_eq!(row.origin_units, of.iter().map(|asked| units(&asked.path)).sum::<u64>());
    assert_eq!(row.pages, different(of.iter().map(|asked| &asked.path)));
    assert_eq!(features.misses, requests);
    let crates = of.iter().filter(|asked| asked.path.starts_with("/crate-"));
    let crates = different(crates.map(|asked| asked.path.split('/').nth(1)));
    assert_eq!(features.crates, crates);
    let assets = count(&|asked| asked.path.starts_with("/static/"));
    assert_eq!(features.asset_ratio, share(assets, requests));
    assert_eq!(features.tail_share, share(unpopular, requests));
    assert_eq!(features.referer_share, Some(share(count(&|a| a.referer.is_some()), requests)));
    let chained = (0..of.len()).filter(|at| {
        let from = of[*at].referer.as_ref();
        of[..*at].iter().any(|before| Some(&before.path) == from)
    });
    assert_eq!(features.referer_chain, Some(share(chained.count() as u64, requests)));
    let statuses = [0, 0, 200, 302, 404, 500].map(|status| count(&|a| a.status == status));
    assert_eq!(features.statuses, statuses);
    let pauses = of.windows(2).filter(|two| two[1].second - two[0].second > 1_800);
    assert_eq!(features.sessions, pauses.count() as u64 + 1);
    assert_eq!(features.peak_requests, peak(of, |_| 1));
    assert_eq!(features.peak_units, peak(of, |asked| units(&asked.path)));
    assert_eq!(features.robots_seen, count(&|asked| asked.path == "/robots.txt") > 0);
    assert!(features.exact);
    // What was asked for before a client was kept in full counts as if it had
    // been asked for just then.
    let least = breadth(of);
    assert!((least..=least + 3).contains(&features.breadth.into()), "{} {least}", features.breadth);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn one_pass_says_what_all_lines_say(mut all in proptest::collection::vec(asked(), 1..150)) {
        all.sort_by_key(|asked| asked.second);
        let rows = rows(&log(&all));
        let mut popular: HashMap<&str, u32> = HashMap::new();
        let mut unpopular: HashMap<u8, u64> = HashMap::new();
        for asked in &all {
            let times = popular.entry(&asked.path).or_default();
            *times += 1;
            *unpopular.entry(asked.client).or_default() += u64::from(*times < 4);
        }
        prop_assert_eq!(rows.len() as u64, different(all.iter().map(|asked| asked.client)));
        for client in 0..3_u8 {
            let of: Vec<_> = all.iter().filter(|asked| asked.client == client).collect();
            if let Some(row) = rows.get(&format!("192.0.2.{client}")) {
                check(row, &of, unpopular[&client]);
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "half of the hash is what is wanted")]
fn hash(key: &HashKey, of: u64) -> u64 {
    key.hash(b't', &[&of.to_le_bytes()]) as u64
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn sketches_stay_within_their_bound() {
    for number in [1, EXACT as u64, 100, 1_000, 2_500, 10_000, 100_000] {
        let mut squares = 0.0;
        for secret in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            let key = HashKey::from_secret(secret);
            let mut distinct = Distinct::default();
            // Twice: what comes again is not different.
            (0..2 * number).for_each(|at| distinct.insert(hash(&key, at % number)));
            assert_eq!(distinct.is_exact(), number <= EXACT as u64);
            let error = distinct.count() as f64 / number as f64 - 1.0;
            assert!(!distinct.is_exact() || error == 0.0);
            assert!(error.abs() < 4.0 * STANDARD_ERROR, "{number}: {error}");
            squares += error * error;
        }
        assert!((squares / 8.0).sqrt() < 2.0 * STANDARD_ERROR, "{number}: {squares}");
    }
}

#[test]
fn popularity_never_says_too_little() {
    let key = HashKey::default();
    let mut sketch = Popularity::new(12);
    // As many as it holds between two halvings.
    let mut counts: HashMap<u64, u8> = HashMap::new();
    for at in 0..1_000 {
        let page = at * at % 337;
        let count = counts.entry(page).or_default();
        *count += 1;
        assert!(sketch.count(hash(&key, page)) >= *count);
    }
}
