//! Log files in, lines and a summary out: compression, many files, and what must
//! not happen. What each format and each damage looks like is in `logs.rs`.

mod shown;

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;
use tidegate::ingest::{
    Compression, FileSummary, Format, IngestError, Input, Options, Parser, Progress, Summary, read,
};
use tidegate_rules::Action;

use shown::shown;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs").join(name)
}

fn read_with(paths: &[PathBuf], options: &Options) -> Result<(Vec<String>, Summary), IngestError> {
    let inputs: Vec<_> = paths.iter().cloned().map(Input::Path).collect();
    let mut lines = Vec::new();
    let summary = read(&inputs, options, &mut |_| {}, &mut |line, _| lines.push(shown(line)))?;
    Ok((lines, summary))
}

fn read_one(path: &Path) -> (Vec<String>, Summary) {
    read_with(&[path.to_owned()], &Options::default()).unwrap()
}

fn samples(summary: &Summary) -> String {
    let mut text = String::new();
    for file in &summary.files {
        let format = file.format.map_or("no format", Format::name);
        writeln!(text, "{format}: {} lines read, {} bad", file.read, file.bad).unwrap();
        for bad in &file.samples {
            writeln!(text, "line {}: {}\n    {}", bad.line, bad.reason, bad.text).unwrap();
        }
    }
    text
}

fn write_file(directory: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn common_lines(count: usize) -> String {
    let line =
        |i| format!("192.0.2.1 - - [04/Nov/2025:08:15:42 +0000] \"GET /{i} HTTP/1.1\" 200 {i}\n");
    (0..count).map(line).collect()
}

#[test]
fn a_log_without_requests_is_no_error() {
    let (lines, summary) = read_one(&fixture("cloudfront/no-requests.log"));
    assert_eq!((lines.len(), summary.read(), summary.bad()), (0, 0, 0));
    assert_eq!(summary.files[0].format, Some(Format::CloudFront));

    let directory = TempDir::new().unwrap();
    for blank in ["", "\n", "\r\n\n"] {
        let (lines, summary) = read_one(&write_file(&directory, "blank.log", blank.as_bytes()));
        assert_eq!((lines.len(), summary.read(), summary.files[0].format), (0, 0, None));
    }
}

#[test]
fn a_file_of_bad_lines_of_a_known_format_is_read() {
    let directory = TempDir::new().unwrap();
    let bytes = "{\"version\":\"42\"}\n".repeat(3);
    let (_, summary) = read_one(&write_file(&directory, "later.log", bytes.as_bytes()));
    assert_eq!((summary.read(), summary.bad()), (3, 3));
    assert_eq!(summary.files[0].format, Some(Format::FastlyAccess));
}

#[test]
fn what_is_no_log_fails_in_one_line_that_lists_the_formats() {
    let directory = TempDir::new().unwrap();
    let path = write_file(&directory, "notes.txt", b"buy milk\n");
    let error = read_with(std::slice::from_ref(&path), &Options::default()).unwrap_err();
    insta::assert_snapshot!(
        "unknown-format",
        error.to_string().replace(&*path.to_string_lossy(), "notes.txt")
    );

    let named = Options { format: Some(Format::Combined), ..Options::default() };
    let (lines, summary) = read_with(&[path], &named).unwrap();
    assert_eq!((lines.len(), summary.read(), summary.bad()), (0, 1, 1));
}

#[test]
fn a_missing_file_and_an_empty_directory_fail() {
    let directory = TempDir::new().unwrap();
    let missing =
        read_with(&[directory.path().join("missing.log")], &Options::default()).unwrap_err();
    assert!(matches!(missing, IngestError::Open { .. }));
    let empty = read_with(&[directory.path().to_owned()], &Options::default()).unwrap_err();
    assert!(matches!(empty, IngestError::EmptyDirectory { .. }));
}

#[test]
fn a_glob_stands_for_what_matches_and_no_file_is_read_twice() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("a")).unwrap();
    for name in ["a/1.log", "a/2.log", "a/.3.log", "a/4.txt", "5.log", "[6].log"] {
        write_file(&directory, name, common_lines(1).as_bytes());
    }
    let found = |names: &[&str]| {
        let paths: Vec<_> = names.iter().map(|name| directory.path().join(name)).collect();
        let (_, summary) = read_with(&paths, &Options::default())?;
        let name = |file: &FileSummary| {
            let path = Path::new(&file.path).strip_prefix(directory.path()).unwrap();
            path.to_str().unwrap().to_owned()
        };
        Ok::<_, IngestError>(summary.files.iter().map(name).collect::<Vec<_>>())
    };
    assert_eq!(found(&["*/*.log"]).unwrap(), ["a/1.log", "a/2.log"]);
    assert_eq!(found(&["**/*.log"]).unwrap(), ["5.log", "[6].log", "a/1.log", "a/2.log"]);
    assert_eq!(found(&["[6].log"]).unwrap(), ["[6].log"], "a file's name comes first");
    assert_eq!(
        found(&["?.log", "a/2.log", "a", "a/*"]).unwrap(),
        ["5.log", "a/2.log", "a/1.log", "a/4.txt"]
    );
    let error = found(&["a/1.log", "b/*.log"]).unwrap_err();
    assert!(matches!(&error, IngestError::NoMatch { pattern } if pattern.ends_with("b/*.log")));
    assert!(found(&["***"]).is_err() && found(&["a/[.log"]).is_err());
}

#[test]
fn a_directory_is_read_in_order_without_hidden_files() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("a")).unwrap();
    for name in ["b.log", "a/2.log", "a/10.log", ".hidden"] {
        write_file(&directory, name, common_lines(1).as_bytes());
    }
    let (_, summary) = read_one(directory.path());
    let names = summary
        .files
        .iter()
        .map(|file| Path::new(&file.path).strip_prefix(directory.path()).unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["a/10.log", "a/2.log", "b.log"].map(Path::new));
}

#[test]
fn compressed_files_are_known_by_their_bytes() {
    let directory = TempDir::new().unwrap();
    let (half, whole) = (common_lines(2_500), common_lines(2_500).repeat(2));
    let (expected, _) = read_one(&write_file(&directory, "plain", whole.as_bytes()));
    assert_eq!(expected.len(), 5_000);

    let frame = zstd::encode_all(half.as_bytes(), 1).unwrap();
    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7], &*frame, &*frame].concat();
    for (bytes, compression) in [
        (gzip(whole.as_bytes()), Compression::Gzip),
        ([gzip(half.as_bytes()), gzip(half.as_bytes())].concat(), Compression::Gzip),
        ([&*frame, &*frame].concat(), Compression::Zstd),
        (skippable, Compression::Zstd),
    ] {
        let (lines, summary) = read_one(&write_file(&directory, "misnamed.txt", &bytes));
        assert_eq!(summary.files[0].compression, compression);
        assert_eq!(summary.files[0].bytes, bytes.len() as u64);
        assert!(summary.is_whole());
        assert!(lines == expected, "{compression:?}: {} lines", lines.len());
    }
}

#[test]
fn a_truncated_file_gives_what_it_holds_and_says_so() {
    let directory = TempDir::new().unwrap();
    // Numbers that compress badly, so that a cut leaves whole lines before it.
    let log = common_lines(20_000);
    let (expected, _) = read_one(&write_file(&directory, "plain", log.as_bytes()));
    for bytes in [gzip(log.as_bytes()), zstd::encode_all(log.as_bytes(), 1).unwrap()] {
        let (lines, summary) =
            read_one(&write_file(&directory, "cut", &bytes[..bytes.len() * 3 / 4]));
        assert!(summary.files[0].truncated && !summary.is_whole());
        assert_eq!(summary.bad(), 0, "{}", samples(&summary));
        assert!(lines.len() > 5_000 && lines.len() < 20_000, "{} lines", lines.len());
        assert!(lines == expected[..lines.len()], "the lines are those of the log");
    }
    for (cut, whole) in
        [(12, gzip(log.as_bytes())), (6, zstd::encode_all(log.as_bytes(), 1).unwrap())]
    {
        let (lines, summary) = read_one(&write_file(&directory, "cut", &whole[..cut]));
        assert_eq!((lines.len(), summary.is_whole()), (0, false));
    }
}

#[test]
fn a_corrupt_file_fails() {
    let directory = TempDir::new().unwrap();
    let mut bytes = gzip(common_lines(20_000).as_bytes());
    let end = bytes.len() - 6;
    bytes[end] ^= 0xff;
    let error =
        read_with(&[write_file(&directory, "bad.gz", &bytes)], &Options::default()).unwrap_err();
    assert!(matches!(error, IngestError::Read { .. }), "{error}");
}

#[test]
fn odd_bytes_cost_no_line_and_long_lines_cost_one() {
    let directory = TempDir::new().unwrap();
    let mut bytes = b"\0\0".to_vec();
    bytes.extend_from_slice(common_lines(1).trim_end().as_bytes());
    bytes.extend_from_slice(b" \"-\" \"odd \xff\xfe agent\"\r\n\r\n");
    bytes.extend_from_slice(&vec![b'x'; (1 << 20) + 1]);
    bytes.extend_from_slice(b"\n");
    bytes.extend_from_slice(common_lines(1).as_bytes());
    let (lines, summary) = read_one(&write_file(&directory, "odd.log", &bytes));
    assert_eq!((lines.len(), summary.read(), summary.bad()), (2, 3, 1));
    assert!(lines[0].contains("user agent: \"odd \u{fffd}\u{fffd} agent\""), "{}", lines[0]);
    let bad = &summary.files[0].samples[0];
    assert_eq!((bad.line, bad.reason.to_string().as_str()), (3, "longer than 1 MiB"));
    assert_eq!(bad.text.chars().count(), 121);
}

#[test]
fn a_line_of_ten_megabytes_costs_one_line_wherever_it_stands() {
    let directory = TempDir::new().unwrap();
    let (long, line) = (vec![b'x'; 10_000_000], common_lines(1));
    let log = [&long, &b"\n"[..], line.as_bytes(), &long, b"\n", line.as_bytes(), &long].concat();
    for bytes in [log.clone(), gzip(&log), zstd::encode_all(&*log, 1).unwrap()] {
        let (lines, summary) = read_one(&write_file(&directory, "long.log", &bytes));
        assert_eq!((lines.len(), summary.read(), summary.bad()), (2, 5, 3));
    }
    let alone = write_file(&directory, "alone.log", &long);
    let error = read_with(&[alone], &Options::default()).unwrap_err();
    assert!(matches!(error, IngestError::UnknownFormat { .. }), "{error}");
}

#[test]
fn samples_hide_client_addresses_unless_asked_for() {
    let path = fixture("combined/recoverable-errors.log");
    for (addresses, expected) in [(false, "192.0.2.0/24 - - "), (true, "192.0.2.20 - - ")] {
        let options = Options { addresses, ..Options::default() };
        let (_, summary) = read_with(std::slice::from_ref(&path), &options).unwrap();
        assert!(
            summary.files[0].samples[0].text.starts_with(expected),
            "{}",
            summary.files[0].samples[0].text
        );
    }
}

#[test]
fn records_hand_on_what_was_decided() {
    let inputs = [Input::Path(fixture("record/basic.log"))];
    let decided = Cell::new(None);
    read(&inputs, &Options::default(), &mut |_| {}, &mut |line, _| {
        let record = line.decided.unwrap();
        if record.decision == Action::Throttle {
            decided.set(Some((record.units, record.retry_ms, line.sampled)));
        }
    })
    .unwrap();
    assert_eq!(decided.get(), Some((40, Some(1_500), 10)));
}

#[test]
fn progress_ends_at_the_sum_of_all_files() {
    let directory = TempDir::new().unwrap();
    let log = common_lines(20_000);
    let compressed = gzip(log.as_bytes());
    let paths =
        [write_file(&directory, "a", log.as_bytes()), write_file(&directory, "b", &compressed)];
    let inputs = paths.map(Input::Path);
    let mut seen = Vec::new();
    let mut note =
        |progress: Progress<'_>| seen.push((progress.bytes, progress.bytes_total, progress.lines));
    read(&inputs, &Options::default(), &mut note, &mut |_, _| {}).unwrap();
    let total = (log.len() + compressed.len()) as u64;
    assert!(seen.len() > 4 && seen.is_sorted());
    assert_eq!(seen.last(), Some(&(total, Some(total), 40_000)));
}

#[test]
fn arguments_and_names() {
    assert_eq!(Input::from_argument("-".as_ref()), Input::Stdin);
    assert_eq!(Input::from_argument("a.log".as_ref()), Input::Path("a.log".into()));
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    insta::assert_snapshot!("unknown-format-name", "apache".parse::<Format>().unwrap_err());
}

/// Lines of every format, to be broken.
fn good_lines() -> Vec<Vec<u8>> {
    [
        "fastly/both-versions",
        "fastly-vcl/template",
        "cloudfront/basic",
        "combined/basic",
        "record/basic",
    ]
    .map(|name| fixture(&format!("{name}.log")))
    .iter()
    .flat_map(|path| {
        let text = fs::read(path).unwrap();
        text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()
    })
    .collect()
}

/// Every parser gets every line: none may panic, whatever it says.
fn parse_with_all<'a>(lines: impl Iterator<Item = &'a [u8]>) {
    let mut parsers = Format::ALL.map(Parser::new);
    for line in lines {
        let text = String::from_utf8_lossy(line);
        for parser in &mut parsers {
            let _ = parser.parse(&text, &mut |line| drop(shown(line)));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(lines in prop::collection::vec(any::<Vec<u8>>(), 1..8)) {
        parse_with_all(lines.iter().map(Vec::as_slice));
    }

    #[test]
    fn no_broken_line_makes_a_parser_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let lines = good_lines();
        let mut line = lines[which.index(lines.len())].clone();
        for (at, byte) in changes {
            if !line.is_empty() {
                let at = at.index(line.len());
                line[at] = byte;
            }
        }
        if !whole {
            line.truncate(cut.index(line.len() + 1));
        }
        let directives = lines.iter().filter(|line| line.starts_with(b"#")).map(Vec::as_slice);
        parse_with_all(directives.chain([line.as_slice()]));
    }
}
