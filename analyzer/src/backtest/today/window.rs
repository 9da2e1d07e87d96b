//! So many requests in so long, then nothing for a while: the rate limit of a
//! web application firewall.

use std::collections::HashMap;

use tidegate_rules::Time;

use super::Address;
use crate::text::grouped;

/// How many requests an address has in a window.
///
/// A window begins with an address's first request. The request that exceeds it
/// and all that follow are refused until the refusal is over; then the address
/// begins a new window. The firewall itself is less exact: by its documentation
/// it may take twice the requests until it acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Requests that it has room for.
    pub requests: u32,
    /// Its length, in milliseconds.
    pub period_ms: u64,
    /// For how long whoever exceeds it is refused, in milliseconds; `None` for
    /// the rest of the window.
    pub refused_ms: Option<u64>,
}

impl Window {
    /// docs.rs: for how long the firewall refuses is set by hand there, and not
    /// public. The least is taken: the rest of the minute.
    pub const DOCS_RS: Self = Self { requests: 700, period_ms: 60_000, refused_ms: None };

    /// crates.io.
    pub const CRATES_IO: Self =
        Self { requests: 600, period_ms: 600_000, refused_ms: Some(300_000) };

    pub(super) fn told(self) -> String {
        let Self { requests, period_ms, refused_ms } = self;
        let refused = match refused_ms {
            None => "until these are over".to_owned(),
            Some(ms) => format!("for {} s, and so is everything else of it", ms / 1_000),
        };
        let (requests, period) = (grouped(requests.into()), period_ms / 1_000);
        format!(
            "an address has {requests} requests in {period} s, cached ones too; more are refused \
             {refused}"
        )
    }
}

/// The windows of every address.
pub(in super::super) struct Windows {
    window: Window,
    addresses: HashMap<Address, Begun>,
}

/// An address's window.
struct Begun {
    at: Time,
    requests: u32,
    /// How long it lasts in all, in milliseconds, where it has been exceeded.
    refused_ms: Option<u64>,
}

impl Windows {
    pub(super) fn new(window: Window) -> Self {
        Self { window, addresses: HashMap::new() }
    }

    pub(super) fn admits(&mut self, address: Address, now: Time) -> bool {
        let Window { requests, period_ms, refused_ms } = self.window;
        let fresh = Begun { at: now, requests: 0, refused_ms: None };
        let begun = self.addresses.entry(address).or_insert(fresh);
        let age_ms = now.millis_since(begun.at);
        if age_ms >= begun.refused_ms.unwrap_or(period_ms) {
            *begun = Begun { at: now, requests: 0, refused_ms: None };
        }
        if begun.refused_ms.is_some() {
            return false;
        }
        begun.requests = begun.requests.saturating_add(1);
        if begun.requests > requests {
            begun.refused_ms = Some(refused_ms.map_or(period_ms, |ms| age_ms + ms));
        }
        begun.refused_ms.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOMEBODY: Address = Address::Hashed(1);

    /// How many of these requests are let through, each `every` milliseconds.
    fn admitted(windows: &mut Windows, from: u64, every: u64, count: u64) -> u64 {
        let times = (0..count).map(|n| Time::from_unix_millis(from + n * every));
        times.map(|now| u64::from(windows.admits(SOMEBODY, now))).sum()
    }

    #[test]
    fn docs_rs_lets_700_through_each_minute() {
        let mut windows = Windows::new(Window::DOCS_RS);
        assert_eq!(admitted(&mut windows, 0, 50, 1_200), 700, "all of the first minute");
        assert_eq!(admitted(&mut windows, 60_000, 50, 1_200), 700, "and all of the second");
        assert!(windows.admits(Address::Hashed(2), Time::from_unix_millis(60_000)));
    }

    #[test]
    fn crates_io_refuses_for_five_minutes_and_counts_anew() {
        let mut windows = Windows::new(Window::CRATES_IO);
        assert_eq!(admitted(&mut windows, 0, 100, 601), 600);
        assert_eq!(admitted(&mut windows, 60_100, 1_000, 299), 0, "refused from 60 s on");
        assert_eq!(admitted(&mut windows, 360_000, 100, 700), 600, "300 s later it begins anew");
    }

    #[test]
    fn a_slow_walk_is_never_refused() {
        let mut windows = Windows::new(Window::CRATES_IO);
        assert_eq!(admitted(&mut windows, 0, 1_000, 10_000), 10_000, "one a second");
    }
}
