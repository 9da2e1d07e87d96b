//! A page for people in one of two forms: text of at most 80 columns for a
//! terminal, or Markdown for a pull request.
//!
//! Whoever writes a page says what a piece is, this module how it looks; the
//! forms must differ in looks only.

use crate::table::Table;
use crate::text::{WIDTH, cut, markdown, plain, width};

/// How a page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For a terminal.
    Text,
    /// For a pull request.
    Markdown,
}

/// A kind of piece: pieces of one kind stand together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Heading,
    Item,
    Table,
    Code,
}

/// A page being written.
pub(crate) struct Page {
    form: Form,
    text: String,
    last: Piece,
}

impl Page {
    /// A page under a title.
    pub(crate) fn new(form: Form, title: &str) -> Self {
        let mut page = Self { form, text: String::new(), last: Piece::Heading };
        page.head("##", title);
        page
    }

    /// The heading of what follows.
    pub(crate) fn heading(&mut self, heading: &str) {
        self.text.push('\n');
        self.head("###", heading);
        self.last = Piece::Heading;
    }

    /// One sentence, or one thing of many.
    pub(crate) fn item(&mut self, item: &str) {
        self.listed(0, item);
    }

    /// Something about the last item.
    pub(crate) fn detail(&mut self, detail: &str) {
        self.listed(2, detail);
    }

    /// A table; nothing where it has no rows.
    pub(crate) fn table(&mut self, table: &Table<'_>) {
        if table.rows.is_empty() {
            return;
        }
        self.set_apart(Piece::Table);
        let lines = match self.form {
            Form::Text => table.aligned(),
            Form::Markdown => table.markdown(),
        };
        lines.iter().for_each(|line| self.line(line));
    }

    /// TOML, line by line as it is.
    pub(crate) fn code(&mut self, toml: &str) {
        self.set_apart(Piece::Code);
        let (start, end) = match self.form {
            Form::Text => (None, None),
            Form::Markdown => (Some("```toml"), Some("```")),
        };
        for line in start.into_iter().chain(toml.lines()).chain(end) {
            self.line(&plain(line));
        }
    }

    /// The page as one text.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn head(&mut self, mark: &str, text: &str) {
        match self.form {
            Form::Text => wrap(&mut self.text, 0, &plain(text)),
            Form::Markdown => self.line(&format!("{mark} {}", markdown(&plain(text)))),
        }
    }

    fn listed(&mut self, indent: usize, item: &str) {
        self.set_apart(Piece::Item);
        match self.form {
            Form::Text => wrap(&mut self.text, indent, &plain(item)),
            Form::Markdown => {
                let space = " ".repeat(indent);
                self.line(&format!("{space}- {}", markdown(&plain(item))));
            }
        }
    }

    /// Markdown tells pieces of two kinds apart by an empty line; a terminal
    /// needs one around code only.
    fn set_apart(&mut self, piece: Piece) {
        let changes = piece != self.last;
        let around_code = piece == Piece::Code || self.last == Piece::Code;
        if changes && (self.form == Form::Markdown || around_code) {
            self.text.push('\n');
        }
        self.last = piece;
    }

    fn line(&mut self, line: &str) {
        push_line(&mut self.text, line);
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line.trim_end_matches(' '));
    text.push('\n');
}

/// Breaks a sentence between words, later lines indented further.
fn wrap(text: &mut String, indent: usize, sentence: &str) {
    let mut row = " ".repeat(indent);
    for word in sentence.split(' ') {
        let started = !row.trim_start().is_empty();
        if started && width(&row) + 1 + width(word) > WIDTH {
            push_line(text, &row);
            row = " ".repeat(indent + 4);
        } else if started {
            row.push(' ');
        }
        row.push_str(&cut(word, WIDTH - indent - 4));
    }
    push_line(text, &row);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Row;

    fn wrapped(indent: usize, sentence: &str) -> String {
        let mut text = String::new();
        wrap(&mut text, indent, sentence);
        text
    }

    #[test]
    fn long_sentences_are_broken_between_words() {
        for indent in [0, 2] {
            let text = wrapped(indent, &"a word, ".repeat(20));
            assert!(text.lines().count() > 1);
            assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
            assert!(text.lines().skip(1).all(|line| line.starts_with("    ")), "{text}");
            assert_eq!(text.matches("word").count(), 20);
        }
    }

    #[test]
    fn long_words_are_cut() {
        let text = wrapped(0, &format!("rules {}", "x".repeat(200)));
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
    }

    fn page(form: Form) -> String {
        let mut page = Page::new(form, "A *page*");
        page.item("One.");
        page.item("Two:");
        page.detail("a part");
        page.heading("More");
        page.table(&Table {
            head: vec!["n", "1"],
            rows: vec![Row::new(true, vec!["a".into(), "2".into()])],
        });
        page.item("Below\u{1b}.");
        page.code("[rule]\nid = 1\n");
        page.item("End.");
        page.finish()
    }

    #[test]
    fn the_forms_differ_in_looks_only() {
        let text = "A *page*\nOne.\nTwo:\n  a part\n\nMore\n  n  1\n! a  2\nBelow\\u{1b}.\n\n\
                    [rule]\nid = 1\n\nEnd.\n";
        assert_eq!(page(Form::Text), text);
        let markdown = "## A \\*page\\*\n\n- One.\n- Two:\n  - a part\n\n### More\n\n\
                        | n | 1 |\n| --- | ---: |\n| **a** (!) | 2 |\n\n- Below\\\\u{1b}.\n\n\
                        ```toml\n[rule]\nid = 1\n```\n\n- End.\n";
        assert_eq!(page(Form::Markdown), markdown);
    }
}
