//! Typed access to TOML tables that collects every mistake instead of stopping
//! at the first, and remembers which keys were asked for, so that all others
//! are unknown.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place, Severity, Source, near_miss};
use crate::words::Worded;

/// A value with the place that it was read from.
#[derive(Debug, Clone)]
pub(crate) struct Spot<T> {
    pub(crate) value: T,
    pub(crate) at: At,
}

/// A place in one of the sources.
#[derive(Debug, Clone, Default)]
pub(crate) struct At {
    pub(crate) file: usize,
    pub(crate) span: Range<usize>,
}

/// The sources being read, and what was found wrong in them.
#[derive(Default)]
pub(crate) struct Context {
    pub(crate) sources: Vec<Source>,
    found: RefCell<Vec<Diagnostic>>,
}

impl Context {
    pub(crate) fn report(
        &self,
        at: Option<&At>,
        code: &'static str,
        message: String,
        help: Option<String>,
    ) {
        self.find(Severity::Error, at, code, message, help);
    }

    /// The place of a span. One in a file that is not there has no text.
    pub(crate) fn place(&self, at: &At) -> Option<Place> {
        self.sources.get(at.file).map(|source| Place::new(source, &at.span))
    }

    pub(crate) fn warn(&self, at: &At, code: &'static str, message: String, help: String) {
        self.find(Severity::Warning, Some(at), code, message, Some(help));
    }

    /// What a word stands for; a miss is reported.
    pub(crate) fn word<T: Worded>(&self, what: &str, word: &Spot<String>) -> Option<T> {
        let found = T::of(&word.value);
        if found.is_none() {
            self.unknown_name(what, word, T::EVERY.iter().map(|one| one.word()));
        }
        found
    }

    /// Reports a name that nothing has, with the one that may have been meant.
    pub(crate) fn unknown_name<'k>(
        &self,
        what: &str,
        name: &Spot<String>,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let message = format!("no {what} is called `{}`", name.value);
        let help = near_miss(&name.value, known.clone()).map_or_else(
            || {
                let all: Vec<_> = known.map(|name| format!("`{name}`")).collect();
                match all.len() {
                    0 => format!("this site has no {what}"),
                    1..=15 => format!("known are {}", all.join(", ")),
                    _ => format!("{} are known; see the site's files", all.len()),
                }
            },
            |near| format!("did you mean `{near}`?"),
        );
        self.report(Some(&name.at), "unknown-name", message, Some(help));
    }

    fn find(
        &self,
        severity: Severity,
        at: Option<&At>,
        code: &'static str,
        message: String,
        help: Option<String>,
    ) {
        let place = at.and_then(|at| self.place(at));
        let (message, help) = (in_a_line(&message), help.as_deref().map(in_a_line));
        self.found.borrow_mut().push(Diagnostic { severity, code, message, place, help });
    }

    /// What was found, in the order of the files and their lines.
    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by_cached_key(|mistake| {
            let place = mistake.place.as_ref()?;
            let file = self.sources.iter().position(|source| source.name == place.file);
            Some((file, place.line, place.column))
        });
        found
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.found.borrow().is_empty()
    }
}

/// What an author wrote may go over several lines; what is said of it does not.
fn in_a_line(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_debug().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// One table being read.
pub(crate) struct Table<'c, 'v, 'i> {
    pub(crate) context: &'c Context,
    pub(crate) at: At,
    entries: &'v DeTable<'i>,
    what: &'static str,
    asked: RefCell<BTreeSet<&'static str>>,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl<'c, 'v, 'i> Table<'c, 'v, 'i> {
    pub(crate) fn new(
        context: &'c Context,
        at: At,
        entries: &'v DeTable<'i>,
        what: &'static str,
    ) -> Self {
        Self { context, at, entries, what, asked: RefCell::default() }
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.into_inner();
        for key in self.entries.keys() {
            let name: &str = key.get_ref();
            if asked.contains(name) {
                continue;
            }
            let at = At { file: self.at.file, span: key.span() };
            let all: Vec<_> = asked.iter().map(|key| format!("`{key}`")).collect();
            let known = format!("{} takes {}", self.what, all.join(", "));
            let help = match near_miss(name, asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? {known}"),
                None => known,
            };
            let message = format!("unknown key `{name}`");
            self.context.report(Some(&at), "unknown-key", message, Some(help));
        }
    }

    fn find(&self, key: &'static str) -> Option<(&'v Value<'i>, At)> {
        self.asked.borrow_mut().insert(key);
        let value = self.entries.get(key)?;
        Some((value, At { file: self.at.file, span: value.span() }))
    }

    /// Whether `key` is there, whatever it holds.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// Whether `key` is an empty list.
    pub(crate) fn is_empty_list(&self, key: &'static str) -> bool {
        self.find(key).is_some_and(
            |(value, _)| matches!(value.get_ref(), DeValue::Array(items) if items.is_empty()),
        )
    }

    /// Reports that `key` is missing, where `found` is nothing and the key is
    /// not there: a wrong value was reported already.
    pub(crate) fn demand<T>(&self, key: &'static str, found: Option<T>) -> Option<T> {
        if found.is_none() && !self.entries.contains_key(key) {
            let message = format!("{} has no `{key}`", self.what);
            self.context.report(Some(&self.at), "missing-key", message, None);
        }
        found
    }

    fn mistyped(&self, key: &str, at: &At, expected: &str, found: &DeValue<'_>) {
        let found = match found {
            DeValue::Integer(number) => format!("`{number}`"),
            other => {
                let word = other.type_str();
                let article = if word.starts_with('a') { "an" } else { "a" };
                format!("{article} {word}")
            }
        };
        let message = format!("`{key}` must be {expected}, this is {found}");
        self.context.report(Some(at), "wrong-type", message, None);
    }

    pub(crate) fn string(&self, key: &'static str) -> Option<Spot<String>> {
        let (value, at) = self.find(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Spot { value: text.to_string(), at }),
            other => {
                self.mistyped(key, &at, "a string", other);
                None
            }
        }
    }

    /// What the word under `key` stands for.
    pub(crate) fn word<T: Worded>(&self, key: &'static str) -> Option<T> {
        self.context.word(key, &self.string(key)?)
    }

    pub(crate) fn boolean(&self, key: &'static str) -> Option<Spot<bool>> {
        let (value, at) = self.find(key)?;
        match value.get_ref() {
            DeValue::Boolean(value) => Some(Spot { value: *value, at }),
            other => {
                self.mistyped(key, &at, "`true` or `false`", other);
                None
            }
        }
    }

    pub(crate) fn integer(&self, key: &'static str) -> Option<Spot<u32>> {
        let (value, at) = self.find(key)?;
        self.to_integer(key, value, &at).map(|value| Spot { value, at })
    }

    fn to_integer(&self, key: &str, value: &Value<'i>, at: &At) -> Option<u32> {
        let parsed = match value.get_ref() {
            DeValue::Integer(n) => u32::from_str_radix(n.as_str(), n.radix()).ok(),
            _ => None,
        };
        if parsed.is_none() {
            let expected = "a whole number from 0 to 4_294_967_295";
            self.mistyped(key, at, expected, value.get_ref());
        }
        parsed
    }

    /// A string or a list of strings.
    pub(crate) fn strings(&self, key: &'static str) -> Vec<Spot<String>> {
        self.list(key, "a string or a list of strings", |value, at| match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            other => {
                self.mistyped(key, at, "a string", other);
                None
            }
        })
    }

    /// A whole number or a list of them.
    pub(crate) fn integers(&self, key: &'static str) -> Vec<Spot<u32>> {
        self.list(key, "a number or a list of numbers", |value, at| self.to_integer(key, value, at))
    }

    fn list<T>(
        &self,
        key: &'static str,
        expected: &str,
        one: impl Fn(&Value<'i>, &At) -> Option<T>,
    ) -> Vec<Spot<T>> {
        let Some((value, at)) = self.find(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(items) if items.is_empty() => {
                let message = format!("`{key}` is an empty list");
                let help = format!("leave `{key}` out to say nothing about it, or give {expected}");
                self.context.report(Some(&at), "empty-list", message, Some(help));
                Vec::new()
            }
            DeValue::Array(items) => items
                .iter()
                .filter_map(|item| {
                    let at = At { file: self.at.file, span: item.span() };
                    one(item, &at).map(|value| Spot { value, at })
                })
                .collect(),
            _ => one(value, &at).map(|value| Spot { value, at }).into_iter().collect(),
        }
    }

    pub(crate) fn table(&self, key: &'static str, what: &'static str) -> Option<Table<'c, 'v, 'i>> {
        let (value, at) = self.find(key)?;
        match value.get_ref() {
            DeValue::Table(entries) => Some(Table::new(self.context, at, entries, what)),
            other => {
                self.mistyped(key, &at, "a table", other);
                None
            }
        }
    }

    /// The tables of `[[key]]`.
    pub(crate) fn tables(&self, key: &'static str, what: &'static str) -> Vec<Table<'c, 'v, 'i>> {
        let Some((value, at)) = self.find(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.mistyped(key, &at, "written `[[…]]`", value.get_ref());
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| {
                let at = At { file: self.at.file, span: item.span() };
                match item.get_ref() {
                    DeValue::Table(entries) => Some(Table::new(self.context, at, entries, what)),
                    other => {
                        self.mistyped(key, &at, "written `[[…]]`", other);
                        None
                    }
                }
            })
            .collect()
    }
}
