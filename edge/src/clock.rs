//! What time it is for one request: when it came, when it went to the origin, and
//! how late it is by now.
//!
//! A cell that is charged by the time at which a slow request came would take what
//! was charged since for a mistake of its clock.

use std::time::{Duration, Instant};

use tidegate_rules::Time;

use crate::door::Door;

/// The time of one request.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    arrived: Time,
    started: Instant,
    /// When it went to the origin, as far as that is known.
    sent: Instant,
    /// How long it waits, where somebody plays the time.
    played: Option<Duration>,
}

impl Clock {
    /// Of a request that came at `arrived`, just now.
    pub(crate) fn new(arrived: Time, door: &Door) -> Self {
        let now = Instant::now();
        Self { arrived, started: now, sent: now, played: door.waited() }
    }

    /// The time by now.
    pub(crate) fn now(&self) -> Time {
        let waited = self.played.unwrap_or_else(|| self.started.elapsed());
        let waited = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        Time::from_unix_millis(self.arrived.unix_millis().saturating_add(waited))
    }

    /// It is about to go to the origin.
    pub(crate) fn sets_out(&mut self) {
        self.sent = Instant::now();
    }

    /// Milliseconds since it went to the origin.
    pub(crate) fn origin_ms(&self) -> Option<u32> {
        u32::try_from(self.sent.elapsed().as_millis()).ok()
    }
}
