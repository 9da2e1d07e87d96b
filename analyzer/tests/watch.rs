//! Logs that grow, rotate and end, and what is seen of their last minutes.
//! Time is an argument: nobody waits here.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
#[cfg(unix)]
use std::process::Child;
use std::process::{Command, Output};
use std::time::{Duration, UNIX_EPOCH};

use flate2::write::GzEncoder;
use tempfile::TempDir;
use tidegate::beside::Beside;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Source};
use tidegate::watch::{News, Trouble, Turn, Watch};
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

/// 2025-11-04T08:00:00Z: minute 0 of all tests.
const START_MS: u64 = 1_762_243_200_000;

const MINUTE_MS: u64 = 60_000;

const DAY_MINUTES: u64 = 24 * 60;
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

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Compresses a file as gzip does: the other one is there before it goes.
    fn pack(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(from)).unwrap();
        fs::write(self.path(to), packed(&text)).unwrap();
        fs::remove_file(self.path(from)).unwrap();
    }

    /// Copies a file and cuts it, as logrotate's `copytruncate` does.
    fn copy_and_cut(&self, from: &str, to: &str) {
        self.copy(from, to);
        File::create(self.path(from)).unwrap();
    }

    fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    /// Somebody who watches `what`.
    fn watch(&self, what: &str) -> Watch {
        Watch::new(&[Input::Path(self.path(what))], None, WINDOW_MS, self.kept.path())
    }

    /// Looks at minute `minute`; says what could not be read, too.
    fn look(&self, watch: &mut Watch, minute: u64) -> (Option<Turn>, Trouble) {
        // As whoever begins to watch at minute 0 would have it.
        let options = Options::default().written_until(minute_of(0));
        let night = Night {
            source: Source::Files { inputs: &[], options },
            rules: &self.rules,
            secret: &self.secret,
            beside: Beside::default(),
        };
        let now = minute_of(minute);
        let trouble = watch.take(now).unwrap();
        (watch.look(&night, &[], 10, now).unwrap(), trouble)
    }

    /// Looks where all can be read.
    fn turn(&self, watch: &mut Watch, minute: u64) -> Option<Turn> {
        let (turn, trouble) = self.look(watch, minute);
        assert!(trouble.failed.is_empty() && trouble.left_out.is_empty(), "{trouble:?}");
        turn
    }

    /// How many requests are seen at minute `minute`.
    fn requests(&self, watch: &mut Watch, minute: u64) -> u64 {
        requests(self.turn(watch, minute).as_ref())
    }

    /// The command line, run in the folder.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).current_dir(self.folder.path()).output().unwrap()
    }
}

fn minute_of(minute: u64) -> Time {
    Time::from_unix_millis(START_MS + minute * MINUTE_MS)
}

fn requests(turn: Option<&Turn>) -> u64 {
    turn.map_or(0, |turn| turn.analysis.total.requests)
}

/// So many pages of one client, within a minute of the morning.
fn lines(client: u8, minute: u64, count: u64) -> String {
    lines_of("04", client, minute, count)
}

/// The same, of another day of the month.
fn lines_of(day: &str, client: u8, minute: u64, count: u64) -> String {
    let mut lines = String::new();
    for page in 0..count {
        let (second, time) = (page * 59 / count.max(1), format!("{day}/Nov/2025:08"));
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
    let watch = ["watch", "--rules", "site.toml", "--every", "0", "--turns", "2"];
    let output = place.run(&[&watch[..], &["--propose", "proposal.toml", "access.log"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("410 requests of 2")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(text.matches("New at").count(), 1, "{text}");
    let proposed = fs::read_to_string(place.path("proposal.toml")).unwrap();
    assert!(proposed.contains("[rule.evidence]"), "{proposed}");
    let checked = place.run(&["check", "site.toml", "--with", "proposal.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");

    let piped = place.run(&["watch", "--turns", "1", "-"]);
    let trouble = String::from_utf8(piped.stderr).unwrap();
    assert!(trouble.contains("a pipe cannot be watched"), "{trouble}");
}

#[test]
fn what_is_of_its_own_time_is_read_however_long_the_watch_goes_on() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    let mut watch = place.watch("access.log");
    assert_eq!(place.requests(&mut watch, 0), 3);
    place.append("access.log", lines_of("06", 1, 0, 4).as_bytes());
    assert_eq!(place.requests(&mut watch, 2 * DAY_MINUTES), 4);
    place.append("access.log", lines_of("08", 1, 0, 5).as_bytes());
    let turn = place.turn(&mut watch, 2 * DAY_MINUTES + 1).unwrap();
    assert_eq!(requests(Some(&turn)), 4);
    assert_eq!((turn.came[0].read, turn.came[0].bad), (5, 5), "of the day after tomorrow");
}

/// A log that is followed in a folder, as logrotate finds it.
struct Rotated {
    place: Place,
    watch: Watch,
    minute: u64,
    seen: u64,
}

impl Rotated {
    fn begin() -> Self {
        let place = Place::new();
        place.append("access.log", lines(1, 0, 90).as_bytes());
        let watch = place.watch(".");
        let mut rotated = Self { place, watch, minute: 0, seen: 0 };
        rotated.sees(90);
        rotated
    }

    /// Appends so many lines of another time.
    fn write(&self, name: &str, count: u64) {
        self.place.append(name, lines(1, self.minute + 1, count).as_bytes());
    }

    /// Looks a minute later, and sees so many requests more.
    #[track_caller]
    fn sees(&mut self, more: u64) {
        let now = self.place.requests(&mut self.watch, self.minute);
        self.minute += 1;
        assert_eq!(now - self.seen, more);
        self.seen = now;
    }
}

/// `rotate` with `compress` and `delaycompress`.
#[test]
fn a_renamed_file_of_a_folder_keeps_its_place_until_it_is_compressed() {
    let mut log = Rotated::begin();
    log.write("access.log", 2);
    log.place.rename("access.log", "access.log.1");
    log.write("access.log", 4);
    log.sees(6);
    log.write("access.log.1", 1);
    log.sees(1);
    log.write("access.log", 3);
    log.place.rename("access.log.1", "access.log.2");
    log.place.pack("access.log.2", "access.log.2.gz");
    log.place.rename("access.log", "access.log.1");
    log.write("access.log", 5);
    log.sees(8);
    log.sees(0);
    // What was not taken is still known by another name.
    log.place.rename("access.log.2.gz", "access.log.3.gz");
    log.sees(0);
    log.sees(0);
}

/// `rotate` with `compress`: between two looks, the file is gone, and its last
/// lines are in the compressed one alone.
#[cfg(unix)]
#[test]
fn a_file_that_is_compressed_at_once_is_seen_to_its_end_and_once() {
    let mut log = Rotated::begin();
    log.write("access.log", 2);
    log.place.pack("access.log", "access.log.1.gz");
    log.write("access.log", 4);
    log.sees(6);
    log.sees(0);
    log.sees(0);
}

/// A compressed file is a copy from when it can be told, be it that not all of it is
/// there yet.
#[test]
fn a_file_that_is_being_compressed_is_not_taken() {
    let mut log = Rotated::begin();
    let text = fs::read_to_string(log.place.path("access.log")).unwrap();
    log.place.rename("access.log", "access.log.1");
    log.write("access.log", 4);
    let gzip = packed(&text);
    let (start, rest) = gzip.split_at(gzip.len() / 2);
    log.place.append("access.log.1.gz", &start[..1]);
    log.sees(4);
    log.place.append("access.log.1.gz", &start[1..]);
    log.sees(0);
    log.place.append("access.log.1.gz", rest);
    fs::remove_file(log.place.path("access.log.1")).unwrap();
    log.sees(0);
    log.sees(0);
    log.sees(0);
}

#[test]
fn names_with_a_date_are_names_like_others() {
    let mut log = Rotated::begin();
    log.write("access.log", 2);
    log.place.rename("access.log", "access.log-20251104");
    log.write("access.log", 4);
    log.sees(6);
    log.place.pack("access.log-20251104", "access.log-20251104.gz");
    log.place.rename("access.log", "access.log-20251105");
    log.write("access.log", 3);
    log.sees(3);
    log.sees(0);
}

/// `copytruncate`: what came between the last look and the cut is lost, and the copy
/// is not a day of requests that have just come.
#[test]
fn a_copy_of_a_file_is_left_out_and_the_file_read_from_its_start_once_it_is_cut() {
    let mut log = Rotated::begin();
    log.write("access.log", 2);
    log.place.copy_and_cut("access.log", "access.log.1");
    log.write("access.log", 4);
    log.sees(4);
    log.sees(0);
    // The next day, with `delaycompress`; a new file may get the inode of an old one.
    log.place.pack("access.log.1", "access.log.2.gz");
    log.place.copy_and_cut("access.log", "access.log.1");
    log.write("access.log", 3);
    log.sees(3);
    log.sees(0);
    log.sees(0);
}

#[test]
fn a_copy_is_one_before_the_file_is_cut_too() {
    let mut log = Rotated::begin();
    log.place.copy("access.log", "access.log.1");
    log.sees(0);
    log.write("access.log.1", 2);
    File::create(log.place.path("access.log")).unwrap();
    log.sees(0);
    log.write("access.log", 3);
    log.sees(3);
}

#[test]
fn a_file_that_was_cut_and_has_grown_beyond_the_old_place_is_read_from_its_start() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    let mut watch = place.watch("access.log");
    assert_eq!(place.requests(&mut watch, 0), 3);
    fs::write(place.path("access.log"), lines(1, 1, 40)).unwrap();
    assert_eq!(place.requests(&mut watch, 1), 43);
}

/// As rsync does: a new file takes the name, and begins as the old one did.
#[test]
fn a_file_that_is_replaced_by_a_longer_one_is_read_on() {
    let mut log = Rotated::begin();
    for _ in 0..2 {
        log.place.copy("access.log", ".new");
        log.write(".new", 2);
        log.place.rename(".new", "access.log");
        log.sees(2);
    }
}

/// Yesterday's file may lie beside today's when the watch begins.
#[test]
fn what_was_not_written_to_within_the_window_is_of_another_time() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    place.append("access.log.1", lines_of("03", 1, 0, 50).as_bytes());
    let an_hour_ago = Duration::from_millis(START_MS - 60 * MINUTE_MS);
    let yesterday = OpenOptions::new().append(true).open(place.path("access.log.1")).unwrap();
    yesterday.set_modified(UNIX_EPOCH + an_hour_ago).unwrap();
    let mut watch = place.watch(".");
    assert_eq!(place.requests(&mut watch, 0), 3);
    place.append("access.log.1", lines(2, 1, 2).as_bytes());
    assert_eq!(place.requests(&mut watch, 1), 5, "it is followed all the same");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_gone_is_let_go() {
    let place = Place::new();
    let is_held = |name: &str| {
        let open = fs::read_dir("/proc/self/fd").unwrap();
        let mut open = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        let file = place.folder.path().canonicalize().unwrap().join(name);
        open.any(|open| open.to_string_lossy().starts_with(&*file.to_string_lossy()))
    };
    place.append("access.log", lines(1, 0, 3).as_bytes());
    let mut watch = place.watch(".");
    assert_eq!(place.requests(&mut watch, 0), 3);
    place.append("access.log", lines(1, 1, 2).as_bytes());
    assert!(is_held("access.log"));
    fs::remove_file(place.path("access.log")).unwrap();
    assert_eq!(place.requests(&mut watch, 1), 5, "to its end");
    assert!(is_held("access.log"), "somebody may still write to it");
    place.requests(&mut watch, 2);
    assert!(!is_held("access.log"));
    place.requests(&mut watch, 60);
    assert!(!format!("{watch:?}").contains("access.log"), "nothing is kept of it");
}

#[test]
fn a_file_that_is_no_log_is_left_out_and_told_once() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    place.append("error.log", b"2025/11/04 08:00:00 [error] 7#7: *1 open() failed\n");
    let mut watch = place.watch(".");
    let (turn, trouble) = place.look(&mut watch, 0);
    assert_eq!(requests(turn.as_ref()), 3);
    assert!(trouble.failed.is_empty());
    assert_eq!(trouble.left_out, [place.path(".").join("error.log")]);
    for minute in 1..3 {
        place.append("error.log", b"2025/11/04 08:01:00 [error] 7#7: *2 open() failed\n");
        place.append("access.log", lines(1, minute, 2).as_bytes());
        let turn = place.turn(&mut watch, minute).unwrap();
        assert_eq!(requests(Some(&turn)), 3 + 2 * minute);
        assert!(turn.came.iter().all(|piece| piece.path.ends_with("access.log")));
    }
}

/// A compressed file that is broken is not in the way of the others.
#[test]
fn a_compressed_file_that_cannot_be_read_is_told_once() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    let mut watch = place.watch(".");
    assert_eq!(place.requests(&mut watch, 0), 3);
    let mut broken = packed(&lines(2, 0, 90));
    // Its checksum.
    let end = broken.len();
    broken[end - 8..end - 4].fill(0);
    place.append("broken.gz", &broken);
    assert_eq!(place.requests(&mut watch, 1), 3);
    let (turn, trouble) = place.look(&mut watch, 2);
    assert_eq!(requests(turn.as_ref()), 3);
    assert!(trouble.failed[0].to_string().contains("broken.gz"), "{trouble:?}");
    assert_eq!(place.requests(&mut watch, 3), 3);
}

/// The format is the file's: what comes in a minute may be a single broken line.
#[test]
fn bad_lines_are_told_under_the_name_of_their_log() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    let mut watch = place.watch(".");
    assert!(place.turn(&mut watch, 0).unwrap().came[0].samples.is_empty());
    place.append("access.log", b"what is this\n");
    let turn = place.turn(&mut watch, 1).unwrap();
    assert_eq!(requests(Some(&turn)), 3);
    let told = tidegate::watch::report::bad_lines(&turn);
    assert!(told.starts_with(&place.path(".").join("access.log").display().to_string()), "{told}");
    assert!(told.contains("access.log: 1 of 1 new lines are no requests"), "{told}");
    assert!(told.contains("\n    what is this\n"), "{told}");
    let turn = place.turn(&mut watch, 2).unwrap();
    assert_eq!(tidegate::watch::report::bad_lines(&turn), "", "once");
}

#[test]
fn as_a_command_it_fails_where_it_cannot_read_what_was_asked_for() {
    let place = Place::new();
    place.append("access.log", lines(1, 0, 3).as_bytes());
    place.append("error.log", b"2025/11/04 08:00:00 [error] 7#7: *1 open() failed\n");
    let watch = |log: &str| {
        let output = place.run(&["watch", "--every", "0", "--turns", "1", log]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, told) = watch("missing.log");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("cannot open `missing.log`: No such file"), "{told}");
    let (code, told) = watch("error.log");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("`error.log` is not a log that I know"), "{told}");
    let (code, told) = watch(".");
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("left out: `./error.log` is not a log that I know"), "{told}");
}

/// A process that does not outlive its test.
#[cfg(unix)]
struct Running(Child);

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        // It has ended where all is well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines of the window have full addresses: nobody else may read them, and they
/// go when the watch does.
#[cfg(unix)]
#[test]
fn as_a_command_it_hides_the_lines_and_ends_cleanly_when_it_is_asked_to() {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Stdio;

    for signal in ["TERM", "INT"] {
        let place = Place::new();
        place.append("access.log", lines(1, 0, 3).as_bytes());
        let temporary = TempDir::new().unwrap();
        let mut watch = Running(
            Command::new(env!("CARGO_BIN_EXE_tidegate"))
                .args(["watch", "--every", "60", "--propose", "proposal.toml", "access.log"])
                .current_dir(place.folder.path())
                .env("TMPDIR", temporary.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut told = String::new();
        BufReader::new(watch.0.stdout.take().unwrap()).read_line(&mut told).unwrap();
        assert!(told.contains("3 requests of 1 clients"), "{told}");
        let kept = fs::read_dir(temporary.path()).unwrap().next().unwrap().unwrap();
        assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let kill = format!("kill -{signal} {}", watch.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert_eq!(watch.0.wait().unwrap().code(), Some(0), "{signal}");
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "{signal}");
        let mut files: Vec<_> = fs::read_dir(place.folder.path()).unwrap().flatten().collect();
        files.sort_by_key(fs::DirEntry::file_name);
        let names: Vec<_> = files.iter().map(fs::DirEntry::file_name).collect();
        assert_eq!(names, ["access.log", "proposal.toml"]);
    }
}
