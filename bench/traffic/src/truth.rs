//! The truth about a scenario, for whoever judges what was made of its logs.
//!
//! A truth file has one JSON line for each visitor. Which request is whose the
//! id of the request says, to whoever knows how: it looks like chance, and
//! nothing that reads logs takes ids apart.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use crate::dice::mix;
use crate::{Class, Kind, Shot};

/// An id of the shape of a UUID, the same in every run: of the request that
/// this visitor sent, the `nth` of the log.
#[must_use]
pub fn request_id(actor: u32, nth: u64) -> String {
    // An odd factor: no two requests have one id.
    let low = nth.wrapping_add(1).wrapping_mul(0xbf58_476d_1ce4_e5b9) & 0xffff_ffff_ffff;
    let mask = mix(low, 7);
    let high = (mask >> 32) as u32 ^ actor;
    let [b, c, d] = [mask >> 16 & 0xffff, mask >> 4 & 0xfff, mask & 0xfff];
    format!("{high:08x}-{b:04x}-4{c:03x}-8{d:03x}-{low:012x}")
}

/// The visitor that sent the request with this id; `None` where
/// [`request_id`] did not make it.
#[must_use]
pub fn actor_of(request_id: &str) -> Option<u32> {
    let high = u32::from_str_radix(request_id.get(..8)?, 16).ok()?;
    let low = u64::from_str_radix(request_id.get(24..)?, 16).ok()?;
    Some(high ^ (mix(low, 7) >> 32) as u32)
}

/// Everybody of a scenario that sent something.
#[derive(Debug, Default)]
pub struct Truth(BTreeMap<u32, Visitor>);

/// One visitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Visitor {
    /// Its number.
    pub actor: u32,
    /// What it is.
    pub class: Class,
    /// What that is to those who run the site.
    pub kind: Kind,
    /// Its address.
    pub address: IpAddr,
    /// Its autonomous system.
    pub asn: Option<u32>,
    /// What it says it is.
    pub user_agent: Option<String>,
    /// Its JA4 and HTTP/2 fingerprint: with the system, its crowd.
    pub software: (Option<&'static str>, Option<&'static str>),
    /// Requests that it sent.
    pub requests: u64,
}

impl Truth {
    /// Takes a request into account.
    pub fn note(&mut self, shot: &Shot) {
        let visitor = self.0.entry(shot.actor).or_insert_with(|| Visitor {
            actor: shot.actor,
            class: shot.class,
            kind: shot.class.kind(),
            address: shot.client,
            asn: shot.asn,
            user_agent: shot.header("user-agent").map(str::to_owned),
            software: (shot.ja4, shot.h2),
            requests: 0,
        });
        visitor.requests += 1;
    }

    /// The visitor of that number.
    #[must_use]
    pub fn visitor(&self, actor: u32) -> Option<&Visitor> {
        self.0.get(&actor)
    }

    /// Everybody, by number.
    pub fn visitors(&self) -> impl Iterator<Item = &Visitor> {
        self.0.values()
    }

    /// The truth file.
    ///
    /// # Errors
    /// Where a visitor cannot be written as JSON.
    pub fn lines(&self) -> serde_json::Result<String> {
        let mut text = String::new();
        for visitor in self.visitors() {
            text += &serde_json::to_string(visitor)?;
            text.push('\n');
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_visitor_to_whoever_knows_how() {
        for actor in [0, 1, 77, u32::MAX] {
            for nth in [0, 1, 2, 1_000_000] {
                let id = request_id(actor, nth);
                assert_eq!(actor_of(&id), Some(actor), "{id}");
                assert_eq!(id.len(), 36);
            }
        }
        for text in ["", "abc", "zzzzzzzz-0000-4000-8000-000000000000"] {
            assert_eq!(actor_of(text), None);
        }
    }
}
