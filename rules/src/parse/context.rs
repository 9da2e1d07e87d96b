//! The sources being read and what is wrong with them, kept until all of it can
//! be said at once.

use std::cell::RefCell;
use std::ops::Range;

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
