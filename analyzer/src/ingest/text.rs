//! Pieces of text that more than one format is made of.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use memchr::{memchr, memchr3};
use tidegate_rules::{Client, Protocol};

use super::find::either;
use super::parser::BadReason;
use crate::text::plain;

/// Characters of a value that a reason quotes.
const QUOTED_CHARS: usize = 40;

/// Text of a line; what is not UTF-8 becomes U+FFFD, so that one odd byte in a
/// User-Agent does not cost the whole line.
pub(super) fn from_bytes(line: &[u8]) -> Cow<'_, str> {
    // The standard library's takes three times as long where all is well.
    let text = simdutf8::basic::from_utf8(line);
    text.map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed)
}

/// A line without its carriage return, and without the zero bytes that a crash
/// leaves in a file.
pub(super) fn trim_line(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r' | 0] = line {
        line = rest;
    }
    while let [0, rest @ ..] = line {
        line = rest;
    }
    line
}

/// Of a line that should be a JSON object.
pub(super) fn no_json() -> BadReason {
    BadReason::new("no JSON object at the start of the line or after a syslog prefix")
}

/// A reason from the JSON reader: it may quote what a client sent.
pub(super) fn bad_json(error: &serde_json::Error, start: usize) -> BadReason {
    let message = error.to_string();
    let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
    let column = start + error.column();
    BadReason::of(format!(
        "unreadable JSON: {} at column {column}",
        escaped(what, 2 * QUOTED_CHARS)
    ))
}

/// A value in backticks, bounded and escaped.
pub(super) fn quoted(value: &str) -> String {
    format!("`{}`", escaped(value, QUOTED_CHARS))
}

/// At most `chars` characters, then `…`; what a terminal would obey or not show
/// is escaped.
pub(super) fn escaped(value: &str, chars: usize) -> String {
    match value.char_indices().nth(chars) {
        Some((end, _)) => plain(value.split_at(end).0) + "…",
        None => plain(value),
    }
}

/// A URL taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

/// Takes a URL with a scheme and a host apart.
pub(super) fn split_url(url: &str) -> Option<Target<'_>> {
    let rest = url.strip_prefix("https://").or_else(|| after_scheme(url))?;
    let end = memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let user = authority.bytes().rposition(|byte| byte == b'@').map_or(0, |at| at + 1);
    let host = without_port(authority.get(user..)?);
    (!host.is_empty()).then(|| Target { host: Some(host), ..split_target(target) })
}

/// What the URL of the line before began with, up to its path: that of the next one is
/// mostly the same.
#[derive(Debug, Default)]
pub(super) struct Site(String);

impl Site {
    /// As [`split_url`].
    pub(super) fn split_url<'u>(&mut self, url: &'u str) -> Option<Target<'u>> {
        const SCHEME: &str = "https://";
        if !self.0.is_empty() && url.starts_with(&self.0) {
            let host = url.get(SCHEME.len()..self.0.len() - 1);
            return Some(Target { host, ..split_target(url.get(self.0.len() - 1..)?) });
        }
        let target = split_url(url)?;
        // What has a port, or a user, is read anew each time.
        let site = format!("{SCHEME}{}/", target.host.unwrap_or_default());
        if url.starts_with(&site) {
            self.0 = site;
        }
        Some(target)
    }
}

/// What follows the scheme of a URL.
fn after_scheme(url: &str) -> Option<&str> {
    let colon = memchr(b':', url.as_bytes())?;
    let (scheme, rest) = (url.get(..colon)?, url.get(colon..)?.strip_prefix("://")?);
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_scheme.then_some(rest)
}

/// Takes a path with its query apart; no path is `/`.
pub(super) fn split_target(target: &str) -> Target<'_> {
    let bytes = target.as_bytes();
    let end = either::<b'?', b'#'>(bytes).unwrap_or(bytes.len());
    let (path, rest) = target.split_at(end);
    let query = rest.strip_prefix('?').map(|query| {
        let end = memchr(b'#', query.as_bytes()).unwrap_or(query.len());
        query.split_at(end).0
    });
    Target { host: None, path: if path.is_empty() { "/" } else { path }, query }
}

/// What stands before and behind the first space.
pub(super) fn split_at_space(text: &str) -> Option<(&str, &str)> {
    // It is never far.
    let end = text.bytes().position(|byte| byte == b' ')?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// A host name without its port.
pub(super) fn without_port(host: &str) -> &str {
    let digits = host.bytes().rev().take_while(u8::is_ascii_digit).count();
    let name = host.split_at(host.len() - digits).0;
    name.strip_suffix(':').unwrap_or(host)
}

/// Undoes percent-encoding once; a `%` that encodes nothing stays.
pub(super) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let encoded = match after {
            [high, low, after @ ..] if *byte == b'%' => {
                hex_byte(*high, *low).map(|byte| (byte, after))
            }
            _ => None,
        };
        let (byte, after) = encoded.unwrap_or((*byte, after));
        decoded.push(byte);
        rest = after;
    }
    Cow::Owned(lossy(decoded))
}

/// The byte that two hex digits stand for.
pub(super) fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Like [`from_bytes`], without a copy where the bytes are UTF-8.
pub(super) fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Who sent a request. An IPv4 address in IPv6 clothes is the IPv4 address.
pub(super) fn client(address: &str) -> Result<Client, BadReason> {
    match parsed_address(address) {
        Some(address) => Ok(Client::Address(address.to_canonical())),
        None => Err(BadReason::of(format!("{} is not a client address", quoted(address)))),
    }
}

/// An address as the standard library reads it, in a third of the time where it
/// is of IPv4, as most are.
pub(super) fn parsed_address(text: &str) -> Option<IpAddr> {
    parsed_v4(text).map(IpAddr::V4).or_else(|| text.parse().ok().map(IpAddr::V6))
}

/// Four numbers with points between them. Nobody can foresee how long each is, so there
/// is no branch on that for the processor to guess at.
fn parsed_v4(text: &str) -> Option<Ipv4Addr> {
    const LONGEST: usize = "255.255.255.255".len();
    let mut padded = [0; LONGEST + 4];
    padded.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    let (mut octets, mut at) = ([0; 4], 0);
    for (place, octet) in octets.iter_mut().enumerate() {
        let (number, length) = leading_octet(*padded.get(at..)?.first_chunk()?)?;
        *octet = number;
        at += length;
        let ends = if place < 3 { padded.get(at) == Some(&b'.') } else { at == text.len() };
        if !ends {
            return None;
        }
        at += 1;
    }
    Some(octets.into())
}

/// A number of up to three digits, none of them a zero that could be left out, and how
/// many these are.
fn leading_octet(bytes: [u8; 4]) -> Option<(u8, usize)> {
    let digits = u32::from_le_bytes(bytes) ^ u32::from_le_bytes(*b"0000");
    // Marks what is above nine.
    let others = (((digits & 0x7f7f_7f7f) + 0x7676_7676) | digits) & 0x8080_8080;
    let length = others.trailing_zeros() / 8;
    if !(1..=3).contains(&length) || length > 1 && bytes[0] == b'0' {
        return None;
    }
    let [hundreds, tens, ones, _] = (digits << (8 * (3 - length))).to_le_bytes().map(u16::from);
    Some((u8::try_from(hundreds * 100 + tens * 10 + ones).ok()?, length as usize))
}

/// The HTTP version as logs write it; anything else is unknown.
pub(super) fn protocol(version: &str) -> Option<Protocol> {
    match version {
        "HTTP/0.9" | "HTTP/1.0" | "HTTP/1.1" => Some(Protocol::H1),
        "HTTP/2" | "HTTP/2.0" => Some(Protocol::H2),
        "HTTP/3" | "HTTP/3.0" => Some(Protocol::H3),
        _ => None,
    }
}

/// A status; `-` and `000` stand for a client that left before any.
pub(super) fn status(text: &str) -> Result<Option<u16>, BadReason> {
    match text.parse() {
        Ok(status) if text.len() == 3 => checked_status(status),
        _ if text == "-" => Ok(None),
        _ => Err(BadReason::of(format!("{} is not a status", quoted(text)))),
    }
}

/// A status as a number; zero stands for a client that left before any.
pub(super) fn checked_status(status: u16) -> Result<Option<u16>, BadReason> {
    match status {
        0 => Ok(None),
        100..=999 => Ok(Some(status)),
        _ => Err(BadReason::of(format!("`{status}` is not a status"))),
    }
}

/// Decimal seconds to milliseconds.
pub(super) fn millis_of_seconds(text: &str) -> Option<u32> {
    let seconds: f64 = text.parse().ok()?;
    // `as` saturates, and a day is below its bound.
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds * 1_000.0).round() as u32)
}

/// Whether a method looks like one; a request line of another kind is junk.
pub(super) fn is_method(method: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !method.is_empty() && method.len() <= 32 && method.bytes().all(is_token) && method != "-"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn addresses_are_read_as_the_standard_library_reads_them(
            text in "([0-9]{1,4}\\.){2,4}[0-9]{0,3}|[0-9a-f:.]{0,20}",
            bits in any::<u32>(),
        ) {
            prop_assert_eq!(parsed_address(&text), text.parse().ok());
            let address = Ipv4Addr::from_bits(bits);
            prop_assert_eq!(parsed_v4(&address.to_string()), Some(address));
        }
    }

    #[test]
    fn urls() {
        #[track_caller]
        fn check(url: &str, expected: Option<(&str, &str, Option<&str>)>) {
            let found = split_url(url);
            let found =
                found.as_ref().map(|target| (target.host.unwrap(), target.path, target.query));
            assert_eq!(found, expected, "{url}");
        }
        check(
            "https://docs.rs/serde/latest/?q=a?b#top",
            Some(("docs.rs", "/serde/latest/", Some("q=a?b"))),
        );
        check("https://docs.rs", Some(("docs.rs", "/", None)));
        check("https://docs.rs?q", Some(("docs.rs", "/", Some("q"))));
        check("http://user@docs.rs:8080/a#b?c", Some(("docs.rs", "/a", None)));
        check("http://[2001:db8::1]:443/", Some(("[2001:db8::1]", "/", None)));
        check("http://[2001:db8::1]/", Some(("[2001:db8::1]", "/", None)));
        check("foo", None);
        check("/serde", None);
        check("https:///serde", None);
        check("/redirect?to=https://docs.rs/", None);
    }

    #[test]
    fn percent_signs() {
        assert!(matches!(percent_decoded("plain"), Cow::Borrowed("plain")));
        let table = [
            ("a%20b", "a b"),
            ("%C3%BC", "ü"),
            ("100%", "100%"),
            ("%2", "%2"),
            ("%zz%41", "%zzA"),
            ("%FF", "\u{fffd}"),
        ];
        for (text, expected) in table {
            assert_eq!(percent_decoded(text), expected);
        }
    }

    #[test]
    fn statuses() {
        assert_eq!(status("200"), Ok(Some(200)));
        assert_eq!(status("-"), Ok(None));
        assert_eq!(status("000"), Ok(None));
        for bad in ["", "20", "+20", "2000", "abc", "099"] {
            assert!(status(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        let table = [
            ("0.017", Some(17)),
            ("0", Some(0)),
            ("1e9", Some(1_000_000_000_000_u64)),
            ("-1", None),
            ("NaN", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|millis| u32::try_from(millis).unwrap_or(u32::MAX));
            assert_eq!(millis_of_seconds(text), expected, "{text}");
        }
    }
}
