//! Times as people and other tools read them: RFC 3339 in UTC, in one place.
//! How logs write times is [`crate::ingest`]'s matter.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Deserialize as _, Deserializer, Serializer};
use tidegate_rules::Time;
pub use tidegate_rules::text::rfc3339;

/// This machine's time: for days, and for when something was done. No decision
/// rests on it.
pub(crate) fn now() -> Time {
    of_system(SystemTime::now())
}

/// A time as the system tells it; the beginning of time where it is before 1970.
pub(crate) fn of_system(time: SystemTime) -> Time {
    let since = time.duration_since(UNIX_EPOCH);
    let millis = since.ok().and_then(|since| u64::try_from(since.as_millis()).ok());
    Time::from_unix_millis(millis.unwrap_or_default())
}

/// The start of this day, in UTC. Breadth is counted in halves of windows that
/// start with the epoch: from midnight on, the day makes no difference.
pub(crate) fn midnight() -> Time {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let now = now().unix_millis();
    Time::from_unix_millis(now - now % DAY_MS)
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

/// The time that a text in RFC 3339 says; nothing where it says none, or one
/// before 1970.
pub(crate) fn read(text: &str) -> Option<Time> {
    let millis = text.parse::<Timestamp>().ok()?.as_millisecond();
    u64::try_from(millis).ok().map(Time::from_unix_millis)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    let text = String::deserialize(deserializer)?;
    read(&text).ok_or_else(|| serde::de::Error::custom("no time in RFC 3339"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_time_that_it_says() {
        let millis = |text| read(text).map(Time::unix_millis);
        assert_eq!(millis("2025-03-11T00:00:00.5Z"), Some(1_741_651_200_500));
        assert_eq!(millis("2025-03-11T01:00:00+01:00"), Some(1_741_651_200_000));
        assert_eq!(millis("1969-12-31T23:59:59Z"), None);
        assert_eq!(millis("yesterday"), None);
    }
}
