//! Words and quoted fields of a combined log, and the escapes in them.

use std::borrow::Cow;

use memchr::memchr2;

use crate::ingest::parser::BadReason;
use crate::ingest::text;

/// The words that follow a request.
pub(super) struct Words<'a>(pub(super) &'a str);

impl<'a> Words<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left, without the spaces before it.
    fn rest(&self) -> &'a str {
        let spaces = self.0.bytes().take_while(|byte| *byte == b' ').count();
        self.0.get(spaces..).unwrap_or_default()
    }

    /// The next word, where it is not quoted.
    pub(super) fn bare(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        // Such words are short.
        let end = rest.bytes().position(|byte| byte == b' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() || word.starts_with('"') {
            return None;
        }
        self.0 = after;
        Some(word)
    }

    /// The next word, where it is quoted.
    pub(super) fn quoted(&mut self, what: &str) -> Result<Option<Cow<'a, str>>, BadReason> {
        let Some(rest) = self.rest().strip_prefix('"') else { return Ok(None) };
        let (word, after) = quoted(rest, what)?;
        self.0 = after;
        Ok(Some(word))
    }
}

/// A quoted field without its escapes, from behind its first quote; and what
/// follows its last.
pub(super) fn quoted<'a>(text: &'a str, what: &str) -> Result<(Cow<'a, str>, &'a str), BadReason> {
    let mut from = 0;
    let mut escapes = false;
    while let Some(at) = memchr2(b'"', b'\\', text.as_bytes().get(from..).unwrap_or_default()) {
        let at = from + at;
        if text.as_bytes().get(at) == Some(&b'\\') {
            escapes = true;
            from = at + 2;
            continue;
        }
        let field = text.get(..at).unwrap_or_default();
        let field = if escapes { Cow::Owned(unescaped(field)) } else { Cow::Borrowed(field) };
        return Ok((field, text.get(at + 1..).unwrap_or_default()));
    }
    Err(BadReason::of(format!("the {what} has no closing quote")))
}

/// Undoes `\"`, `\\`, `\t`, `\n`, `\r` and `\x16`; other escapes stay.
fn unescaped(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    loop {
        let (byte, after) = match rest {
            [b'\\', b'x', high, low, after @ ..] if text::hex_byte(*high, *low).is_some() => {
                (text::hex_byte(*high, *low).unwrap_or_default(), after)
            }
            [b'\\', byte @ (b'"' | b'\\'), after @ ..] => (*byte, after),
            [b'\\', b't', after @ ..] => (b'\t', after),
            [b'\\', b'n', after @ ..] => (b'\n', after),
            [b'\\', b'r', after @ ..] => (b'\r', after),
            [byte, after @ ..] => (*byte, after),
            [] => return text::lossy(bytes),
        };
        bytes.push(byte);
        rest = after;
    }
}
