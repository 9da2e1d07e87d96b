//! nginx's `limit_req`: a leaky bucket for each address.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::str::FromStr;

use tidegate_rules::Time;

use super::Address;

/// What one request weighs: nginx counts in thousandths.
const REQUEST: i64 = 1_000;

/// A rate and a burst, as nginx's configuration has them. Whether requests of
/// the burst are delayed or not (`nodelay`) changes nothing here: nobody is
/// refused for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// How fast it leaks.
    pub rate: Rate,
    /// Requests that it holds beyond the first.
    pub burst: u32,
}

/// Requests a second or a minute, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    requests: NonZeroU32,
    seconds: u32,
}

impl Default for Bucket {
    fn default() -> Self {
        let requests = NonZeroU32::MIN.saturating_add(11);
        Self { rate: Rate { requests, seconds: 1 }, burst: 40 }
    }
}

impl Bucket {
    pub(super) fn told(self) -> String {
        let Self { rate, burst } = self;
        let (per, name) = (rate.requests, if rate.seconds == 1 { "s" } else { "m" });
        format!(
            "`limit_req` with rate={per}r/{name} burst={burst} for an address, cached requests too"
        )
    }
}

/// `12r/s` or `700r/m`.
impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = || {
            let (requests, seconds) = match text.strip_suffix("r/s") {
                Some(requests) => (requests, 1),
                None => (text.strip_suffix("r/m")?, 60),
            };
            Some(Self { requests: requests.parse().ok()?, seconds })
        };
        parsed()
            .ok_or_else(|| format!("no rate `{text}`: write it as nginx does, `12r/s` or `700r/m`"))
    }
}

/// The buckets of every address, as `ngx_http_limit_req_module` keeps them.
pub(in super::super) struct Buckets {
    /// Thousandths of a request that leak in a second.
    rate: i64,
    burst: i64,
    addresses: HashMap<Address, Filled>,
}

/// An address's bucket.
struct Filled {
    /// Thousandths of a request in it at `last`.
    excess: i64,
    last: Time,
}

impl Buckets {
    pub(super) fn new(bucket: Bucket) -> Self {
        let Bucket { rate, burst } = bucket;
        let rate = i64::from(rate.requests.get()) * REQUEST / i64::from(rate.seconds);
        Self { rate, burst: i64::from(burst) * REQUEST, addresses: HashMap::new() }
    }

    pub(super) fn admits(&mut self, address: Address, now: Time) -> bool {
        let Some(filled) = self.addresses.get_mut(&address) else {
            self.addresses.insert(address, Filled { excess: 0, last: now });
            return true;
        };
        let elapsed_ms = i64::try_from(now.millis_since(filled.last)).unwrap_or(i64::MAX);
        let leaked = self.rate.saturating_mul(elapsed_ms) / 1_000;
        let excess = (filled.excess.saturating_sub(leaked) + REQUEST).max(0);
        // What is refused fills no bucket.
        if excess > self.burst {
            return false;
        }
        *filled = Filled { excess, last: now.max(filled.last) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOMEBODY: Address = Address::Hashed(1);

    fn buckets(rate: &str, burst: u32) -> Buckets {
        Buckets::new(Bucket { rate: rate.parse().unwrap(), burst })
    }

    fn admitted(buckets: &mut Buckets, times: impl IntoIterator<Item = u64>) -> u64 {
        let times = times.into_iter().map(Time::from_unix_millis);
        times.map(|now| u64::from(buckets.admits(SOMEBODY, now))).sum()
    }

    #[test]
    fn the_first_and_the_burst_pass_at_once() {
        assert_eq!(admitted(&mut buckets("12r/s", 40), [0; 100]), 41);
        assert_eq!(admitted(&mut buckets("1r/s", 0), [0; 100]), 1);
    }

    #[test]
    fn a_full_bucket_leaks_at_the_rate() {
        let mut buckets = buckets("10r/s", 5);
        assert_eq!(admitted(&mut buckets, [0; 10]), 6);
        let flood = (1..=10_000).map(|n| n * 10);
        assert_eq!(admitted(&mut buckets, flood), 1_000, "100 s of ten a second");
    }

    /// The mistake that people make with it: a rate is a gap between requests.
    #[test]
    fn without_a_burst_two_requests_side_by_side_are_one_too_many() {
        assert_eq!(admitted(&mut buckets("6000r/m", 0), [0, 5, 10, 20]), 3);
    }

    #[test]
    fn what_comes_late_leaks_nothing() {
        assert_eq!(admitted(&mut buckets("1r/s", 1), [60_000, 0, 1_000, 60_000]), 2);
    }

    #[test]
    fn rates_are_written_as_in_nginx() {
        assert_eq!("12r/s".parse(), Ok(Bucket::default().rate));
        for text in ["", "12", "0r/s", "12r/h", "-1r/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
