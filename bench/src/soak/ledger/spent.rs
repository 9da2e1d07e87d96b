//! At most what one crawler has had: never less than what the module charged it.

use std::time::Instant;

use crate::soak::editions::{LEAST_BREADTH, LEAST_BURST, REFILL};

/// Units of a page of the crawler's.
const PAGE: f64 = 40.0;
/// Units by which the module's clock and this one may differ: five seconds' worth.
const SLACK: f64 = 5.0 * REFILL;

/// What one crawler has had.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    level: f64,
    at: Instant,
    pages: u64,
}

impl Spent {
    /// Of a crawler that comes for the first time.
    pub(super) const fn nothing(now: Instant) -> Self {
        Self { level: 0.0, at: now, pages: 0 }
    }

    /// A page is about to be asked for.
    pub(super) fn charge(&mut self, now: Instant) {
        self.drain(now);
        self.level += PAGE;
        self.pages += 1;
    }

    /// It was refused.
    pub(super) fn refund(&mut self) {
        self.level -= PAGE;
        self.pages = self.pages.saturating_sub(1);
    }

    /// Whether any edition of the rules may refuse it a page that was charged.
    pub(super) fn may_be_refused(&mut self, now: Instant) -> bool {
        self.drain(now);
        self.level > LEAST_BURST - SLACK || self.pages >= LEAST_BREADTH
    }

    fn drain(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level - REFILL * seconds).max(0.0);
        self.at = now;
    }
}
