//! What must hold of any bytes at all: run by the fuzzers in `analyzer/fuzz`, and
//! on stable over the inputs that they kept.

use std::io::Write as _;

use flate2::write::GzEncoder;
use tempfile::NamedTempFile;
use tidegate::ingest::{Format, IngestError, Input, Line, Options, Parser, Summary, read};

use crate::shown::shown;

/// One function for each kind of input, by the name of its corpus.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const TARGETS: [Target; 6] = [
    ("fastly", fastly),
    ("fastly-vcl", fastly_vcl),
    ("cloudfront", cloudfront),
    ("combined", combined),
    ("record", record),
    ("files", files),
];

/// Lines of one input that are looked at.
const LINES: usize = 64;

pub(crate) fn fastly(data: &[u8]) {
    lines_of(Format::FastlyAccess, data);
}

pub(crate) fn fastly_vcl(data: &[u8]) {
    lines_of(Format::FastlyVcl, data);
}

pub(crate) fn cloudfront(data: &[u8]) {
    lines_of(Format::CloudFront, data);
}

pub(crate) fn combined(data: &[u8]) {
    lines_of(Format::Combined, data);
}

pub(crate) fn record(data: &[u8]) {
    lines_of(Format::Record, data);
}

/// Any line is read or is bad for a reason that can be printed, what is read of
/// it lies within it, and it is read alike alone and after others: but for the
/// lines that say what a log's columns are.
fn lines_of(format: Format, data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parser = Parser::new(format);
    let mut directives: Vec<&str> = Vec::new();
    for line in text.split('\n').take(LINES) {
        let found = parse(&mut parser, line);
        let mut alone = Parser::new(format);
        for directive in &directives {
            let _ = alone.parse(directive, &mut |_| {});
        }
        assert_eq!(parse(&mut alone, line), found, "{line}");
        if line.starts_with('#') {
            directives.push(line);
        }
    }
}

/// What is understood of a line, or why it is bad.
fn parse(parser: &mut Parser, text: &str) -> Result<Option<String>, String> {
    let mut found = None;
    let result = parser.parse(text, &mut |line| {
        assert!(found.is_none(), "one line is one request");
        assert_within(line, text);
        found = Some(shown(line));
    });
    match result {
        Ok(_) => Ok(found),
        Err(reason) => {
            let reason = reason.to_string();
            assert!(!reason.is_empty() && reason.len() < 1_000, "{reason}");
            assert!(!reason.contains(char::is_control), "{reason:?}");
            Err(reason)
        }
    }
}

/// Nothing that is read of a line is longer than the line: it is a part of it,
/// or a part with its escapes undone.
fn assert_within(line: &Line<'_>, text: &str) {
    let request = &line.request;
    let texts = [Some(request.method), Some(request.path), request.query, request.host];
    let others = [request.user_agent, request.country, request.request_id, line.referer];
    for part in texts.into_iter().chain(others).flatten() {
        assert!(part.len() <= text.len(), "{part:?} of {text:?}");
    }
    // A missing path is `/`, and a node's name is written in capitals.
    assert!(request.pop.is_none_or(|pop| pop.len() <= text.len()));
    assert!(line.sampled <= 100);
}

/// Any bytes are a file; packed by either tool they are the same log, and cut
/// anywhere they are its beginning.
pub(crate) fn files(data: &[u8]) {
    // As they are, they may be a damaged archive.
    let _ = read_bytes(data, Options::default());
    let named = Options { format: Some(Format::Combined), ..Options::default() };
    let _ = read_bytes(data, named);

    let Ok((lines, summary)) = read_bytes(&[b"\n", data].concat(), named) else {
        panic!("plain bytes can always be read")
    };
    assert!(summary.bad() <= summary.read() && lines.len() as u64 <= summary.read());
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&[b"\n", data].concat()).unwrap();
    let zstd = zstd::encode_all(&*[b"\n", data].concat(), 1).unwrap();
    for packed in [gzip.finish().unwrap(), zstd] {
        let (unpacked, of_packed) = read_bytes(&packed, named).unwrap();
        assert_eq!(unpacked, lines);
        assert_eq!((of_packed.read(), of_packed.bad()), (summary.read(), summary.bad()));
        let cut = packed.len() * usize::from(data.first().copied().unwrap_or_default()) / 256;
        if let Ok((start, summary)) = read_bytes(&packed[..cut], named) {
            assert!(lines.starts_with(&start));
            assert!(cut < 4 || summary.files[0].truncated, "cut at {cut} of {}", packed.len());
        }
    }
}

fn read_bytes(bytes: &[u8], options: Options) -> Result<(Vec<String>, Summary), IngestError> {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let inputs = [Input::Path(file.path().to_owned())];
    let mut lines = Vec::new();
    let mut sink = |line: &Line<'_>, _| lines.push(shown(line));
    let summary = read(&inputs, &options, &mut |_| {}, &mut sink)?;
    Ok((lines, summary))
}
