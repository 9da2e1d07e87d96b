//! What a path says, remembered: a night asks for few paths often, and each is
//! asked of dozens of globs and hashed twice.

use std::hash::BuildHasher as _;
use std::num::NonZeroU64;

use hashbrown::DefaultHashBuilder;
use tidegate_rules::features::{Asked, page};
use tidegate_rules::{HashKey, Ruleset};

use crate::crates::Crates;
use crate::place::Place;

/// Paths that are remembered: each has one slot, and the last one stays. More of them
/// find few paths more.
const REMEMBERED: usize = 1 << 16;

/// Crates that are remembered in the same way.
const CRATES_REMEMBERED: usize = 1 << 12;

/// Paths and what they say.
pub(crate) struct Paths {
    crates: Crates,
    hasher: DefaultHashBuilder,
    slots: Vec<Slot>,
    /// The hashes of crates: there are fewer of those than of their pages.
    crate_slots: Vec<Option<(Place, u64)>>,
}

/// What is known of a path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Path {
    pub(crate) asked: Asked,
    /// Hash of the crate that it is about, where its route names one.
    pub(crate) crate_name: Option<u64>,
}

/// A path that is remembered, small enough for all to stay near the processor.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    place: Option<Place>,
    page: u64,
    crate_name: Option<NonZeroU64>,
    route: Option<u16>,
}

impl Paths {
    pub(crate) fn new(rules: &Ruleset) -> Self {
        Self {
            crates: Crates::new(rules),
            hasher: DefaultHashBuilder::default(),
            slots: vec![Slot::default(); REMEMBERED],
            crate_slots: vec![None; CRATES_REMEMBERED],
        }
    }

    /// What a path says; `at` is its place.
    pub(crate) fn path(
        &mut self,
        rules: &Ruleset,
        secret: &HashKey,
        at: Place,
        text: &str,
    ) -> Path {
        if let Some(known) = self.slot(at) {
            let Slot { page, route, crate_name, .. } = *known;
            let crate_name = crate_name.map(NonZeroU64::get);
            return Path { asked: Asked { route, page }, crate_name };
        }
        let asked = Asked::of(rules, secret, text);
        let name = self.crates.of(asked.route, text);
        let crate_name = name.map(|name| self.crate_hash(secret, name));
        let Asked { route, page } = asked;
        if let Some(slot) = self.slots.get_mut(at.slot(REMEMBERED)) {
            let crate_name = crate_name.and_then(NonZeroU64::new);
            *slot = Slot { place: Some(at), page, crate_name, route };
        }
        Path { asked, crate_name }
    }

    fn crate_hash(&mut self, secret: &HashKey, name: &str) -> u64 {
        let at = self.place(name);
        let slot = self.crate_slots.get_mut(at.slot(CRATES_REMEMBERED));
        match slot {
            Some(Some((known, hash))) if *known == at => *hash,
            Some(slot) => slot.insert((at, page(secret, name))).1,
            None => page(secret, name),
        }
    }

    /// Hash of the page that a path names; remembers none that is not asked for.
    pub(crate) fn page(&self, secret: &HashKey, at: Place, text: &str) -> u64 {
        self.slot(at).map_or_else(|| page(secret, text), |slot| slot.page)
    }

    /// Reads a bit of what is remembered at a place, so that it is at hand.
    pub(crate) fn look(&self, at: Place) -> u64 {
        self.slots.get(at.slot(REMEMBERED)).map_or(0, |slot| slot.page)
    }

    /// The place of a path.
    pub(crate) fn place(&self, text: &str) -> Place {
        let hash = self.hasher.hash_one(text.as_bytes());
        Place::of(hash)
    }

    fn slot(&self, at: Place) -> Option<&Slot> {
        self.slots.get(at.slot(REMEMBERED)).filter(|slot| slot.place == Some(at))
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
        let long = format!("/crate/serde/{}", "x".repeat(300));
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
        assert_eq!(size_of::<Slot>(), 32);
    }
}
