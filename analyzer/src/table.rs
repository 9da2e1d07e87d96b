//! Tables for people: names to the left, counts to the right.

use std::fmt::Write as _;

use crate::text::{WIDTH, cut, markdown, plain, width};

/// What a row that needs attention begins with.
const MARK: &str = "! ";

/// Between two columns.
const GAP: &str = "  ";

/// Narrowest that a column of names is cut to.
const NAME_BOUND: usize = 8;

/// A table whose first column names what the others tell.
pub(crate) struct Table<'h> {
    pub(crate) head: Vec<&'h str>,
    pub(crate) rows: Vec<Row>,
}

/// A row of as many cells as the head has.
pub(crate) struct Row {
    /// Whether it needs somebody's attention.
    pub(crate) marked: bool,
    pub(crate) cells: Vec<String>,
}

impl Row {
    pub(crate) const fn new(marked: bool, cells: Vec<String>) -> Self {
        Self { marked, cells }
    }
}

impl Table<'_> {
    /// The table as aligned lines. Names are cut, the last column's first, where
    /// it would be wider than a terminal.
    pub(crate) fn aligned(&self) -> Vec<String> {
        let head = Row::new(false, self.head.iter().map(|&head| head.into()).collect());
        let rows: Vec<Row> = std::iter::once(&head).chain(&self.rows).map(Row::plain).collect();
        let counts = self.counts();
        let mut widths = vec![0; self.head.len()];
        for row in &rows {
            for (widest, cell) in widths.iter_mut().zip(&row.cells) {
                *widest = width(cell).max(*widest);
            }
        }
        let gaps = GAP.len() * self.head.len().saturating_sub(1);
        let all = MARK.len() + gaps + widths.iter().sum::<usize>();
        let mut excess = all.saturating_sub(WIDTH);
        for (name, _) in widths.iter_mut().zip(&counts).rev().filter(|(_, count)| !**count) {
            let less = excess.min(name.saturating_sub(NAME_BOUND));
            *name -= less;
            excess -= less;
        }
        rows.iter().map(|row| row.aligned(&widths, &counts)).collect()
    }

    /// The table as Markdown.
    pub(crate) fn markdown(&self) -> Vec<String> {
        let rules = self.counts().into_iter().map(|count| if count { " ---: |" } else { " --- |" });
        let head = self.head.iter().map(|head| markdown(head)).collect();
        let mut lines = vec![bars(head), rules.fold("|".to_owned(), |line, rule| line + rule)];
        for row in &self.rows {
            let mut cells: Vec<_> = row.cells.iter().map(|cell| markdown(&plain(cell))).collect();
            if let (true, Some(name)) = (row.marked, cells.first_mut()) {
                *name = format!("**{name}** (!)");
            }
            lines.push(bars(cells));
        }
        lines
    }

    /// Which columns count: those behind the first without a word in them.
    fn counts(&self) -> Vec<bool> {
        let is_word = |cell: &String| cell.starts_with(char::is_alphabetic);
        let counts = |at| !self.rows.iter().filter_map(|row| row.cells.get(at)).any(is_word);
        (0..self.head.len()).map(|at| at > 0 && counts(at)).collect()
    }
}

impl Row {
    fn plain(&self) -> Self {
        Self::new(self.marked, self.cells.iter().map(|cell| plain(cell)).collect())
    }

    fn aligned(&self, widths: &[usize], counts: &[bool]) -> String {
        let mut line = if self.marked { MARK.to_owned() } else { " ".repeat(MARK.len()) };
        for (at, (cell, (width, count))) in
            self.cells.iter().zip(widths.iter().zip(counts)).enumerate()
        {
            let gap = if at == 0 { "" } else { GAP };
            // A `write` to a string cannot fail.
            let _ = match count {
                true => write!(line, "{gap}{cell:>width$}"),
                false => write!(line, "{gap}{:<width$}", cut(cell, *width)),
            };
        }
        line
    }
}

fn bars(cells: Vec<String>) -> String {
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[&str; 4]]) -> Table<'static> {
        let row = |cells: &[&str; 4]| Row::new(cells[0] == "bad", cells.map(str::to_owned).into());
        Table { head: vec!["name", "count", "share", "kind"], rows: rows.iter().map(row).collect() }
    }

    #[test]
    fn names_stand_left_and_counts_right() {
        let table = table(&[["bad", "1,000", "<0.01 %", "tool"], ["a|b", "7", "-", "-"]]);
        let aligned = [
            "  name  count    share  kind",
            "! bad   1,000  <0.01 %  tool",
            "  a|b       7        -  -   ",
        ];
        assert_eq!(table.aligned(), aligned);
        let markdown = [
            "| name | count | share | kind |",
            "| --- | ---: | ---: | --- |",
            "| **bad** (!) | 1,000 | &lt;0.01 % | tool |",
            "| a\\|b | 7 | - | - |",
        ];
        assert_eq!(table.markdown(), markdown);
    }

    #[test]
    fn names_are_cut_from_the_last_column_on() {
        let [name, kind] = ["n".repeat(40), "k".repeat(60)];
        let table = table(&[[&name, "1", "1", &kind]]);
        let line = &table.aligned()[1];
        assert_eq!(width(line), WIDTH);
        assert!(line.contains(&name) && line.contains("kkk…"), "{line}");
    }
}
