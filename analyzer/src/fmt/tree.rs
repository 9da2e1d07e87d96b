//! From tokens to statements and values, with every comment and every break of
//! a line that an author made.

use super::token::{Kind, Token};

/// A comment behind something on its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comment<'t> {
    pub(super) text: &'t str,
    pub(super) column: usize,
}

/// One statement of a file.
pub(super) enum Statement<'t> {
    /// One or more blank lines.
    Blank,
    /// A comment on a line of its own.
    Comment(&'t str),
    /// `[table]` or `[[table]]`.
    Header(String, Option<Comment<'t>>),
    Key(String, Value<'t>, Option<Comment<'t>>),
}

/// A value.
pub(super) struct Value<'t> {
    pub(super) kind: ValueKind<'t>,
    /// The tokens that it was written in.
    pub(super) tokens: Vec<Token<'t>>,
}

pub(super) enum ValueKind<'t> {
    One,
    Array(Vec<Piece<'t>>),
    Table(Vec<(String, Value<'t>)>),
}

/// What stands between the brackets of an array.
pub(super) enum Piece<'t> {
    Item(Value<'t>),
    Break,
    Comment(Comment<'t>),
}

impl Value<'_> {
    /// Whether any of its tokens is of this kind.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.tokens.iter().any(|token| token.kind == kind)
    }
}

/// The statements of a file.
pub(super) fn read<'t>(tokens: &[Token<'t>]) -> Vec<Statement<'t>> {
    let mut reader = Reader { tokens, at: 0 };
    let mut statements = Vec::new();
    while let Some(token) = reader.peek() {
        match token.kind {
            Kind::Newline => {
                reader.at += 1;
                statements.push(Statement::Blank);
                continue;
            }
            Kind::Comment => {
                reader.at += 1;
                statements.push(Statement::Comment(token.text));
            }
            Kind::Open => {
                let header = reader.joined(&[Kind::Comment, Kind::Newline]);
                statements.push(Statement::Header(header, reader.comment()));
            }
            _ => {
                let (key, value) = reader.pair();
                statements.push(Statement::Key(key, value, reader.comment()));
            }
        }
        // What is left of the line is its end.
        if reader.peek().is_some_and(|token| token.kind == Kind::Newline) {
            reader.at += 1;
        }
    }
    statements
}

struct Reader<'r, 't> {
    tokens: &'r [Token<'t>],
    at: usize,
}

impl<'t> Reader<'_, 't> {
    /// The next token that is no white space.
    fn peek(&mut self) -> Option<Token<'t>> {
        while self.tokens.get(self.at)?.kind == Kind::Space {
            self.at += 1;
        }
        self.tokens.get(self.at).copied()
    }

    /// The tokens before any of these kinds as one text, without spaces.
    fn joined(&mut self, ends: &[Kind]) -> String {
        let mut text = String::new();
        while let Some(token) = self.peek().filter(|token| !ends.contains(&token.kind)) {
            text.push_str(token.text);
            self.at += 1;
        }
        text
    }

    fn comment(&mut self) -> Option<Comment<'t>> {
        let token = self.peek().filter(|token| token.kind == Kind::Comment)?;
        self.at += 1;
        Some(Comment { text: token.text, column: token.column })
    }

    fn pair(&mut self) -> (String, Value<'t>) {
        let key = self.joined(&[Kind::Equals]);
        self.at += 1;
        (key, self.value())
    }

    fn value(&mut self) -> Value<'t> {
        let opened = self.peek();
        let from = self.at;
        self.at += 1;
        let kind = match opened {
            Some(Token { kind: Kind::Open, text: "[", .. }) => ValueKind::Array(self.pieces()),
            Some(Token { kind: Kind::Open, .. }) => ValueKind::Table(self.entries()),
            _ => {
                // A day and a time may be apart by a space.
                if let Some([space, word]) = self.tokens.get(self.at..self.at + 2)
                    && (space.kind, word.kind) == (Kind::Space, Kind::Word)
                {
                    self.at += 2;
                }
                ValueKind::One
            }
        };
        let tokens = self.tokens.get(from..self.at).unwrap_or_default().to_vec();
        Value { kind, tokens }
    }

    fn pieces(&mut self) -> Vec<Piece<'t>> {
        let mut pieces = Vec::new();
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Close => {
                    self.at += 1;
                    break;
                }
                Kind::Comma => {
                    self.at += 1;
                    // A line of a comma alone is no line.
                    let alone = self.peek().is_some_and(|next| next.kind == Kind::Newline);
                    if alone && matches!(pieces.last(), Some(Piece::Break)) {
                        pieces.pop();
                    }
                }
                Kind::Newline => {
                    self.at += 1;
                    pieces.push(Piece::Break);
                }
                Kind::Comment => pieces.extend(self.comment().map(Piece::Comment)),
                _ => pieces.push(Piece::Item(self.value())),
            }
        }
        pieces
    }

    fn entries(&mut self) -> Vec<(String, Value<'t>)> {
        let mut entries = Vec::new();
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Word => entries.push(self.pair()),
                Kind::Close => {
                    self.at += 1;
                    break;
                }
                // A table with comments in it is written as it is.
                _ => self.at += 1,
            }
        }
        entries
    }
}
