//! Many globs asked at once: whose is the first one that matches?
//!
//! Every request asks hundreds of globs for one User-Agent, and every fresh
//! sandbox decodes them. So they lie one after another in a single text, and
//! three-byte runs tell most of them apart without a walk.

use serde::{Deserialize, Serialize};

use super::pattern::Pattern;
use super::{Glob, TEXT_BOUND};

/// Globs with their owners, in the order in which they are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Listed")]
pub struct GlobIndex {
    listed: Listed,
    /// Of each glob. They follow from the text and would be most of a pack.
    #[serde(skip)]
    runs: Vec<Runs>,
}

/// What a pack says of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    /// Every glob, one after another.
    text: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Bytes of the text.
    length: u32,
    /// Whether the glob is about paths.
    path: bool,
    owner: u16,
}

impl GlobIndex {
    /// The owner of the first glob that matches the whole of `text`.
    #[must_use]
    pub fn first_owner(&self, text: &str) -> Option<u16> {
        if text.len() > TEXT_BOUND {
            return None;
        }
        let shown = Runs::of([text.as_bytes()]);
        let mut globs = self.listed.globs().zip(&self.runs);
        let found = globs.find(|((_, glob), runs)| runs.are_among(&shown) && glob.matches(text));
        found.map(|((owner, _), _)| owner)
    }
}

impl GlobIndex {
    /// The owners of the globs that match the whole of `text`, in order.
    pub fn owners(&self, text: &str) -> impl Iterator<Item = u16> {
        let shown = Runs::of([text.as_bytes()]);
        let globs = self.listed.globs().zip(&self.runs).filter(|_| text.len() <= TEXT_BOUND);
        globs.filter_map(move |((owner, glob), runs)| {
            (runs.are_among(&shown) && glob.matches(text)).then_some(owner)
        })
    }
}

impl Listed {
    fn globs(&self) -> impl Iterator<Item = (u16, Pattern<'_>)> {
        let mut rest = self.text.as_str();
        self.entries.iter().map_while(move |entry| {
            let (text, others) = rest.split_at_checked(entry.length as usize)?;
            rest = others;
            Some((entry.owner, Pattern { text, path: entry.path }))
        })
    }
}

impl From<Listed> for GlobIndex {
    fn from(listed: Listed) -> Self {
        let runs = listed.globs().map(|(_, glob)| Runs::of(glob.literals())).collect();
        Self { listed, runs }
    }
}

/// Each glob with its owner's place.
impl<'g> FromIterator<(u16, &'g Glob)> for GlobIndex {
    fn from_iter<I: IntoIterator<Item = (u16, &'g Glob)>>(globs: I) -> Self {
        let mut listed = Listed::default();
        for (owner, Glob { text, path }) in globs {
            listed.text.push_str(text);
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            listed.entries.push(Entry { length, path: *path, owner });
        }
        listed.into()
    }
}

/// Which runs of three bytes there are, as 256 bits. A glob whose runs are not
/// all among a text's cannot match it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Runs([u64; 4]);

impl Runs {
    fn of<'t>(stretches: impl IntoIterator<Item = &'t [u8]>) -> Self {
        let mut runs = Self::default();
        for stretch in stretches {
            for run in stretch.windows(3) {
                let [first, second, third] = *run else { continue };
                runs.add(u32::from_le_bytes([first, second, third, 0]));
            }
        }
        runs
    }

    fn add(&mut self, run: u32) {
        let mixed = run.wrapping_mul(0x9e37_79b1);
        let bit = (mixed >> 24 ^ mixed >> 13) & 255;
        if let Some(word) = self.0.get_mut((bit / 64) as usize) {
            *word |= 1 << (bit % 64);
        }
    }

    fn are_among(&self, others: &Self) -> bool {
        self.0.iter().zip(&others.0).all(|(own, other)| own & !other == 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(globs: &[Glob]) -> GlobIndex {
        (0..).zip(globs).collect()
    }

    #[test]
    fn the_first_one_that_matches_owns_the_text() {
        let globs = [Glob::text("a*"), Glob::path("/{x}/b").unwrap(), Glob::text("*b")];
        let index = index(&globs);
        for (text, owner) in
            [("ab", Some(0)), ("b", Some(2)), ("/a/b", Some(1)), ("/a/c/b", Some(2)), ("c", None)]
        {
            assert_eq!(index.first_owner(text), owner, "{text}");
        }
        let long = "b".repeat(TEXT_BOUND + 1);
        assert_eq!(index.first_owner(&long), None);
    }

    #[test]
    fn lengths_that_do_not_fit_the_text_are_harmless() {
        let mut listed = Listed { text: "ä".to_owned(), entries: Vec::new() };
        listed.entries.push(Entry { length: 1, path: false, owner: 0 });
        listed.entries.push(Entry { length: u32::MAX, path: false, owner: 1 });
        assert_eq!(GlobIndex::from(listed).first_owner("ä"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_each_glob_alone(
            texts in prop::collection::vec("[abc*]{0,12}", 0..6),
            paths in prop::collection::vec("/([ab/]|\\*|\\*\\*|\\{x\\}){0,6}", 0..6),
            asked in "[/abc]{0,12}",
        ) {
            let texts = texts.iter().map(|text| Glob::text(text));
            let paths = paths.iter().map(|text| Glob::path(text).unwrap());
            let globs: Vec<_> = texts.chain(paths).collect();
            let first = globs.iter().position(|glob| glob.matches(&asked));
            let index = index(&globs);
            prop_assert_eq!(index.first_owner(&asked).map(usize::from), first);
            let all: Vec<_> = (0..).zip(&globs).filter(|(_, glob)| glob.matches(&asked)).collect();
            let all: Vec<u16> = all.into_iter().map(|(at, _)| at).collect();
            prop_assert_eq!(index.owners(&asked).collect::<Vec<_>>(), all);
            let packed = postcard::to_allocvec(&index).unwrap();
            prop_assert_eq!(postcard::from_bytes::<GlobIndex>(&packed).unwrap(), index);
        }
    }
}
