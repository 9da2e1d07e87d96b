//! Rules that end. Which of them have, or soon will, depends on the day, which
//! is the caller's to say: nothing here has a clock.

use super::Living;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::parse::Context;
use crate::request::Time;
use crate::rule::Mode;

const DAY_MS: u64 = 24 * 3600 * 1000;

/// Days before its end when a rule's owner should hear of it.
const NOTICE_DAYS: u64 = 14;

/// A rule that ends.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::compile) struct Life {
    id: String,
    /// Its last day, as it was written.
    day: String,
    ends: Time,
    /// Whether its end takes something away; that of a trial in shadow does not.
    acts: bool,
    place: Option<Place>,
}

impl Life {
    pub(super) fn of(context: &Context, one: &Living<'_>) -> Option<Self> {
        let expires = one.raw.expires.as_ref()?;
        Some(Self {
            id: one.rule.id().to_owned(),
            day: expires.value.clone(),
            ends: one.rule.expires?,
            acts: one.rule.mode == Mode::Enforce,
            place: context.place(&expires.at),
        })
    }

    /// What is to be said of it on a day.
    pub(in crate::compile) fn warning(&self, day: Time) -> Option<Diagnostic> {
        let Self { id, day: last, ends, acts, place } = self;
        let midnight = day.unix_millis() - day.unix_millis() % DAY_MS;
        let days = ends.unix_millis().saturating_sub(midnight) / DAY_MS;
        let (code, message, help) = match days {
            0 => (
                "expired",
                format!("rule `{id}` expired on {last} and matches nothing"),
                "take it away, or give it a later day if it is still needed",
            ),
            1..=NOTICE_DAYS if *acts => (
                "expires-soon",
                match days {
                    1 => format!("rule `{id}` matches for the last time today"),
                    days => format!("rule `{id}` expires in {days} days"),
                },
                "give it a later day if it is still needed",
            ),
            _ => return None,
        };
        Some(Diagnostic {
            severity: Severity::Warning,
            code,
            message,
            place: place.clone(),
            help: Some(help.to_owned()),
        })
    }
}
