//! How a glob is matched: one walk over the text, no recursion, no allocation.

use super::TEXT_BOUND;

/// A glob as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern<'g> {
    pub(super) text: &'g str,
    /// Whether it is about paths, where `*` stops at `/`.
    pub(super) path: bool,
}

/// One piece of a glob.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Byte(u8),
    /// `{name}`: one or more bytes, none of them `/`.
    Segment,
    /// `*` in a path: any bytes but `/`.
    Inside,
    /// `**` in a path, `*` elsewhere.
    Anything,
}

impl Piece {
    /// `rest` with this piece put before what it was computed for.
    fn before(self, theirs: &[Self], rest: &[bool]) -> Vec<bool> {
        let mut covered = vec![false; rest.len()];
        // Whether this piece, having taken something, covers the next position.
        let mut after = false;
        let mut next = false;
        for (at, slot) in covered.iter_mut().enumerate().rev() {
            let here = rest.get(at).copied().unwrap_or(false);
            let their = theirs.get(at).copied();
            let inside = their.is_some_and(Self::stays_inside);
            *slot = match self {
                Self::Byte(_) => their == Some(self) && rest.get(at + 1) == Some(&true),
                Self::Anything => here || next,
                Self::Inside => here || (inside && next),
                // Theirs may be nothing where it is `*`: that alone fills no segment.
                Self::Segment if their == Some(Self::Inside) => next,
                Self::Segment => inside && after,
            };
            after = here || (inside && after);
            next = *slot;
        }
        covered
    }

    /// Whether it matches no `/`.
    fn stays_inside(self) -> bool {
        !matches!(self, Self::Byte(b'/') | Self::Anything)
    }
}

/// Where to resume when the text stops matching.
#[derive(Clone, Copy)]
struct Retry {
    own: usize,
    text: usize,
    /// The byte that the text must go on with, where the glob says so.
    wanted: Option<u8>,
}

impl<'g> Pattern<'g> {
    /// Whether the whole of `text` matches.
    pub(super) fn matches(self, text: &str) -> bool {
        let text = text.as_bytes();
        text.len() <= TEXT_BOUND && text.ends_with(self.tail()) && self.walk(text)
    }

    /// What stands behind the last wildcard. Most globs that do not match differ
    /// in it, and a walk would find that out last.
    fn tail(self) -> &'g [u8] {
        let glob = self.text.as_bytes();
        let wild = |byte: &u8| *byte == b'*' || (self.path && *byte == b'}');
        let from = glob.iter().rposition(wild).map_or(0, |at| at + 1);
        glob.get(from..).unwrap_or_default()
    }

    /// Whether a byte of a glob stands for itself, wherever it is.
    const fn is_plain(self, byte: u8) -> bool {
        byte != b'*' && (byte != b'{' || !self.path)
    }

    /// Where a text may go on behind a wildcard that stays inside a segment, and where
    /// to resume if it does not. A wildcard with the segment's end behind it can only
    /// be all that is left of the segment.
    fn after_inside(self, own: usize, at: usize, text: &[u8]) -> (usize, Option<Retry>) {
        if !matches!(self.text.as_bytes().get(own), None | Some(b'/')) {
            return (at, self.retry(own, at));
        }
        let rest = text.get(at..).unwrap_or_default();
        (at + rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len()), None)
    }

    fn retry(self, own: usize, text: usize) -> Option<Retry> {
        let wanted = match self.piece(own) {
            Some((Piece::Byte(byte), _)) => Some(byte),
            _ => None,
        };
        Some(Retry { own, text, wanted })
    }

    /// The stretches of the glob that a text must have as they are.
    pub(super) fn literals(self) -> impl Iterator<Item = &'g [u8]> {
        let stretches = self.text.as_bytes().split(|byte| *byte == b'*');
        stretches.flat_map(move |stretch| {
            let parts = stretch.split(move |byte| self.path && *byte == b'{').enumerate();
            parts.map(|(at, part)| match at {
                0 => part,
                // What stands before the brace is a segment's name.
                _ => part.splitn(2, |byte| *byte == b'}').nth(1).unwrap_or_default(),
            })
        })
    }

    /// A text that matches: every wildcard stands for `x`.
    pub(super) fn sample(self) -> String {
        let bytes = self.pieces().map(|piece| match piece {
            Piece::Byte(byte) => byte,
            Piece::Segment | Piece::Inside | Piece::Anything => b'x',
        });
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    }

    /// Whether it is certain that this glob matches whatever `other` matches.
    /// `other`'s wildcards are matched as if they were bytes; what only a look at
    /// several wildcards together would show is not certain.
    ///
    /// Works from the ends: `rest[j]` says whether the pieces of this glob that
    /// were looked at cover those of `other` from `j` on.
    pub(super) fn covers(self, other: Self) -> bool {
        let theirs: Vec<Piece> = other.pieces().collect();
        let mut rest: Vec<bool> = (0..=theirs.len()).map(|at| at == theirs.len()).collect();
        let own: Vec<Piece> = self.pieces().collect();
        for piece in own.into_iter().rev() {
            rest = piece.before(&theirs, &rest);
        }
        rest.first().copied().unwrap_or(false)
    }

    pub(super) fn pieces(self) -> impl Iterator<Item = Piece> + use<'g> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (piece, used) = self.piece(at)?;
            at += used;
            Some(piece)
        })
    }

    /// The piece that starts at a byte of the glob, and its length.
    fn piece(self, at: usize) -> Option<(Piece, usize)> {
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

    /// Greedy matching with two places to go back to: the last wildcard inside
    /// a segment and the last `**`. At worst the work is the text's length times
    /// one segment's length times the glob's.
    fn walk(self, text: &[u8]) -> bool {
        let glob = self.text.as_bytes();
        let (mut own, mut at) = (0, 0);
        let mut inside: Option<Retry> = None;
        let mut anything: Option<Retry> = None;
        loop {
            let byte = text.get(at).copied();
            if byte.is_some_and(|byte| self.is_plain(byte)) && byte == glob.get(own).copied() {
                own += 1;
                at += 1;
                continue;
            }
            match (self.piece(own), byte) {
                (None, None) => return true,
                (Some((Piece::Byte(want), used)), Some(byte)) if want == byte => {
                    own += used;
                    at += 1;
                    continue;
                }
                (Some((Piece::Segment, used)), Some(byte)) if byte != b'/' => {
                    own += used;
                    (at, inside) = self.after_inside(own, at + 1, text);
                    continue;
                }
                (Some((Piece::Inside, used)), _) => {
                    own += used;
                    (at, inside) = self.after_inside(own, at, text);
                    continue;
                }
                // Whatever is left of the text.
                (Some((Piece::Anything, used)), _) if own + used == glob.len() => return true,
                (Some((Piece::Anything, used)), _) => {
                    own += used;
                    anything = self.retry(own, at);
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

/// Lets a wildcard take one byte more, and on to where the text can go on as the
/// glob does, as far as it may.
fn stretch(retry: &mut Option<Retry>, text: &[u8], may: impl Fn(u8) -> bool) -> Option<Retry> {
    let retry = retry.as_mut()?;
    loop {
        let byte = *text.get(retry.text)?;
        if !may(byte) {
            return None;
        }
        retry.text += 1;
        if retry.wanted.is_none() || text.get(retry.text).copied() == retry.wanted {
            return Some(*retry);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The obvious exponential matcher, as an oracle.
    fn oracle(glob: Pattern<'_>, own: usize, text: &[u8]) -> bool {
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

    #[test]
    fn literals_leave_wildcards_and_names_out() {
        let literals = |text, path| {
            let found = Pattern { text, path }.literals();
            let found = found.map(|literal| str::from_utf8(literal).unwrap());
            found.filter(|literal| !literal.is_empty()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(literals("/a/{crate}/b*.js", true), "/a/ /b .js");
        assert_eq!(literals("{a}{b}c**d", true), "c d");
        assert_eq!(literals("{a}*{b}", false), "{a} {b}", "braces are literal outside paths");
        assert_eq!(literals("/{open", true), "/", "never more than what must be there");
    }

    #[test]
    fn covers_where_that_is_certain() {
        let covers = |wide, narrow| {
            Pattern { text: wide, path: true }.covers(Pattern { text: narrow, path: true })
        };
        for (wide, narrow) in [
            ("/crate/**", "/crate/{crate}/{version}/og.png"),
            ("/{crate}/**", "/serde/latest"),
            ("/{a}/{b}", "/{a}/x{b}"),
            ("/*.css", "/{file}.css"),
            ("/**", "/*"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
            assert!(!covers(narrow, wide), "{narrow} {wide}");
        }
        assert!(!covers("/{a}", "/*"), "`*` may be nothing");
        assert!(!covers("/{a}", "/b/"));
    }

    proptest! {
        #[test]
        fn agrees_with_the_oracle(text in "/([ab/]|\\*|\\*\\*|\\{x\\}){0,6}", path in "/[ab/]{0,10}") {
            let glob = Pattern { text: &text, path: true };
            prop_assert_eq!(glob.matches(&path), oracle(glob, 0, path.as_bytes()));
        }

        #[test]
        fn matches_its_sample(text in "/([ab/]|\\*|\\*\\*|\\{x\\}){0,6}") {
            let glob = Pattern { text: &text, path: true };
            prop_assert!(glob.matches(&glob.sample()), "{}", glob.sample());
        }

        #[test]
        fn matches_what_a_covered_glob_matches(
            wide in "/([a/]|\\*|\\*\\*|\\{x\\}){0,5}",
            narrow in "/([a/]|\\*|\\*\\*|\\{x\\}){0,4}",
            path in "/[a/]{0,7}",
        ) {
            let pattern = |text| Pattern { text, path: true };
            let (wide, narrow) = (pattern(&wide), pattern(&narrow));
            prop_assert!(wide.covers(wide), "itself");
            if wide.covers(narrow) && narrow.matches(&path) {
                prop_assert!(wide.matches(&path), "{} in {} but not in {}", path, narrow.text, wide.text);
            }
        }
    }
}
