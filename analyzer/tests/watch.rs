//! Logs that grow, rotate and end, and what is seen of their last minutes.
//! Time is an argument: nobody waits here.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use flate2::write::GzEncoder;
use tempfile::TempDir;
use tidegate::beside::Beside;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Source};
use tidegate::watch::{News, Turn, Watch};
use tidegate_rules::{HashKey, Ruleset, Time, compile};

const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "never"
"#;

const MINUTE_MS: u64 = 60_000;
const WINDOW_MS: u64 = 30 * MINUTE_MS;

/// A folder with logs, and somebody who watches it.
struct Place {
    folder: TempDir,
    kept: TempDir,
    rules: Ruleset,
    secret: HashKey,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            kept: TempDir::new().unwrap(),
            rules: compile("site.toml", &mut |_| Ok(SITE.to_owned())).unwrap().rules,
            secret: HashKey::from_secret("a secret of the test"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, bytes: &[u8]) {
        let file = OpenOptions::new().create(true).append(true).open(self.path(name));
        file.unwrap().write_all(bytes).unwrap();
    }

    /// Somebody who watches `what`.
    fn watch(&self, what: &str) -> Watch {
        Watch::new(&[Input::Path(self.path(what))], WINDOW_MS, self.kept.path())
    }

    /// Looks at minute `minute`.
    fn turn(&self, watch: &mut Watch, minute: u64) -> Option<Turn> {
        let night = Night {
            source: Source::Files { inputs: &[], options: Options::default() },
            rules: &self.rules,
            secret: &self.secret,
            beside: Beside::default(),
        };
        let now = Time::from_unix_millis(minute * MINUTE_MS);
        assert_eq!(watch.take(now).unwrap().len(), 0);
        watch.look(&night, &[], 10, now).unwrap()
    }

    /// How many requests are seen at minute `minute`.
    fn requests(&self, watch: &mut Watch, minute: u64) -> u64 {
        self.turn(watch, minute).map_or(0, |turn| turn.analysis.total.requests)
    }
}

/// So many pages of one client, within a minute of the morning.
fn lines(client: u8, minute: u64, count: u64) -> String {
    let mut lines = String::new();
    for page in 0..count {
        let (second, time) = (page * 59 / count.max(1), "04/Nov/2025:08");
        writeln!(
            lines,
            "192.0.2.{client} - - [{time}:{minute:02}:{second:02} +0000] \
             \"GET /{minute}/{page} HTTP/1.1\" 200 5 \"-\" \"walker\""
        )
        .unwrap();
    }
    lines
}

fn packed(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn what_is_written_is_seen_once_and_by_whole_lines() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    let mut watch = place.watch("access.log");
    assert_eq!(place.requests(&mut watch, 0), 3, "what was there");
    assert_eq!(place.requests(&mut watch, 1), 3, "nothing is new");
    let more = lines(1, 1, 4);
    let (start, rest) = more.split_at(more.len() - 20);
    place.append("access.log", start.as_bytes());
    assert_eq!(place.requests(&mut watch, 2), 6, "the last line is not whole");
    place.append("access.log", rest.as_bytes());
    assert_eq!(place.requests(&mut watch, 3), 7);
}

#[test]
fn what_is_older_than_the_window_is_forgotten() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    let mut watch = place.watch("access.log");
    assert_eq!(place.requests(&mut watch, 0), 3);
    place.append("access.log", lines(1, 20, 4).as_bytes());
    assert_eq!(place.requests(&mut watch, 20), 7);
    assert_eq!(place.requests(&mut watch, 31), 4);
    assert_eq!(place.requests(&mut watch, 51), 0);
    assert_eq!(fs::read_dir(place.kept.path()).unwrap().count(), 0, "nothing lies about");
}

#[test]
fn a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_start() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    let mut watch = place.watch("access.log");
    assert_eq!(place.requests(&mut watch, 0), 3);
    place.append("access.log", lines(1, 1, 2).as_bytes());
    fs::rename(place.path("access.log"), place.path("access.log.1")).unwrap();
    assert_eq!(place.requests(&mut watch, 1), 5, "it is not there for a moment");
    place.append("access.log.1", lines(1, 2, 1).as_bytes());
    place.append("access.log", lines(1, 2, 4).as_bytes());
    assert_eq!(place.requests(&mut watch, 2), 10);
}

#[test]
fn a_file_that_was_cut_is_read_from_its_start() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 30).as_bytes());
    let mut watch = place.watch("access.log");
    assert_eq!(place.requests(&mut watch, 0), 30);
    fs::write(place.path("access.log"), lines(1, 1, 2)).unwrap();
    assert_eq!(place.requests(&mut watch, 1), 32);
}

/// Files come into a directory, packed or not; those that were packed before are
/// of another time.
#[test]
fn new_files_of_a_directory_are_found() {
    let place = Place::new();
    place.append("old.gz", &packed(&lines(1, 0, 9)));
    let mut watch = place.watch(".");
    assert_eq!(place.requests(&mut watch, 0), 0);
    place.append("new.gz", &packed(&lines(2, 1, 5)));
    place.append("new.log", lines(3, 1, 2).as_bytes());
    assert_eq!(place.requests(&mut watch, 1), 2, "the packed one may still grow");
    assert_eq!(place.requests(&mut watch, 2), 7);
    assert_eq!(place.requests(&mut watch, 3), 7, "once");
}

/// Some formats name their fields at the beginning of the file only.
#[test]
fn directives_hold_for_what_comes_later() {
    let place = Place::new();
    let head = "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method \
                cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query \
                cs(Cookie) x-edge-result-type\n";
    let line = |page: u8| {
        format!(
            "2025-11-04\t08:00:0{page}\tFRA2\t512\t192.0.2.7\tGET\tdocs.example\t/{page}\t200\t-\t\
             walker\t-\t-\tMiss\n"
        )
    };
    place.append("cloudfront.log", format!("{head}{}", line(1)).as_bytes());
    let mut watch = place.watch("cloudfront.log");
    assert_eq!(place.requests(&mut watch, 0), 1);
    place.append("cloudfront.log", line(2).as_bytes());
    assert_eq!(place.requests(&mut watch, 1), 2);
}

/// What `watch` sees of a window is what `analyze` sees of the same lines, and
/// ops are told of it once.
#[test]
fn a_burst_is_told_while_it_lasts_and_once() {
    let place = Place::new();
    (0..10).for_each(|minute| place.append("access.log", lines(1, minute, 1).as_bytes()));
    let mut watch = place.watch("access.log");
    let mut news = News::default();
    let calm = place.turn(&mut watch, 10).unwrap();
    assert!(news.of(&calm).is_empty());
    place.append("access.log", lines(2, 11, 400).as_bytes());
    let burst = place.turn(&mut watch, 11).unwrap();
    assert!(news.of(&burst).findings.iter().any(|found| found.detector == "burst"));
    place.append("access.log", lines(2, 12, 400).as_bytes());
    let more = place.turn(&mut watch, 12).unwrap();
    assert!(!more.analysis.findings.is_empty());
    assert!(news.of(&more).findings.iter().all(|found| found.detector != "burst"), "known");
}

#[test]
fn as_a_command_it_keeps_the_proposals_in_a_file() {
    let place = Place::new();
    (0..10).for_each(|minute| place.append("access.log", lines(1, minute, 1).as_bytes()));
    place.append("access.log", lines(2, 11, 400).as_bytes());
    place.append("site.toml", SITE.as_bytes());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).current_dir(place.folder.path()).output().unwrap()
    };
    let watch = ["watch", "--rules", "site.toml", "--every", "0", "--turns", "2"];
    let output = run(&[&watch[..], &["--propose", "proposal.toml", "access.log"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("410 requests of 2")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(text.matches("New at").count(), 1, "{text}");
    let proposed = fs::read_to_string(place.path("proposal.toml")).unwrap();
    assert!(proposed.contains("[rule.evidence]"), "{proposed}");
    let checked = run(&["check", "site.toml", "--with", "proposal.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");

    let piped = run(&["watch", "--turns", "1", "-"]);
    let trouble = String::from_utf8(piped.stderr).unwrap();
    assert!(trouble.contains("a pipe cannot be watched"), "{trouble}");
}
