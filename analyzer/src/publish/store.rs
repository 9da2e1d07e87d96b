//! What the two Config Stores of a site hold, read and understood as the edge
//! does it (`edge/src/load.rs`): by [`Pointer`] and [`pack::decode`] and nothing
//! of its own, so that what is whole here is whole there.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_rules::pack::{self, PACK_FORMAT, PackError, Packs, Pointer};
use tidegate_rules::{Mode, Ruleset, Time};

use super::api::{Api, Item};
use super::error::ApiError;
use super::history::History;

/// The entry with the site's mode.
pub const MODE: &str = "mode";
/// The entry with the pointer to the rules in force.
pub const POINTER: &str = "rules";
/// The entry with what was done, which the edge never reads.
pub const HISTORY: &str = "history";

/// Most entries that a paid account's Config Store holds.
pub const STORE_BOUND: usize = 500;

/// The ids of a site's Config Stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stores {
    /// The one with the mode and the pointer.
    pub switches: String,
    /// The one with the entries of packs.
    pub packs: String,
}

/// The store of switches, as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches {
    /// The text of the mode; the site is off without one.
    pub mode: Option<String>,
    /// What names the rules in force.
    pub pointer: Option<String>,
    /// What was done.
    pub history: History,
    /// Whether there is a history that cannot be read, and will be replaced.
    pub history_is_lost: bool,
}

impl Switches {
    /// Reads the store of this id.
    ///
    /// # Errors
    ///
    /// Where the API does not tell.
    pub fn read(api: &Api, store: &str) -> Result<Self, ApiError> {
        let items = api.items(store)?;
        let value = |key| Some(items.iter().find(|item| item.key == key)?.value.clone());
        let told = value(HISTORY);
        let history = told.as_deref().and_then(History::read);
        Ok(Self {
            mode: value(MODE),
            pointer: value(POINTER),
            history_is_lost: told.is_some() && history.is_none(),
            history: history.unwrap_or_default(),
        })
    }

    /// The mode that the edge reads from the text.
    #[must_use]
    pub fn mode(&self) -> Mode {
        let word = self.mode.as_deref().map(str::trim);
        word.and_then(Mode::from_word).unwrap_or(Mode::Off)
    }
}

/// The store of packs, as it is.
#[derive(Debug, Clone, Default)]
pub struct PackStore(BTreeMap<String, Item>);

/// A whole pack in the store.
#[derive(Debug, Clone)]
pub struct StoredPack {
    /// What it is named by.
    pub pointer: String,
    /// The version that it is known by.
    pub version: String,
    /// Its rules.
    pub rules: Ruleset,
    /// Bytes of the rules, and of the addresses.
    pub bytes: [usize; 2],
    /// The keys of its entries.
    pub keys: BTreeSet<String>,
}

impl PackStore {
    /// Reads the store of this id.
    ///
    /// # Errors
    ///
    /// Where the API does not tell.
    pub fn read(api: &Api, store: &str) -> Result<Self, ApiError> {
        let items = api.items(store)?;
        Ok(Self(items.into_iter().map(|item| (item.key.clone(), item)).collect()))
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of an entry.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|item| item.value.as_str())
    }

    /// The pack that a pointer names.
    ///
    /// # Errors
    ///
    /// What the edge would say of it.
    pub fn pack(&self, pointer: &str) -> Result<StoredPack, PackError> {
        let named = Pointer::parse(pointer)?;
        let entry = |key: &str| self.value(key).map(str::to_owned);
        let rules = named.rules(entry)?;
        let addresses = match pack::addresses_of(&rules)? {
            Some(id) => named.addresses(&id, entry)?,
            None => Vec::new(),
        };
        let bytes = [rules.len(), addresses.len()];
        let packs = Packs { rules, addresses };
        let keys = pack::to_entries(&packs)?.entries.into_iter().map(|(key, _)| key).collect();
        let Packs { rules, addresses } = packs;
        Ok(StoredPack {
            pointer: pointer.to_owned(),
            version: named.version.to_owned(),
            rules: pack::decode(&rules, addresses)?,
            bytes,
            keys,
        })
    }

    /// Every whole pack, by version.
    #[must_use]
    pub fn packs(&self) -> Vec<StoredPack> {
        let counts = self.counts();
        let whole = counts.iter().filter_map(|(version, rules)| {
            let alone = format!("{PACK_FORMAT}:{version}:{rules}:0");
            let entry = |key: &str| self.value(key).map(str::to_owned);
            let bytes = Pointer::parse(&alone).ok()?.rules(entry).ok()?;
            let addresses = match pack::addresses_of(&bytes).ok()? {
                Some(id) => counts.get(id.as_str())?,
                None => &0,
            };
            self.pack(&format!("{PACK_FORMAT}:{version}:{rules}:{addresses}")).ok()
        });
        whole.collect()
    }

    /// The keys of packs' entries that belong to none of `kept`. Those of no pack
    /// that was ever in force count only where they were set before `since`: they
    /// may be of an upload that is under way.
    #[must_use]
    pub fn leftovers(&self, kept: &[&StoredPack], known: &[&str], since: Time) -> Vec<String> {
        let kept: BTreeSet<_> = kept.iter().flat_map(|pack| &pack.keys).collect();
        let is_known = |id: &str| {
            known.iter().any(|pointer| Pointer::parse(pointer).is_ok_and(|one| one.version == id))
        };
        let is_left = |key: &str, item: &Item| {
            let old = item.updated.is_some_and(|updated| updated < since);
            pack_id(key).is_some_and(|id| is_known(id) || old)
        };
        let left = self.0.iter().filter(|(key, item)| !kept.contains(*key) && is_left(key, item));
        left.map(|(key, _)| key.clone()).collect()
    }

    /// How many entries each version of rules, and each list of addresses, has.
    fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for id in self.0.keys().filter_map(|key| pack_id(key)) {
            *counts.entry(id).or_default() += 1;
        }
        counts
    }
}

/// The id in a key such as `pack.0123456789abcdef.0`; nothing of any other key,
/// which is somebody else's.
fn pack_id(key: &str) -> Option<&str> {
    let (id, at) = key.strip_prefix("pack.")?.split_once('.')?;
    let is_id = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_place = (1..=2).contains(&at.len()) && at.bytes().all(|byte| byte.is_ascii_digit());
    (is_id && is_place).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_of_packs_are_touched() {
        assert_eq!(pack_id("pack.0123456789abcdef.0"), Some("0123456789abcdef"));
        for other in ["mode", "pack.x.0", "pack.0123456789abcdef.", "pack.0123456789abcdef.x"] {
            assert_eq!(pack_id(other), None, "{other}");
        }
    }
}
