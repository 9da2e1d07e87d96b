//! What goes wrong, for how long, and which requests it may have touched.
//!
//! A fault is in force in the module's world before its span begins and until after
//! the span has ended, or the other way round, as the span's users need it: see
//! [`Spans::begin`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// How long a sandbox goes by what the switches said before: see `edge/src/load.rs`.
pub(super) const FRESH: Duration = Duration::from_millis(300);

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fault {
    /// The Config Store with the switches is empty. (A file that cannot be read at
    /// all ends the guest inside the `fastly` crate, before the module is asked.)
    SwitchesGone,
    /// The pointer names a pack of which no entry is there.
    PackLost,
    /// The cells can neither be read nor written.
    CellsGone,
    /// No log endpoint takes the records.
    RecordsGone,
    /// Nobody listens where the origin was.
    OriginDown,
    /// The origin answers late.
    OriginSlow,
    /// The origin hangs up on those who asked.
    OriginResets,
}

impl Fault {
    /// In the order in which they come.
    pub(super) const ALL: [Self; 7] = [
        Self::SwitchesGone,
        Self::OriginDown,
        Self::CellsGone,
        Self::OriginSlow,
        Self::RecordsGone,
        Self::OriginResets,
        Self::PackLost,
    ];

    /// In text, and in the kept figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SwitchesGone => "switches gone",
            Self::PackLost => "pack lost",
            Self::CellsGone => "cells gone",
            Self::RecordsGone => "log endpoint gone",
            Self::OriginDown => "origin down",
            Self::OriginSlow => "origin slow",
            Self::OriginResets => "origin resets connections",
        }
    }

    /// What the harness door calls it, where the module itself plays it.
    pub(super) const fn door(self) -> Option<&'static str> {
        match self {
            Self::CellsGone => Some("cells"),
            Self::RecordsGone => Some("records"),
            _ => None,
        }
    }
}

/// When which fault was in force.
#[derive(Debug, Default)]
pub(super) struct Spans(Mutex<Vec<Span>>);

#[derive(Debug)]
struct Span {
    fault: Fault,
    from: Instant,
    /// When the world was broken: to write a file may take long.
    broken: Option<Instant>,
    /// When it was begun to mend it.
    mending: Option<Instant>,
    until: Option<Instant>,
}

impl Spans {
    /// A fault begins now. To be called before the world changes where requests are
    /// excused by it, and its end after the world is mended.
    pub(super) fn begin(&self, fault: Fault) {
        let span = Span { fault, from: Instant::now(), broken: None, mending: None, until: None };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    /// The world is broken by the fault of now.
    pub(super) fn broken(&self) {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(span) = spans.last_mut() {
            span.broken.get_or_insert_with(Instant::now);
        }
    }

    /// The world is about to be mended.
    pub(super) fn mending(&self) {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(span) = spans.last_mut() {
            span.mending.get_or_insert_with(Instant::now);
        }
    }

    /// Whatever fault there is has ended.
    pub(super) fn end(&self) {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for span in spans.iter_mut() {
            span.until.get_or_insert_with(Instant::now);
        }
    }

    /// The fault of now.
    pub(super) fn now(&self) -> Option<Fault> {
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.last().filter(|span| span.until.is_none()).map(|span| span.fault)
    }

    /// Whether a request may have met a fault, or what is left of it in sandboxes.
    pub(super) fn touched(&self, fault: Fault, sent: Instant, answered: Instant) -> bool {
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().rev().filter(|span| span.fault == fault).any(|span| {
            span.from <= answered && span.until.is_none_or(|until| sent <= until + FRESH)
        })
    }

    /// Whether a request met nothing but a fault from beginning to end.
    pub(super) fn within(&self, fault: Fault, sent: Instant, answered: Instant) -> bool {
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().rev().filter(|span| span.fault == fault).any(|span| {
            span.broken.is_some_and(|broken| broken + 2 * FRESH <= sent)
                && span.mending.is_none_or(|mending| answered + FRESH <= mending)
        })
    }

    /// How often each fault was in force.
    pub(super) fn times(&self, fault: Fault) -> usize {
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.fault == fault).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_touched_before_it_is_within() {
        let spans = Spans::default();
        let start = Instant::now();
        spans.begin(Fault::SwitchesGone);
        let later = start + Duration::from_secs(1);
        assert_eq!(spans.now(), Some(Fault::SwitchesGone));
        assert!(spans.touched(Fault::SwitchesGone, start, later));
        assert!(!spans.within(Fault::SwitchesGone, later, later), "not broken yet");
        spans.broken();
        assert!(!spans.within(Fault::SwitchesGone, start, later));
        assert!(spans.within(Fault::SwitchesGone, later, later));
        assert!(!spans.touched(Fault::OriginDown, start, later));
        spans.mending();
        assert!(spans.touched(Fault::SwitchesGone, later, later), "not mended yet");
        assert!(!spans.within(Fault::SwitchesGone, later, later));
        spans.end();
        assert_eq!(spans.now(), None);
        assert!(!spans.touched(Fault::SwitchesGone, later, later));
        assert!(!spans.within(Fault::SwitchesGone, later, later));
        assert_eq!(spans.times(Fault::SwitchesGone), 1);
    }
}
