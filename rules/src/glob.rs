//! Anchored globs, the only patterns that rules know.
//!
//! A glob always matches the whole text: an unanchored `curl` is how real
//! builds were broken. There are no regular expressions, no classes and no
//! alternatives; a list of globs is the alternative.
//!
//! Paths: `{name}` is one non-empty segment, `*` any characters inside a
//! segment, `**` any characters. Other texts (User-Agents, hosts): `*` is any
//! characters.

use serde::{Deserialize, Serialize};

/// Longest text that a glob looks at, in bytes; longer ones never match, so
/// that matching stays bounded whatever a client sends.
pub const TEXT_BOUND: usize = 2048;

/// A compiled glob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glob {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Piece {
    Byte(u8),
    /// `{name}`: one or more bytes, none of them `/`.
    Segment(String),
    /// `*` in a path: any bytes but `/`.
    Inside,
    /// `**` in a path, `*` elsewhere.
    Anything,
}

/// Why a text is no glob; the message fits behind a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobError(pub(crate) String);

impl std::fmt::Display for GlobError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GlobError {}

impl Glob {
    /// A glob over paths.
    ///
    /// # Errors
    ///
    /// Where the text does not start with `/` or `**`, or a brace is unpaired.
    ///
    /// ```
    /// use tidegate_rules::glob::Glob;
    ///
    /// let rustdoc = Glob::path("/{crate}/{version}/**").unwrap();
    /// assert!(rustdoc.matches("/serde/1.0.0/serde/index.html"));
    /// assert!(!rustdoc.matches("/serde"));
    /// ```
    pub fn path(text: &str) -> Result<Self, GlobError> {
        if !text.starts_with('/') && !text.starts_with("**") {
            return Err(GlobError(format!("a path glob starts with `/`, this is `{text}`")));
        }
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.bytes().next() {
            let (piece, used) = match first {
                b'*' if rest.starts_with("**") => (Piece::Anything, 2),
                b'*' => (Piece::Inside, 1),
                b'{' => segment(rest)?,
                b'}' => return Err(GlobError(format!("`}}` without `{{` in `{text}`"))),
                byte => (Piece::Byte(byte), 1),
            };
            pieces.push(piece);
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(Self { pieces })
    }

    /// A glob over any other text, in which only `*` is special.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let pieces = text
            .bytes()
            .map(|byte| if byte == b'*' { Piece::Anything } else { Piece::Byte(byte) })
            .collect();
        Self { pieces }
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        text.len() <= TEXT_BOUND && matches(&self.pieces, text.as_bytes())
    }

    /// The bytes that every match starts with.
    #[must_use]
    pub fn literal_prefix(&self) -> Vec<u8> {
        self.pieces
            .iter()
            .map_while(|piece| match piece {
                Piece::Byte(byte) => Some(*byte),
                _ => None,
            })
            .collect()
    }

    /// What the segment `{name}` is in a path that matches, where the glob is
    /// plain enough to tell: only literals and segments before it.
    #[must_use]
    pub fn capture<'t>(&self, name: &str, path: &'t str) -> Option<&'t str> {
        let mut at = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Byte(_) => at += 1,
                Piece::Segment(found) => {
                    let rest = path.get(at..)?;
                    let len = rest.find('/').unwrap_or(rest.len());
                    if found == name {
                        return rest.get(..len).filter(|segment| !segment.is_empty());
                    }
                    at += len;
                }
                Piece::Inside | Piece::Anything => return None,
            }
        }
        None
    }
}

fn segment(rest: &str) -> Result<(Piece, usize), GlobError> {
    let end = rest.find('}').ok_or_else(|| GlobError(format!("`{{` without `}}` in `{rest}`")))?;
    let name = rest.get(1..end).unwrap_or_default();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Err(GlobError(format!("`{{{name}}}` is no segment name: use `{{lower_case}}`")));
    }
    Ok((Piece::Segment(name.to_owned()), end + 1))
}

/// Where to resume when the text stops matching.
#[derive(Clone, Copy)]
struct Retry {
    piece: usize,
    text: usize,
}

/// Greedy matching with two places to go back to: the last wildcard inside a
/// segment and the last `**`. No recursion, no allocation; at worst the work is
/// the text's length times one segment's length times the glob's.
fn matches(pieces: &[Piece], text: &[u8]) -> bool {
    let (mut piece, mut at) = (0, 0);
    let mut inside: Option<Retry> = None;
    let mut anything: Option<Retry> = None;
    loop {
        let byte = text.get(at).copied();
        match (pieces.get(piece), byte) {
            (None, None) => return true,
            (Some(Piece::Byte(want)), Some(byte)) if *want == byte => {
                piece += 1;
                at += 1;
                continue;
            }
            (Some(Piece::Segment(_)), Some(byte)) if byte != b'/' => {
                piece += 1;
                at += 1;
                inside = Some(Retry { piece, text: at });
                continue;
            }
            (Some(Piece::Inside), _) => {
                piece += 1;
                inside = Some(Retry { piece, text: at });
                continue;
            }
            (Some(Piece::Anything), _) => {
                piece += 1;
                anything = Some(Retry { piece, text: at });
                inside = None;
                continue;
            }
            _ => {}
        }
        let stretched = stretch(&mut inside, text, |byte| byte != b'/').or_else(|| {
            inside = None;
            stretch(&mut anything, text, |_| true)
        });
        match stretched {
            Some(retry) => (piece, at) = (retry.piece, retry.text),
            None => return false,
        }
    }
}

/// Lets a wildcard take one byte more, where it may.
fn stretch(retry: &mut Option<Retry>, text: &[u8], may: impl Fn(u8) -> bool) -> Option<Retry> {
    let retry = retry.as_mut()?;
    let byte = *text.get(retry.text)?;
    may(byte).then(|| {
        retry.text += 1;
        *retry
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn path(glob: &str, yes: &[&str], no: &[&str]) {
        let glob = Glob::path(glob).unwrap();
        for text in yes {
            assert!(glob.matches(text), "{text}");
        }
        for text in no {
            assert!(!glob.matches(text), "{text}");
        }
    }

    #[test]
    fn path_globs_are_anchored() {
        path("/a", &["/a"], &["/a/", "/ab", "a", ""]);
        path("/{crate}", &["/serde"], &["/", "/serde/", "/serde/1.0"]);
        path("/{crate}/{version}/**", &["/a/1/", "/a/1/b/c"], &["/a/1", "/a//b"]);
        path("/-/static/**", &["/-/static/", "/-/static/a/b.css"], &["/-/static", "/x/-/static/a"]);
        path("/**.css", &["/a.css", "/a/b.css", "/a.css/b.css"], &["/a.css/", "a.css"]);
        path("/*.svg", &["/badge.svg"], &["/a/badge.svg"]);
        path("/{crate}/badge.svg", &["/serde/badge.svg"], &["//badge.svg", "/a/b/badge.svg"]);
        path("/**/{file}.html", &["/a/b.html", "/a/b/c.html"], &["/b.html", "/a/.html"]);
    }

    #[test]
    fn text_globs_are_anchored() {
        let curl = Glob::text("curl/*");
        assert!(curl.matches("curl/8.20.0"));
        assert!(!curl.matches("my curl/8.20.0"));
        assert!(Glob::text("*bot*").matches("a bot here"));
        assert!(Glob::text("").matches(""));
    }

    #[test]
    fn captures_plain_segments() {
        let glob = Glob::path("/crate/{crate}/{version}/**").unwrap();
        assert_eq!(glob.capture("crate", "/crate/serde/1.0/x"), Some("serde"));
        assert_eq!(glob.capture("version", "/crate/serde/1.0/x"), Some("1.0"));
        assert_eq!(glob.capture("target", "/crate/serde/1.0/x"), None);
    }

    #[test]
    fn bad_globs_say_why() {
        for bad in ["a", "/{", "/}", "/{}", "/{Crate}"] {
            assert!(Glob::path(bad).is_err(), "{bad}");
        }
    }

    /// The obvious exponential matcher, as an oracle.
    fn oracle(pieces: &[Piece], text: &[u8]) -> bool {
        match pieces.split_first() {
            None => text.is_empty(),
            Some((Piece::Byte(b), rest)) => text.first() == Some(b) && oracle(rest, &text[1..]),
            Some((Piece::Segment(_), rest)) => {
                let len = text.iter().take_while(|b| **b != b'/').count();
                (1..=len).any(|n| oracle(rest, &text[n..]))
            }
            Some((Piece::Inside, rest)) => {
                let len = text.iter().take_while(|b| **b != b'/').count();
                (0..=len).any(|n| oracle(rest, &text[n..]))
            }
            Some((Piece::Anything, rest)) => (0..=text.len()).any(|n| oracle(rest, &text[n..])),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_oracle(glob in "/([ab/]|\\*|\\*\\*|\\{x\\}){0,6}", text in "/[ab/]{0,10}") {
            let glob = Glob::path(&glob).unwrap();
            prop_assert_eq!(glob.matches(&text), oracle(&glob.pieces, text.as_bytes()));
        }
    }
}
