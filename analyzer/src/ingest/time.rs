//! The two ways in which logs write a time, read by hand: this runs once for
//! every line, and a general parser would cost more than the rest of the line.
//!
//! Times before 1970 are bad. A leap second is the second before it.

use tidegate_rules::Time;

/// RFC 3339: `2025-11-04T08:15:42.123456789Z`, or with an offset; and `UTC`,
/// `GMT` or `+0000` behind it, as `strftime` writes them. Fractions are cut to
/// milliseconds.
pub(super) fn rfc3339(text: &str) -> Option<Time> {
    let (day, rest) = text.as_bytes().split_first_chunk()?;
    let [b'T' | b't' | b' ', rest @ ..] = rest else { return None };
    let (clock_time, rest) = rest.split_first_chunk()?;
    let (millis, rest) = fraction(rest)?;
    let offset = match rest {
        [b'Z' | b'z'] | b"UTC" | b"GMT" => 0,
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => {
            offset([*sign, *h1, *h2, *m1, *m2])?
        }
        _ => return None,
    };
    join(date(*day)?, clock(*clock_time)? - offset, millis)
}

/// A date and a time of day in UTC, as W3C logs write them.
pub(super) fn utc(day: &str, clock_time: &str) -> Option<Time> {
    let day = date(day.as_bytes().try_into().ok()?)?;
    join(day, clock(clock_time.as_bytes().try_into().ok()?)?, 0)
}

/// The minute of the line before, as RFC 3339 writes it: the next line mostly is of
/// the same.
#[derive(Debug, Default)]
pub(super) struct Minute(Option<([u8; 17], u64)>);

impl Minute {
    /// As [`rfc3339`].
    pub(super) fn rfc3339(&mut self, text: &str) -> Option<Time> {
        let (minute, rest) = text.as_bytes().split_first_chunk()?;
        if let Some((known, millis)) = self.0
            && known == *minute
            && let Some(in_minute) = within_minute(rest)
        {
            return Some(Time::from_unix_millis(millis + in_minute));
        }
        let time = rfc3339(text)?;
        // Where there is an offset, the minute is another one.
        if let Some(in_minute) = within_minute(rest) {
            self.0 = Some((*minute, time.unix_millis() - in_minute));
        }
        Some(time)
    }
}

/// Milliseconds since the minute began, of `42.123456789Z`.
fn within_minute(text: &[u8]) -> Option<u64> {
    let (seconds, rest) = text.split_first_chunk()?;
    let (millis, b"Z") = fraction(rest)? else { return None };
    let seconds = number::<2>(*seconds).filter(|seconds| *seconds <= 60)?;
    u64::try_from(seconds.min(59) * 1_000 + millis).ok()
}

/// Bytes of a time in common log format.
pub(super) const COMMON: usize = "04/Nov/2025:08:15:42 +0000".len();

/// The time of the line before, in common log format: the next one often has it, too.
#[derive(Debug, Default)]
pub(super) struct Before(Option<([u8; COMMON], Time)>);

impl Before {
    /// As [`common`].
    pub(super) fn common(&mut self, text: &str) -> Option<Time> {
        match self.0 {
            Some((known, time)) if known == *text.as_bytes() => Some(time),
            _ => {
                let time = common(text)?;
                self.0 = Some((text.as_bytes().try_into().ok()?, time));
                Some(time)
            }
        }
    }
}

/// Common log format: `04/Nov/2025:08:15:42 +0000`.
fn common(text: &str) -> Option<Time> {
    let text: [u8; COMMON] = text.as_bytes().try_into().ok()?;
    let [d1, d2, b'/', n1, n2, n3, b'/', y1, y2, y3, y4, b':', rest @ ..] = text else {
        return None;
    };
    let [h1, h2, c1, m1, m2, c2, s1, s2, b' ', sign, oh1, oh2, om1, om2] = rest else {
        return None;
    };
    let year = number([y1, y2, y3, y4])?;
    let day = days(year, month_of([n1, n2, n3])?, number([d1, d2])?)?;
    let seconds = clock([h1, h2, c1, m1, m2, c2, s1, s2])?;
    join(day, seconds - offset([sign, oh1, oh2, om1, om2])?, 0)
}

/// Days since 1970 of `2025-11-04`.
fn date(text: [u8; 10]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    days(number([y1, y2, y3, y4])?, number([m1, m2])?, number([d1, d2])?)
}

/// Seconds since midnight of `08:15:42`.
fn clock(text: [u8; 8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text else { return None };
    let (hour, minute, second) = (number([h1, h2])?, number([m1, m2])?, number([s1, s2])?);
    (hour <= 23 && minute <= 59 && second <= 60)
        .then(|| hour * 3_600 + minute * 60 + second.min(59))
}

/// Seconds east of UTC of a sign and four digits.
fn offset([sign, h1, h2, m1, m2]: [u8; 5]) -> Option<i64> {
    let (hour, minute) = (number([h1, h2])?, number([m1, m2])?);
    let seconds = (hour <= 23 && minute <= 59).then_some(hour * 3_600 + minute * 60)?;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// Milliseconds of `.123456789`, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', text @ ..] = text else { return Some((0, text)) };
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    let digit = |at: usize| digits.get(at).map_or(0, |byte| i64::from(byte - b'0'));
    (length > 0).then(|| (digit(0) * 100 + digit(1) * 10 + digit(2), rest))
}

fn number<const N: usize>(digits: [u8; N]) -> Option<i64> {
    let mut value = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}

fn month_of(name: [u8; 3]) -> Option<i64> {
    const NAMES: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    (1..).zip(NAMES).find_map(|(month, known)| (*known == name).then_some(month))
}

/// Days since 1970 in the Gregorian calendar; years begin in March here, so
/// that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
            - 719_468,
    )
}

fn join(days: i64, seconds: i64, millis: i64) -> Option<Time> {
    let millis = (days * 86_400 + seconds) * 1_000 + millis;
    u64::try_from(millis).ok().map(Time::from_unix_millis)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::Offset;
    use proptest::prelude::*;

    use super::*;

    fn time_of(timestamp: Timestamp) -> Option<Time> {
        u64::try_from(timestamp.as_millisecond()).ok().map(Time::from_unix_millis)
    }

    #[test]
    fn the_time_before_says_nothing_of_another_text() {
        let mut before = Before::default();
        let (a, b) = ("04/Nov/2025:08:15:42 +0000", "04/Nov/2025:08:15:43 +0000");
        for text in [a, a, "", "04/Nov/2025:08:15:42 +00:0", a, b, b, "-", a] {
            assert_eq!(before.common(text), common(text), "{text}");
        }
    }

    #[test]
    fn the_minute_before_says_nothing_of_another() {
        let texts = [
            "2025-11-04T08:15:42.123Z",
            "2025-11-04T08:15:59Z",
            "2025-11-04T08:15:60.5Z",
            "2025-11-04T08:15:61Z",
            "2025-11-04T08:15:42.123+02:00",
            "2025-11-04T08:16:00.000Z",
            "2025-11-04T08:16:00.Z",
            "2025-11-04T08:1",
            "2025-11-04 08:16:07.250Z",
            "2025-11-04T08:16:07.250Z",
        ];
        let mut minute = Minute::default();
        for text in texts {
            assert_eq!(minute.rfc3339(text), rfc3339(text), "{text}");
        }
    }

    #[test]
    fn known_times() {
        let expected = Some(Time::from_unix_millis(1_762_244_142_123));
        assert_eq!(rfc3339("2025-11-04T08:15:42.123456789Z"), expected);
        assert_eq!(rfc3339("2025-11-04T10:15:42.123456789+02:00"), expected);
        assert_eq!(rfc3339("2025-11-04t08:15:42.123z"), expected);
        for zone in ["UTC", "GMT", "+0000", "-00:00"] {
            assert_eq!(rfc3339(&format!("2025-11-04T08:15:42.123{zone}")), expected, "{zone}");
        }
        let expected = Some(Time::from_unix_millis(1_762_244_142_000));
        assert_eq!(common("04/Nov/2025:08:15:42 +0000"), expected);
        assert_eq!(common("04/Nov/2025:11:45:42 +0330"), expected);
        assert_eq!(utc("2025-11-04", "08:15:42"), expected);
        assert_eq!(rfc3339("2016-12-31T23:59:60Z"), rfc3339("2016-12-31T23:59:59Z"));
        assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Some(Time::from_unix_millis(0)));
    }

    #[test]
    fn what_is_no_time() {
        let bad = [
            "",
            "foo",
            "2025-11-04",
            "2025-11-04T08:15:42",
            "2025-11-04T08:15:42.Z",
            "2025-13-26T08:15:42Z",
            "2025-02-29T08:15:42Z",
            "2025-11-04T24:00:00Z",
            "2025-11-04T23:60:00Z",
            "2025-11-04T23:57:61Z",
            "1969-12-31T23:59:59Z",
            "2025-11-04T08:15:42Z ",
            "2025-11-04T08:15:42+24:00",
            "+025-10-26T08:15:42Z",
        ];
        for text in bad {
            assert_eq!(rfc3339(text), None, "{text}");
        }
        let bad = [
            "",
            "04/Nov/2025:08:15:42",
            "04/nov/2025:08:15:42 +0000",
            "32/Nov/2025:08:15:42 +0000",
            "04/Nov/2025 08:15:42 +0000",
            "04/Nov/2025:08:15:42 00000",
        ];
        for text in bad {
            assert_eq!(common(text), None, "{text}");
        }
        assert_eq!(utc("foo", "08:15:42"), None);
    }

    proptest! {
        #[test]
        fn what_jiff_writes_is_read_as_jiff_means_it(
            millis in 0_i64..7_258_118_400_000,
            nanos in 0_i32..1_000_000,
            minutes in -23 * 60 - 59..=23 * 60 + 59,
            precision in 0_u8..=9,
        ) {
            let whole = Timestamp::from_millisecond(millis).unwrap();
            let timestamp = Timestamp::new(whole.as_second(), whole.subsec_nanosecond() + nanos).unwrap();
            let offset = Offset::from_seconds(minutes * 60).unwrap();
            let zoned = timestamp.to_zoned_datetime(offset.to_time_zone());

            let utc_text = format!("{timestamp:.9}");
            prop_assert_eq!(rfc3339(&utc_text), time_of(timestamp), "{}", utc_text);

            let text = format!("{:.*}", usize::from(precision), timestamp.display_with_offset(offset));
            prop_assert_eq!(rfc3339(&text), time_of(text.parse().unwrap()), "{}", text);

            let text = zoned.strftime("%d/%b/%Y:%H:%M:%S %z").to_string();
            let second = Timestamp::from_second(timestamp.as_second()).unwrap();
            prop_assert_eq!(common(&text), time_of(second), "{}", text);
        }

        #[test]
        fn what_is_read_at_all_jiff_reads_the_same(
            text in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-6][0-9])",
        ) {
            let ours = rfc3339(&text);
            let theirs = text.parse::<Timestamp>().ok().and_then(time_of);
            prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}
