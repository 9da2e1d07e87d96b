//! From when until when: the part of a store that is asked for.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use tidegate_rules::Time;

use crate::time::rfc3339;

/// Times from one, included, until another one, not included. Where one is left out,
/// there is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The first time that is meant.
    pub from: Option<Time>,
    /// The first time that is not meant any more.
    pub until: Option<Time>,
}

impl Span {
    /// In milliseconds since the epoch.
    pub(super) fn millis(self) -> (i64, i64) {
        let millis = |time: Time| i64::try_from(time.unix_millis()).unwrap_or(i64::MAX);
        // Further than any time that a log may say, and within what a server counts.
        let end = millis(Time::MAX) + 1;
        (self.from.map_or(0, millis), self.until.map_or(end, millis).min(end))
    }

    /// Whether everything is meant.
    pub(super) const fn is_whole(self) -> bool {
        self.from.is_none() && self.until.is_none()
    }
}

/// For behind what is asked for: " from … until …".
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(from) = self.from {
            write!(f, " from {}", rfc3339(from))?;
        }
        if let Some(until) = self.until {
            write!(f, " until {}", rfc3339(until))?;
        }
        Ok(())
    }
}

/// A time as somebody types it: a day, a time of a day in UTC, or one with its
/// distance to UTC.
///
/// # Errors
///
/// Where it is none, in words for behind the argument's name.
pub fn moment(text: &str) -> Result<Time, String> {
    let in_utc = |time: DateTime| TimeZone::UTC.to_timestamp(time).ok();
    // A date and time without a zone would be read as a date, its time left out.
    let day = || text.parse::<Date>().ok().filter(|_| text.len() == 10);
    let stamp = text.parse::<Timestamp>().ok();
    let stamp = stamp.or_else(|| in_utc(day()?.to_datetime(jiff::civil::Time::midnight())));
    let stamp = stamp.or_else(|| in_utc(text.parse().ok()?));
    let millis = stamp.and_then(|stamp| u64::try_from(stamp.as_millisecond()).ok());
    millis.map(Time::from_unix_millis).ok_or_else(|| {
        "a time is `2025-03-11`, `2025-03-11T08:30` in UTC, or `2025-03-11T08:30:00+01:00`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_or_a_time() {
        let read = |text| moment(text).map(rfc3339);
        let time = |text: &str| Ok(text.to_owned());
        assert_eq!(read("2025-03-11"), time("2025-03-11T00:00:00Z"));
        assert_eq!(read("2025-03-11T08:30"), time("2025-03-11T08:30:00Z"));
        assert_eq!(read("2025-03-11 08:30:01.5"), time("2025-03-11T08:30:01.5Z"));
        assert_eq!(read("2025-03-11T08:30:00+01:00"), time("2025-03-11T07:30:00Z"));
        for text in ["", "yesterday", "2025-3-1", "1969-12-31", "2025-03-11T25:00"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
