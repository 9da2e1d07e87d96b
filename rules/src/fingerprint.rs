//! What a client's software shows without saying it, as one stable hash.
//!
//! JA4 and the HTTP/2 settings come from the platform. The order of header
//! names is ours: it is no JA4H, which is licensed. JA3, which browsers shuffle,
//! and what was agreed on in TLS, which follows from JA4 and the edge, are no part
//! of it. Hashes are unkeyed, so that logs of different days and sites can be
//! compared.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::request::{Protocol, Signals};

/// Header names whose order tells software apart and which the same software
/// sends with every kind of request. Names outside this list come and go with
/// the page asked for (`referer`, `cookie`, `if-none-match`, …).
const STABLE: [&str; 9] = [
    "host",
    "connection",
    "user-agent",
    "accept",
    "accept-language",
    "accept-encoding",
    "sec-fetch-dest",
    "te",
    "priority",
];

/// Hash of the header names in their original order, of those that tell
/// software apart. `None` where there is none of them.
pub fn header_order<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<u64> {
    let mut hasher = SipHasher13::new();
    let mut seen = false;
    for name in names {
        if let Some(at) = STABLE.iter().position(|stable| stable.eq_ignore_ascii_case(name)) {
            hasher.write_u8(u8::try_from(at).unwrap_or(u8::MAX));
            seen = true;
        }
    }
    seen.then(|| hasher.finish())
}

/// The fingerprint of a request's signals; `None` where nothing is known.
///
/// The header order counts only where the platform gave no JA4: browsers order
/// headers differently for pages and for their assets, JA4 stays.
#[must_use]
pub fn fingerprint(signals: &Signals<'_>) -> Option<u64> {
    if signals.ja4.is_none() && signals.h2.is_none() && signals.header_order.is_none() {
        return signals.fingerprint;
    }
    let mut hasher = SipHasher13::new();
    hasher.write_u8(match signals.protocol {
        None => 0,
        Some(Protocol::H1) => 1,
        Some(Protocol::H2) => 2,
        Some(Protocol::H3) => 3,
    });
    for part in [signals.ja4, signals.h2] {
        hasher.write(part.unwrap_or_default().as_bytes());
        hasher.write_u8(0xff);
    }
    if signals.ja4.is_none() {
        hasher.write_u64(signals.header_order.unwrap_or_default());
    }
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_matters_and_passing_headers_do_not() {
        let curl = header_order(["host", "user-agent", "accept"]);
        assert_eq!(curl, header_order(["Host", "User-Agent", "cookie", "Accept", "referer"]));
        assert_ne!(curl, header_order(["user-agent", "host", "accept"]));
        assert_eq!(header_order(["cookie"]), None);
    }

    #[test]
    fn unknown_signals_have_no_fingerprint() {
        assert_eq!(fingerprint(&Signals::default()), None);
        let http2 = Signals { protocol: Some(Protocol::H2), ..Signals::default() };
        assert_eq!(fingerprint(&http2), None);
    }

    #[test]
    fn one_software_has_one_fingerprint_a_protocol() {
        let h2 = Signals { protocol: Some(Protocol::H2), ja4: Some("t13d"), ..Signals::default() };
        let h1 = Signals { protocol: Some(Protocol::H1), ..h2 };
        assert_ne!(fingerprint(&h2), fingerprint(&h1));
        let page = Signals { header_order: Some(1), ..h2 };
        assert_eq!(fingerprint(&h2), fingerprint(&page));
    }
}
