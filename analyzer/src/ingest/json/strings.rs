//! Where strings end.

use memchr::memchr_iter;

use crate::ingest::find::either;

/// How the texts of a line were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ingest) enum Quotes {
    /// As JSON asks for it.
    Escaped,
    /// As they were, quotes and backslashes too: a text ends where a quote is
    /// followed by what can only come after a text.
    Raw,
}

/// Longest name of a member that is looked for in [`Quotes::Raw`] text, in bytes.
const NAME_BOUND: usize = 64;

/// How long a string is from behind its first quote, and whether it has escapes.
pub(super) fn string_end(bytes: &[u8]) -> Option<(usize, bool)> {
    let (mut from, mut escapes) = (0, false);
    loop {
        let at = from + either::<b'"', b'\\'>(bytes.get(from..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some((at, escapes));
        }
        escapes = true;
        from = at + 2;
    }
}

/// A string without its escapes; `None` where one of them is bad.
pub(in crate::ingest) fn unescaped(string: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{string}\"")).ok()
}

/// How long a string is that nobody escaped.
pub(super) fn raw_end(bytes: &[u8]) -> Option<usize> {
    memchr_iter(b'"', bytes).find(|quote| bytes.get(quote + 1..).is_some_and(ends_raw_text))
}

/// Everything in a text that could be the name of a member, in texts too.
pub(in crate::ingest) fn names(text: &str) -> impl Iterator<Item = &str> {
    let after = |quote: usize| text.get(quote + 1..).unwrap_or_default();
    memchr_iter(b'"', text.as_bytes()).filter_map(move |quote| {
        let length = name_length(after(quote).as_bytes())?;
        after(quote).get(..length)
    })
}

/// Whether this can only come after a text: the next member's name, or the end
/// of the object and what comes after that.
fn ends_raw_text(after: &[u8]) -> bool {
    match after.trim_ascii_start() {
        [b',', next @ ..] => {
            let name = next.trim_ascii_start().strip_prefix(b"\"");
            name.is_some_and(|name| name_length(name).is_some())
        }
        [b'}', next @ ..] => {
            let next = next.trim_ascii_start();
            matches!(next, [] | [b',' | b'}', ..])
        }
        _ => false,
    }
}

/// How long a member's name is, from behind its first quote.
fn name_length(text: &[u8]) -> Option<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = text.iter().take(NAME_BOUND).take_while(|byte| is_part(byte)).count();
    let after = text.get(length..)?.strip_prefix(b"\"")?;
    (length > 0 && after.trim_ascii_start().starts_with(b":")).then_some(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_ends_at_its_first_quote_without_a_backslash(text in "[ab]{0,40}[ab\"\\\\ü]{0,40}") {
            let mut slow = None;
            let (mut escaped, mut escapes) = (false, false);
            for (at, byte) in text.bytes().enumerate() {
                if escaped {
                    escaped = false;
                } else if byte == b'\\' {
                    (escaped, escapes) = (true, true);
                } else if byte == b'"' {
                    slow = Some((at, escapes));
                    break;
                }
            }
            prop_assert_eq!(string_end(text.as_bytes()), slow);
        }
    }
}
