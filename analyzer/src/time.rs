//! Times as people and other tools read them: RFC 3339 in UTC, in one place.
//! How logs write times is [`crate::ingest`]'s matter.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::Serializer;
use tidegate_rules::Time;

/// This machine's time: for days, and for when something was done. No decision
/// rests on it.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.ok().and_then(|since| u64::try_from(since.as_millis()).ok());
    Time::from_unix_millis(millis.unwrap_or_default())
}

/// A time in RFC 3339, in UTC, to the millisecond where it has any.
#[must_use]
pub fn rfc3339(time: Time) -> String {
    // Neither step can fail: `Time::MAX` is within the calendar.
    let millis = i64::try_from(time.unix_millis()).unwrap_or_default();
    Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
pub(crate) fn serialize_known<S: Serializer>(
    time: &Option<Time>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_text() {
        let text = |millis| rfc3339(Time::from_unix_millis(millis));
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(1_741_651_200_500), "2025-03-11T00:00:00.5Z");
        assert_eq!(text(u64::MAX), "2200-01-01T00:00:00Z");
    }
}
