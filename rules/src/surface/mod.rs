//! What can be written in a rule file and in a file of cases, as data.
//!
//! The parser reads the keys, an editor completes them from a JSON Schema, a
//! person looks them up in the reference. The last two are made from what is
//! said here, and a test holds the parser to it, so that none of them falls
//! behind. Whoever adds a key to the parser describes it here, once.

mod agent;
mod cases;
mod condition;
mod rule;
mod site;
mod store;

pub use cases::CASE_FILE;
pub use site::RULE_FILE;

use crate::words::Worded;

/// One kind of table.
#[derive(Debug)]
pub struct Table {
    /// Its name in the reference and the schema, such as `[[rule]]`.
    pub name: &'static str,
    /// What the parser calls it in a mistake, such as `a rule`.
    pub what: &'static str,
    /// What it is for, in a sentence or two.
    pub about: &'static str,
    /// Its keys, in the order in which people write them.
    pub keys: &'static [Key],
    /// A table whose keys may be written here, too.
    pub also: Option<&'static Table>,
    /// Which of its keys must be there, beyond those that always must.
    pub choice: Option<Choice>,
}

/// Keys of which some must be there.
#[derive(Debug, Clone, Copy)]
pub enum Choice {
    /// The keys of exactly one set.
    One(&'static [&'static [&'static str]]),
    /// The keys of at least one set.
    Some(&'static [&'static [&'static str]]),
}

/// One key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// How it is written.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a list of that will do.
    pub count: Count,
    /// What a number counts, such as `seconds`.
    pub unit: Option<&'static str>,
    /// What holds where it is left out.
    pub absent: Absent,
    /// The key with a value, as TOML.
    pub example: &'static str,
    /// Why somebody would write it, in one or two sentences.
    pub reason: &'static str,
}

/// What a key holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// The name of something that a rule file declares, such as `route`.
    Name(&'static str),
    /// The name of another file.
    File,
    /// A whole number within bounds.
    Number {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
    },
    /// `true` or `false`.
    Flag,
    /// One of the words of an enumeration.
    Word(fn() -> Vec<&'static str>),
    /// A duration from `1s` to `24h`.
    Duration,
    /// A duration that may be in milliseconds.
    Pause,
    /// A day.
    Day,
    /// A percentage.
    Share,
    /// Two times of the day.
    Hours,
    /// A glob over paths.
    PathGlob,
    /// A glob over any other text.
    TextGlob,
    /// An address with a prefix length.
    Network,
    /// An address.
    Address,
    /// A method, in capitals.
    Method,
    /// A country, as two capitals.
    Country,
    /// A fingerprint, as records carry it.
    Fingerprint,
    /// An Ed25519 public key, as the `x` of a JSON Web Key.
    PublicKey,
    /// One table, without those of its keys that make no sense here.
    Table(&'static Table, &'static [&'static str]),
    /// Any number of tables.
    Tables(&'static Table),
}

/// How many values a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One.
    One,
    /// One, or a list of at least one.
    Many,
    /// One, or a list, which may be empty.
    Any,
}

/// What holds where a key is left out.
#[derive(Debug, Clone, Copy)]
pub enum Absent {
    /// It must be there.
    Needed,
    /// As if this were written.
    Default(Literal),
    /// What that means, in words.
    Means(&'static str),
}

/// A default.
#[derive(Debug, Clone, Copy)]
pub enum Literal {
    /// A number.
    Number(u32),
    /// `true` or `false`.
    Flag(bool),
    /// A text.
    Text(&'static str),
}

/// A number without any bound but that of its type.
const NUMBER: Kind = Kind::Number { min: 0, max: u32::MAX };

/// A number that is not zero.
const POSITIVE: Kind = Kind::Number { min: 1, max: u32::MAX };

/// All the words of an enumeration.
fn words<T: Worded>() -> Vec<&'static str> {
    T::EVERY.iter().map(|one| one.word()).collect()
}

/// A key that must be there; what follows says more of it.
const fn key(name: &'static str, kind: Kind, example: &'static str, reason: &'static str) -> Key {
    let (count, unit, absent) = (Count::One, None, Absent::Needed);
    Key { name, kind, count, unit, absent, example, reason }
}

impl Key {
    const fn many(mut self) -> Self {
        self.count = Count::Many;
        self
    }

    const fn any(mut self) -> Self {
        self.count = Count::Any;
        self
    }

    const fn in_units(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    const fn or(mut self, default: Literal) -> Self {
        self.absent = Absent::Default(default);
        self
    }

    const fn or_else(mut self, meaning: &'static str) -> Self {
        self.absent = Absent::Means(meaning);
        self
    }
}

impl Table {
    /// Every key that may be written in it, those of [`Table::also`] last.
    pub fn all_keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        let also = self.also.map(|also| also.keys).unwrap_or_default();
        self.keys.iter().chain(also)
    }

    /// It and every table that can be written below it, each once, in the order
    /// in which they come up.
    #[must_use]
    pub fn with_all_below(&'static self) -> Vec<&'static Self> {
        let mut found = Vec::new();
        self.gather(&mut found);
        found
    }

    fn gather(&'static self, found: &mut Vec<&'static Self>) {
        if found.iter().any(|known| known.name == self.name) {
            return;
        }
        found.push(self);
        for key in self.all_keys() {
            if let Kind::Table(below, _) | Kind::Tables(below) = key.kind {
                below.gather(found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
