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

/// A checked glob. It is matched as it was written, so that a pack of hundreds
/// decodes in no time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glob {
    text: String,
    /// Whether it is about paths, where `*` stops at `/`.
    path: bool,
    shingles: Shingles,
}

/// Which runs of three bytes a text has, as 256 bits. A glob whose runs are not
/// all among a text's cannot match it: most globs are told apart by that alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shingles([u64; 4]);

impl Shingles {
    /// The runs of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut shingles = Self::default();
        for run in text.as_bytes().windows(3) {
            shingles.add(run);
        }
        shingles
    }

    fn add(&mut self, run: &[u8]) {
        let mixed = run.iter().fold(0_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x9e37_79b1).rotate_left(7)
        });
        if let Some(word) = self.0.get_mut((mixed & 3) as usize) {
            *word |= 1 << (mixed >> 8 & 63);
        }
    }

    fn are_among(&self, others: &Self) -> bool {
        self.0.iter().zip(&others.0).all(|(own, other)| own & !other == 0)
    }
}

/// One piece of a glob.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Byte(u8),
    /// `{name}`: one or more bytes, none of them `/`.
    Segment,
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
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (_, found) = rest.split_at(at);
            if found.starts_with('}') {
                return Err(GlobError(format!("`}}` without `{{` in `{text}`")));
            }
            let used = segment_name(found)?.len() + 2;
            rest = found.get(used..).unwrap_or_default();
        }
        Ok(Self::new(text, true))
    }

    /// A glob over any other text, in which only `*` is special.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(text, false)
    }

    fn new(text: &str, path: bool) -> Self {
        let mut glob = Self { text: text.to_owned(), path, shingles: Shingles::default() };
        let (mut at, mut literal) = (0, Vec::new());
        while let Some((piece, used)) = glob.piece(at) {
            match piece {
                Piece::Byte(byte) => literal.push(byte),
                _ => literal.clear(),
            }
            if let Some(run) = literal.len().checked_sub(3).and_then(|from| literal.get(from..)) {
                glob.shingles.add(run);
            }
            at += used;
        }
        glob
    }

    /// The piece that starts at a byte of the glob, and its length.
    fn piece(&self, at: usize) -> Option<(Piece, usize)> {
        let rest = self.text.as_bytes().get(at..)?;
        Some(match (rest, self.path) {
            ([], _) => return None,
            ([b'*', b'*', ..], true) => (Piece::Anything, 2),
            ([b'*', ..], true) => (Piece::Inside, 1),
            ([b'*', ..], false) => (Piece::Anything, 1),
            ([b'{', ..], true) => {
                let end = rest.iter().position(|byte| *byte == b'}').unwrap_or(rest.len() - 1);
                (Piece::Segment, end + 1)
            }
            ([byte, ..], _) => (Piece::Byte(*byte), 1),
        })
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        text.len() <= TEXT_BOUND && self.walk(text.as_bytes())
    }

    /// As [`Glob::matches`], quicker where many globs are asked about one text
    /// whose shingles are known.
    #[must_use]
    pub fn matches_with(&self, text: &str, shingles: &Shingles) -> bool {
        self.shingles.are_among(shingles) && self.matches(text)
    }

    /// What the segment `{name}` is in a path that matches, where the glob is
    /// plain enough to tell: only literals and segments before it.
    #[must_use]
    pub fn capture<'t>(&self, name: &str, path: &'t str) -> Option<&'t str> {
        let (mut own, mut at) = (0, 0);
        while let Some((piece, used)) = self.piece(own) {
            match piece {
                Piece::Byte(_) => at += 1,
                Piece::Segment => {
                    let rest = path.get(at..)?;
                    let segment = rest.split('/').next().filter(|segment| !segment.is_empty())?;
                    if self.text.get(own + 1..own + used - 1) == Some(name) {
                        return Some(segment);
                    }
                    at += segment.len();
                }
                Piece::Inside | Piece::Anything => return None,
            }
            own += used;
        }
        None
    }

    /// Greedy matching with two places to go back to: the last wildcard inside
    /// a segment and the last `**`. No recursion, no allocation; at worst the
    /// work is the text's length times one segment's length times the glob's.
    fn walk(&self, text: &[u8]) -> bool {
        let (mut own, mut at) = (0, 0);
        let mut inside: Option<Retry> = None;
        let mut anything: Option<Retry> = None;
        loop {
            let byte = text.get(at).copied();
            match (self.piece(own), byte) {
                (None, None) => return true,
                (Some((Piece::Byte(want), used)), Some(byte)) if want == byte => {
                    own += used;
                    at += 1;
                    continue;
                }
                (Some((Piece::Segment, used)), Some(byte)) if byte != b'/' => {
                    own += used;
                    at += 1;
                    inside = Some(Retry { own, text: at });
                    continue;
                }
                (Some((Piece::Inside, used)), _) => {
                    own += used;
                    inside = Some(Retry { own, text: at });
                    continue;
                }
                (Some((Piece::Anything, used)), _) => {
                    own += used;
                    anything = Some(Retry { own, text: at });
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
                Some(retry) => (own, at) = (retry.own, retry.text),
                None => return false,
            }
        }
    }
}

/// The name of the segment that `rest` starts with.
fn segment_name(rest: &str) -> Result<&str, GlobError> {
    let end = rest.find('}').ok_or_else(|| GlobError(format!("`{{` without `}}` in `{rest}`")))?;
    let name = rest.get(1..end).unwrap_or_default();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Err(GlobError(format!("`{{{name}}}` is no segment name: use `{{lower_case}}`")));
    }
    Ok(name)
}

/// Where to resume when the text stops matching.
#[derive(Clone, Copy)]
struct Retry {
    own: usize,
    text: usize,
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
    fn oracle(glob: &Glob, own: usize, text: &[u8]) -> bool {
        let segment = || text.iter().take_while(|b| **b != b'/').count();
        match glob.piece(own) {
            None => text.is_empty(),
            Some((Piece::Byte(b), n)) => {
                text.first() == Some(&b) && oracle(glob, own + n, &text[1..])
            }
            Some((Piece::Segment, n)) => (1..=segment()).any(|l| oracle(glob, own + n, &text[l..])),
            Some((Piece::Inside, n)) => (0..=segment()).any(|l| oracle(glob, own + n, &text[l..])),
            Some((Piece::Anything, n)) => {
                (0..=text.len()).any(|l| oracle(glob, own + n, &text[l..]))
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_oracle(glob in "/([ab/]|\\*|\\*\\*|\\{x\\}){0,6}", text in "/[ab/]{0,10}") {
            let glob = Glob::path(&glob).unwrap();
            prop_assert_eq!(glob.matches(&text), oracle(&glob, 0, text.as_bytes()));
        }

        #[test]
        fn shingles_never_hide_a_match(glob in "[abc*]{0,12}", text in "[abc]{0,12}") {
            let glob = Glob::text(&glob);
            let shingles = Shingles::of(&text);
            prop_assert_eq!(glob.matches_with(&text, &shingles), glob.matches(&text));
        }
    }
}
