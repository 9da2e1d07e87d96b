//! JSON objects of log lines, read member by member.
//!
//! Only what a format asks for is looked at: no tree is built, and a text is
//! copied only where it has escapes. What is skipped has to hang together, and
//! no more. This must not know any format.

mod broken;
mod digits;
mod layout;
mod strings;

use std::borrow::Cow;
use std::str::FromStr;

pub(super) use broken::Broken;
pub(super) use layout::{Kind, Layout, Member};
pub(super) use strings::{Quotes, names, unescaped};

use super::find::either;
use digits::digits;
use strings::{raw_end, string_end};

/// A line, read up to somewhere.
#[derive(Debug)]
pub(super) struct Json<'a> {
    text: &'a str,
    rest: &'a str,
    quotes: Quotes,
    has_escapes: bool,
}

impl<'a> Json<'a> {
    pub(super) fn new(text: &'a str, quotes: Quotes) -> Self {
        Self { text, rest: text, quotes, has_escapes: false }
    }

    /// Whether a text that [`rest_of_text`](Self::rest_of_text) gave has escapes to undo.
    pub(super) fn has_escapes(&self) -> bool {
        self.has_escapes
    }

    /// Reads an object. `read` gets every member's name, escapes and all, and
    /// has to read or [`skip`](Self::skip) its value.
    pub(super) fn members(
        &mut self,
        mut read: impl FnMut(&mut Self, &'a str) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        let mut more = self.opens()?;
        while more {
            let name = self.name()?;
            read(self, name)?;
            more = self.more()?;
        }
        Ok(())
    }

    /// Reads the start of an object; whether it has members.
    fn opens(&mut self) -> Result<bool, Broken> {
        self.expect('{', "no object")?;
        Ok(!self.takes('}'))
    }

    /// Reads what follows a member; whether it is another one.
    fn more(&mut self) -> Result<bool, Broken> {
        if self.takes(',') {
            return Ok(true);
        }
        self.expect('}', "neither `,` nor `}` after a value").map(|()| false)
    }

    /// A member's name, and the colon behind it.
    fn name(&mut self) -> Result<&'a str, Broken> {
        let (name, _) = self.string(Quotes::Escaped)?;
        self.expect(':', "no `:` after a name").map(|()| name)
    }

    /// Makes sure that nothing follows.
    pub(super) fn end(&mut self) -> Result<(), Broken> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.broken("something after the object")),
        }
    }

    /// A text, or `null`.
    pub(super) fn text(&mut self) -> Result<Option<Cow<'a, str>>, Broken> {
        if self.null() {
            return Ok(None);
        }
        let bad = self.broken("a bad escape");
        let (text, escapes) = self.string(self.quotes)?;
        let text = if escapes { unescaped(text).map(Cow::Owned) } else { Some(text.into()) };
        text.map(Some).ok_or(bad)
    }

    /// A text from behind its first quote, with its escapes, which are good.
    #[inline(always)]
    pub(super) fn rest_of_text(&mut self) -> Result<&'a str, Broken> {
        let end = either::<b'"', b'\\'>(self.rest.as_bytes());
        if let Some((text, after)) = end.and_then(|end| self.rest.split_at_checked(end))
            && let Some(after) = after.strip_prefix('"')
        {
            self.rest = after;
            return Ok(text);
        }
        self.rest_of_odd_text()
    }

    /// The same of a text that may have escapes, or no end.
    #[cold]
    #[inline(never)]
    fn rest_of_odd_text(&mut self) -> Result<&'a str, Broken> {
        let bad = Broken { what: "a bad escape", at: self.at() - 1 };
        let (text, escapes) = self.rest_of_string(Quotes::Escaped)?;
        self.has_escapes |= escapes;
        if escapes && unescaped(text).is_none() { Err(bad) } else { Ok(text) }
    }

    /// A number that `N` can hold, or `null`.
    pub(super) fn number<N: FromStr + TryFrom<u64>>(&mut self) -> Result<Option<N>, Broken> {
        if let Some((number, after)) = digits(self.rest)
            && let Ok(number) = N::try_from(number)
        {
            self.rest = after;
            return Ok(Some(number));
        }
        let bad = self.broken("not the number expected");
        let token = self.token();
        if token == "null" {
            return Ok(None);
        }
        token.parse().map(Some).map_err(|_| bad)
    }

    /// `true`, `false` or `null`.
    pub(super) fn flag(&mut self) -> Result<Option<bool>, Broken> {
        for (word, flag) in [("false,", false), ("true,", true)] {
            if self.rest.starts_with(word) {
                self.pass(word.len() - 1);
                return Ok(Some(flag));
            }
        }
        let bad = self.broken("neither `true` nor `false`");
        match self.token() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            "null" => Ok(None),
            _ => Err(bad),
        }
    }

    /// Whether `null` comes next; it is read then.
    pub(super) fn null(&mut self) -> bool {
        self.peek();
        let after = self.rest.strip_prefix("null");
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Passes over one value.
    pub(super) fn skip(&mut self) -> Result<(), Broken> {
        match self.peek() {
            Some(b'"') => self.string(self.quotes).map(|_| ()),
            Some(b'{' | b'[') => self.skip_nested(),
            _ => {
                self.token();
                Ok(())
            }
        }
    }

    /// Passes over an object or an array, however deep.
    fn skip_nested(&mut self) -> Result<(), Broken> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.string(self.quotes)?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(_) => {}
                None => return Err(self.broken("the end, too early,")),
            }
            let mut rest = self.rest.chars();
            rest.next();
            self.rest = rest.as_str();
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// A string without its quotes, and whether it has escapes to undo.
    fn string(&mut self, quotes: Quotes) -> Result<(&'a str, bool), Broken> {
        self.expect('"', "no text")?;
        self.rest_of_string(quotes)
    }

    /// The same, from behind the first quote.
    fn rest_of_string(&mut self, quotes: Quotes) -> Result<(&'a str, bool), Broken> {
        let found = match quotes {
            Quotes::Escaped => string_end(self.rest.as_bytes()),
            Quotes::Raw => raw_end(self.rest.as_bytes()).map(|end| (end, false)),
        };
        let Some((length, escapes)) = found else {
            self.rest = "";
            return Err(self.broken("the end within a text"));
        };
        let text = self.pass(length);
        self.pass(1);
        Ok((text, escapes))
    }

    /// What stands up to the next comma, bracket or white space.
    fn token(&mut self) -> &'a str {
        self.peek();
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        let length = self.rest.as_bytes().iter().position(ends);
        self.pass(length.unwrap_or(self.rest.len()))
    }

    /// The next byte that is not white space; the white space is read.
    fn peek(&mut self) -> Option<u8> {
        let byte = self.rest.as_bytes().first().copied()?;
        if !byte.is_ascii_whitespace() {
            return Some(byte);
        }
        self.rest = self.rest.trim_ascii_start();
        self.rest.as_bytes().first().copied()
    }

    fn takes(&mut self, sign: char) -> bool {
        // Lines of logs have no white space between members.
        if !self.rest.starts_with(sign) {
            self.peek();
        }
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, sign: char, what: &'static str) -> Result<(), Broken> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(self.broken(if self.rest.is_empty() { "the end, too early," } else { what }))
    }

    /// Passes over so many bytes.
    fn pass(&mut self, bytes: usize) -> &'a str {
        let (passed, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        passed
    }

    /// How many bytes have been read.
    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// That the line makes no sense from here on.
    fn broken(&self, what: &'static str) -> Broken {
        Broken { what, at: self.at() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The members of an object of texts.
    fn texts(text: &str, quotes: Quotes) -> Result<Vec<(&str, Option<String>)>, Broken> {
        let mut found = Vec::new();
        let mut json = Json::new(text, quotes);
        json.members(|json, name| {
            found.push((name, json.text()?.map(Cow::into_owned)));
            Ok(())
        })?;
        json.end().map(|()| found)
    }

    fn why(text: &str) -> String {
        texts(text, Quotes::Escaped).unwrap_err().reason(0).to_string()
    }

    #[test]
    fn what_is_broken_is_told_with_its_column() {
        let table = [
            ("", "the end, too early, at column 1"),
            ("[]", "no object at column 1"),
            ("{\"a\" 1}", "no `:` after a name at column 6"),
            ("{\"a\":\"b\" \"c\":1}", "neither `,` nor `}` after a value at column 10"),
            ("{\"a\":\"b", "the end within a text at column 8"),
            ("{\"a\":\"\\q\"}", "a bad escape at column 6"),
            ("{\"a\":1}", "no text at column 6"),
            ("{\"a\":null} x", "something after the object at column 12"),
        ];
        for (text, expected) in table {
            assert_eq!(why(text), format!("unreadable JSON: {expected}"), "{text}");
        }
    }

    #[test]
    fn what_is_skipped_may_be_as_deep_as_it_likes() {
        let deep =
            format!("{{\"a\":{}\"]\"{}, \"b\":7}}", "[{\"\":".repeat(9_999), "}]".repeat(9_999));
        let mut json = Json::new(&deep, Quotes::Escaped);
        let mut number = None;
        let read = json.members(|json, name| {
            if name == "b" {
                number = json.number::<u8>()?;
                return Ok(());
            }
            json.skip()
        });
        assert_eq!((read, number), (Ok(()), Some(7)));
    }

    #[test]
    fn a_raw_text_ends_where_the_next_member_begins() {
        let text = r#"{"a": "x "y", z \", "b":"","c": "d"}"#;
        let found = texts(text, Quotes::Raw).unwrap();
        let owned = |text: &str| Some(text.to_owned());
        assert_eq!(found, [("a", owned(r#"x "y", z \"#)), ("b", owned("")), ("c", owned("d"))]);
    }

    #[test]
    fn numbers_and_flags_are_read_wherever_they_end() {
        let table = [
            ("{\"a\":65535,\"b\":true,\"c\":1}", Ok((Some(65_535), Some(true)))),
            ("{\"a\": 7 ,\"b\": false }", Ok((Some(7), Some(false)))),
            ("{\"a\":007,\"b\":null}", Ok((Some(7), None))),
            ("{\"a\":null,\"b\":false}", Ok((None, Some(false)))),
            ("{\"a\":65536,\"b\":true}", Err("not the number expected at column 6")),
            ("{\"a\":-1,\"b\":true}", Err("not the number expected at column 6")),
            ("{\"a\":,\"b\":true}", Err("not the number expected at column 6")),
            ("{\"a\":18446744073709551617,\"b\":true}", Err("not the number expected at column 6")),
            ("{\"a\":1,\"b\":truer}", Err("neither `true` nor `false` at column 12")),
        ];
        for (text, expected) in table {
            let mut found = (None, None);
            let read = Json::new(text, Quotes::Escaped).members(|json, name| {
                match name {
                    "a" => found.0 = json.number::<u16>()?,
                    "b" => found.1 = json.flag()?,
                    _ => json.skip()?,
                }
                Ok(())
            });
            let said = read.map(|()| found).map_err(|broken| broken.reason(0).to_string());
            assert_eq!(said, expected.map_err(|why| format!("unreadable JSON: {why}")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_serde_writes_is_read(members in prop::collection::btree_map("[a-z]{1,9}", any::<Option<String>>(), 0..6)) {
            let text = serde_json::to_string(&members).unwrap();
            let found = texts(&text, Quotes::Escaped).unwrap();
            let expected: Vec<_> =
                members.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
