//! A backtest for people: aligned text of at most 80 columns, and Markdown for
//! a pull request.

use std::fmt::Write as _;

use super::document::{Document, Row, Table};
use super::result::Backtest;

/// Widest line, in characters.
const WIDTH: usize = 80;

/// What a row that needs attention begins with.
const MARK: &str = "! ";

/// Narrowest that a column of names is cut to.
const NAME_BOUND: usize = 8;

/// Renders a backtest as aligned text, with full client addresses or with their
/// networks. Long names are cut; whoever needs them
/// whole reads the JSON form.
#[must_use]
pub fn render_text(backtest: &Backtest, addresses: bool) -> String {
    let document = Document::of(backtest, addresses);
    let mut text = String::new();
    wrap(&mut text, &document.title);
    for fact in &document.facts {
        wrap(&mut text, fact);
    }
    for table in &document.tables {
        text.push('\n');
        wrap(&mut text, table.title);
        text_table(&mut text, table);
        for note in &table.notes {
            wrap(&mut text, note);
        }
    }
    text
}

/// Renders a backtest as Markdown, with full client addresses or with their
/// networks.
#[must_use]
pub fn render_markdown(backtest: &Backtest, addresses: bool) -> String {
    let document = Document::of(backtest, addresses);
    let mut text = format!("## {}\n\n", escaped(&document.title));
    for fact in &document.facts {
        line(&mut text, &format!("- {}", escaped(fact)));
    }
    for table in &document.tables {
        line(&mut text, &format!("\n### {}\n", escaped(table.title)));
        if !table.rows.is_empty() {
            markdown_table(&mut text, table);
        }
        for (at, note) in table.notes.iter().enumerate() {
            // A list directly below a table would become one of its rows.
            let gap = if at == 0 && !table.rows.is_empty() { "\n" } else { "" };
            line(&mut text, &format!("{gap}- {}", escaped(note)));
        }
    }
    text
}

fn text_table(text: &mut String, table: &Table) {
    if table.rows.is_empty() {
        return;
    }
    let mut widths: Vec<usize> = table.head.iter().map(|head| width(head)).collect();
    for row in &table.rows {
        for (width_so_far, cell) in widths.iter_mut().zip(&row.cells) {
            *width_so_far = width(cell).max(*width_so_far);
        }
    }
    if let Some((names, counts)) = widths.split_first_mut() {
        let counts: usize = counts.iter().map(|count| count + 2).sum();
        *names = (*names).min(WIDTH.saturating_sub(MARK.len() + counts).max(NAME_BOUND));
    }
    let head = Row { marked: false, cells: table.head.iter().map(|&head| head.into()).collect() };
    for row in std::iter::once(&head).chain(&table.rows) {
        line(text, &text_row(row, &widths));
    }
}

fn text_row(row: &Row, widths: &[usize]) -> String {
    let mut text = if row.marked { MARK.to_owned() } else { " ".repeat(MARK.len()) };
    for (at, (cell, width)) in row.cells.iter().zip(widths).enumerate() {
        // Names to the left, counts to the right; a `write` to a string
        // cannot fail.
        let _ = match at {
            0 => write!(text, "{:<width$}", cut(cell, *width)),
            _ => write!(text, "  {cell:>width$}"),
        };
    }
    text
}

fn markdown_table(text: &mut String, table: &Table) {
    let head: Vec<_> = table.head.iter().map(|head| escaped(head)).collect();
    line(text, &format!("| {} |", head.join(" | ")));
    line(text, &format!("| --- |{}", " ---: |".repeat(table.head.len().saturating_sub(1))));
    for row in &table.rows {
        let mut cells: Vec<_> = row.cells.iter().map(|cell| escaped(cell)).collect();
        if let (true, Some(name)) = (row.marked, cells.first_mut()) {
            *name = format!("**{name}** (!)");
        }
        line(text, &format!("| {} |", cells.join(" | ")));
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end_matches(' '));
    text.push('\n');
}

/// Breaks a sentence between words, later lines indented.
fn wrap(text: &mut String, sentence: &str) {
    let mut row = String::new();
    for word in sentence.split(' ') {
        if !row.trim_start().is_empty() && width(&row) + 1 + width(word) > WIDTH {
            line(text, &row);
            row = "   ".to_owned();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(&cut(word, WIDTH - 4));
    }
    line(text, &row);
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// At most `most` characters.
fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Text that Markdown shows as it is: a name in a rule file makes no table
/// cell, no link and no mention.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_broken_between_words() {
        let mut text = String::new();
        wrap(&mut text, &"a word, ".repeat(20));
        assert!(text.lines().count() > 1);
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        assert_eq!(text.matches("word").count(), 20);
    }

    #[test]
    fn long_words_are_cut() {
        let mut text = String::new();
        wrap(&mut text, &format!("rules {}", "x".repeat(200)));
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        assert_eq!(cut("walk-many-crates", 8), "walk-ma…");
    }

    #[test]
    fn markdown_in_names_is_shown() {
        assert_eq!(escaped("a|b <i> [x] @me `c`"), "a\\|b &lt;i> \\[x\\] &#64;me \\`c\\`");
    }
}
