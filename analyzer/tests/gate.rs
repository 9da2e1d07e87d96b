//! The gate: a rule that would hurt good clients is refused, and what would pass
//! is told.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The rule files, of which crates.io's are taken as they are, but without their
/// cases, which would refuse the rule below too.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules");

/// Such a rule stopped the builds of nixpkgs, Arch and Yocto in 2026.
const NO_SCRIPTS: &str = r#"
format = 1

[[rule]]
id      = "no-scripts"
why     = "Scripts take too much."
match   = { agent = { name = ["curl", "wget", "python-requests", "nix"] } }
verdict = "block"
mode    = "enforce"
owner   = "crates-io"
"#;

/// One hour: builds of three distributions, and a script that walks the API.
fn an_hour() -> String {
    let mut log = String::new();
    let mut ask = |address: &str, second: u32, path: &str, agent: &str| {
        let (minute, second) = (second / 60, second % 60);
        let time = format!("04/Nov/2026:08:{minute:02}:{second:02} +0000");
        writeln!(log, "{address} - - [{time}] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"{agent}\"")
            .unwrap();
    };
    let download = |n: u32| format!("/api/v1/crates/crate-{n}/1.0.0/download");
    for n in 0..400 {
        ask("192.0.2.1", n / 4, &download(n), "python-requests/2.32.5");
        ask("192.0.2.2", n / 4, &download(n), "curl/8.20.0 Nixpkgs/26.11");
    }
    for n in 0..30 {
        ask("198.51.100.7", n, &download(n), "curl/8.17.0");
        ask("198.51.100.8", n, &download(n), "Wget/1.21.4");
    }
    for n in 0..900 {
        let path = format!("/api/v1/crates/crate-{n}");
        ask("203.0.113.9", n, &path, "python-requests/2.31.0");
    }
    log
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        fs::write(folder.path("hour.log"), an_hour()).unwrap();
        fs::create_dir(folder.path("learned")).unwrap();
        for name in ["crates-io.toml", "agents.toml", "learned/crates-io.toml"] {
            fs::copy(Path::new(RULES).join(name), folder.path(name)).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Checks crates.io with one more file of rules.
    fn check(&self, rules: &str, more: &[&str]) -> Output {
        fs::write(self.path("more.toml"), rules).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(["check", "crates-io.toml", "--with", "more.toml"]).args(more);
        command.args(["--backtest", "hour.log"]).current_dir(self.0.path());
        command.env_remove("TIDEGATE_HASH_KEY").output().unwrap()
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_rule_on_names_of_scripts_is_refused_and_what_would_pass_is_told() {
    let folder = Folder::new();
    let output = folder.check(NO_SCRIPTS, &[]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let told = stdout(&output);
    let told = &told[told.find("Backtest of").unwrap()..];
    assert!(!told.contains("192.0.2.1 ") && !told.contains("203.0.113.9"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_told_to_pass_passes() {
    let folder = Folder::new();
    let output = folder.check(NO_SCRIPTS, &["--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let refused = &told["backtest"]["refused"][0];
    assert_eq!((&refused["rule"], &refused["enforced"]), (&"no-scripts".into(), &true.into()));
    let changes = refused["changes"].as_array().unwrap();
    assert!(!changes.is_empty());
    for change in changes {
        assert!(change["refuses"].as_u64().unwrap() > 0, "the walk is paced: {change}");
        let rule = change["rule"].as_str().unwrap().replace("\"shadow\"", "\"enforce\"");
        let output = folder.check(&format!("format = 1\n{rule}"), &[]);
        assert_eq!(output.status.code(), Some(0), "{}\n{rule}", stdout(&output));
    }
}

/// More of them than are tried in one pass: the last one counts as the first.
#[test]
fn every_rule_is_tried_however_many_there_are() {
    let folder = Folder::new();
    let harmless = (0..150).map(|n| {
        format!(
            "[[rule]]\nid = \"harmless-{n}\"\nwhy = \"Nobody asks for it.\"\n\
             match = {{ path = \"/nobody-{n}\" }}\nverdict = \"block\"\n"
        )
    });
    let (head, rule) = NO_SCRIPTS.split_at(NO_SCRIPTS.find("[[rule]]").unwrap());
    let output = folder
        .check(&format!("{head}{}{rule}", harmless.collect::<String>()), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["backtest"]["refused"][0]["rule"], "no-scripts");
    assert!(told["backtest"]["rules"].as_u64().unwrap() > 150, "{}", told["backtest"]);
    assert_eq!(told["backtest"]["untried"], 0);
}

#[test]
fn a_rule_in_shadow_is_told_of_and_does_not_fail() {
    let folder = Folder::new();
    let shadow = NO_SCRIPTS.replace("\"enforce\"", "\"shadow\"");
    let output = folder.check(&shadow, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("`no-scripts`, in shadow,"), "{}", stdout(&output));
}

#[test]
fn a_tight_budget_is_told_a_larger_one() {
    let folder = Folder::new();
    let tight = r#"
format = 1

[[quota]]
name  = "downloads"
units = 40
per   = "1m"
burst = 40

[[rule]]
id    = "few-downloads"
why   = "Twenty at once."
match = { route = "download" }
key   = "visitor"
quota = "downloads"
mode  = "enforce"
owner = "crates-io"
"#;
    let output = folder.check(tight, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let changes = told["backtest"]["refused"][0]["changes"].as_array().unwrap();
    let what = changes[0]["what"].as_str().unwrap();
    assert!(what.contains("burst"), "{what}");
}

#[test]
fn the_sites_own_rules_pass() {
    let folder = Folder::new();
    let output = folder.check("format = 1\n", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}
