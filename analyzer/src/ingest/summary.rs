//! What was read: counts for every file, and samples of what could not be read.
//!
//! A sample is text that a hostile client may have written: it is cut, its
//! control characters are escaped, and client addresses in it are shown as
//! networks unless asked for.

use super::parser::{BadReason, Format, Parsed};
use super::text;
use crate::basis::Window;
use crate::text::network;

/// Bad lines that are kept as samples, for each file.
pub const SAMPLES_PER_FILE: usize = 5;

/// How long two files may reach into each other's time, in milliseconds.
const OVERLAP_MS: u64 = 60_000;

/// Characters of a bad line that are shown.
const SAMPLE_CHARS: usize = 120;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Plain bytes.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
}

/// What one run of reading saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The files, in the order in which they were read.
    pub files: Vec<FileSummary>,
}

impl Summary {
    /// Lines of all files, bad ones included; see [`FileSummary::read`].
    #[must_use]
    pub fn read(&self) -> u64 {
        self.files.iter().map(|file| file.read).sum()
    }

    /// Bad lines of all files.
    #[must_use]
    pub fn bad(&self) -> u64 {
        self.files.iter().map(|file| file.bad).sum()
    }

    /// Bytes of all files, compressed where the files are.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The least share of client keys whose passes a file has, in percent.
    #[must_use]
    pub fn sampled(&self) -> u8 {
        self.files.iter().map(|file| file.sampled).min().unwrap_or(100)
    }

    /// Two logs of different kinds of the same time, where there are any: a request
    /// that both tell of counts twice.
    #[must_use]
    pub fn told_twice(&self) -> Option<[&FileSummary; 2]> {
        let pairs =
            self.files.iter().enumerate().flat_map(|(at, file)| {
                self.files.iter().skip(at + 1).map(move |other| [file, other])
            });
        pairs.into_iter().find(|[file, other]| file.tells_again(other))
    }

    /// Whether every file was read to its end and understood at least in part;
    /// whoever asked for it should be told by the exit code if not.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.files.iter().any(|file| file.truncated || file.is_lost())
    }
}

/// What one file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// The path as given, or below the directory given; `-` for standard input.
    pub path: String,
    /// Its format; `None` where it has no lines and no format was named.
    pub format: Option<Format>,
    /// How it is compressed.
    pub compression: Compression,
    /// Bytes of the file, compressed where it is.
    pub bytes: u64,
    /// Lines that are or should be requests, bad ones included. Empty lines and
    /// directives such as `#Fields` are not counted.
    pub read: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// The first of them, at most [`SAMPLES_PER_FILE`].
    pub samples: Vec<BadLine>,
    /// The file is compressed and ends early.
    pub truncated: bool,
    /// Share of client keys whose passes it has, in percent: the least that a line
    /// says, 100 in access logs.
    pub sampled: u8,
    /// From when to when it reaches; `None` where nothing in it could be read.
    pub window: Option<Window>,
    /// Its last line has no line end, and whoever read it did not take it; it is not
    /// counted.
    pub unfinished: bool,
}

impl FileSummary {
    /// Whether there are lines, and every one is bad.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.read > 0 && self.bad == self.read
    }

    pub(crate) fn new(path: String, compression: Compression) -> Self {
        Self {
            path,
            format: None,
            compression,
            bytes: 0,
            read: 0,
            bad: 0,
            samples: Vec::new(),
            truncated: false,
            sampled: 100,
            window: None,
            unfinished: false,
        }
    }

    /// Whether it is a log of another kind of the same time, for more than what an
    /// hour's file reaches into the next one's.
    fn tells_again(&self, other: &Self) -> bool {
        let overlaps = |(own, other): (Window, Window)| {
            let from = own.from.max(other.from).unix_millis();
            own.to.min(other.to).unix_millis().saturating_sub(from) > OVERLAP_MS
        };
        self.format != other.format && self.window.zip(other.window).is_some_and(overlaps)
    }

    pub(super) fn count(
        &mut self,
        line: u64,
        text: &str,
        result: &Result<Parsed, BadReason>,
        addresses: bool,
    ) {
        let reason = match result {
            Ok(Parsed::Request) => {
                self.read += 1;
                return;
            }
            Ok(Parsed::Directive) => return,
            Err(reason) => reason,
        };
        self.read += 1;
        self.bad += 1;
        if self.samples.len() < SAMPLES_PER_FILE {
            let reason = reason.clone();
            self.samples.push(BadLine { line, reason, text: sample(text, addresses) });
        }
    }
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, counted from one.
    pub line: u64,
    /// Why.
    pub reason: BadReason,
    /// Its first 120 characters, escaped.
    pub text: String,
}

fn sample(line: &str, addresses: bool) -> String {
    // Longer than what is shown, so that no address is cut before it is masked.
    let start: String = line.chars().take(2 * SAMPLE_CHARS).collect();
    let shown = if addresses { start } else { mask_addresses(&start) };
    text::escaped(&shown, SAMPLE_CHARS)
}

/// Replaces each full address by its /24 or /48.
fn mask_addresses(line: &str) -> String {
    let in_address = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(in_address) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !in_address(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        masked.push_str(before);
        match network_of(word) {
            Some(network) => masked.push_str(&network),
            None => masked.push_str(word),
        }
        rest = after;
    }
    masked + rest
}

/// The network of a word that is an address, with or without a port.
fn network_of(word: &str) -> Option<String> {
    let without_port = || word.rsplit_once(':')?.0.parse().ok();
    word.parse().ok().or_else(without_port).map(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(sample(line, false), expected);
    }

    #[test]
    fn samples_show_networks_not_addresses() {
        check("192.0.2.7 - - [", "192.0.2.0/24 - - [");
        check("192.0.2.7:4711, x", "192.0.2.0/24, x");
        check("{\"ip\":\"2001:db8:1:2::3\"}", "{\"ip\":\"2001:db8:1::/48\"}");
        check("[2001:db8::1]:443", "[2001:db8::/48]:443");
        check(
            "04/Nov/2025:08:15:42 Chrome/71.0.3578.98",
            "04/Nov/2025:08:15:42 Chrome/71.0.3578.98",
        );
        assert_eq!(sample("192.0.2.7", true), "192.0.2.7");
    }

    #[test]
    fn no_address_escapes_by_being_cut() {
        let line = format!("{}192.0.2.123", "x".repeat(SAMPLE_CHARS - 9));
        check(&line, &format!("{}192.0.2.0…", "x".repeat(SAMPLE_CHARS - 9)));
    }

    #[test]
    fn samples_are_cut_and_escaped() {
        check("a\u{1b}[31m\tb\u{202e}\"", "a\\u{1b}[31m\\tb\\u{202e}\"");
        let long = "ü".repeat(SAMPLE_CHARS + 1);
        assert_eq!(sample(&long, false), format!("{}…", "ü".repeat(SAMPLE_CHARS)));
    }
}
