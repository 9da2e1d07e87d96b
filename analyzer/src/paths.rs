//! What a path says, remembered: a night asks for few paths often, and each is
//! asked of dozens of globs and hashed twice.

use std::hash::BuildHasher as _;

use hashbrown::DefaultHashBuilder;
use tidegate_rules::features::{Asked, page};
use tidegate_rules::{HashKey, Ruleset};

use crate::crates::Crates;

/// Paths that are remembered: each has one slot, and the last one stays. Four times
/// as many find one path in twenty more, and lie too far away to be worth it.
const REMEMBERED: usize = 1 << 13;

/// Longer ones are asked each time, so that a slot has 128 bytes.
const LONGEST: usize = 95;

/// Paths and what they say.
pub(crate) struct Paths {
    crates: Crates,
    hasher: DefaultHashBuilder,
    slots: Vec<Slot>,
}

/// What is known of a path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Path {
    pub(crate) asked: Asked,
    /// Hash of the crate that it is about, where its route names one.
    pub(crate) crate_name: Option<u64>,
}

/// Lies where the processor fetches it at once.
#[derive(Clone, Copy)]
#[repr(align(128))]
struct Slot {
    text: [u8; LONGEST],
    /// No path is empty: 0 stands for none.
    length: u8,
    path: Path,
}

impl Paths {
    pub(crate) fn new(rules: &Ruleset) -> Self {
        let empty = Slot { text: [0; LONGEST], length: 0, path: Path::default() };
        Self {
            crates: Crates::new(rules),
            hasher: DefaultHashBuilder::default(),
            slots: vec![empty; REMEMBERED],
        }
    }

    /// What a path says; `at` is its place.
    pub(crate) fn path(
        &mut self,
        rules: &Ruleset,
        secret: &HashKey,
        at: usize,
        text: &str,
    ) -> Path {
        if let Some(slot) = self.slots.get(at).filter(|slot| slot.is(text)) {
            return slot.path;
        }
        let asked = Asked::of(rules, secret, text);
        let crate_name = self.crates.of(asked.route, text).map(|name| page(secret, name));
        let path = Path { asked, crate_name };
        if let Some(slot) = self.slots.get_mut(at) {
            slot.keep(text, path);
        }
        path
    }

    /// Hash of the page that a path names; remembers none that is not asked for.
    pub(crate) fn page(&self, secret: &HashKey, at: usize, text: &str) -> u64 {
        let slot = self.slots.get(at).filter(|slot| slot.is(text));
        slot.map_or_else(|| page(secret, text), |slot| slot.path.asked.page)
    }

    /// Reads a bit of what is remembered at a place, so that it is at hand.
    pub(crate) fn look(&self, at: usize) -> u64 {
        self.slots.get(at).map_or(0, |slot| slot.path.asked.page ^ u64::from(slot.text[0]))
    }

    /// The place of a path.
    pub(crate) fn place(&self, text: &str) -> usize {
        let at = self.hasher.hash_one(text.as_bytes()) % REMEMBERED as u64;
        usize::try_from(at).unwrap_or_default()
    }
}

impl Slot {
    fn is(&self, text: &str) -> bool {
        !text.is_empty() && self.text.get(..self.length.into()) == Some(text.as_bytes())
    }

    fn keep(&mut self, text: &str, path: Path) {
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        if let Some(place) = self.text.get_mut(..length.into()) {
            place.copy_from_slice(text.as_bytes());
            (self.length, self.path) = (length, path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_was_said() {
        let text = "format = 1\nsite = \"x\"\n[[route]]\nname = \"crate\"\n\
                    paths = [\"/crate/{crate}/**\"]\ncost = 1\n\
                    cache = \"never\"\n";
        let rules = tidegate_rules::compile("x.toml", &mut |_| Ok(text.to_owned())).unwrap().rules;
        let secret = HashKey::default();
        let mut paths = Paths::new(&rules);
        let long = format!("/crate/serde/{}", "x".repeat(LONGEST));
        for path in ["", "/", "/crate/serde/1.0", &*long, "/crate/serde/1.0"] {
            let expected = Asked::of(&rules, &secret, path);
            for _ in 0..2 {
                let at = paths.place(path);
                let found = paths.path(&rules, &secret, at, path);
                assert_eq!(found.asked, expected, "{path}");
                let is_crate = path.starts_with("/crate");
                let crate_name = is_crate.then(|| page(&secret, "serde"));
                assert_eq!(found.crate_name, crate_name, "{path}");
                assert_eq!(paths.page(&secret, at, path), expected.page, "{path}");
            }
        }
        assert_eq!(size_of::<Slot>(), 128);
    }
}
