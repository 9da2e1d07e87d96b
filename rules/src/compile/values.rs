//! Values written as text: durations, days, shares, networks, globs.

use ipnet::IpNet;

use super::Compiler;
use crate::condition::{Few, Hours};
use crate::glob::Glob;
use crate::parse::Spot;
use crate::request::Time;

const DAY_MS: u64 = 24 * 3600 * 1000;

impl Compiler<'_> {
    /// A duration such as `30s`, `10m`, `1h`, in milliseconds: 1 s to 24 h.
    pub(super) fn duration(&self, spot: &Spot<String>) -> Option<u32> {
        let parsed = duration(&spot.value);
        if parsed.is_none() {
            let message = format!("`{}` is no duration", spot.value);
            let help = "write a whole number and `s`, `m` or `h`, from `1s` to `24h`".to_owned();
            self.context.report(Some(&spot.at), "bad-duration", message, Some(help));
        }
        parsed
    }

    /// Times of the day such as `22:00-06:00`, in UTC.
    pub(super) fn hours(&self, spots: &[Spot<String>]) -> Few<Hours> {
        let parse = |spot: &Spot<String>| {
            let parsed = hours(&spot.value);
            if parsed.is_none() {
                let message = format!("`{}` is no time of the day", spot.value);
                let help = "write two times in UTC: `22:00-06:00`".to_owned();
                self.context.report(Some(&spot.at), "bad-hours", message, Some(help));
            }
            parsed
        };
        spots.iter().filter_map(parse).collect()
    }

    /// Fingerprints, as records carry them: 16 hex digits.
    pub(super) fn fingerprints(&self, spots: &[Spot<String>]) -> Few<u64> {
        let parse = |spot: &Spot<String>| {
            let parsed = hex_fingerprint(&spot.value);
            if parsed.is_none() {
                let message = format!("`{}` is no fingerprint", spot.value);
                let help = "write it as records carry it: 16 hex digits".to_owned();
                self.context.report(Some(&spot.at), "bad-fingerprint", message, Some(help));
            }
            parsed
        };
        spots.iter().filter_map(parse).collect()
    }

    /// The time at which a day such as `2027-06-30` starts, in UTC.
    pub(super) fn start_of_day(&self, spot: &Spot<String>) -> Option<Time> {
        let end = self.end_of_day(spot)?;
        Some(Time::from_unix_millis(end.unix_millis() - DAY_MS))
    }

    /// A day such as `2027-06-30`; the time at which that day ends, in UTC.
    pub(super) fn end_of_day(&self, spot: &Spot<String>) -> Option<Time> {
        let parsed = end_of_day(&spot.value);
        if parsed.is_none() {
            let message = format!("`{}` is no day", spot.value);
            let help = "write year, month and day: `2027-06-30`".to_owned();
            self.context.report(Some(&spot.at), "bad-day", message, Some(help));
        }
        parsed
    }

    /// A share such as `0.1%`, from 0 to 1.
    pub(super) fn share(&self, spot: &Spot<String>) -> Option<f64> {
        let percent = spot.value.strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok());
        match percent {
            Some(percent) if (0.0..=100.0).contains(&percent) => Some(percent / 100.0),
            _ => {
                let message = format!("`{}` is no share", spot.value);
                let help = "write a percentage from `0%` to `100%`, such as `0.1%`".to_owned();
                self.context.report(Some(&spot.at), "bad-share", message, Some(help));
                None
            }
        }
    }

    /// A share of whole percents such as `25%`, from 0 to 100.
    pub(super) fn percent(&self, spot: &Spot<String>) -> Option<u8> {
        let percent = self.share(spot)? * 100.0;
        let whole = (0..=100).find(|whole| (percent - f64::from(*whole)).abs() < 1e-9);
        if whole.is_none() {
            let message = format!("`{}` is no share of whole percents", spot.value);
            let help = "write a percentage such as `5%`".to_owned();
            self.context.report(Some(&spot.at), "bad-share", message, Some(help));
        }
        whole
    }

    /// The list of these networks; `None` where there are none.
    pub(super) fn list(&self, spots: &[Spot<String>]) -> Option<u16> {
        let mut networks = self.networks(spots);
        networks.sort_unstable();
        networks.dedup();
        let mut lists = self.lists.borrow_mut();
        let known = lists.iter().position(|list| *list == networks);
        let at = known.unwrap_or(lists.len());
        let place = u16::try_from(at).ok().filter(|_| !networks.is_empty())?;
        if known.is_none() {
            lists.push(networks);
        }
        Some(place)
    }

    fn networks(&self, spots: &[Spot<String>]) -> Vec<IpNet> {
        let parse = |spot: &Spot<String>| {
            let parsed = spot.value.parse::<IpNet>().ok().map(|network| network.trunc());
            if parsed.is_none() {
                let message = format!("`{}` is no network", spot.value);
                let help = "write an address and a prefix length: `192.0.2.0/24`".to_owned();
                self.context.report(Some(&spot.at), "bad-network", message, Some(help));
            }
            parsed
        };
        spots.iter().filter_map(parse).collect()
    }

    pub(super) fn globs(&self, spots: &[Spot<String>]) -> Vec<Glob> {
        let parse = |spot: &Spot<String>| match Glob::path(&spot.value) {
            Ok(glob) => Some(glob),
            Err(why) => {
                self.context.report(Some(&spot.at), "bad-glob", why.to_string(), None);
                None
            }
        };
        spots.iter().filter_map(parse).collect()
    }
}

/// A duration of 1 s to 24 h, in milliseconds.
pub(crate) fn duration(text: &str) -> Option<u32> {
    let digits = text.len().checked_sub(1)?;
    let number: u32 = text.get(..digits)?.parse().ok()?;
    let unit = match text.get(digits..)? {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let millis = number.checked_mul(unit)?;
    (millis > 0 && u64::from(millis) <= DAY_MS).then_some(millis)
}

/// A fingerprint as records carry it: 16 hex digits.
pub(crate) fn hex_fingerprint(text: &str) -> Option<u64> {
    let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| digits)
}

fn hours(text: &str) -> Option<Hours> {
    let minutes = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        let (hour, minute): (u16, u16) = match digits(hour) && digits(minute) {
            true => (hour.parse().ok()?, minute.parse().ok()?),
            false => return None,
        };
        (hour * 60 + minute <= 24 * 60 && minute < 60).then_some(hour * 60 + minute)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minutes(from)?, minutes(to)?);
    (from != to).then_some(Hours { from, to })
}

fn end_of_day(text: &str) -> Option<Time> {
    let day: jiff::civil::Date = text.parse().ok()?;
    // A date with a time is not what was asked for, and jiff would read it.
    if text.len() != "2027-06-30".len() {
        return None;
    }
    let midnight = day.at(0, 0, 0, 0);
    let start = jiff::tz::Offset::UTC.to_timestamp(midnight).ok()?.as_millisecond();
    Some(Time::from_unix_millis(u64::try_from(start).ok()? + DAY_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("30s"), Some(30_000));
        assert_eq!(duration("10m"), Some(600_000));
        assert_eq!(duration("24h"), Some(86_400_000));
        for bad in ["", "s", "0s", "25h", "1d", "-1s", "1.5m", "10 m", "99999999h", "ä"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_of_the_day() {
        assert_eq!(hours("22:00-06:30"), Some(Hours { from: 1320, to: 390 }));
        assert_eq!(hours("00:00-24:00"), Some(Hours { from: 0, to: 1440 }));
        for bad in ["", "22-6", "22:00", "24:01-06:00", "22:60-06:00", "+1:00-02:00", "1:00-1:00"] {
            assert_eq!(hours(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_end_at_midnight_utc() {
        assert_eq!(end_of_day("1970-01-01"), Some(Time::from_unix_millis(DAY_MS)));
        for bad in ["", "2027-13-01", "2027-6-1", "2027-06-30T00:00"] {
            assert_eq!(end_of_day(bad), None, "{bad}");
        }
    }
}
