//! Logs of every format and in every kind of damage, named by situation: what a
//! person is told of each, and what was understood of its lines.

mod shown;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;
use tidegate::ingest::{Input, Options, Parser, read};
use tidegate_rules::Time;

use shown::shown;

/// Lines shown of a log in which all are alike.
const SHOWN: usize = 15;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs")
}

/// The logs of a folder, by name.
fn logs(of: &str) -> Vec<String> {
    let entries = fs::read_dir(folder().join(of)).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| format!("{of}/{}", name(entry.unwrap()))).collect();
    names.sort();
    names
}

/// The end of `tidegate analyze`, its trouble, and what it says that its figures
/// rest on.
fn told(log: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    let output = command.args(["analyze", log]).current_dir(folder()).output().unwrap();
    let (out, trouble) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let basis = out.split("\n\n").next().unwrap_or_default();
    format!("exit {}\n{trouble}{basis}\n", output.status.code().unwrap())
}

/// Every line of a log, as its parser understands it.
fn understood(log: &str) -> String {
    let path = folder().join(log);
    let summary =
        read(&[Input::Path(path.clone())], &Options::default(), &mut |_| {}, &mut |_, _| {});
    let mut parser = Parser::new(summary.unwrap().files[0].format.unwrap());
    let mut text = String::new();
    for (number, line) in (1..).zip(fs::read_to_string(path).unwrap().lines()) {
        let mut facts = None;
        let result = parser.parse(line, &mut |line| facts = Some(shown(line)));
        let facts = match result {
            Ok(parsed) => facts.unwrap_or_else(|| format!("{parsed:?}")),
            Err(reason) => format!("bad: {reason}"),
        };
        writeln!(text, "{number}: {facts}").unwrap();
    }
    text
}

/// What was read of a log in spite of its damage.
fn saved(log: &str) -> String {
    let input = Input::Path(folder().join(log));
    let mut lines = Vec::new();
    let mut note = |line: String| lines.push(line);
    // The year 2030.
    let bound = Some(Time::from_unix_millis(1_893_456_000_000));
    let options = Options { not_after: bound, ..Options::default() };
    let result = read(&[input], &options, &mut |_| {}, &mut |line, place| {
        let client = line.request.client.map(|_| shown(line)).unwrap_or_default();
        let client =
            client.lines().find(|fact| fact.contains("client")).unwrap_or_default().to_owned();
        note(format!(
            "{}: {} {}{client}",
            place.line,
            line.request.time.unix_millis(),
            line.request.path
        ));
    });
    let count = lines.len();
    lines.truncate(SHOWN);
    let end = match result {
        Ok(summary) => format!("{count} lines, {:?}", summary.files[0].compression),
        Err(_) => format!("{count} lines, then an error"),
    };
    format!("{}\n{end}\n", lines.join("\n"))
}

#[test]
fn every_format_is_told_from_its_content_and_understood() {
    for format in ["fastly", "fastly-vcl", "cloudfront", "combined", "record"] {
        for log in logs(format) {
            let name = log.replace('/', "-").replace(".log", "");
            assert_snapshot!(name, format!("{}\n{}", told(&log), understood(&log)));
        }
    }
}

#[test]
fn damage_costs_what_is_damaged_and_no_more() {
    for log in logs("damage") {
        let name = log.replace(['/', '.'], "-");
        assert_snapshot!(name, format!("{}\n{}", told(&log), saved(&log)));
    }
}
