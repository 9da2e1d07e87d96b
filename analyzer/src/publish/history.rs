//! What was done to a site's rules, newest first, in an entry beside the pointer:
//! whoever rolls back at night needs the stores and nothing else.
//!
//! An event is written after what it tells of, so it never promises what did not
//! happen; where one is missing, the next one says what it replaced. Fastly asks
//! for no personal data in Config Stores, so no name is kept that nobody typed.

use serde::{Deserialize, Serialize};
use tidegate_rules::Time;
use tidegate_rules::pack::VALUE_BOUND;

use crate::text::cut;
use crate::time;

/// Most events that are kept.
const EVENT_BOUND: usize = 24;

/// Most characters of a note.
pub const NOTE_BOUND: usize = 120;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Rules were put in force on top of others.
    Publish,
    /// Rules that had been in force before were put in force again.
    Rollback,
    /// The site's mode was set.
    Switch,
}

impl Deed {
    /// Its word in the history.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Rollback => "rollback",
            Self::Switch => "switch",
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it was planned.
    #[serde(serialize_with = "time::serialize", deserialize_with = "time::deserialize")]
    pub time: Time,
    /// What was done.
    pub deed: Deed,
    /// The pointer, or the mode, that was set.
    pub to: String,
    /// What it replaced; nothing where nothing was set.
    pub before: Option<String>,
    /// What somebody wanted to be remembered.
    pub note: Option<String>,
}

/// The events of a site, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(Vec<Event>);

impl History {
    /// The history that an entry tells; nothing where it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The entry: at most [`VALUE_BOUND`] characters, the oldest events dropped.
    #[must_use]
    pub fn text(&self) -> String {
        let mut kept = self.clone();
        loop {
            let text = serde_json::to_string(&kept).unwrap_or_default();
            if text.chars().count() <= VALUE_BOUND || kept.0.pop().is_none() {
                return text;
            }
        }
    }

    /// The history with a further event.
    #[must_use]
    pub fn with(&self, mut event: Event) -> Self {
        event.note = event.note.map(|note| cut(note.trim(), NOTE_BOUND));
        let older = self.0.iter().take(EVENT_BOUND - 1).cloned();
        Self(std::iter::once(event).chain(older).collect())
    }

    /// The events, newest first.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.0
    }

    /// The event that put rules in force last.
    #[must_use]
    pub fn latest(&self) -> Option<&Event> {
        self.about_rules().next()
    }

    /// Every pointer that was in force, newest first.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        self.about_rules()
            .flat_map(|event| std::iter::once(event.to.as_str()).chain(event.before.as_deref()))
    }

    /// The way back from the pointer that is in force, which comes last: what a
    /// rollback goes to stands before it. A rollback leads further back each time,
    /// and what was rolled back from is on no way.
    #[must_use]
    pub fn way<'h>(&'h self, in_force: Option<&'h str>) -> Vec<&'h str> {
        let mut way = Vec::new();
        let oldest_first: Vec<_> = self.about_rules().collect();
        for event in oldest_first.into_iter().rev() {
            if let Some(before) = &event.before {
                stand_at(&mut way, before);
            }
            match event.deed {
                Deed::Rollback => {
                    // What is not on the way was dropped with the oldest events, and all
                    // that had been put on top of it was rolled back from.
                    if !way.contains(&event.to.as_str()) {
                        way.clear();
                    }
                    stand_at(&mut way, &event.to);
                }
                _ if way.last() == Some(&event.to.as_str()) => {}
                _ => way.push(&event.to),
            }
        }
        if let Some(in_force) = in_force {
            stand_at(&mut way, in_force);
        }
        way
    }

    /// The pointer that a rollback goes to; nothing where none is known. It is the one
    /// in force where an earlier rollback set it and was broken off before the history
    /// told so.
    #[must_use]
    pub fn back<'h>(&'h self, in_force: Option<&'h str>) -> Option<&'h str> {
        let told = self.way(None);
        let Some(pointer) = in_force else { return told.last().copied() };
        if told.iter().rev().skip(1).any(|known| *known == pointer)
            && told.last() != in_force.as_ref()
        {
            return in_force;
        }
        self.way(in_force).into_iter().rev().nth(1)
    }

    fn about_rules(&self) -> impl Iterator<Item = &Event> {
        self.0.iter().filter(|event| event.deed != Deed::Switch)
    }
}

/// Goes back to a pointer, or on to it where it is not on the way.
fn stand_at<'h>(way: &mut Vec<&'h str>, pointer: &'h str) {
    match way.iter().rposition(|known| *known == pointer) {
        Some(at) => way.truncate(at + 1),
        None => way.push(pointer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(deed: Deed, before: Option<&str>, to: &str) -> Event {
        let before = before.map(str::to_owned);
        Event { time: Time::from_unix_millis(0), deed, to: to.to_owned(), before, note: None }
    }

    /// Events as `deed before to`, oldest first.
    fn history(events: &[(Deed, &str, &str)]) -> History {
        events.iter().fold(History::default(), |history, (deed, before, to)| {
            history.with(event(*deed, Some(*before).filter(|text| !text.is_empty()), to))
        })
    }

    use Deed::{Publish as P, Rollback as R, Switch as S};

    #[test]
    fn a_rollback_goes_back_and_never_forward() {
        let mut events = vec![(P, "", "a"), (P, "a", "b"), (S, "shadow", "enforce"), (P, "b", "c")];
        let way = |events: &[_], at| history(events).way(Some(at)).concat();
        assert_eq!(way(&events, "c"), "abc");
        events.push((R, "c", "b"));
        assert_eq!(way(&events, "b"), "ab");
        events.push((R, "b", "a"));
        assert_eq!(way(&events, "a"), "a");
        events.push((P, "a", "d"));
        assert_eq!(way(&events, "d"), "ad", "what was rolled back from is on no way");
        events.push((P, "d", "a"));
        assert_eq!(way(&events, "a"), "ada", "the same rules, published again");
        events.push((R, "a", "d"));
        assert_eq!(way(&events, "d"), "ad");
    }

    #[test]
    fn an_event_that_is_missing_breaks_no_way() {
        let way = |events: &[_], at| history(events).way(Some(at)).concat();
        assert_eq!(way(&[(P, "", "a")], "b"), "ab", "of the pointer in force");
        assert_eq!(way(&[(P, "", "a"), (P, "b", "c")], "c"), "abc", "of an older one");
        assert_eq!(way(&[(P, "", "a"), (P, "a", "b"), (P, "a", "c")], "c"), "ac", "of a rollback");
        assert_eq!(way(&[(P, "a", "b"), (R, "b", "a")], "a"), "a", "the oldest");
        assert_eq!(way(&[(P, "b", "c"), (R, "c", "a")], "a"), "a", "long ago");
        assert_eq!(way(&[], "a"), "a");
        assert_eq!(history(&[]).way(None).len(), 0);
    }

    #[test]
    fn a_rollback_that_was_broken_off_is_finished_first() {
        let mut events = vec![(P, "", "a"), (P, "a", "b"), (P, "b", "c")];
        let back = |events: &[_], at| history(events).back(at).map(str::to_owned);
        assert_eq!(back(&events, Some("c")).as_deref(), Some("b"));
        assert_eq!(back(&events, Some("b")).as_deref(), Some("b"), "set, but not told");
        assert_eq!(back(&events, Some("d")).as_deref(), Some("c"), "published, but not told");
        assert_eq!(back(&events, None).as_deref(), Some("c"), "the pointer is gone");
        events.push((R, "c", "b"));
        assert_eq!(back(&events, Some("b")).as_deref(), Some("a"));
        assert_eq!(back(&[(P, "", "a")], Some("a")), None);
        assert_eq!(back(&[], Some("a")), None);
    }

    #[test]
    fn an_entry_is_never_longer_than_a_value_may_be() {
        let mut history = History::default();
        for _ in 0..40 {
            let note = Some("\u{1}".repeat(1_000));
            history = history.with(Event { note, ..event(P, Some("a"), "b") });
        }
        assert_eq!(history.events().len(), EVENT_BOUND);
        let text = history.text();
        assert!(text.chars().count() <= VALUE_BOUND);
        let read = History::read(&text).unwrap();
        assert!(read.events().len() > 5);
        assert_eq!(read.events()[0], history.events()[0]);
        assert_eq!(History::read("{}"), None);
    }
}
