//! Small pieces of what people read, wherever the engine's word is shown: counts,
//! times, addresses as their networks, lines that fit a terminal.
//!
//! No full address passes here unless somebody asked for it, and nothing that a
//! request or a rule file says reaches a terminal unescaped.

use std::net::{IpAddr, Ipv6Addr};

use crate::key::canonical;
use crate::request::Time;

/// Widest line for a terminal, in characters.
pub const WIDTH: usize = 80;

/// A number with its thousands apart.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many milliseconds, in the unit that a person would use.
#[must_use]
pub fn span(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..120_000 if millis.is_multiple_of(1_000) => format!("{} s", millis / 1_000),
        1_000..120_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        120_000..7_200_000 => format!("{} min", millis / 60_000),
        _ => format!("{} h", millis / 3_600_000),
    }
}

/// A time in RFC 3339, in UTC, to the millisecond where it has any.
#[must_use]
pub fn rfc3339(time: Time) -> String {
    // Neither step can fail: `Time::MAX` is within the calendar.
    let millis = i64::try_from(time.unix_millis()).unwrap_or_default();
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}

/// The network of an address: its /24 or its /48.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match canonical(address) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// A text with what a terminal would obey or not show escaped.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// How many characters a text has.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// At most `most` characters.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A sentence in lines of at most [`WIDTH`] characters, broken between words: the
/// first behind `start`, the others indented by `indent`. A word that is too long
/// for a line is cut.
#[must_use]
pub fn wrapped(start: &str, indent: usize, sentence: &str) -> String {
    let (mut text, mut row) = (String::new(), start.to_owned());
    let mut fresh = true;
    for word in sentence.split(' ') {
        if !fresh && width(&row) + 1 + width(word) > WIDTH {
            text.push_str(row.trim_end_matches(' '));
            text.push('\n');
            row = " ".repeat(indent);
            fresh = true;
        }
        if !fresh {
            row.push(' ');
        }
        row.push_str(&cut(word, WIDTH.saturating_sub(width(&row).max(indent))));
        fresh = false;
    }
    text.push_str(row.trim_end_matches(' '));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_spans_have_their_unit() {
        let counts = [0, 999, 1_000, 123_456, 1_234_567].map(grouped);
        assert_eq!(counts, ["0", "999", "1,000", "123,456", "1,234,567"]);
        let spans = [7, 2_000, 7_260, 119_999, 120_000, 7_199_999, 7_200_000].map(span);
        assert_eq!(spans, ["7 ms", "2 s", "7.2 s", "119.9 s", "2 min", "119 min", "2 h"]);
    }

    #[test]
    fn every_time_has_a_text() {
        let text = |millis| rfc3339(Time::from_unix_millis(millis));
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(1_741_651_200_500), "2025-03-11T00:00:00.5Z");
        assert_eq!(text(u64::MAX), "2200-01-01T00:00:00Z");
    }

    #[test]
    fn addresses_are_shown_as_their_networks() {
        let shown = |address: &str| network(address.parse().unwrap());
        assert_eq!(shown("192.0.2.7"), "192.0.2.0/24");
        assert_eq!(shown("::ffff:192.0.2.7"), "192.0.2.0/24");
        assert_eq!(shown("2001:db8:1:2::"), "2001:db8:1::/48");
    }

    #[test]
    fn a_terminal_obeys_no_rule_file() {
        assert_eq!(plain("a\u{1b}[31m\n\u{202e}ü\"'"), "a\\u{1b}[31m\\n\\u{202e}ü\"'");
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(cut("walk-many-crates", 8), "walk-ma…");
        assert_eq!(cut("walk", 4), "walk");
    }

    #[test]
    fn long_sentences_are_broken_between_words() {
        let text = wrapped("  why  ", 7, &"a word, ".repeat(20));
        assert!(text.lines().count() > 1 && text.starts_with("  why  a word"), "{text}");
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("       ")), "{text}");
        assert_eq!(text.matches("word").count(), 20);
        let text = wrapped("  path  ", 8, &format!("a {}", "x".repeat(200)));
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        assert_eq!(wrapped("a", 2, ""), "a\n");
    }
}
