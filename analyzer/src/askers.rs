//! Who asks, remembered: whoever is there asks again soon, and each time would be
//! hashed three times and looked for among thousands of networks.

use std::hash::BuildHasher as _;
use std::net::IpAddr;

use hashbrown::DefaultHashBuilder;
use tidegate_rules::features::Asker;
use tidegate_rules::{Client, HashKey, Request, Ruleset};

use crate::agents::Named;

/// Askers that are remembered: each has one slot, and the last one stays.
const REMEMBERED: usize = 1 << 14;

/// Who somebody is, of whom nothing else is known: an address, and the hash of a
/// User-Agent.
type Who = (IpAddr, u64);

/// Those who asked lately.
pub(crate) struct Askers {
    hasher: DefaultHashBuilder,
    slots: Vec<Option<(Who, Asker)>>,
}

impl Default for Askers {
    fn default() -> Self {
        Self { hasher: DefaultHashBuilder::default(), slots: vec![None; REMEMBERED] }
    }
}

impl Askers {
    /// The place of whoever asks from an address with this User-Agent.
    pub(crate) fn place(&self, client: Option<Client>, named: Option<Named>) -> usize {
        let (Some(Client::Address(address)), Some(named)) = (client, named) else { return 0 };
        let bits = match address {
            IpAddr::V4(v4) => v4.to_bits().into(),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let at = self.hasher.hash_one((bits, named.hash)) % REMEMBERED as u64;
        usize::try_from(at).unwrap_or_default()
    }

    /// Reads a bit of who is remembered at a place, so that it is at hand.
    pub(crate) fn look(&self, at: usize) -> u64 {
        self.slots.get(at).and_then(Option::as_ref).map_or(0, |((_, named), _)| *named)
    }

    /// Who sent a request with this User-Agent; `at` is its place.
    pub(crate) fn asker(
        &mut self,
        rules: &Ruleset,
        secret: &HashKey,
        at: usize,
        request: &Request<'_>,
        named: Option<Named>,
    ) -> Asker {
        let asker = || Asker::of(rules, secret, request, named.and_then(|named| named.agent));
        let Some(who) = who(request, named) else { return asker() };
        let slot = self.slots.get_mut(at);
        match slot {
            Some(Some((known, asker))) if *known == who => *asker,
            Some(slot) => slot.insert((who, asker())).1,
            None => asker(),
        }
    }
}

/// Who sent a request, where that is all there is to know: nothing is signed, the
/// platform says nothing of it, and its software shows nothing, as in access logs.
fn who(request: &Request<'_>, named: Option<Named>) -> Option<Who> {
    let Some(Client::Address(address)) = request.client else { return None };
    let signals = &request.signals;
    let is_all = request.signature.is_none()
        && request.vouched.is_none()
        && signals.ja4.is_none()
        && signals.h2.is_none()
        && signals.header_order.is_none()
        && signals.headers.is_none()
        && signals.fingerprint.is_none();
    is_all.then_some((address, named?.hash))
}
