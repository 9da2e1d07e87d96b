//! The rule file, compiled, published, and followed as it changes.
//!
//! While rules are being written they are broken half of the time: a broken
//! file is reported in full and the last good rules stay in force.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tidegate_rules::pack::{self, Entries};

use crate::stores::Stores;

/// Rules that compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The pack, as entries of a config store.
    pub entries: Vec<(String, String)>,
    /// Names the pack; equal pointers mean equal packs.
    pub pointer: String,
    /// Every file that was read, the rule file itself included.
    pub files: Vec<PathBuf>,
    /// What is allowed in them but hardly meant, ready to print.
    pub warnings: Vec<String>,
}

/// Compiles the rule file at `path`, and packs it.
///
/// # Errors
///
/// All diagnostics, ready to print.
pub fn load_rules(path: &Path) -> Result<Loaded, String> {
    let what = |error| format!("cannot pack the rules `{}`: {error}", path.display());
    let mut read = |name: &str| fs::read_to_string(name).map_err(|error| error.to_string());
    let compiled = tidegate_rules::compile(&path.to_string_lossy(), &mut read)
        .map_err(|diagnostics| diagnostics.to_string())?;
    let packs = pack::encode(&compiled.rules).map_err(what)?;
    let Entries { pointer, entries } = pack::to_entries(&packs).map_err(what)?;
    let files = compiled.files.into_iter().map(PathBuf::from).collect();
    let warnings = compiled.warnings.iter().map(ToString::to_string).collect();
    Ok(Loaded { entries, pointer, files, warnings })
}

/// [`load_rules`], or what a test puts in its place.
pub type Load = fn(&Path) -> Result<Loaded, String>;

/// What a look at the files came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// No file changed.
    None,
    /// The files changed and mean the same, or new rules are in force.
    Published {
        /// The pointer to the rules in force.
        pointer: String,
        /// What is allowed in the files but hardly meant.
        warnings: Vec<String>,
    },
    /// The files changed and are broken: the rules before stay in force.
    Kept {
        /// The pointer to the rules in force.
        pointer: String,
        /// What is wrong with the files.
        diagnostics: String,
    },
}

/// A rule file in force.
#[derive(Debug)]
pub struct Live {
    path: PathBuf,
    load: Load,
    pointer: String,
    warnings: Vec<String>,
    seen: Stamps,
}

impl Live {
    /// Compiles the rules at `path` by `load` and publishes them.
    ///
    /// # Errors
    ///
    /// All diagnostics, or why the rules could not be published.
    pub fn open(path: impl Into<PathBuf>, load: Load, stores: &Stores) -> Result<Self, String> {
        let path = path.into();
        let seen = stamps([path.clone()]);
        let (pointer, warnings) = (String::new(), Vec::new());
        let mut live = Self { seen, pointer, warnings, path, load };
        live.reload(stores)?;
        Ok(live)
    }

    /// The pointer to the rules in force.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is allowed in the files in force but hardly meant.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Looks whether a file changed and, if so, publishes what is in them now.
    pub fn poll(&mut self, stores: &Stores) -> Change {
        let now = stamps(self.seen.keys().cloned());
        if now == self.seen {
            return Change::None;
        }
        self.seen = now;
        match self.reload(stores) {
            Ok(()) => {
                Change::Published { pointer: self.pointer.clone(), warnings: self.warnings.clone() }
            }
            Err(diagnostics) => Change::Kept { pointer: self.pointer.clone(), diagnostics },
        }
    }

    fn reload(&mut self, stores: &Stores) -> Result<(), String> {
        let loaded = (self.load)(&self.path)?;
        stores
            .publish(&loaded.entries, &loaded.pointer)
            .map_err(|error| format!("cannot publish the rules: {error:#}"))?;
        self.pointer = loaded.pointer;
        self.warnings = loaded.warnings;
        // Stamps from before the reading: what changed meanwhile is seen next.
        let mut seen = stamps(loaded.files);
        for (path, stamp) in &mut seen {
            if let Some(before) = self.seen.get(path) {
                *stamp = *before;
            }
        }
        self.seen = seen;
        Ok(())
    }
}

/// When a file was last written and how long it is; `None` if it is not there.
type Stamps = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

fn stamps(paths: impl IntoIterator<Item = PathBuf>) -> Stamps {
    let stamp = |path: &Path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    paths
        .into_iter()
        .map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        })
        .collect()
}
