//! Which clients are listed, and in what order, when there may be millions.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::net::IpAddr;

use serde::{Serialize, Serializer};
use tidegate_rules::Ruleset;

use super::ClientRow;
use crate::clients::{ClientKey, Clients};

/// All clients in key order, each made when it is written.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'c> {
    pub(super) rules: &'c Ruleset,
    pub(super) clients: &'c Clients,
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let breadths = self.clients.breadths();
        let places = in_key_order(self.clients).into_iter();
        serializer
            .collect_seq(places.map(|at| ClientRow::of(self.rules, self.clients, &breadths, at)))
    }
}

/// The `count` clients that did most harm, worst first.
pub(super) fn worst(rules: &Ruleset, clients: &Clients, count: usize) -> Vec<ClientRow> {
    let mut worst = BinaryHeap::new();
    for at in clients.places() {
        let (units, _) = clients.harm(at);
        // Names are made only of those that may be listed.
        if worst.len() < count || worst.peek().is_some_and(|(Reverse(least), _)| units >= *least) {
            worst.push((Reverse(units), Named(clients.key(at).to_string(), at)));
        }
        if worst.len() > count {
            worst.pop();
        }
    }
    let breadths = clients.breadths();
    let sorted = worst.into_sorted_vec().into_iter();
    sorted.map(|(_, Named(_, at))| ClientRow::of(rules, clients, &breadths, at)).collect()
}

/// A client by the text of its key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Named(String, u32);

/// The places of all clients in the order of the texts of their keys.
fn in_key_order(clients: &Clients) -> Vec<u32> {
    let mut places: Vec<u32> = clients.places().collect();
    places.sort_unstable_by(|a, b| by_text(clients.key(*a), clients.key(*b)));
    places
}

/// As the texts compare. Those of IPv4 addresses are not made for it: each
/// number comes before the next one, and ends before any digit.
fn by_text(a: ClientKey, b: ClientKey) -> Ordering {
    match (a, b) {
        (ClientKey::Address(IpAddr::V4(a)), ClientKey::Address(IpAddr::V4(b))) => {
            a.octets().map(digits).cmp(&b.octets().map(digits))
        }
        _ => a.to_string().cmp(&b.to_string()),
    }
}

/// The digits of a number in order, so that they compare as its text does.
fn digits(number: u8) -> [u8; 3] {
    match number {
        0..=9 => [number + 1, 0, 0],
        10..=99 => [number / 10 + 1, number % 10 + 1, 0],
        _ => [number / 100 + 1, number / 10 % 10 + 1, number % 10 + 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_the_order_of_their_texts() {
        let numbers = [0, 1, 9, 10, 19, 25, 99, 100, 109, 200, 255];
        let addresses = numbers
            .into_iter()
            .flat_map(|a| numbers.map(|b| ClientKey::Address(IpAddr::from([b, a, 0, a]))));
        let mut all: Vec<_> = addresses.collect();
        all.push(ClientKey::Address("2001:db8::".parse().unwrap()));
        all.push(ClientKey::Hashed(0x10));
        all.sort_by(|a, b| by_text(*a, *b));
        let texts: Vec<_> = all.iter().map(ToString::to_string).collect();
        assert!(texts.is_sorted(), "{texts:?}");
    }
}
