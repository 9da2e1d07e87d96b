//! The two config stores, as the files that Viceroy reads.
//!
//! Viceroy reads a file again each time a guest opens the store, so a change
//! here reaches the module with the next request, like an update on Fastly but
//! without the half minute. A reader must never see half a file, nor a pointer
//! to a pack that is not there: files are replaced whole, packs come first, and
//! the pack before stays until the next one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, ensure};

/// The config store with the site switch and the pointer.
pub const SETTINGS: &str = "tidegate";
/// The config store with the chunks of packs.
pub const PACKS: &str = "tidegate_packs";
/// The key of the site switch: `off`, `shadow` or `enforce`.
pub const MODE: &str = "mode";
/// The key of the pointer to the pack in force.
pub const POINTER: &str = "rules";
/// The key of the code of the shield POP, and the secret that its traffic carries.
pub const SHIELD: &str = "shield";

/// The longest value that a config store holds, in characters.
pub const VALUE_LIMIT: usize = 8_000;
/// The longest key that a config store holds, in characters.
pub const KEY_LIMIT: usize = 255;
/// The most entries that a config store holds.
pub const ENTRY_LIMIT: usize = 500;

type Entries = BTreeMap<String, String>;

/// The files of both stores, and what is in them.
#[derive(Debug)]
pub struct Stores {
    directory: PathBuf,
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    settings: Entries,
    pack: Entries,
}

impl Stores {
    /// Writes two empty stores into `directory`, which is created if missing.
    /// Stores that were there are replaced.
    ///
    /// # Errors
    ///
    /// When the directory or a file cannot be written.
    pub fn create(directory: impl Into<PathBuf>) -> Result<Self> {
        let directory = directory.into();
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create the directory `{}`", directory.display()))?;
        let stores = Self { directory, content: Mutex::default() };
        stores.write(SETTINGS, &Entries::new())?;
        stores.write(PACKS, &Entries::new())?;
        Ok(stores)
    }

    /// Sets the site switch; `None` deletes it. The value is not checked, since
    /// what the module does with a wrong one wants testing too.
    ///
    /// # Errors
    ///
    /// When the value is too long or the file cannot be written.
    pub fn set_mode(&self, mode: Option<&str>) -> Result<()> {
        self.set(MODE, mode)
    }

    /// Sets the code of the shield POP; `None` deletes it.
    ///
    /// # Errors
    ///
    /// When the code is too long or the file cannot be written.
    pub fn set_shield(&self, pop: Option<&str>) -> Result<()> {
        self.set(SHIELD, pop)
    }

    fn set(&self, key: &str, value: Option<&str>) -> Result<()> {
        let mut content = self.lock();
        let mut settings = content.settings.clone();
        match value {
            Some(value) => settings.insert(key.to_owned(), value.to_owned()),
            None => settings.remove(key),
        };
        self.write(SETTINGS, &settings)?;
        content.settings = settings;
        Ok(())
    }

    /// Publishes a pack: its entries first, then the pointer to it.
    ///
    /// # Errors
    ///
    /// When an entry or the pointer exceeds a limit of Fastly's config stores
    /// (nothing is changed then), or a file cannot be written.
    pub fn publish(&self, entries: &[(String, String)], pointer: &str) -> Result<()> {
        let mut content = self.lock();
        let pack: Entries = entries.iter().cloned().collect();
        let mut settings = content.settings.clone();
        settings.insert(POINTER.to_owned(), pointer.to_owned());
        check(SETTINGS, &settings)?;

        // Guests that read the old pointer a moment ago still want its pack.
        let mut both = content.pack.clone();
        both.extend(pack.clone());
        self.write(PACKS, &both)?;
        self.write(SETTINGS, &settings)?;
        *content = Content { settings, pack };
        Ok(())
    }

    /// Where the stores are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces a store's file by renaming a complete one over it.
    fn write(&self, store: &str, entries: &Entries) -> Result<()> {
        check(store, entries)?;
        let path = file(&self.directory, store);
        let draft = path.with_extension("json.new");
        fs::write(&draft, serde_json::to_vec_pretty(entries)?)
            .and_then(|()| fs::rename(&draft, &path))
            .with_context(|| format!("cannot write the store file `{}`", path.display()))
    }
}

/// The file of the store named `store` in `directory`.
#[must_use]
pub fn file(directory: &Path, store: &str) -> PathBuf {
    directory.join(format!("{store}.json"))
}

fn check(store: &str, entries: &Entries) -> Result<()> {
    ensure!(
        entries.len() <= ENTRY_LIMIT,
        "the config store `{store}` would hold {} entries, and Fastly allows {ENTRY_LIMIT}",
        entries.len()
    );
    for (key, value) in entries {
        let length = key.chars().count();
        ensure!(
            (1..=KEY_LIMIT).contains(&length),
            "the key `{key}` of the config store `{store}` has {length} characters, \
             and Fastly allows 1 to {KEY_LIMIT}"
        );
        let length = value.chars().count();
        ensure!(
            length <= VALUE_LIMIT,
            "the value of `{key}` in the config store `{store}` has {length} characters, \
             and Fastly allows {VALUE_LIMIT}; split it into more entries"
        );
    }
    Ok(())
}
