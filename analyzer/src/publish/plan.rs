//! What will be done, in order, as data: shown to whoever asks, and carried out
//! by [`super::carry_out`], so that a dry run cannot differ from the real one.
//!
//! The order is the whole of the safety: what a pointer names is stored and read
//! back before the pointer is set, and removed only after another one is in
//! force. Whatever step is the last one done, the edge finds the old rules or the
//! new ones, whole.

use std::fmt;

use tidegate_rules::Time;
use tidegate_rules::pack::{Entries, Pointer};

use super::history::{Deed, Event};
use super::store::{PackStore, STORE_BOUND, StoredPack, Switches};
use crate::text::grouped;

/// Packs that stay in the store: the one in force and those to roll back to. With
/// one more on its way, the largest ones fit a trial account's store of 100 entries.
pub const PACKS_KEPT: usize = 4;

/// How old an entry of no known pack is before it is taken for what an interrupted
/// upload left, in milliseconds: a day.
const LEFTOVER_MS: u64 = 24 * 3600 * 1000;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Store these entries, by key.
    Upload(Vec<(String, String)>),
    /// Read the pack of this pointer back, as the edge does.
    Verify(String),
    /// Set the pointer, unless it is another one than it was.
    Point {
        /// The pointer in force.
        from: Option<String>,
        /// The one to be.
        to: String,
    },
    /// Add to the history.
    Record(Event),
    /// Remove these entries of packs, if this pointer is still in force.
    Remove {
        /// The pointer that is in force then.
        pointer: String,
        /// Their keys.
        keys: Vec<String>,
    },
}

/// Steps in order; none where there is nothing to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
}

/// What the stores hold when a plan is made, and how it is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'g> {
    /// The store of switches.
    pub switches: &'g Switches,
    /// The store of packs.
    pub packs: &'g PackStore,
    /// When.
    pub now: Time,
    /// What somebody wants to be remembered.
    pub note: Option<&'g str>,
}

/// The store of packs has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom {
    /// Entries that there would be.
    pub entries: usize,
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the store of packs would have {} entries, it holds {STORE_BOUND}: remove entries that \
             are not Tidegate's, or give packs a store of their own",
            self.entries
        )
    }
}

impl std::error::Error for NoRoom {}

impl Plan {
    /// Puts new rules in force.
    ///
    /// # Errors
    ///
    /// Where the store of packs has no room for them.
    pub fn publish(ground: Ground<'_>, new: &Entries) -> Result<Self, NoRoom> {
        let is_new = |(key, value): &&(String, String)| ground.packs.value(key) != Some(value);
        let upload: Vec<_> = new.entries.iter().filter(is_new).cloned().collect();
        let added = upload.iter().filter(|(key, _)| ground.packs.value(key).is_none()).count();
        let entries = ground.packs.len() + added;
        if entries > STORE_BOUND {
            return Err(NoRoom { entries });
        }
        let mut steps = Vec::new();
        if !upload.is_empty() {
            steps.push(Step::Upload(upload));
        }
        let uploads = !steps.is_empty();
        steps.extend(in_force(ground, &new.pointer, uploads, Deed::Publish));
        let keys = removable(ground, new);
        if !keys.is_empty() {
            steps.push(Step::Remove { pointer: new.pointer.clone(), keys });
        }
        Ok(Self { steps })
    }

    /// Puts a pack that is in the store in force again. One that is not on the way
    /// back is one more step forward.
    #[must_use]
    pub fn rollback(ground: Ground<'_>, target: &StoredPack) -> Self {
        let way = ground.switches.history.way(ground.switches.pointer.as_deref());
        let back = way.contains(&target.pointer.as_str());
        let deed = if back { Deed::Rollback } else { Deed::Publish };
        Self { steps: in_force(ground, &target.pointer, false, deed) }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps, numbered.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let steps = self.steps.iter().enumerate();
        steps.map(|(at, step)| format!("{}. {}", at + 1, capital(&step.to_string()))).collect()
    }
}

/// The steps that put a stored pack in force; one that was just uploaded is read
/// back even if it is in force already.
fn in_force(ground: Ground<'_>, pointer: &str, uploads: bool, deed: Deed) -> Vec<Step> {
    let Ground { switches, now, note, .. } = ground;
    let mut steps = Vec::new();
    let points = switches.pointer.as_deref() != Some(pointer);
    if points || uploads {
        steps.push(Step::Verify(pointer.to_owned()));
    }
    if points {
        steps.push(Step::Point { from: switches.pointer.clone(), to: pointer.to_owned() });
    }
    let latest = switches.history.latest().map(|event| &event.to);
    let (note, to) = (note.map(str::to_owned), pointer.to_owned());
    if points {
        let before = switches.pointer.clone();
        steps.push(Step::Record(Event { time: now, deed, to, before, note }));
    } else if latest.is_none_or(|latest| latest != pointer) {
        // Somebody was broken off before the history told of it: of a rollback, where
        // the pointer stands on the way back.
        let back = switches.history.way(None).contains(&pointer);
        let deed = if back { Deed::Rollback } else { deed };
        let before = latest.cloned();
        steps.push(Step::Record(Event { time: now, deed, to, before, note }));
    }
    steps
}

/// The entries of packs that nobody rolls back to any more; none while the pack in
/// force cannot be read.
fn removable(ground: Ground<'_>, new: &Entries) -> Vec<String> {
    let Ground { switches, packs, now, .. } = ground;
    let in_force = switches.pointer.as_deref();
    if in_force.is_some_and(|pointer| packs.pack(pointer).is_err()) {
        // What it needs cannot be told from what nobody needs; perhaps an older module
        // reads it.
        return Vec::new();
    }
    let stored = packs.packs();
    let way = switches.history.way(in_force);
    let known: Vec<_> = switches.history.pointers().chain(in_force).collect();
    let mut kept: Vec<&StoredPack> = Vec::new();
    for wanted in way.into_iter().rev().chain(known.iter().copied()) {
        let is_other = wanted != new.pointer && kept.iter().all(|pack| pack.pointer != wanted);
        kept.extend(stored.iter().find(|pack| is_other && pack.pointer == wanted));
    }
    kept.truncate(PACKS_KEPT - 1);
    let since = Time::from_unix_millis(now.unix_millis().saturating_sub(LEFTOVER_MS));
    let mut left = packs.leftovers(&kept, &known, since);
    left.retain(|left| new.entries.iter().all(|(key, _)| key != left));
    left
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upload(entries) => {
                let length: usize = entries.iter().map(|(_, value)| value.len()).sum();
                let (entries, length) = (counted(entries.len()), grouped(length as u64));
                write!(f, "upload {entries}, {length} characters")
            }
            Self::Verify(pointer) => {
                write!(f, "read pack {} back and check its hash", version(pointer))
            }
            Self::Point { from: None, to } => write!(f, "set the pointer to {to}"),
            Self::Point { from: Some(from), to } => {
                write!(f, "set the pointer to {to} in place of {from}")
            }
            Self::Record(event) => {
                write!(f, "add to the history: {} {}", event.deed.word(), version(&event.to))
            }
            Self::Remove { keys, .. } => {
                write!(f, "remove {} of packs that nobody needs any more", counted(keys.len()))
            }
        }
    }
}

/// The version that a pointer names, or the pointer where it is none.
pub(super) fn version(pointer: &str) -> &str {
    Pointer::parse(pointer).map_or(pointer, |named| named.version)
}

fn counted(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
