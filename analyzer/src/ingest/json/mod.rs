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
pub(super) use layout::Layout;
pub(super) use strings::{Quotes, names};

use digits::digits;
use strings::{find_quote_or_backslash, raw_end, string_end};

/// The place up to which a line has been read.
#[derive(Debug)]
pub(super) struct Json<'a> {
    text: &'a str,
    at: usize,
    quotes: Quotes,
}

impl<'a> Json<'a> {
    pub(super) fn new(text: &'a str, quotes: Quotes) -> Self {
        Self { text, at: 0, quotes }
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

    /// Reads an object like [`members`](Self::members), but `read` gets only
    /// those that `member` knows.
    // Left to itself the compiler calls it for each line, and `read` for each member.
    #[inline(always)]
    pub(super) fn known_members<F: Copy>(
        &mut self,
        layout: &mut Layout<F>,
        member: fn(&str) -> Option<F>,
        mut read: impl FnMut(&mut Self, F) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        let mut step = 0;
        loop {
            let from = self.at;
            let found = if let Some((length, found)) = layout.find(step, self.rest()) {
                self.at += length;
                found
            } else {
                let more = if step == 0 { self.opens()? } else { self.more()? };
                let Some(found) = (if more { self.seek(member)? } else { None }) else {
                    return Ok(());
                };
                layout.learn(step, self.text.get(from..self.at).unwrap_or_default(), found);
                found
            };
            read(self, found)?;
            step += 1;
        }
    }

    /// Reads up to the value of the next member that `member` knows; `None` where
    /// the object ends before.
    fn seek<F>(&mut self, member: fn(&str) -> Option<F>) -> Result<Option<F>, Broken> {
        loop {
            let name = self.name()?;
            if let Some(found) = member(name) {
                return Ok(Some(found));
            }
            self.skip()?;
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Reads the start of an object; whether it has members.
    fn opens(&mut self) -> Result<bool, Broken> {
        self.expect(b'{', "no object")?;
        Ok(!self.takes(b'}'))
    }

    /// Reads what follows a member; whether it is another one.
    fn more(&mut self) -> Result<bool, Broken> {
        if self.takes(b',') {
            return Ok(true);
        }
        self.expect(b'}', "neither `,` nor `}` after a value").map(|()| false)
    }

    /// A member's name, and the colon behind it.
    fn name(&mut self) -> Result<&'a str, Broken> {
        let (name, _) = self.string(Quotes::Escaped)?;
        self.expect(b':', "no `:` after a name").map(|()| name)
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
        if self.quotes == Quotes::Escaped
            && let Some(text) = self.plain_text()
        {
            return Ok(Some(Cow::Borrowed(text)));
        }
        if self.null() {
            return Ok(None);
        }
        let at = self.at;
        let (text, escapes) = self.string(self.quotes)?;
        if !escapes {
            return Ok(Some(Cow::Borrowed(text)));
        }
        let quoted = self.text.get(self.at - text.len() - 2..self.at).unwrap_or_default();
        let text = serde_json::from_str(quoted);
        text.map(|text| Some(Cow::Owned(text))).map_err(|_| Broken { what: "a bad escape", at })
    }

    /// A text that begins here and has no escapes, as nearly all do; otherwise
    /// nothing is read.
    fn plain_text(&mut self) -> Option<&'a str> {
        let rest = self.rest().strip_prefix(b"\"")?;
        let length = find_quote_or_backslash(rest)?;
        let from = self.at + 1;
        let text =
            self.text.get(from..from + length).filter(|_| rest.get(length) == Some(&b'"'))?;
        self.at = from + length + 1;
        Some(text)
    }

    /// A number that `N` can hold, or `null`.
    pub(super) fn number<N: FromStr + TryFrom<u64>>(&mut self) -> Result<Option<N>, Broken> {
        if let Some((number, length)) = digits(self.rest())
            && let Ok(number) = N::try_from(number)
        {
            self.at += length;
            return Ok(Some(number));
        }
        let (at, token) = (self.at, self.token());
        if token == "null" {
            return Ok(None);
        }
        token.parse().map(Some).map_err(|_| Broken { what: "not the number expected", at })
    }

    /// `true`, `false` or `null`.
    pub(super) fn flag(&mut self) -> Result<Option<bool>, Broken> {
        for (word, flag) in [(&b"true,"[..], true), (&b"false,"[..], false)] {
            if self.rest().starts_with(word) {
                self.at += word.len() - 1;
                return Ok(Some(flag));
            }
        }
        let at = self.at;
        match self.token() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            "null" => Ok(None),
            _ => Err(Broken { what: "neither `true` nor `false`", at }),
        }
    }

    /// Whether `null` comes next; it is read then.
    pub(super) fn null(&mut self) -> bool {
        let is = self.peek() == Some(b'n') && self.rest().starts_with(b"null");
        self.at += if is { 4 } else { 0 };
        is
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
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// A string without its quotes, and whether it has escapes to undo.
    fn string(&mut self, quotes: Quotes) -> Result<(&'a str, bool), Broken> {
        self.expect(b'"', "no text")?;
        let from = self.at;
        let found = match quotes {
            Quotes::Escaped => string_end(self.rest()),
            Quotes::Raw => raw_end(self.rest()).map(|end| (end, false)),
        };
        let Some((length, escapes)) = found else {
            self.at = self.text.len();
            return Err(self.broken("the end within a text"));
        };
        self.at = from + length + 1;
        Ok((self.text.get(from..from + length).unwrap_or_default(), escapes))
    }

    /// What stands up to the next comma, bracket or white space.
    fn token(&mut self) -> &'a str {
        self.peek();
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        let length = self.rest().iter().position(ends).unwrap_or(self.rest().len());
        let token = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.at += length;
        token
    }

    /// The next byte that is not white space; the white space is read.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.text.as_bytes().get(self.at).copied()?;
            if !byte.is_ascii_whitespace() {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        // Lines of logs have no white space between members.
        let is = self.rest().first() == Some(&byte) || self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Broken> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.broken(what)),
            None => Err(self.broken("the end, too early,")),
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn broken(&self, what: &'static str) -> Broken {
        Broken { what, at: self.at }
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
