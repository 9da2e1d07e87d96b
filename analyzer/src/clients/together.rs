//! What is noted of many at once: networks, crowds, those who share a software,
//! and the origin that answers them all.

use tidegate_rules::strain::Answered;

use super::{ClientKey, Clients};
use crate::features::{Facts, GroupKey, Member, SwarmKey};
use crate::night::Seen;

impl Clients {
    /// An answer tells how the origin is, where the log says how long it took.
    pub(super) fn note_origin(&mut self, seen: &Seen<'_>) {
        let Some(took_ms) = seen.event.origin_ms().filter(|_| seen.cache.reached_origin()) else {
            return;
        };
        let (units, status) = (seen.derived.units, seen.event.status());
        let answered = Answered { units, took_ms: Some(took_ms), status };
        self.origin.add(seen.request.time, seen.derived.route, units, &answered);
    }

    pub(super) fn note_swarm(&mut self, seen: &Seen<'_>, client: u64, facts: &Facts<'_>) {
        let Some(key) = SwarmKey::of(seen) else { return };
        let name = seen.request.user_agent;
        let member = Member { client, network: seen.derived.network, name };
        self.swarms.add(key, &member, facts);
    }

    pub(super) fn note_groups(&mut self, seen: &Seen<'_>, client: u64, facts: &Facts<'_>) {
        let Some((hash, network)) = seen.derived.network.zip(network(seen)) else { return };
        self.networks.add(network, hash, client, facts);
        if let Some(shown) = facts.fingerprint {
            let (crowd, place) = match seen.request.asn {
                Some(asn) => (GroupKey::Crowd(shown, asn), asn.into()),
                None => (GroupKey::CrowdIn(shown, hash), hash),
            };
            self.crowds.add(crowd, shown.rotate_left(32) ^ place, client, facts);
        }
    }
}

/// The network of a request's client.
pub(super) fn network(seen: &Seen<'_>) -> Option<GroupKey> {
    Some(match seen.key {
        Some(ClientKey::Address(address)) => GroupKey::network(address),
        _ => GroupKey::Hashed(seen.derived.network?),
    })
}
