//! Tokens of a text that is known to be TOML: what is in them is not looked at.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Spaces and tabs.
    Space,
    Newline,
    Comment,
    /// A string, or a piece of a key, a number or a time.
    Word,
    /// `[` or `{`.
    Open,
    /// `]` or `}`.
    Close,
    Comma,
    Equals,
}

/// One token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    /// As it was written; a comment without white space at its end.
    pub(super) text: &'t str,
    /// Characters before it on its line.
    pub(super) column: usize,
}

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut column = 0;
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let (kind, length) = first(rest);
        let (written, after) = rest.split_at(length);
        let text = match kind {
            Kind::Newline => "",
            Kind::Comment => written.trim_end(),
            _ => written,
        };
        tokens.push(Token { kind, text, column });
        column = match written.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => column + written.chars().count(),
        };
        rest = after;
    }
    tokens
}

/// The kind and the length in bytes of the token that a text starts with.
fn first(text: &str) -> (Kind, usize) {
    let until = |stop: &dyn Fn(char) -> bool| text.find(stop).unwrap_or(text.len());
    match text.as_bytes() {
        [b'\n', ..] => (Kind::Newline, 1),
        [b'\r', b'\n', ..] => (Kind::Newline, 2),
        [b' ' | b'\t', ..] => (Kind::Space, until(&|c| c != ' ' && c != '\t')),
        [b'#', ..] => (Kind::Comment, until(&|c| c == '\n')),
        [b'[' | b'{', ..] => (Kind::Open, 1),
        [b']' | b'}', ..] => (Kind::Close, 1),
        [b',', ..] => (Kind::Comma, 1),
        [b'=', ..] => (Kind::Equals, 1),
        [b'"' | b'\'', ..] => (Kind::Word, string(text)),
        _ => (Kind::Word, until(&|c| " \t\r\n#[]{},=\"'".contains(c)).max(1)),
    }
}

/// The length in bytes of the string that a text starts with.
fn string(text: &str) -> usize {
    let quote = &text[..1];
    let escapes = quote == "\"";
    let triple = quote.repeat(3);
    let marks = if text.starts_with(&triple) { 3 } else { 1 };
    let mut at = marks;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if escapes && rest.starts_with('\\') {
            let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
            at += 1 + escaped;
        } else if marks == 3 && rest.starts_with(&triple) {
            // Up to two of the marks before the end are part of the text.
            let run = rest.len() - rest.trim_start_matches(quote).len();
            return at + run.min(5);
        } else if marks == 1 && rest.starts_with(quote) {
            return at + 1;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}
