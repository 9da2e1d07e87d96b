//! From the facts of a request to what rules ask about: route and cost, page,
//! agent, fingerprint, keys. Derived once, used by every rule.

use std::num::NonZeroU8;

use smallvec::SmallVec;

use crate::agent::{self, Claim, Evidence};
use crate::fingerprint::fingerprint;
use crate::key::{CellKey, HashKey, KeyKind, LANES};
use crate::networks::Found;
use crate::request::{Client, Request};
use crate::route::{self, CacheClass, UNROUTED_COST};
use crate::ruleset::Ruleset;
use crate::signature;

/// What is derived from one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Derived {
    /// Place of the route in the rule set.
    pub route: Option<u16>,
    /// Expected work of a miss, in units.
    pub units: u32,
    /// Keyed hash of the normalised path.
    pub page: u64,
    /// What the client says it is; `None` where its User-Agent is unknown and no
    /// signature tells.
    pub claim: Option<Claim>,
    /// What its software shows.
    pub fingerprint: Option<u64>,
    /// Keyed hash of the client.
    pub client: Option<u64>,
    /// Keyed hash of the client's network.
    pub network: Option<u64>,
    /// Keyed hash of the visitor: the client with its fingerprint, or with its
    /// User-Agent where no fingerprint is known.
    pub visitor: Option<u128>,
    /// Autonomous system of the client.
    pub asn: Option<u32>,
    /// What the origin lets caches keep of the route.
    pub cache: CacheClass,
    /// Whether pages pull it in.
    pub asset: bool,
    /// The lists of networks that the client's address is in; `None` where the
    /// address is unknown.
    pub places: Option<Found>,
}

impl Derived {
    /// The key of `kind`, where what it is made of is known.
    #[must_use]
    pub fn key(&self, kind: KeyKind) -> Option<CellKey> {
        let hash = match kind {
            KeyKind::Visitor => {
                let lane = self.visitor? % u128::from(LANES);
                u128::from(self.client?) << 8 | lane
            }
            KeyKind::Client => u128::from(self.client?),
            KeyKind::Network => u128::from(self.network?),
            KeyKind::Asn => u128::from(self.asn?),
            KeyKind::Fingerprint => u128::from(self.fingerprint?),
            KeyKind::Crowd => u128::from(self.fingerprint?) << 32 | u128::from(self.asn?),
            KeyKind::Site => 0,
        };
        Some(CellKey { kind, hash })
    }

    /// The key of the cell of `kind` that this request is charged to: of one of
    /// the key's shards, where it has several.
    ///
    /// The same visitor asks for the same page in the same shard, so that a
    /// refusal's wait is true. Whoever asks for many pages reaches them all: a
    /// shared budget is as large for one as for many.
    #[must_use]
    pub fn cell(&self, kind: KeyKind, shards: NonZeroU8) -> Option<CellKey> {
        let spread = self.visitor.unwrap_or_default() ^ u128::from(self.page);
        let shard = spread % u128::from(shards.get());
        Some(self.key(kind)?.shard(u8::try_from(shard).unwrap_or_default()))
    }
}

/// What a path says, whoever asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Place of the route in the rule set.
    pub route: Option<u16>,
    /// Keyed hash of the normalised path.
    pub page: u64,
}

impl Asked {
    /// What `path` says.
    #[must_use]
    pub fn of(rules: &Ruleset, secret: &HashKey, path: &str) -> Self {
        Self { route: rules.paths.first_owner(path), page: page(secret, path) }
    }
}

/// What is known of whoever asks, whatever for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asker {
    claim: Option<Claim>,
    fingerprint: Option<u64>,
    client: Option<u64>,
    network: Option<u64>,
    visitor: Option<u128>,
    places: Option<Found>,
}

impl Asker {
    /// Who sent `request`; `agent` is whose its User-Agent is:
    /// [`Ruleset::user_agents`]' first owner.
    #[must_use]
    pub fn of(
        rules: &Ruleset,
        secret: &HashKey,
        request: &Request<'_>,
        agent: Option<u16>,
    ) -> Self {
        let fingerprint = fingerprint(&request.signals);
        let places = match request.client {
            Some(Client::Address(address)) => Some(rules.networks.find(address)),
            Some(Client::Hashed { .. }) | None => None,
        };
        let hashes = request.client.map(|client| secret.client(client));
        let client = hashes.map(|(client, _)| client);
        Self {
            claim: claim(rules, request, agent, places),
            fingerprint,
            client,
            network: hashes.map(|(_, network)| network),
            visitor: client.map(|client| visitor(secret, client, fingerprint, request.user_agent)),
            places,
        }
    }
}

/// Derives what rules ask about.
#[must_use]
pub fn derive(rules: &Ruleset, secret: &HashKey, request: &Request<'_>) -> Derived {
    let agent = request.user_agent.and_then(|text| rules.user_agents.first_owner(text));
    derive_for(rules, secret, request, agent)
}

/// As [`derive()`], for whoever remembers the agent whose the User-Agent is:
/// [`Ruleset::user_agents`]' first owner.
#[must_use]
pub fn derive_for(
    rules: &Ruleset,
    secret: &HashKey,
    request: &Request<'_>,
    agent: Option<u16>,
) -> Derived {
    let asker = Asker::of(rules, secret, request, agent);
    derive_from(rules, Asked::of(rules, secret, request.path), asker, request.asn)
}

/// As [`derive()`], for whoever remembers what was asked for, and by whom; `asn` is
/// the client's.
#[must_use]
pub fn derive_from(rules: &Ruleset, asked: Asked, asker: Asker, asn: Option<u32>) -> Derived {
    let known = asked.route.and_then(|at| rules.route(at));
    Derived {
        route: asked.route,
        units: known.map_or(UNROUTED_COST, |route| route.cost),
        page: asked.page,
        claim: asker.claim,
        fingerprint: asker.fingerprint,
        client: asker.client,
        network: asker.network,
        visitor: asker.visitor,
        asn,
        cache: known.map(|route| route.cache).unwrap_or_default(),
        asset: known.is_some_and(|route| route.asset),
        places: asker.places,
    }
}

fn visitor(secret: &HashKey, client: u64, fingerprint: Option<u64>, agent: Option<&str>) -> u128 {
    let client = client.to_le_bytes();
    match fingerprint {
        Some(shown) => secret.hash(b'f', &[&client, &shown.to_le_bytes()]),
        None => secret.hash(b'u', &[&client, agent.unwrap_or_default().as_bytes()]),
    }
}

fn claim(
    rules: &Ruleset,
    request: &Request<'_>,
    named: Option<u16>,
    places: Option<Found>,
) -> Option<Claim> {
    let signed = signature::check(rules, request);
    let judged = agent::judge(named, rules, Evidence { places, vouched: request.vouched, signed });
    let agent = judged.agent.and_then(|at| rules.agent(at));
    if agent.is_none() && request.user_agent.is_none() {
        return None;
    }
    Some(Claim {
        agent: judged.agent,
        verification: judged.verification,
        judged_by: judged.by,
        headers: agent::headers(agent, request.user_agent, request.signals.headers),
    })
}

/// Keyed hash of a path's page: of its normalised form.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "half of the hash is what is wanted")]
pub fn page(secret: &HashKey, path: &str) -> u64 {
    // Nearly every path, but for a slash at its end: it need not be written anew.
    let start = path.strip_suffix('/').unwrap_or(path);
    if route::is_normal(start) {
        return secret.hash(b'p', &[start.as_bytes()]) as u64;
    }
    let mut normal: SmallVec<[u8; 128]> = SmallVec::new();
    route::normalise(path, |byte| normal.push(byte));
    secret.hash(b'p', &[&normal]) as u64
}
