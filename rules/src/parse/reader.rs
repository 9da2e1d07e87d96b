//! Typed access to TOML tables that collects every mistake instead of stopping
//! at the first, and remembers which keys were asked for, so that all others
//! are unknown.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{At, Context, Spot};
use crate::diagnostic::near_miss;
use crate::words::Worded;

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
