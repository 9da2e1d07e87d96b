//! What is known of a night beside its log, and how its clients are named.

use tidegate_rules::features::Derived;
use tidegate_rules::{Client, HashKey, Request, Ruleset};

use crate::clients::ClientKey;
use crate::places::Places;
use crate::robots::Robots;

/// What is known beside the log. By default nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'n> {
    /// Systems and countries of addresses.
    pub places: Option<&'n Places>,
    /// The site's robots.txt.
    pub robots: Option<&'n Robots>,
    /// Whether clients are named by their keyed hashes instead of their addresses.
    pub hashed: bool,
}

impl Beside<'_> {
    /// Fills in what the log does not say of the client's place.
    pub(crate) fn place(&self, request: &mut Request<'_>) {
        let (Some(places), Some(Client::Address(address))) = (self.places, request.client) else {
            return;
        };
        if request.asn.is_none() || request.country.is_none() {
            let place = places.of(address);
            request.asn = request.asn.or(place.asn);
            request.country = request.country.or_else(|| place.country());
        }
    }

    /// Names the client and its network as the edge's records of that month do,
    /// where they are to be named by hashes.
    pub(crate) fn rename(&self, secret: &HashKey, request: &Request<'_>, derived: &mut Derived) {
        if let Some(client @ Client::Address(_)) = request.client.filter(|_| self.hashed) {
            let (client, network) = secret.of_month(request.time).1.client(client);
            (derived.client, derived.network) = (Some(client), Some(network));
        }
    }

    /// How reports name the client.
    pub(crate) fn key(&self, request: &Request<'_>, derived: &Derived) -> Option<ClientKey> {
        match derived.client {
            Some(hash) if self.hashed => Some(ClientKey::Hashed(hash)),
            _ => ClientKey::of(request.client),
        }
    }

    /// Whether robots.txt forbids a request to the agent that it claims to come
    /// from.
    pub(crate) fn forbids(&self, rules: &Ruleset, request: &Request<'_>, of: &Derived) -> bool {
        self.robots.is_some_and(|robots| {
            let agent = of.claim.and_then(|claim| rules.agent(claim.agent?));
            let name = agent.map(|agent| agent.name.as_str()).or(request.user_agent);
            robots.forbids(name.unwrap_or_default(), request.path, request.query)
        })
    }
}
