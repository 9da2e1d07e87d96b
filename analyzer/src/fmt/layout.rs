//! The house's form: `=` aligned within a block, one blank line between tables,
//! arrays on one line where they fit, comments where they were.

use super::WIDTH;
use super::token::Kind;
use super::tree::{Comment, Piece, Statement, Value, ValueKind};

const INDENT: &str = "    ";

/// A line of the result, or several that belong together.
struct Line<'t> {
    code: String,
    comment: Option<Comment<'t>>,
}

impl Line<'_> {
    /// Characters before a comment behind it.
    fn width(&self) -> usize {
        width(self.code.rsplit('\n').next().unwrap_or_default())
    }
}

/// The statements of a file as its text.
pub(super) fn lay_out(statements: &[Statement<'_>]) -> String {
    let spaced = space(statements);
    let mut text = String::new();
    for block in spaced.split(|statement| matches!(statement, Statement::Blank)) {
        if !text.is_empty() {
            text.push('\n');
        }
        put_block(&mut text, block);
    }
    text
}

/// The statements with the blank lines that belong between them.
fn space<'s, 't>(statements: &'s [Statement<'t>]) -> Vec<&'s Statement<'t>> {
    let mut spaced: Vec<&Statement<'_>> = Vec::new();
    let mut table = "";
    for statement in statements {
        let last = spaced.last().copied();
        let after_blank = matches!(last, None | Some(Statement::Blank));
        match statement {
            Statement::Blank if after_blank => continue,
            Statement::Header(header, _) => {
                let (parent, inner) = family(header);
                // The steps of a case may follow it directly.
                if !(inner && header.starts_with("[[") && parent == table) {
                    part(&mut spaced);
                }
                table = parent;
            }
            // Nothing stands between a header and its keys.
            Statement::Key(..) if after_blank => {
                let before = spaced.len().checked_sub(2).and_then(|at| spaced.get(at));
                if matches!(before, Some(Statement::Header(..))) {
                    spaced.pop();
                }
            }
            _ => {}
        }
        spaced.push(statement);
    }
    if matches!(spaced.last(), Some(Statement::Blank)) {
        spaced.pop();
    }
    spaced
}

/// Puts a blank line at the end, but for the comment that is about what follows.
fn part(spaced: &mut Vec<&Statement<'_>>) {
    let is_comment = |statement: &&Statement<'_>| matches!(statement, Statement::Comment(_));
    let at = spaced.iter().rposition(|statement| !is_comment(statement));
    if let Some(at) = at.filter(|at| !matches!(spaced.get(*at), Some(Statement::Blank))) {
        spaced.insert(at + 1, &Statement::Blank);
    }
}

/// The first name of a header, and whether there are more.
fn family(header: &str) -> (&str, bool) {
    let path = header.trim_matches(['[', ']']);
    path.split_once('.').map_or((path, false), |(parent, _)| (parent, true))
}

/// Lines without a blank one between them: their `=` and their comments are
/// aligned, even across tables: a case and its steps.
fn put_block(text: &mut String, block: &[&Statement<'_>]) {
    let keys = block.iter().map(|statement| match statement {
        Statement::Key(key, ..) => width(key),
        _ => 0,
    });
    let keys = keys.max().unwrap_or_default();
    let mut lines = Vec::new();
    for statement in block {
        match statement {
            Statement::Blank => {}
            Statement::Comment(text) => {
                lines.push(Line { code: (*text).to_owned(), comment: None })
            }
            Statement::Header(header, comment) => {
                lines.push(Line { code: header.clone(), comment: *comment });
            }
            Statement::Key(key, value, comment) => {
                lines.extend(assignment(format!("{key:keys$} = "), value, *comment));
            }
        }
    }
    put(text, &lines);
}

/// Lines with their comments in one column: the leftmost of those where they
/// were that leaves room for each.
fn put(text: &mut String, lines: &[Line<'_>]) {
    let commented = || lines.iter().filter_map(|line| Some((line.width(), line.comment?.column)));
    let widest = commented().map(|(width, _)| width).max().unwrap_or_default();
    let fitting = commented().map(|(_, column)| column).filter(|column| *column > widest).min();
    let column = fitting.unwrap_or(widest + 2);
    for line in lines {
        text.push_str(&line.code);
        if let Some(comment) = line.comment {
            let gap = column.saturating_sub(line.width());
            text.push_str(&" ".repeat(gap));
            text.push_str(comment.text);
        }
        text.push('\n');
    }
}

/// A key and its value, the key already written.
fn assignment<'t>(key: String, value: &Value<'t>, comment: Option<Comment<'t>>) -> Vec<Line<'t>> {
    let one = one_line(value);
    let fits = one.as_ref().is_some_and(|one| width(&key) + width(one) <= WIDTH);
    let whole = |value: String| vec![Line { code: format!("{key}{value}"), comment }];
    match (&value.kind, one) {
        (_, Some(one)) if fits => whole(one),
        (ValueKind::Array(pieces), one) => match (rows(pieces), one) {
            (Some(rows), Some(one)) if is_wide_anyway(pieces, &rows) => whole(one),
            (Some(rows), _) => broken(&key, rows, comment),
            (None, _) => whole(raw(value)),
        },
        (_, Some(one)) if !value.has(Kind::Newline) => whole(one),
        _ => whole(raw(value)),
    }
}

/// One line of a broken array.
#[derive(Default)]
struct Row<'t> {
    items: Vec<String>,
    comment: Option<Comment<'t>>,
}

impl Row<'_> {
    fn is_blank(&self) -> bool {
        self.items.is_empty() && self.comment.is_none()
    }

    fn code(&self) -> String {
        let items: Vec<_> = self.items.iter().map(|item| format!("{item},")).collect();
        if items.is_empty() { String::new() } else { format!("{INDENT}{}", items.join(" ")) }
    }
}

/// Whether an array that its author did not break is one item that would be too
/// wide on a line of its own, too.
fn is_wide_anyway(pieces: &[Piece<'_>], rows: &Rows<'_>) -> bool {
    matches!(pieces, [_]) && rows.rows.iter().all(|row| width(&row.code()) > WIDTH)
}

/// An array with a line for each row.
fn broken<'t>(key: &str, rows: Rows<'t>, comment: Option<Comment<'t>>) -> Vec<Line<'t>> {
    let inside = rows.rows.iter().map(|row| match (row.items.is_empty(), row.comment) {
        (true, Some(alone)) => Line { code: format!("{INDENT}{}", alone.text), comment: None },
        (_, comment) => Line { code: row.code(), comment },
    });
    let mut text = String::new();
    put(&mut text, &inside.collect::<Vec<_>>());
    let mut lines = vec![Line { code: format!("{key}["), comment: rows.of_array }];
    if let Some(text) = text.strip_suffix('\n') {
        lines.push(Line { code: text.to_owned(), comment: None });
    }
    lines.push(Line { code: "]".to_owned(), comment });
    lines
}

/// The lines of a broken array.
#[derive(Default)]
struct Rows<'t> {
    /// What is said behind the bracket.
    of_array: Option<Comment<'t>>,
    rows: Vec<Row<'t>>,
}

impl<'t> Rows<'t> {
    /// Takes a row in, on as many lines as it needs. Of several blank ones in the
    /// middle one stays.
    fn add(&mut self, row: Row<'t>) {
        if row.is_blank() && self.rows.last().is_none_or(Row::is_blank) {
            return;
        }
        let mut filled = Row::default();
        for item in row.items {
            let wider = width(&filled.code()) + width(&item) + " ,".len();
            if !filled.items.is_empty() && wider > WIDTH {
                self.rows.push(std::mem::take(&mut filled));
            }
            filled.items.push(item);
        }
        filled.comment = row.comment;
        self.rows.push(filled);
    }
}

/// The rows of an array: its author's, and where one of them is too wide, as
/// many items on each line as fit. `None` where an item cannot be on one line.
fn rows<'t>(pieces: &[Piece<'t>]) -> Option<Rows<'t>> {
    let mut rows = Rows::default();
    let mut lines = pieces.split(is_break).peekable();
    if let Some([Piece::Comment(comment)]) = lines.peek() {
        rows.of_array = Some(*comment);
        lines.next();
    }
    for line in lines {
        let mut row = Row::default();
        for piece in line {
            match piece {
                Piece::Item(value) => row.items.push(one_line(value)?),
                Piece::Comment(comment) => row.comment = Some(*comment),
                Piece::Break => {}
            }
        }
        rows.add(row);
    }
    if rows.rows.last().is_some_and(Row::is_blank) {
        rows.rows.pop();
    }
    Some(rows)
}

fn is_break(piece: &Piece<'_>) -> bool {
    matches!(piece, Piece::Break)
}

/// A value on one line; `None` where comments or strings of several lines keep
/// it from that.
fn one_line(value: &Value<'_>) -> Option<String> {
    Some(match &value.kind {
        ValueKind::One => Some(raw(value)).filter(|text| !text.contains('\n'))?,
        _ if value.has(Kind::Comment) => return None,
        ValueKind::Array(pieces) => {
            let items = pieces.iter().filter_map(|piece| match piece {
                Piece::Item(item) => Some(one_line(item)),
                _ => None,
            });
            format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(", "))
        }
        ValueKind::Table(entries) if entries.is_empty() => "{}".to_owned(),
        ValueKind::Table(entries) => {
            let entries =
                entries.iter().map(|(key, value)| Some(format!("{key} = {}", one_line(value)?)));
            format!("{{ {} }}", entries.collect::<Option<Vec<_>>>()?.join(", "))
        }
    })
}

/// A value as it was written, but for spaces at the ends of lines and for more
/// than one blank line at a time.
fn raw(value: &Value<'_>) -> String {
    let mut text = String::new();
    let mut tokens = value.tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        match token.kind {
            Kind::Newline if text.ends_with("\n\n") => {}
            Kind::Newline => text.push('\n'),
            Kind::Space if tokens.peek().is_some_and(|next| next.kind == Kind::Newline) => {}
            _ => text.push_str(token.text),
        }
    }
    text
}

fn width(text: &str) -> usize {
    text.chars().count()
}
