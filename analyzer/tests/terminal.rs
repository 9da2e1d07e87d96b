//! What a terminal gets: 80 columns, no colour where nobody sees it, completions
//! and manual pages of every command.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

/// The columns that a terminal has at least.
const COLUMNS: usize = 80;

const COMMANDS: [&str; 18] = [
    "check",
    "fmt",
    "analyze",
    "report",
    "backtest",
    "effect",
    "explain",
    "ingest",
    "watch",
    "promote",
    "pack",
    "publish",
    "rollback",
    "switch",
    "status",
    "schema",
    "completions",
    "man",
];

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/docs-rs.toml");

/// A folder with the log of a loop and a walk.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut log = String::new();
    let mut line = |second: u32, path: &str, agent: &str| {
        let (minute, second) = (second / 60, second % 60);
        let time = format!("04/Nov/2025:08:{minute:02}:{second:02} +0000");
        writeln!(log, "192.0.2.7 - - [{time}] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"{agent}\"")
            .unwrap();
    };
    let long = "a-crate-with-a-very-long-name".repeat(4);
    for second in 0..600 {
        line(second, "/crate/serde/latest/builds", "curl/8.12.1");
        line(second, &format!("/{long}-{second}/1.0.0/x/"), "an-agent/1.0 with a very long name");
    }
    fs::write(folder.path().join("access.log"), log).unwrap();
    folder
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(arguments).current_dir(folder.path()).env("NO_COLOR", "1").output().unwrap()
}

fn printed(folder: &TempDir, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(matches!(output.status.code(), Some(0 | 2)), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// TOML and paths are copied, so they are never cut.
fn is_copied(line: &str) -> bool {
    line.contains(" = ") || line.contains(RULES.trim_end_matches("docs-rs.toml"))
}

#[test]
fn results_fit_a_terminal_and_have_no_colour() {
    let folder = folder();
    let of_log = |command: &'static str| vec![command, "--rules", RULES, "access.log"];
    let explain = |which: &[&'static str]| {
        [&["explain", "--rules", RULES, "--log", "access.log"], which].concat()
    };
    for arguments in [
        of_log("analyze"),
        of_log("report"),
        of_log("backtest"),
        vec!["check", RULES],
        vec!["check", RULES, "--backtest", "access.log"],
        explain(&["--list"]),
        explain(&["--number", "900"]),
    ] {
        let text = printed(&folder, &arguments);
        assert!(text.lines().count() > 3, "{arguments:?}: {text}");
        assert!(!text.contains('\u{1b}'), "{arguments:?} is coloured");
        for line in text.lines().filter(|line| !is_copied(line)) {
            assert!(line.chars().count() <= COLUMNS, "{arguments:?}: {line}");
        }
    }
}

#[test]
fn whoever_asks_for_quiet_gets_results_only() {
    let folder = folder();
    for command in ["analyze", "report", "backtest"] {
        let output = run(&folder, &[command, "--quiet", "--rules", RULES, "access.log"]);
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn help_fits_a_terminal() {
    let folder = folder();
    for command in COMMANDS {
        let text = printed(&folder, &[command, "--help"]);
        for line in text.lines().filter(|line| !line.starts_with("Usage: ")) {
            assert!(line.chars().count() <= COLUMNS, "{command}: {line}");
        }
    }
}

#[test]
fn every_shell_completes_every_command() {
    let folder = folder();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&folder, &["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} does not know `{command}`");
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = folder();
    printed(&folder, &["man", "man1"]);
    for command in COMMANDS {
        let page = folder.path().join(format!("man1/tidegate-{command}.1"));
        let page = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(page.contains(".TH") && page.contains("SYNOPSIS"), "{command}");
    }
}
