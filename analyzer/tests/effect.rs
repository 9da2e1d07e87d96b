//! Records of the edge in, what its rules did out: as an operator runs it.
//!
//! The records come from the engine itself, as at the edge.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use tidegate_rules::{
    CacheState, Client, Engine, HashKey, Memory, Mode, Outcome, Request, Screened, Stored, Time,
    compile,
};

/// Two rules: one that was learned, and one that a person wrote.
const SITE: &str = r#"
format  = 1
site    = "docs.example"
sampled = "SAMPLED"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "never"

[[agent]]
name        = "curl"
category    = "http-library"
user_agents = ["curl/*"]

[[agent]]
name        = "firefox"
category    = "browser"
user_agents = ["*Firefox/*"]

[[quota]]
name  = "pace"
units = 240
per   = "1m"
burst = 120

[[rule]]
id       = "learned-walk"
why      = "That is a walk over the site."
match    = { breadth = { over = 20, per = "10m" } }
key      = "visitor"
quota    = "pace"
mode     = "enforce"
owner    = "docs"
expires  = "2099-12-31"
reviewed = "A. Reviewer, 2026-11-24"

[rule.evidence]
predicted = ["PREDICTED", "curl: 0 of 400 throttled", "people: 0 of 900 throttled"]

[[rule]]
id    = "nobody"
why   = "For the test."
match = { path = "/nothing" }
key   = "visitor"
quota = "pace"
mode  = "shadow"
owner = "docs"

[[cohort]]
name  = "curl"
match = { agent = { name = "curl" } }
harm  = { throttled_clients = "1%", starved_clients = "0%", blocked_clients = "0%" }

[[cohort]]
name  = "people"
match = { agent = { category = "browser" } }
harm  = { throttled_clients = "1%", starved_clients = "0%", blocked_clients = "0%" }
"#;

const NOON: u64 = 1_763_985_600_000;
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

/// A night at the edge: `people` read three pages each, so many of them and of
/// the curl users walk over forty, and one crawler without a name over 400.
struct Night {
    people: u8,
    walking_people: u8,
    curl: u8,
    walking_curl: u8,
}

const CALM: Night = Night { people: 120, walking_people: 0, curl: 60, walking_curl: 0 };

impl Night {
    /// Visitors with the pages that each opens.
    fn visitors(&self) -> impl Iterator<Item = (u8, Client, &'static str, u32)> {
        let client = |kind: u8, n: u8| Client::Address([10, kind, n, 1].into());
        let people = (0..self.people)
            .map(move |n| (1, client(1, n), FIREFOX, if n < self.walking_people { 40 } else { 3 }));
        let curl = (0..self.curl).map(move |n| {
            (2, client(2, n), "curl/8.17.0", if n < self.walking_curl { 40 } else { 3 })
        });
        people.chain(curl).chain([(3, client(3, 0), "walker", 400)])
    }

    /// The records of the night.
    fn records(&self, engine: &Engine) -> String {
        let mut cells = Stored::<Memory>::default();
        let mut lines = String::new();
        for (kind, client, user_agent, pages) in self.visitors() {
            for page in 0..pages {
                let path = format!("/{kind}/{page}");
                let time = Time::from_unix_millis(NOON + u64::from(page) * 500);
                let request = Request {
                    client: Some(client),
                    user_agent: Some(user_agent),
                    ..Request::new(time, "GET", &path)
                };
                let mut admission = match engine.screen(&request) {
                    Screened::Pass(admission) => admission,
                    decided => decided.into_admission(),
                };
                engine.admit(&mut admission, &mut cells, time);
                let refused = admission.decision.action == tidegate_rules::Action::Throttle;
                let (status, cache) = match refused {
                    true => (429, CacheState::Refused),
                    false => (200, CacheState::Miss),
                };
                let outcome = Outcome { status: Some(status), cache: Some(cache), origin_ms: None };
                engine.settle(&mut admission, &outcome, &mut cells, time);
                if let Some(record) = engine.record(&request, &admission, &outcome) {
                    lines += &serde_json::to_string(&record).unwrap();
                    lines.push('\n');
                }
            }
        }
        lines
    }
}

/// What `tidegate effect` says of a night of these rules.
fn effect(night: &Night, site: &str, arguments: &[&str]) -> Output {
    effect_of(&records(night, site), site, arguments)
}

/// The records of a night of these rules.
fn records(night: &Night, site: &str) -> String {
    let rules = compile("site.toml", &mut |_| Ok(site.to_owned())).unwrap().rules;
    let secret = HashKey::from_secret("a secret of the test");
    let engine = Engine { rules, version: "0011".to_owned(), secret, switch: Mode::Enforce };
    night.records(&engine)
}

/// What it says of these records.
fn effect_of(records: &str, site: &str, arguments: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("site.toml"), site).unwrap();
    fs::write(folder.path().join("records.log"), records).unwrap();
    Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["effect", "--rules", "site.toml", "records.log"])
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

fn site(sampled: &str, predicted: &str) -> String {
    SITE.replace("SAMPLED", sampled).replace("PREDICTED", predicted)
}

fn json(night: &Night, site: &str) -> (Option<i32>, Value) {
    let output = effect(night, site, &["--format", "json"]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_rule_that_keeps_to_its_prediction_is_left_alone() {
    let (code, told) = json(&CALM, &site("100%", "15000 of 36600 origin units saved"));
    assert_eq!(code, Some(0), "{told:#}");
    let [walk, nobody] = &told["rules"].as_array().unwrap()[..] else { panic!("two rules") };
    assert_eq!((&walk["verdict"], &nobody["verdict"]), (&"as-predicted".into(), &"silent".into()));
    // 400 pages in 200 s, of which 20 are free, and then 3 at once and one each ten
    // seconds.
    assert_eq!(walk["refused"], 400 - 20 - 3 - 18);
    assert_eq!(walk["cohorts"][1]["visitors"], 120.0);
    let saved = walk["saved"]["observed"].as_f64().unwrap();
    assert!((0.35..0.45).contains(&saved), "{saved}");
}

#[test]
fn a_rule_that_hurts_more_than_predicted_goes_back_to_shadow() {
    let night = Night { walking_curl: 12, ..CALM };
    let site = site("100%", "15000 of 36600 origin units saved");
    let (code, told) = json(&night, &site);
    assert_eq!(code, Some(2), "{told:#}");
    let rule = &told["rules"][0];
    assert_eq!(rule["verdict"], "hurts");
    let cohorts: Vec<_> = rule["cohorts"].as_array().unwrap().iter().collect();
    assert_eq!((&cohorts[0]["hurt"], &cohorts[0]["too_many"]), (&12.into(), &true.into()));
    assert_eq!((&cohorts[1]["hurt"], &cohorts[1]["too_many"]), (&0.into(), &false.into()));
    let text = effect(&night, &site, &[]);
    insta::assert_snapshot!(String::from_utf8(text.stdout).unwrap());
}

/// The rule spared the origin, and the cache had a copy for everybody.
#[test]
fn what_a_stale_copy_answered_hurt_nobody() {
    let night = Night { walking_curl: 12, ..CALM };
    let site = site("100%", "15000 of 36600 origin units saved");
    let refused = records(&night, &site);
    let stale = refused
        .replace("\"cache\":\"refused\",\"status\":429", "\"cache\":\"stale\",\"status\":200");
    assert_ne!(stale, refused);
    let [refused, stale] = [refused, stale].map(|records| -> Value {
        let output = effect_of(&records, &site, &["--format", "json"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["rules"][0].take()
    });
    assert_eq!(stale["saved"], refused["saved"]);
    let told = (&stale["verdict"], &stale["refused"], &stale["cohorts"][0]["hurt"]);
    assert_eq!(told, (&"as-predicted".into(), &0.into(), &0.into()), "{stale:#}");
}

/// One person of many, where one in a hundred is allowed, is no proof.
#[test]
fn what_may_be_chance_is_no_harm() {
    let site = site("100%", "").replace("0 of 900", "1 of 90");
    let (code, told) = json(&Night { walking_people: 1, ..CALM }, &site);
    assert_eq!((code, &told["rules"][0]["verdict"]), (Some(0), &"unpredicted".into()), "{told:#}");
}

#[test]
fn a_rule_that_has_nothing_left_to_do_may_expire() {
    let (code, told) = json(&CALM, &site("100%", "36000 of 36600 origin units saved"));
    assert_eq!((code, &told["rules"][0]["verdict"]), (Some(0), &"little".into()), "{told:#}");
}

/// Rules in shadow are told of alike, and it is said what they would do.
#[test]
fn a_rule_in_shadow_is_watched_too() {
    let site = site("100%", "15000 of 36600 origin units saved")
        .replace("mode     = \"enforce\"", "mode = \"shadow\"");
    let (code, told) = json(&CALM, &site);
    assert_eq!(code, Some(0), "{told:#}");
    let rule = &told["rules"][0];
    assert_eq!((&rule["refused"], &rule["would_refuse"]), (&0.into(), &359.into()));
    assert_eq!(rule["verdict"], "as-predicted");
}

/// Where only some clients' passes are recorded, there were more of them.
#[test]
fn samples_stand_for_all() {
    let night = Night { people: 240, curl: 240, ..CALM };
    let (_, whole) = json(&night, &site("100%", ""));
    let (_, part) = json(&night, &site("25%", ""));
    let visitors = |told: &Value| told["rules"][0]["cohorts"][1]["visitors"].as_f64().unwrap();
    assert_eq!(visitors(&whole), 240.0);
    let estimate = visitors(&part);
    assert!((160.0..320.0).contains(&estimate) && estimate % 4.0 == 0.0, "{estimate}");
    assert_eq!(part["sampled"], serde_json::json!([25, 25]));
    assert_eq!(part["rules"][0]["refused"], whole["rules"][0]["refused"]);
}

#[test]
fn other_logs_say_nothing_of_rules() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("site.toml"), site("100%", "")).unwrap();
    let line = "192.0.2.1 - - [11/Mar/2025:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"\n";
    fs::write(folder.path().join("access.log"), line).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["effect", "--rules", "site.toml", "access.log"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
}
