//! What syslog and Fastly's log streaming write before a line: a priority, a
//! time, a host, a tag.
//!
//! Fastly's hosts are its cache nodes, and name their POP.

use memchr::memchr;

/// Longest word of a prefix, in bytes.
const BOUND: usize = 255;

/// A line taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// The host that wrote it, where there is a prefix that names one.
    pub(super) host: Option<&'a str>,
    /// The line itself.
    pub(super) text: &'a str,
}

/// Takes a prefix off a line: `<134>2025-11-04T08:15:42Z cache-fra-example
/// tag[4711]: …` as Fastly writes it by default, `<134>1 …` of RFC 5424, or the
/// `Nov  4 08:15:42 host tag: …` of a file that syslog itself wrote. A line that
/// begins otherwise is as it is: what a client chose must not look like one.
pub(super) fn split(line: &str) -> Message<'_> {
    let found = match line.as_bytes().first() {
        Some(b'<') => line.strip_prefix('<').and_then(after_priority),
        _ if may_be_time(line) => after_time(line),
        _ => None,
    };
    found.unwrap_or(Message { host: None, text: line })
}

fn after_priority(rest: &str) -> Option<Message<'_>> {
    let (priority, rest) = rest.split_once('>')?;
    if priority.is_empty() || priority.len() > 3 || !all_digits(priority) {
        return None;
    }
    let Some(rest) = rest.strip_prefix("1 ") else { return after_time(rest) };
    let mut parts = rest.splitn(6, ' ');
    let (_time, host) = (parts.next()?, parts.next()?);
    let data = parts.nth(3)?;
    let text = match data.strip_prefix("- ") {
        Some(text) => text,
        None => data.starts_with('[').then(|| data.split_once("] "))??.1,
    };
    Some(Message { host: Some(host), text: text.trim_start_matches('\u{feff}') })
}

/// Whether a line may begin like `Nov  4` or `2025-11-04`: few others do.
fn may_be_time(line: &str) -> bool {
    matches!(line.as_bytes(), [_, _, _, b' ', ..] | [_, _, _, _, b'-', ..])
}

/// Time, host, tag and colon of a prefix without priority.
fn after_time(line: &str) -> Option<Message<'_>> {
    let (first, rest) = word(line)?;
    let rest = if is_month(first) {
        let (day, rest) = word(rest.trim_start_matches(' '))?;
        let (clock, rest) = word(rest)?;
        (all_digits(day) && clock.split(':').count() == 3).then_some(rest)?
    } else {
        is_date_and_time(first).then_some(rest)?
    };
    let (host, rest) = word(rest)?;
    let (tag, text) = word(rest)?;
    tag.ends_with(':').then_some(Message { host: Some(host), text })
}

/// The first word of a line, where it is no longer than such a word may be.
fn word(line: &str) -> Option<(&str, &str)> {
    let start = line.as_bytes().get(..BOUND).unwrap_or(line.as_bytes());
    let end = memchr(b' ', start)?;
    Some((line.get(..end)?, line.get(end + 1..)?))
}

fn is_month(word: &str) -> bool {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.contains(&word)
}

/// Whether a word begins like `2025-11-04T08:15`.
fn is_date_and_time(word: &str) -> bool {
    let digits = |at: std::ops::Range<usize>| word.get(at).is_some_and(all_digits);
    let signs = |at: usize, sign: u8| word.as_bytes().get(at) == Some(&sign);
    digits(0..4)
        && signs(4, b'-')
        && digits(5..7)
        && signs(7, b'-')
        && digits(8..10)
        && signs(10, b'T')
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The POP that a cache node is of, such as `FRA` of `cache-fra-example0001`,
/// put into `buffer`.
pub(super) fn pop<'b>(host: &str, buffer: &'b mut [u8; 3]) -> Option<&'b str> {
    let name = host.strip_prefix("cache-")?.split('-').next()?;
    *buffer = name.as_bytes().try_into().ok()?;
    buffer.make_ascii_uppercase();
    let is_name = buffer.iter().all(u8::is_ascii_uppercase);
    is_name.then(|| str::from_utf8(buffer).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, host: Option<&str>, text: &str) {
        assert_eq!(split(line), Message { host, text }, "{line}");
    }

    #[test]
    fn prefixes() {
        let fastly = "<134>2025-11-04T08:15:42Z cache-fra-example0001 request-logs[4711]: {}";
        check(fastly, Some("cache-fra-example0001"), "{}");
        check("<134>Nov  4 08:15:42 web1 nginx: a: b", Some("web1"), "a: b");
        check("Nov 14 08:15:42 web1 nginx[7]: a", Some("web1"), "a");
        check("2025-11-04T08:15:42+00:00 web1 nginx: a", Some("web1"), "a");
        check("<134>1 2025-11-04T08:15:42Z web1 nginx 7 - - a", Some("web1"), "a");
        let data = "<134>1 2025-11-04T08:15:42Z web1 nginx 7 - [id@1 x=\"y\"] \u{feff}a";
        check(data, Some("web1"), "a");
    }

    #[test]
    fn what_is_no_prefix_stays() {
        for line in [
            "",
            "{}",
            "foo: {}",
            "192.0.2.1 - x: [04/Nov/2025",
            "client.example - a: 192.0.2.1 - - [",
            "Nov host tag: a",
            "Nov 14 08:15:42 web1 two words: a",
            "<>2025-11-04T08:15:42Z host tag: a",
            "<1345>2025-11-04T08:15:42Z host tag: a",
            "<134>1 2025-11-04T08:15:42Z web1",
        ] {
            check(line, None, line);
        }
    }

    #[test]
    fn pops_of_cache_nodes() {
        for (host, expected) in [
            ("cache-fra-example0001", Some("FRA")),
            ("cache-bfi-kbfi7400083", Some("BFI")),
            ("cache-fra", Some("FRA")),
            ("cache-12a-x", None),
            ("cache-frankfurt-1", None),
            ("web1", None),
        ] {
            assert_eq!(pop(host, &mut [0; 3]), expected, "{host}");
        }
    }
}
