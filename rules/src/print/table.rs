//! Tables of TOML, written as the sites' own files are: `=` aligned, one key a
//! line, texts as strings of one line.

use std::fmt::{self, Write as _};

/// One table: a header and its keys, in the order in which they were set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    header: &'static str,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Comment(&'static str),
    Key(&'static str, String),
}

impl Table {
    /// An empty table under a header such as `[[rule]]`.
    #[must_use]
    pub const fn new(header: &'static str) -> Self {
        Self { header, lines: Vec::new() }
    }

    /// Sets a key to a text.
    pub fn text(&mut self, key: &'static str, text: &str) {
        self.value(key, quoted(text));
    }

    /// Sets a key to a number, its thousands apart.
    pub fn number(&mut self, key: &'static str, number: u64) {
        self.value(key, grouped(number));
    }

    /// Sets a key to a list of texts. An empty one says nothing, and is not
    /// written.
    pub fn texts(&mut self, key: &'static str, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        let items: Vec<_> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
        if !items.is_empty() {
            self.value(key, format!("[{}]", items.join(", ")));
        }
    }

    /// Each key with its value, in TOML.
    pub fn keys(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Key(key, value) => Some((*key, value.as_str())),
            Line::Comment(_) => None,
        })
    }

    /// Sets a key to what is TOML already.
    pub(super) fn value(&mut self, key: &'static str, toml: String) {
        self.lines.push(Line::Key(key, toml));
    }

    pub(super) fn comment(&mut self, text: &'static str) {
        self.lines.push(Line::Comment(text));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.lines.iter().map(|line| match line {
            Line::Key(key, _) => key.len(),
            Line::Comment(_) => 0,
        });
        let width = widths.max().unwrap_or_default();
        writeln!(f, "{}", self.header)?;
        for line in &self.lines {
            match line {
                Line::Key(key, value) => writeln!(f, "{key:width$} = {value}")?,
                Line::Comment(text) => writeln!(f, "# {text}")?,
            }
        }
        Ok(())
    }
}

/// A text as a TOML string of one line, in which whatever an editor or a
/// terminal would obey or not show is escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            '\n' => write!(quoted, "\\n"),
            '\t' => write!(quoted, "\\t"),
            c if c == '\'' || c.escape_debug().len() == 1 => write!(quoted, "{c}"),
            c => write!(quoted, "\\U{:08X}", u32::from(c)),
        };
    }
    quoted.push('"');
    quoted
}

/// A number with its thousands apart, as TOML takes it.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_table_is_written_as_people_write_it() {
        let mut table = Table::new("[[rule]]");
        table.text("id", "a \"b\" \\ \u{202e}\u{1b}\n");
        table.number("rollout", 1_234_567);
        table.texts("none", [""; 0]);
        table.texts("two", ["a", "it's"]);
        let expected = "[[rule]]\n\
            id      = \"a \\\"b\\\" \\\\ \\U0000202E\\U0000001B\\n\"\n\
            rollout = 1_234_567\n\
            two     = [\"a\", \"it's\"]\n";
        assert_eq!(table.to_string(), expected);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let line = format!("key = {}", quoted(&text));
            prop_assert_eq!(line.lines().count(), 1);
            let read: toml::Table = line.parse().unwrap();
            prop_assert_eq!(read["key"].as_str(), Some(text.as_str()));
        }
    }
}
