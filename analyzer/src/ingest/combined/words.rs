//! Words and quoted fields of a combined log, and the escapes in them.

use crate::ingest::find::either;
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

    /// Whether a quoted word comes next; its first quote is read then.
    pub(super) fn opens_quoted(&mut self) -> bool {
        let after = self.rest().strip_prefix('"');
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }

    /// A quoted word from behind its first quote.
    #[inline(always)]
    pub(super) fn rest_of_quoted(&mut self, what: &str) -> Result<Quoted<'a>, BadReason> {
        let end = either::<b'"', b'\\'>(self.0.as_bytes());
        if let Some((text, after)) = end.and_then(|end| self.0.split_at_checked(end))
            && let Some(after) = after.strip_prefix('"')
        {
            self.0 = after;
            return Ok(Quoted { text, has_escapes: false });
        }
        let odd = self.rest_of_odd_quoted();
        odd.ok_or_else(|| BadReason::of(format!("the {what} has no closing quote")))
    }

    /// The same of a word that may have escapes, or no end.
    #[cold]
    fn rest_of_odd_quoted(&mut self) -> Option<Quoted<'a>> {
        let bytes = self.0.as_bytes();
        let mut at = 0;
        loop {
            at += either::<b'"', b'\\'>(bytes.get(at..)?)?;
            if bytes.get(at) == Some(&b'"') {
                let (text, after) = self.0.split_at_checked(at)?;
                self.0 = after.strip_prefix('"')?;
                return Some(Quoted { text, has_escapes: true });
            }
            at += 2;
        }
    }
}

/// A quoted word, with its escapes.
pub(super) struct Quoted<'a> {
    pub(super) text: &'a str,
    pub(super) has_escapes: bool,
}

/// Undoes `\"`, `\\`, `\t`, `\n`, `\r` and `\x16`; other escapes stay.
pub(super) fn unescaped(field: &str) -> String {
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
