//! Whether two globs have a text in common: a rule for a route and for paths that
//! are never on that route does nothing, and its author should hear of it.

use super::pattern::{Pattern, Piece};

/// What one byte of a text may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Just(u8),
    /// All but `/`.
    Inside,
    Any,
}

/// A byte, or any number of them.
#[derive(Clone, Copy)]
struct Step {
    set: Set,
    repeats: bool,
}

impl Set {
    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Just(own), Self::Just(their)) => own == their,
            (Self::Just(byte), Self::Inside) | (Self::Inside, Self::Just(byte)) => byte != b'/',
            (Self::Any | Self::Inside, _) | (_, Self::Any) => true,
        }
    }
}

/// Whether some text matches both globs.
///
/// Works from the ends: `rest[j]` says whether the steps of `own` from the one
/// looked at on have a text in common with those of `other` from `j` on.
pub(super) fn meet(own: Pattern<'_>, other: Pattern<'_>) -> bool {
    let theirs = steps(other);
    // What is left of `other` must be able to be nothing.
    let mut rest = vec![true; theirs.len() + 1];
    for (at, step) in theirs.iter().enumerate().rev() {
        let nothing = step.repeats && has(&rest, at + 1);
        set(&mut rest, at, nothing);
    }
    for step in steps(own).into_iter().rev() {
        let mut here = vec![false; rest.len()];
        set(&mut here, theirs.len(), step.repeats && has(&rest, theirs.len()));
        for (at, their) in theirs.iter().enumerate().rev() {
            // Nothing is taken by the one that repeats, or a byte by both.
            let skipped = (step.repeats && has(&rest, at)) || (their.repeats && has(&here, at + 1));
            let taken = match (step.repeats, their.repeats) {
                // Both may stop repeating after it, which skipping says as well.
                (true, true) => false,
                (true, false) => has(&here, at + 1),
                (false, true) => has(&rest, at),
                (false, false) => has(&rest, at + 1),
            };
            let met = skipped || (taken && step.set.meets(their.set));
            set(&mut here, at, met);
        }
        rest = here;
    }
    has(&rest, 0)
}

fn has(reached: &[bool], at: usize) -> bool {
    reached.get(at) == Some(&true)
}

fn set(reached: &mut [bool], at: usize, value: bool) {
    if let Some(slot) = reached.get_mut(at) {
        *slot = value;
    }
}

fn steps(pattern: Pattern<'_>) -> Vec<Step> {
    let (once, repeated) = (|set| Step { set, repeats: false }, |set| Step { set, repeats: true });
    let mut steps = Vec::new();
    for piece in pattern.pieces() {
        match piece {
            Piece::Byte(byte) => steps.push(once(Set::Just(byte))),
            Piece::Segment => steps.extend([once(Set::Inside), repeated(Set::Inside)]),
            Piece::Inside => steps.push(repeated(Set::Inside)),
            Piece::Anything => steps.push(repeated(Set::Any)),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> Pattern<'_> {
        Pattern { text, path: true }
    }

    #[test]
    fn globs_meet_where_a_text_matches_both() {
        for (one, other) in [
            ("/crate/**", "/{crate}/{version}/source/**"),
            ("/*.css", "/{file}"),
            ("/**/b", "/a/**"),
            ("/a*", "/*b"),
            ("/a", "/a"),
        ] {
            assert!(meet(path(one), path(other)), "{one} {other}");
            assert!(meet(path(other), path(one)), "{other} {one}");
        }
        for (one, other) in [
            ("/crate/**", "/-/static/**"),
            ("/*.css", "/a/{file}"),
            ("/{a}", "/"),
            ("/{a}", "/{a}/{b}"),
            ("/**.js", "/**.css"),
        ] {
            assert!(!meet(path(one), path(other)), "{one} {other}");
            assert!(!meet(path(other), path(one)), "{other} {one}");
        }
    }

    proptest! {
        #[test]
        fn a_text_that_matches_both_makes_them_meet(
            one in "/([ab/]|\\*|\\*\\*|\\{x\\}){0,5}",
            other in "/([ab/]|\\*|\\*\\*|\\{x\\}){0,5}",
            text in "/[ab/]{0,6}",
        ) {
            let (one, other) = (path(&one), path(&other));
            prop_assert!(meet(one, one), "itself");
            prop_assert_eq!(meet(one, other), meet(other, one));
            if one.matches(&text) && other.matches(&text) {
                prop_assert!(meet(one, other), "{}", text);
            }
        }
    }
}
