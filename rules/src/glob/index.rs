//! Many globs asked at once: whose is the first one that matches?
//!
//! Every request asks hundreds of globs for one User-Agent, and every fresh
//! sandbox decodes them. So they lie one after another in a single text, and
//! each is filed under three bytes that a text must have to match it, those that
//! the fewest other globs have: a text asks only what is filed under its own, and of
//! paths only what has room for as many slashes.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::pattern::Pattern;
use super::{Glob, TEXT_BOUND};
use crate::ruleset::placed;

/// Globs with their owners, in the order in which they are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Listed")]
pub struct GlobIndex {
    listed: Listed,
    #[serde(skip)]
    shapes: Vec<Shape>,
    /// The three bytes and the places of globs, in the order of their slots.
    #[serde(skip)]
    filed: Vec<(Run, u16)>,
    /// Where in `filed` each slot ends; empty where nothing is filed.
    #[serde(skip)]
    ends: Vec<u16>,
    /// The slots that something is filed under, a bit each.
    #[serde(skip)]
    used: Bits<{ SLOTS / 64 }>,
    /// The first bytes of all that something is filed under.
    #[serde(skip)]
    starts: Bits<4>,
    /// Globs without a slot: they are always asked.
    #[serde(skip)]
    unfiled: Vec<u16>,
}

/// What a pack says of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    /// Every glob, one after another.
    text: String,
    entries: Vec<Entry>,
    /// The places of the globs that are filed, in the order of their slots.
    order: Vec<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Bytes of the text.
    length: u32,
    /// Whether the glob is about paths.
    path: bool,
    owner: u16,
    /// The bytes that it is filed under; 0 where it has no three in a row.
    run: Run,
}

/// What is known of a glob before it is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Shape {
    /// Where in the text it starts.
    start: u32,
    /// How many slashes a text may have that matches it.
    slashes: (u32, u32),
}

impl Shape {
    const ANY: (u32, u32) = (0, u32::MAX);

    fn of(start: u32, glob: &str, path: bool) -> Self {
        if !path {
            return Self { start, slashes: Self::ANY };
        }
        let least = slashes(glob.as_bytes());
        // Nothing else in a path's glob stands for a slash.
        let most = if glob.contains("**") { u32::MAX } else { least };
        Self { start, slashes: (least, most) }
    }

    const fn has_room(&self, slashes: u32) -> bool {
        let (least, most) = self.slashes;
        least <= slashes && slashes <= most
    }
}

/// A set of small numbers, a bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bits<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Bits<WORDS> {
    fn has(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn put(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }
}

impl<const WORDS: usize> Default for Bits<WORDS> {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

/// Three bytes in a row, as a number.
type Run = u32;

/// Slots that globs are filed under.
const SLOTS: usize = 1024;

impl GlobIndex {
    /// The owner of the first glob that matches the whole of `text`.
    #[must_use]
    pub fn first_owner(&self, text: &str) -> Option<u16> {
        self.owners(text).next()
    }

    /// The owners of the globs that match the whole of `text`, in order.
    pub fn owners<'i>(&'i self, text: &'i str) -> impl Iterator<Item = u16> + 'i {
        self.candidates(text).into_iter().filter_map(move |at| {
            let (owner, glob) = self.glob(at)?;
            glob.matches(text).then_some(owner)
        })
    }

    /// Which segment of the paths of `owner` is `{name}`, as its first glob that
    /// has one says; the empty text before the first `/` is segment 0.
    #[must_use]
    pub fn segment_of(&self, owner: u16, name: &str) -> Option<usize> {
        let all = 0..u16::try_from(self.listed.entries.len()).ok()?;
        let globs = all.filter_map(|at| self.glob(at)).filter(|(own, _)| *own == owner);
        let wanted = format!("{{{name}}}");
        globs.into_iter().find_map(|(_, glob)| {
            let segments: Vec<_> = glob.text.split('/').collect();
            let at = segments.iter().position(|segment| *segment == wanted)?;
            // `**` may be any number of segments.
            let before = segments.get(..at)?;
            before.iter().all(|segment| !segment.contains("**")).then_some(at)
        })
    }

    /// The places of the globs that may match, in order.
    fn candidates(&self, text: &str) -> SmallVec<[u16; 16]> {
        if text.len() > TEXT_BOUND {
            return SmallVec::new();
        }
        // Of paths, only the globs that have as many slashes.
        let slashes = slashes(text.as_bytes());
        let shape = |at: u16| self.shapes.get(usize::from(at));
        let has_room = |at: &u16| shape(*at).is_some_and(|shape| shape.has_room(slashes));
        let mut found: SmallVec<[u16; 16]> =
            self.unfiled.iter().copied().filter(has_room).collect();
        for run in runs(text.as_bytes(), |first| self.starts.has(first.into())) {
            let slot = slot(run);
            if self.used.has(slot) {
                let filed = self.filed_under(slot).iter().filter(|(own, _)| *own == run);
                found.extend(filed.map(|(_, at)| *at).filter(has_room));
            }
        }
        found.sort_unstable();
        // A text may have the same three bytes twice.
        found.dedup();
        found
    }

    fn filed_under(&self, slot: usize) -> &[(Run, u16)] {
        let end = |slot| self.ends.get(slot).copied().unwrap_or_default();
        let from = slot.checked_sub(1).map_or(0, end);
        self.filed.get(from.into()..end(slot).into()).unwrap_or_default()
    }

    fn glob(&self, at: u16) -> Option<(u16, Pattern<'_>)> {
        let entry = self.listed.entries.get(usize::from(at))?;
        let start = self.shapes.get(usize::from(at))?.start as usize;
        let text = self.listed.text.get(start..start.checked_add(entry.length as usize)?)?;
        Some((entry.owner, Pattern { text, path: entry.path }))
    }
}

impl From<Listed> for GlobIndex {
    fn from(listed: Listed) -> Self {
        let mut index = Self::default();
        let mut start = 0_u32;
        index.shapes.reserve(listed.entries.len());
        for entry in &listed.entries {
            let end = start.saturating_add(entry.length);
            let glob = listed.text.get(start as usize..end as usize).unwrap_or_default();
            index.shapes.push(Shape::of(start, glob, entry.path));
            start = end;
        }
        let unfiled = placed(&listed.entries).filter(|(_, entry)| entry.run == 0);
        index.unfiled = unfiled.map(|(at, _)| at).collect();
        let run = |at: &u16| Some((listed.entries.get(usize::from(*at))?.run, *at));
        index.filed = listed.order.iter().filter_map(run).collect();
        if !index.filed.is_empty() {
            index.ends.resize(SLOTS, 0);
        }
        for (run, _) in &index.filed {
            let slot = slot(*run);
            index.used.put(slot);
            index.starts.put(first(*run).into());
            if let Some(count) = index.ends.get_mut(slot) {
                *count = count.saturating_add(1);
            }
        }
        let mut end = 0_u16;
        for count in &mut index.ends {
            end = end.saturating_add(*count);
            *count = end;
        }
        index.listed = listed;
        index
    }
}

/// Each glob with its owner's place.
impl<'g> FromIterator<(u16, &'g Glob)> for GlobIndex {
    fn from_iter<I: IntoIterator<Item = (u16, &'g Glob)>>(globs: I) -> Self {
        let globs: Vec<(u16, &Glob)> = globs.into_iter().collect();
        let mut common: HashMap<Run, u32> = HashMap::new();
        for run in globs.iter().flat_map(|(_, glob)| required(glob)) {
            *common.entry(run).or_default() += 1;
        }
        let mut listed = Listed::default();
        for (owner, glob) in globs {
            let rarest = |run: &Run| (!begins_a_part(glob, *run), common.get(run));
            let run = required(glob).min_by_key(rarest).unwrap_or_default();
            listed.text.push_str(&glob.text);
            let length = u32::try_from(glob.text.len()).unwrap_or(u32::MAX);
            listed.entries.push(Entry { length, path: glob.path, owner, run });
        }
        let mut filed: Vec<(u16, &Entry)> =
            placed(&listed.entries).filter(|(_, entry)| entry.run != 0).collect();
        filed.sort_unstable_by_key(|(at, entry)| (slot(entry.run), *at));
        listed.order = filed.into_iter().map(|(at, _)| at).collect();
        listed.into()
    }
}

/// The runs that every text which matches `glob` has.
fn required(glob: &Glob) -> impl Iterator<Item = Run> {
    glob.pattern().literals().flat_map(|literal| runs(literal, |_| true))
}

/// Whether a run of a path's glob begins a segment or a file's ending. A path has few
/// such bytes, so that only few of its runs are looked up where globs are filed under
/// those.
fn begins_a_part(glob: &Glob, run: Run) -> bool {
    glob.path && matches!(first(run), b'/' | b'.')
}

#[expect(clippy::cast_possible_truncation, reason = "globs and texts are far shorter")]
fn slashes(text: &[u8]) -> u32 {
    text.iter().filter(|byte| **byte == b'/').count() as u32
}

/// Every three bytes in a row of which the first one is sought.
fn runs(text: &[u8], sought: impl Fn(u8) -> bool) -> impl Iterator<Item = Run> {
    text.windows(3).filter_map(move |window| match window {
        [a, b, c] if sought(*a) => Some(Run::from_le_bytes([*a, *b, *c, 0])),
        _ => None,
    })
}

fn first(run: Run) -> u8 {
    let [first, ..] = run.to_le_bytes();
    first
}

fn slot(run: Run) -> usize {
    (run.wrapping_mul(0x9e37_79b1) >> 22) as usize % SLOTS
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
    fn a_named_segment_has_a_place() {
        let globs = ["/**/{crate}", "/crate/{crate}/**", "/{crate}/{version}/x"];
        let globs = globs.map(|text| Glob::path(text).unwrap());
        let index: GlobIndex = (0..).zip(&globs).collect();
        let places = [0, 1, 2].map(|owner| index.segment_of(owner, "crate"));
        assert_eq!(places, [None, Some(2), Some(1)]);
        assert_eq!(index.segment_of(2, "version"), Some(2));
        assert_eq!(index.segment_of(3, "crate"), None);
    }

    #[test]
    fn lengths_that_do_not_fit_the_text_are_harmless() {
        let mut listed = Listed { text: "ä".to_owned(), ..Listed::default() };
        let entry = Entry { length: 1, path: false, owner: 0, run: 0 };
        listed.entries.push(entry);
        listed.entries.push(Entry { length: u32::MAX, ..entry });
        listed.entries.push(Entry { run: u32::MAX, ..entry });
        listed.order.extend([2, 2, u16::MAX]);
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
