//! Log files in, lines and a summary out: every format over fixtures named by
//! situation, compression, and what must not happen.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;
use tidegate::ingest::{
    Compression, Format, IngestError, Input, Line, Options, Parser, Progress, SAMPLES_PER_FILE,
    Summary, read,
};
use tidegate_rules::{Action, Client};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
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

/// A line as a person compares it, one fact a row, absent ones left out.
fn shown(line: &Line<'_>) -> String {
    let request = &line.request;
    let mut text = format!("{} {} {}", request.time.unix_millis(), request.method, request.path);
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(text, "\n  {name}: {value}").unwrap();
        }
    };
    let owned = |value: Option<&str>| value.map(|value| format!("{value:?}"));
    fact("host", owned(request.host));
    fact("query", owned(request.query));
    fact(
        "client",
        request.client.map(|client| match client {
            Client::Address(address) => address.to_string(),
            Client::Hashed { client, network } => format!("{client:016x} in {network:016x}"),
        }),
    );
    fact("user agent", owned(request.user_agent));
    fact("referer", owned(line.referer));
    fact("protocol", request.signals.protocol.map(|protocol| format!("{protocol:?}")));
    fact("fingerprint", request.signals.fingerprint.map(|hash| hash.to_string()));
    fact("asn", request.asn.map(|asn| asn.to_string()));
    fact("country", owned(request.country));
    fact("pop", owned(request.pop));
    fact("credentials", request.credentials.map(|has| has.to_string()));
    fact("request id", owned(request.request_id));
    fact("status", line.outcome.status.map(|status| status.to_string()));
    fact("cache", line.outcome.cache.map(|cache| format!("{cache:?}")));
    fact("origin ms", line.outcome.origin_ms.map(|millis| millis.to_string()));
    fact("bytes", line.bytes.map(|bytes| bytes.to_string()));
    fact("on shield", line.on_shield.then(|| "yes".to_owned()));
    fact(
        "decided",
        line.decided.map(|record| format!("{:?} by {:?}", record.decision, record.rule)),
    );
    fact("sampled", (line.sampled != 100).then(|| line.sampled.to_string()));
    text
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

/// All bad lines of a fixture, not just the first few: each is read as a file
/// of its own would be, by one parser.
fn reasons(format: Format, name: &str) -> String {
    let mut parser = Parser::new(format);
    let mut text = String::new();
    for (number, line) in (1..).zip(fs::read_to_string(fixture(name)).unwrap().lines()) {
        let result = parser.parse(line, &mut |_| {});
        let result =
            result.map_or_else(|reason| format!("bad: {reason}"), |parsed| format!("{parsed:?}"));
        writeln!(text, "{number:2} {result}").unwrap();
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
fn every_format_is_detected_and_read() {
    for (format, name) in [
        (Format::FastlyAccess, "fastly-basic"),
        (Format::CloudFront, "cloudfront-basic"),
        (Format::Combined, "combined-basic"),
        (Format::Record, "record-basic"),
    ] {
        let (lines, summary) = read_one(&fixture(&format!("{name}.log")));
        assert_eq!(summary.files[0].format, Some(format), "{name}");
        assert_eq!(
            (summary.read(), summary.bad()),
            (lines.len() as u64, 0),
            "{}",
            samples(&summary)
        );
        insta::assert_snapshot!(name, lines.join("\n"));
    }
}

#[test]
fn bad_lines_are_counted_sampled_and_explained() {
    for (format, name) in [
        (Format::FastlyAccess, "fastly-recoverable-errors"),
        (Format::CloudFront, "cloudfront-recoverable-errors"),
        (Format::Combined, "combined-recoverable-errors"),
        (Format::Record, "record-recoverable-errors"),
    ] {
        let file = format!("{name}.log");
        let (_, summary) = read_one(&fixture(&file));
        assert_eq!(summary.files[0].format, Some(format), "{name}");
        assert!(summary.files[0].samples.len() <= SAMPLES_PER_FILE);
        insta::assert_snapshot!(name, format!("{}\n{}", reasons(format, &file), samples(&summary)));
    }
}

#[test]
fn an_unknown_version_of_a_log_is_one_bad_line_and_its_requests_are_read() {
    let (lines, summary) = read_one(&fixture("cloudfront-unknown-version.log"));
    assert_eq!((lines.len(), summary.read(), summary.bad()), (1, 2, 1));
    assert_eq!(summary.files[0].samples[0].reason.to_string(), "unknown version `2.0`");
}

#[test]
fn a_log_without_requests_is_no_error() {
    let (lines, summary) = read_one(&fixture("cloudfront-no-requests.log"));
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
        assert!(!summary.truncated());
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
        assert!(summary.truncated());
        assert_eq!(summary.bad(), 0, "{}", samples(&summary));
        assert!(lines.len() > 5_000 && lines.len() < 20_000, "{} lines", lines.len());
        assert!(lines == expected[..lines.len()], "the lines are those of the log");
    }
    for (cut, whole) in
        [(12, gzip(log.as_bytes())), (6, zstd::encode_all(log.as_bytes(), 1).unwrap())]
    {
        let (lines, summary) = read_one(&write_file(&directory, "cut", &whole[..cut]));
        assert_eq!((lines.len(), summary.truncated()), (0, true));
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
fn samples_hide_client_addresses_unless_asked_for() {
    let path = fixture("combined-recoverable-errors.log");
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
    let inputs = [Input::Path(fixture("record-basic.log"))];
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
    ["fastly-basic.log", "cloudfront-basic.log", "combined-basic.log", "record-basic.log"]
        .iter()
        .flat_map(|name| {
            let text = fs::read(fixture(name)).unwrap();
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
