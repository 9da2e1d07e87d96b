//! Who asks, remembered: whoever is there asks again soon, and each time would be
//! hashed three times and looked for among thousands of networks.

use std::hash::BuildHasher as _;
use std::hint::black_box;
use std::net::IpAddr;

use hashbrown::DefaultHashBuilder;
use tidegate_rules::features::Asker;
use tidegate_rules::{Client, HashKey, Request, Ruleset};

use crate::agents::Named;
use crate::place::Place;

/// Askers that are remembered: each has one slot, and the last one stays.
const REMEMBERED: usize = 1 << 15;

/// Those who asked lately.
pub(crate) struct Askers {
    hasher: DefaultHashBuilder,
    slots: Vec<Option<(Place, Asker)>>,
}

impl Default for Askers {
    fn default() -> Self {
        Self { hasher: DefaultHashBuilder::default(), slots: vec![None; REMEMBERED] }
    }
}

impl Askers {
    /// The place of whoever asks from an address with this User-Agent.
    pub(crate) fn place(&self, client: Option<Client>, named: Option<Named>) -> Option<Place> {
        let Some(Client::Address(address)) = client else { return None };
        let bits = match address {
            // As in IPv6 clothes, in which it is the same client.
            IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let hash = self.hasher.hash_one((bits, named?.hash));
        Some(Place::of(hash))
    }

    /// Reads all of who is remembered at a place, so that it is at hand.
    pub(crate) fn look(&self, at: Place) {
        black_box(self.slots.get(at.slot(REMEMBERED)).copied());
    }

    /// Who sent a request with this User-Agent; `at` is its place.
    pub(crate) fn asker(
        &mut self,
        rules: &Ruleset,
        secret: &HashKey,
        at: Option<Place>,
        request: &Request<'_>,
        named: Option<Named>,
    ) -> Asker {
        let asker = || Asker::of(rules, secret, request, named.and_then(|named| named.agent));
        let Some(at) = at.filter(|_| is_all(request)) else { return asker() };
        match self.slots.get_mut(at.slot(REMEMBERED)) {
            Some(Some((known, asker))) if *known == at => *asker,
            Some(slot) => slot.insert((at, asker())).1,
            None => asker(),
        }
    }
}

/// Whether that is all there is to know of who sent a request: nothing is signed, the
/// platform says nothing of it, and its software shows nothing, as in access logs.
fn is_all(request: &Request<'_>) -> bool {
    let signals = &request.signals;
    request.signature.is_none()
        && request.vouched.is_none()
        && signals.ja4.is_none()
        && signals.h2.is_none()
        && signals.header_order.is_none()
        && signals.headers.is_none()
        && signals.fingerprint.is_none()
}
