//! Who asked: what stands before the time of a combined log.

use std::net::{IpAddr, Ipv4Addr};

use memchr::memchr_iter;

use crate::ingest::parser::BadReason;
use crate::ingest::{proxies, text};

/// What stands before the time.
pub(super) struct Who<'a> {
    pub(super) virtual_host: Option<&'a str>,
    /// Who asked the server.
    pub(super) peer: Option<IpAddr>,
    /// Who asked the proxy, where that comes first.
    pub(super) forwarded: Option<IpAddr>,
    pub(super) user: &'a str,
}

impl<'a> Who<'a> {
    pub(super) fn of(who: &'a str) -> Result<Self, BadReason> {
        Self::found(who).ok_or(BadReason::new("no address, identity and user before the time"))
    }

    fn found(who: &'a str) -> Option<Self> {
        // Nearly all.
        if let Some(address) = who.strip_suffix(" - -")
            && let Some(peer) = text::parsed_address(address)
        {
            return Some(Self { virtual_host: None, peer: Some(peer), forwarded: None, user: "-" });
        }
        let (first, rest) = split_list(who)?;
        let (second, rest) = text::split_at_space(rest)?;
        let unnamed = Self { virtual_host: None, peer: None, forwarded: None, user: rest };
        if second == "-"
            && let Some(peer) = address(first)
        {
            return Some(Self { peer: Some(peer), ..unnamed });
        }
        // An identity never looks like an address: there is something before it.
        let Some((peer, (_, user))) = address(second).zip(rest.split_once(' ')) else {
            return Some(Self { peer: address(first).or_else(|| last_client(first)), ..unnamed });
        };
        let is_list = first.contains(',') || address(first).is_some();
        let forwarded = if proxies::is_proxy(peer) { last_client(first) } else { None };
        let virtual_host = (!is_list).then_some(first);
        Some(Self { virtual_host, peer: Some(peer), forwarded, user })
    }
}

/// Takes the first word off, or the first list with spaces behind its commas.
fn split_list(who: &str) -> Option<(&str, &str)> {
    let mut ends = memchr_iter(b' ', who.as_bytes());
    let end = ends.find(|end| !who.get(..*end).is_some_and(|first| first.ends_with(',')))?;
    Some((who.get(..end)?, who.get(end + 1..)?))
}

/// The last address of a list that is no proxy's; nothing where it is no list
/// of addresses up to there.
pub(super) fn last_client(list: &str) -> Option<IpAddr> {
    let mut addresses = list.rsplit(',').map(|item| item.trim().parse::<IpAddr>().ok());
    addresses.find(|address| address.is_none_or(|address| !proxies::is_proxy(address))).flatten()
}

fn address(word: &str) -> Option<IpAddr> {
    match word {
        // What nginx calls a proxy on the same machine.
        "unix:" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => text::parsed_address(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(who: &str, virtual_host: Option<&str>, peer: &str, forwarded: &str, user: &str) {
        let found = Who::of(who).unwrap();
        let text = |address: Option<IpAddr>| address.map_or("-".into(), |known| known.to_string());
        assert_eq!(
            (
                found.virtual_host,
                text(found.peer).as_str(),
                text(found.forwarded).as_str(),
                found.user
            ),
            (virtual_host, peer, forwarded, user),
            "{who}"
        );
    }

    #[test]
    fn who_asked() {
        check("192.0.2.1 - -", None, "192.0.2.1", "-", "-");
        check("192.0.2.1 - two words", None, "192.0.2.1", "-", "two words");
        check("client.example - -", None, "-", "-", "-");
        check("docs.rs:443 192.0.2.1 - -", Some("docs.rs:443"), "192.0.2.1", "-", "-");
        check("unix: - -", None, "127.0.0.1", "-", "-");
    }

    #[test]
    fn what_a_client_says_of_itself_counts_behind_a_proxy_alone() {
        check("198.51.100.7 10.0.0.1 - -", None, "10.0.0.1", "198.51.100.7", "-");
        check("198.51.100.7 192.0.2.1 - -", None, "192.0.2.1", "-", "-");
        check(
            "203.0.113.66, 198.51.100.7, 10.0.0.2 10.0.0.1 - -",
            None,
            "10.0.0.1",
            "198.51.100.7",
            "-",
        );
        check("203.0.113.66, 198.51.100.7 - alice", None, "198.51.100.7", "-", "alice");
        check("unknown, x 10.0.0.1 - -", None, "10.0.0.1", "-", "-");
    }

    #[test]
    fn what_says_too_little() {
        for who in ["", "192.0.2.1", "192.0.2.1 -", "198.51.100.7, 192.0.2.1"] {
            assert!(Who::of(who).is_err(), "{who}");
        }
    }
}
