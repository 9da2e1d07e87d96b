//! The program itself: exit codes, which scripts rely on.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use flate2::write::GzEncoder;
use tempfile::TempDir;

/// One page costs 40 units; a visitor has 600 at once and one page each 2 s.
const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "never"

[[quota]]
name  = "reader"
units = 1_200
per   = "1m"
burst = 600

[[rule]]
id    = "pace"
why   = "A reader opens a page every few seconds."
key   = "visitor"
quota = "reader"
mode  = "enforce"
owner = "docs"

[[cohort]]
name  = "everybody"
match = { method = ["GET"] }
harm  = { throttled_clients = "0%", starved_clients = "0%", blocked_clients = "0%" }
"#;

/// A folder with a site's rules and logs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.put("site.toml", SITE.as_bytes());
        folder
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs `tidegate` here.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32) {
        let output = self.run(arguments);
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {trouble}");
    }
}

/// A page a minute for ten minutes, and `more` pages in the last of them.
fn log(more: usize) -> String {
    let mut log = String::new();
    let mut line = |minute: usize, page: usize| {
        let time = format!("04/Nov/2025:08:{minute:02}:00 +0000");
        writeln!(log, "192.0.2.7 - - [{time}] \"GET /{page} HTTP/1.1\" 200 5 \"-\" \"curl/8\"")
            .unwrap();
    };
    (0..10).for_each(|minute| line(minute, 0));
    (1..=more).for_each(|page| line(9, page));
    log
}

/// A log that ends early: its last bytes are missing.
fn cut(log: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(log.as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() - 8);
    bytes
}

#[test]
fn findings_have_an_exit_code_and_a_log_that_ends_early_wins() {
    let folder = Folder::new();
    folder.put("calm.log", log(0).as_bytes());
    folder.put("burst.log", log(400).as_bytes());
    folder.put("calm.gz", &cut(&log(0)));
    folder.put("burst.gz", &cut(&log(400)));
    for format in ["text", "json", "markdown"] {
        let analyze = |log, code| folder.check(&["analyze", "--format", format, log], code);
        analyze("calm.log", 0);
        analyze("burst.log", 2);
        analyze("calm.gz", 1);
        analyze("burst.gz", 1);
    }
    let found = folder.run(&["analyze", "--format", "json", "burst.gz"]);
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(found["findings"][0]["detector"], "burst", "it is there nevertheless");
}

#[test]
fn a_cohort_over_its_budget_has_an_exit_code_and_a_log_that_ends_early_wins() {
    let folder = Folder::new();
    folder.put("calm.log", log(0).as_bytes());
    folder.put("burst.log", log(400).as_bytes());
    folder.put("burst.gz", &cut(&log(400)));
    let backtest = |log, code| folder.check(&["backtest", "--rules", "site.toml", log], code);
    backtest("calm.log", 0);
    backtest("burst.log", 2);
    backtest("burst.gz", 1);
}

#[test]
fn what_cannot_be_done_and_what_is_invalid_differ() {
    let folder = Folder::new();
    folder.put("calm.log", log(0).as_bytes());
    folder.put("broken.toml", b"format = 1\n");
    folder.check(&["analyze"], 1);
    folder.check(&["analyze", "--no-such-option", "calm.log"], 1);
    folder.check(&["analyze", "absent.log"], 1);
    folder.check(&["backtest", "calm.log"], 1);
    folder.check(&["check", "site.toml"], 0);
    folder.check(&["check", "broken.toml"], 3);
    folder.check(&["analyze", "--rules", "broken.toml", "calm.log"], 3);
    folder.check(&["analyze", "--rules", "absent.toml", "calm.log"], 3);
}

#[test]
fn check_warns_of_what_is_hardly_meant_and_goes_on() {
    let folder = Folder::new();
    let route = "[[route]]\nname = \"late\"\npaths = [\"/late\"]\ncost = 1\ncache = \"never\"\n";
    folder.put("late.toml", format!("{SITE}{route}").as_bytes());
    folder.check(&["check", "late.toml"], 0);
    let said = String::from_utf8(folder.run(&["check", "late.toml"]).stdout).unwrap();
    assert!(said.starts_with("warning[unreachable]: `/late` of route `late`"), "{said}");
    assert!(said.contains("docs.example: fine"), "{said}");
}

#[test]
fn check_decides_the_cases_of_its_site_and_no_other() {
    let folder = Folder::new();
    fs::create_dir(folder.0.path().join("cases")).unwrap();
    let case = |site, action| {
        format!(
            "format = 1\nsite = \"{site}\"\n[[case]]\nname = \"a page\"\nwhy = \"a test\"\n\
             request = {{ path = \"/\" }}\nexpect = {{ action = \"{action}\" }}\n"
        )
    };
    folder.put("cases/other.toml", case("../other.toml", "block").as_bytes());
    folder.put("cases/site.toml", case("../site.toml", "pass").as_bytes());
    folder.check(&["check", "site.toml"], 0);
    folder.put("cases/site.toml", case("../site.toml", "block").as_bytes());
    folder.check(&["check", "site.toml"], 2);
    let said = String::from_utf8(folder.run(&["check", "site.toml"]).stdout).unwrap();
    assert!(said.starts_with("error[case]: a page: expected block, got pass"), "{said}");
    folder.put("cases/site.toml", b"format = 1\n");
    folder.check(&["check", "site.toml"], 3);
}

#[test]
fn both_commands_show_bad_lines() {
    let folder = Folder::new();
    folder.put("bad.log", format!("{}not a request of 192.0.2.7\n", log(0)).as_bytes());
    for command in ["analyze", "backtest"] {
        let output = folder.run(&[command, "--rules", "site.toml", "bad.log"]);
        let trouble = String::from_utf8(output.stderr).unwrap();
        assert!(trouble.contains("bad.log: 1 of 11 lines are no requests"), "{trouble}");
        assert!(trouble.contains("192.0.2.0/24") && !trouble.contains("192.0.2.7"), "{trouble}");
    }
}

/// An origin's log and its edge's tell of the same requests; logs of one kind, and
/// of other hours, do not.
#[test]
fn logs_of_two_kinds_of_the_same_time_are_told() {
    let folder = Folder::new();
    folder.put("origin.log", log(0).as_bytes());
    folder.put("origin-2.log", log(20).as_bytes());
    for (name, hour) in [("edge.log", "08"), ("later.log", "09")] {
        let lines = (0..10).map(|minute| {
            format!(
                "{{\"version\":\"1\",\"date_time\":\"2025-11-04T{hour}:{minute:02}:00Z\",\
                 \"method\":\"GET\",\"url\":\"https://docs.example/0\",\"ip\":\"192.0.2.7\"}}\n"
            )
        });
        folder.put(name, lines.collect::<String>().as_bytes());
    }
    let told = "note: origin.log (nginx or Apache combined log) and edge.log (Fastly access log \
                v1) are of the same time: a request that both tell of counts twice\n";
    for command in ["analyze", "backtest"] {
        let trouble = |logs: &[&str]| {
            let output = folder.run(&[&[command, "--rules", "site.toml"], logs].concat());
            String::from_utf8(output.stderr).unwrap()
        };
        assert_eq!(trouble(&["origin.log", "edge.log"]), told);
        assert_eq!(trouble(&["origin.log", "later.log"]), "");
        assert_eq!(trouble(&["origin.log", "origin-2.log"]), "");
    }
}

#[test]
fn a_log_of_which_nothing_could_be_read_fails() {
    let folder = Folder::new();
    folder.put("calm.log", log(0).as_bytes());
    folder.put("later.log", b"{\"version\":\"2\",\"when\":\"later\"}\n");
    folder.check(&["analyze", "calm.log"], 0);
    folder.check(&["analyze", "calm.log", "later.log"], 1);
    let trouble = String::from_utf8(folder.run(&["analyze", "later.log"]).stderr).unwrap();
    let told = "later.log: not one line could be read as Fastly access log v1\n";
    assert!(
        trouble.contains("line 1: unknown version `2`") && trouble.ends_with(told),
        "{trouble}"
    );
}

/// What comes through a pipe is read once, by any of its names.
#[cfg(unix)]
#[test]
fn pipes_are_read_like_files() {
    use std::process::Stdio;

    let folder = Folder::new();
    for (name, bytes) in [("-", log(400).into_bytes()), ("/dev/stdin", cut(&log(400)))] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(["analyze", name]).current_dir(folder.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        let trouble = String::from_utf8(output.stderr).unwrap();
        assert!(trouble.contains("a pipe cannot be read again"), "{trouble}");
        assert_eq!(output.status.code(), Some(if name == "-" { 2 } else { 1 }), "{trouble}");
    }
}

#[test]
fn help_tells_the_exit_codes() {
    let folder = Folder::new();
    folder.check(&["--help"], 0);
    folder.check(&["--version"], 0);
    let help = folder.run(&["--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    let told = "2  findings, a cohort over its budget, a rule that hurts more than it may, a\n     \
                case that fails, or a denied warning";
    assert!(help.contains(told), "{help}");
}

/// Ten mistakes, no two of a kind.
const TEN_MISTAKES: &str = include_str!("../../rules/tests/mistakes/ten-mistakes.toml");

#[test]
fn check_says_ten_mistakes_in_one_run() {
    let folder = Folder::new();
    folder.put("ten.toml", TEN_MISTAKES.as_bytes());
    folder.check(&["check", "ten.toml"], 3);
    let said = String::from_utf8(folder.run(&["check", "ten.toml"]).stderr).unwrap();
    assert_eq!(said.matches("error[").count(), 10, "{said}");
    assert!(said.ends_with("10 mistakes in the rules\n"), "{said}");
}

#[test]
fn the_json_of_a_check_is_a_contract() {
    let folder = Folder::new();
    folder.put("ten.toml", TEN_MISTAKES.as_bytes());
    let invalid = folder.run(&["check", "--format", "json", "ten.toml"]);
    assert_eq!(invalid.status.code(), Some(3));
    assert_eq!(String::from_utf8(invalid.stderr).unwrap(), "");
    insta::assert_snapshot!("check-invalid", String::from_utf8(invalid.stdout).unwrap());

    let free = SITE.replace("owner = \"docs\"\n", "");
    folder.put("site.toml", free.as_bytes());
    fs::create_dir(folder.0.path().join("cases")).unwrap();
    let case = "format = 1\nsite = \"../site.toml\"\n[[case]]\nname = \"a page\"\nwhy = \"a test\"\n\
                request = { path = \"/\" }\nexpect = { action = \"block\" }\n";
    folder.put("cases/site.toml", case.as_bytes());
    let fails = folder.run(&["check", "--format", "json", "site.toml"]);
    assert_eq!(fails.status.code(), Some(2));
    insta::assert_snapshot!("check-fails", String::from_utf8(fails.stdout).unwrap());
    folder.check(&["check", "--format", "json", "absent.toml"], 3);
}

#[test]
fn check_denies_warnings_where_asked_to() {
    let folder = Folder::new();
    folder.check(&["check", "--deny-warnings", "site.toml"], 0);
    folder.put("free.toml", SITE.replace("owner = \"docs\"\n", "").as_bytes());
    folder.check(&["check", "free.toml"], 0);
    folder.check(&["check", "--deny-warnings", "free.toml"], 2);
    let expired = SITE.replace("mode  = \"enforce\"\n", "expires = \"2025-01-31\"\n");
    folder.put("expired.toml", expired.as_bytes());
    folder.check(&["check", "--deny-warnings", "expired.toml"], 2);
    let said = String::from_utf8(folder.run(&["check", "expired.toml"]).stdout).unwrap();
    assert!(said.starts_with("warning[expired]: rule `pace` expired on 2025-01-31"), "{said}");
}

#[test]
fn check_says_where_cells_live() {
    let folder = Folder::new();
    let quota = "units = 24_000\nper   = \"1m\"\nburst = 24_000";
    let site = SITE.replace("units = 1_200\nper   = \"1m\"\nburst = 600", quota);
    let site = site.replace("[[route]]", "[store]\nvisitor = \"erl\"\n\n[[route]]");
    folder.put("erl.toml", site.as_bytes());
    let said = String::from_utf8(folder.run(&["check", "erl.toml"]).stdout).unwrap();
    assert!(said.contains("\n  stores   visitor in erl, the others in cache\n"), "{said}");
}

#[test]
fn other_limits_stand_beside_the_rules() {
    let folder = Folder::new();
    folder.put("access.log", log(5).as_bytes());
    folder.put("other.toml", SITE.replace("\"enforce\"", "\"off\"").as_bytes());
    folder.put("foreign.toml", SITE.replace("docs.example", "other.example").as_bytes());
    let backtest = ["backtest", "--rules", "site.toml", "--format", "json", "access.log"];
    let sides = ["--against", "other.toml", "--against", "nginx", "--nginx-burst", "2"];
    let output = folder.run(&[&backtest[..], &sides].concat());
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let sides = found["against"].as_array().unwrap();
    let names: Vec<_> = sides.iter().map(|side| side["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["other.toml", "nginx"]);
    // Six at once: one and a burst of two.
    assert_eq!((&sides[0]["throttled"], &sides[1]["throttled"]), (&0.into(), &3.into()));

    for (side, told) in [
        ("docs-rs", "neither a rule file nor a preset; presets are `docs-rs-today`"),
        ("foreign.toml", "is about `other.example`"),
    ] {
        let output = folder.run(&[&backtest[..], &["--against", side]].concat());
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(trouble.contains(told), "{trouble}");
        assert_eq!(output.status.code(), Some(1));
    }
    folder.check(&[&backtest[..], &["--nginx-rate", "12"]].concat(), 1);
}
