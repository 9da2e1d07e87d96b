//! One request of a log or of a file, explained: what an operator who answers mail
//! would run and read.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate::backtest;
use tidegate::beside::Beside;
use tidegate::explain;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Source};
use tidegate_rules::explain::Addresses;
use tidegate_rules::text::{WIDTH, width};
use tidegate_rules::{
    CacheState, Client, Engine, HashKey, Memory, Mode, Outcome, Request, Ruleset, Signals, Stored,
    Time, compile,
};

/// One page costs 40 units; a visitor has 600 at once and one page each 2 s.
const SITE: &str = r#"
format = 1
site   = "docs.example"
policy = "https://docs.example/policy"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"

[[agent]]
name        = "curl"
category    = "http-library"
user_agents = ["curl/*"]

[[quota]]
name  = "reader"
units = 1_200
per   = "1m"
burst = 600

[[quota]]
name  = "walker"
units = 120
per   = "1m"
burst = 80

[[rule]]
id     = "pace"
why    = "A reader opens a page every few seconds."
key    = "visitor"
quota  = "reader"
advice = "Keep the answers you get."
mode   = "enforce"
owner  = "docs"

[[rule]]
id    = "walk"
why   = "A crawler opens every page once."
match = { breadth = { over = 5, per = "10m" } }
key   = "client"
quota = "walker"
mode  = "shadow"
owner = "docs"
"#;

/// 2025-03-11T00:00:00Z.
const MIDNIGHT_MS: u64 = 1_741_651_200_000;

/// A folder with the site's rules.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.put("site.toml", SITE);
        folder
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn input(&self, name: &str) -> Vec<Input> {
        vec![Input::Path(self.0.path().join(name))]
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.arg("explain").args(["--rules", "site.toml"]).args(arguments);
        command.current_dir(self.0.path()).output().unwrap()
    }

    /// What it prints, where it ends well.
    #[track_caller]
    fn explain(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{trouble}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it complains of.
    #[track_caller]
    fn complaint(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let trouble = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{trouble}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
        trouble
    }
}

/// One line of Fastly's access log, the request `n` of somebody.
fn line(n: u64, millis: u64, last: u8, pop: &str, path: &str, hit: bool) -> String {
    let at = jiff::Timestamp::from_millisecond((MIDNIGHT_MS + millis).try_into().unwrap()).unwrap();
    let line = json!({
        "version": "1",
        "date_time": at.to_string(),
        "method": "GET",
        "url": format!("https://docs.example{path}"),
        "ip": format!("192.0.2.{last}"),
        "status": 200,
        "cache_hit": hit,
        "edge_location": pop,
        "request_id": format!("id-{n}"),
        "http": {"protocol": "HTTP/2", "referer": null, "useragent": "curl/8.17.0"},
    });
    format!("{line}\n")
}

/// A walk over forty pages, four a second.
fn walk() -> String {
    (1..=40).map(|n| line(n, n * 250, 7, "FRA", &format!("/crate-{n}/"), false)).collect()
}

#[test]
fn a_throttled_request_of_a_log() {
    let folder = Folder::new();
    folder.put("access.log", &walk().replace("\"FRA\"", "\"FRA\\u001b[31m\""));
    let text = folder.explain(&["id-40", "--log", "access.log"]);
    assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
    assert!(!text.contains("192.0.2.7") && !text.contains('\u{1b}'), "{text}");
    insta::assert_snapshot!("text", text);
    let whole = folder.explain(&["id-40", "--addresses", "--log", "access.log"]);
    assert!(whole.contains("192.0.2.7"), "{whole}");
    let json = folder.explain(&["id-40", "--format", "json", "--log", "access.log"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["decision"]["action"], "throttle");
    let json = folder.explain(&["id-11", "--format", "json", "--log", "access.log"]);
    let version = serde_json::from_str::<Value>(&json).unwrap()["rules_version"].to_string();
    insta::assert_snapshot!("json", json.replace(&version, "\"…\""));
}

#[test]
fn what_cannot_be_found_is_said_with_what_there_is() {
    let folder = Folder::new();
    folder.put("access.log", &(walk() + &walk()[..walk().find('\n').unwrap() + 1]));
    folder.put(
        "combined.log",
        "192.0.2.7 - - [04/Nov/2025:08:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n",
    );
    let said = [
        folder.complaint(&["id-99", "--log", "access.log"], 1),
        folder.complaint(&["id-99", "--log", "access.log", "combined.log"], 1),
        folder.complaint(&["id-99", "--log", "combined.log"], 1),
        folder.complaint(&["id-1", "--log", "access.log"], 1),
        folder.complaint(&["id-1", "--log", "absent.log"], 1),
        folder.complaint(&["id-1"], 1),
        folder.complaint(&["--request", "absent.toml"], 1),
    ];
    insta::assert_snapshot!(said.join("\n"));
    folder.put("wrong.toml", "request = { url = \"/\" }\n");
    folder.complaint(&["--request", "wrong.toml"], 3);
}

#[test]
fn a_request_of_a_file() {
    let folder = Folder::new();
    folder.put(
        "loop.toml",
        "start = \"2026-11-24T10:00:00Z\"\ntimes = 17\nevery = \"1s\"\n\
         request = { path = \"/serde/\", user_agent = \"curl/8\", client = \"2001:db8::7\" }\n",
    );
    insta::assert_snapshot!("list", folder.explain(&["--request", "loop.toml", "--list"]));
    let last = folder.explain(&["--request", "loop.toml"]);
    assert_eq!(last, folder.explain(&["--request", "loop.toml", "--number", "17"]));
    assert!(last.contains("2001:db8::/48") && last.contains("pace within"), "{last}");
    let listed = folder.explain(&["--request", "loop.toml", "--list", "--format", "json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["requests"].as_array().unwrap().len(), 17);
    let beyond = folder.complaint(&["--request", "loop.toml", "--number", "18"], 1);
    assert_eq!(beyond, "error: no request 18: `loop.toml` has 17, from 1\n");
}

fn rules() -> Ruleset {
    compile("site.toml", &mut |_| Ok(SITE.to_owned())).unwrap().rules
}

fn engine(secret: HashKey) -> Engine {
    Engine { rules: rules(), version: String::new(), secret, switch: Mode::Enforce }
}

/// Every request of a night explained, against what the backtest counts.
#[test]
fn the_numbers_are_those_of_the_backtest() {
    let folder = Folder::new();
    let pages = |n: u64| format!("/crate-{}/", n % 31);
    let lines = (0..150).map(|n| {
        let (client, pop) =
            ([7, 8, 7, 9][(n % 4) as usize], ["FRA", "IAD", "FRA"][(n % 3) as usize]);
        line(n, n * 100, client, pop, &pages(n), n % 5 == 0)
    });
    folder.put("access.log", &lines.collect::<String>());
    let (inputs, engine) = (folder.input("access.log"), engine(HashKey::default()));
    let night = Night {
        source: Source::Files { inputs: &inputs, options: Options::default() },
        rules: &engine.rules,
        secret: &engine.secret,
        beside: Beside::default(),
    };
    let expected = backtest::run(&night, &engine, &mut |_| {}).unwrap();
    assert!(expected.throttled > 10 && expected.rules[1].shadow_throttled > 20, "{expected:?}");
    let mut throttled: BTreeMap<String, u64> = BTreeMap::new();
    let (mut by_pace, mut in_shadow, mut charged) = (0, 0, 0);
    for n in 0..150 {
        let found = explain::request(&night, &engine, &format!("id-{n}"), &mut |_| {}).unwrap();
        let explained = found.into_explanation().unwrap();
        let decision = &explained.decision;
        if decision.action == "throttle" {
            *throttled.entry(explained.facts.client.clone().unwrap()).or_default() += 1;
            by_pace += u64::from(decision.rule.as_deref() == Some("pace"));
        } else {
            let pace = explained.rules[0].budgets.iter();
            charged += pace.map(|own| u64::from(own.before - own.after)).sum::<u64>();
        }
        in_shadow += u64::from(decision.shadow.iter().any(|rule| rule == "walk"));
        assert!(!explained.text(Addresses::Masked).is_empty());
    }
    assert_eq!(by_pace, expected.throttled);
    assert_eq!(in_shadow, expected.rules[1].shadow_throttled);
    assert_eq!(charged, expected.origin_units.admitted, "what was admitted was charged");
    for client in &expected.clients {
        let own = throttled.get(&client.key.to_string()).copied().unwrap_or_default();
        assert_eq!(own, client.throttled, "{}", client.key);
    }
}

/// The edge's own record of a decision, and the same request explained from the log
/// of those records: the same decision, rule, wait and units.
#[test]
fn the_numbers_are_those_of_the_edges_record() {
    let folder = Folder::new();
    let engine = engine(HashKey::from_secret("a secret"));
    let mut cells = Stored(Memory::default());
    let (mut records, mut log) = (Vec::new(), String::new());
    for n in 0..40_u64 {
        let time = Time::from_unix_millis(MIDNIGHT_MS + n * 370);
        let (path, id) = (format!("/crate-{n}/"), format!("id-{n}"));
        let request = Request {
            client: Some(Client::Address([192, 0, 2, 7].into())),
            user_agent: Some("curl/8.17.0"),
            signals: Signals { fingerprint: Some(9), ..Signals::default() },
            request_id: Some(&id),
            ..Request::new(time, "GET", &path)
        };
        let mut admission = engine.screen(&request).into_admission();
        engine.admit(&mut admission, &mut cells, time);
        let refused = admission.decision.retry_ms.is_some();
        let cache = if refused { CacheState::Refused } else { CacheState::Miss };
        let outcome = Outcome { cache: Some(cache), ..Outcome::default() };
        engine.settle(&mut admission, &outcome, &mut cells, time);
        let record = engine.record(&request, &admission, &outcome).unwrap();
        log += &format!("{}\n", serde_json::to_string(&record).unwrap());
        records.push(serde_json::to_value(&record).unwrap());
    }
    folder.put("records.log", &log);
    // Pages are hashed under the secret, and breadth is an estimate from hashes.
    folder.put("secret", "a secret\n");
    let throttled = records.iter().filter(|record| record["decision"] == "throttle").count();
    assert!(throttled > 5, "{throttled}");
    for record in &records {
        let id = record["request_id"].as_str().unwrap();
        let secret = ["--hash-key", "secret", "--format", "json"];
        let json = folder.explain(&[&[id], &secret[..], &["--log", "records.log"]].concat());
        let explained: Value = serde_json::from_str(&json).unwrap();
        let decision = &explained["decision"];
        assert_eq!(decision["action"], record["decision"], "{id}");
        assert_eq!(&decision["rule"], record.get("rule").unwrap_or(&Value::Null), "{id}");
        assert_eq!(&decision["retry_ms"], record.get("retry_ms").unwrap_or(&Value::Null), "{id}");
        let shadow = record.get("shadow").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(decision["shadow"], shadow, "{id}");
        assert_eq!(explained["facts"]["client"], record["client"], "{id}");
        let budget = &explained["rules"][0]["budgets"][0];
        let charged = budget["before"].as_u64().unwrap() - budget["after"].as_u64().unwrap();
        assert_eq!(charged, record["units"].as_u64().unwrap(), "{id}");
    }
}
