//! One line of a log as the store keeps it: what the line says, and what rules
//! made of it when it was stored.
//!
//! Unknown is `NULL`, but for the client and its network, which are empty: the
//! table is sorted by them. Nothing is settled here that rests on other lines:
//! neither modelled cache states nor what origin shielding logged twice.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use clickhouse::Row;
use serde::Serialize;
use tidegate_rules::features::{Derived, derive, page};
use tidegate_rules::route::normalise;
use tidegate_rules::{CacheState, Client, HashKey, Request, Ruleset, Vouched};

use crate::beside::Beside;
use crate::crates::Crates;
use crate::event::Event;
use crate::text;

/// By what the lines are read.
pub(super) struct Reading<'r> {
    pub(super) rules: &'r Ruleset,
    pub(super) secret: &'r HashKey,
    pub(super) beside: Beside<'r>,
    pub(super) crates: Crates,
}

/// What the log says of a request that an [`Event`] has not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Logged<'r> {
    /// Number of the line in its file, counted from one.
    pub(super) line: u64,
    pub(super) format: &'static str,
    pub(super) referer: Option<&'r str>,
    pub(super) bytes: Option<u64>,
    pub(super) on_shield: bool,
    pub(super) sampled: u8,
}

/// A row of `tidegate_lines`; `docs/clickhouse.md` says what each column means.
#[derive(Debug, Row, Serialize)]
pub(super) struct LineRow<'r> {
    pub(super) load: u64,
    line: u64,
    time: i64,
    site: &'r str,
    format: &'static str,
    client: String,
    network: String,
    address: Option<Ipv6Addr>,
    method: &'r str,
    host: Option<&'r str>,
    path: &'r str,
    query: Option<&'r str>,
    user_agent: Option<&'r str>,
    referer: Option<&'r str>,
    fingerprint: Option<u64>,
    asn: Option<u32>,
    country: Option<&'r str>,
    pop: Option<&'r str>,
    request_id: Option<&'r str>,
    status: Option<u16>,
    cache: Option<&'static str>,
    origin_ms: Option<u32>,
    bytes: Option<u64>,
    on_shield: bool,
    refused: bool,
    vouched: Option<&'static str>,
    signer: Option<&'r str>,
    signed: Option<&'static str>,
    sampled: u8,
    route: Option<&'r str>,
    units: u32,
    cache_class: &'static str,
    asset: bool,
    page: u64,
    referer_page: Option<u64>,
    #[serde(rename = "crate")]
    crate_name: Option<Cow<'r, str>>,
    visitor: Option<u128>,
    agent: Option<&'r str>,
    category: Option<&'static str>,
    verification: Option<&'static str>,
}

impl<'r> LineRow<'r> {
    /// The row of a line, in the load that it is stored with.
    pub(super) fn of(
        load: u64,
        reading: &Reading<'r>,
        event: &Event<'r>,
        logged: Logged<'r>,
    ) -> Self {
        let Reading { rules, secret, beside, ref crates } = *reading;
        let mut request = event.request();
        beside.place(&mut request);
        let mut derived = derive(rules, secret, &request);
        beside.rename(secret, &request, &mut derived);
        let (client, network, address) = who(beside, &request, &derived);
        let agent = derived.claim.and_then(|claim| rules.agent(claim.agent?));
        let (signer, signed) = event.signed();
        Self {
            load,
            line: logged.line,
            time: i64::try_from(request.time.unix_millis()).unwrap_or_default(),
            site: &rules.site,
            format: logged.format,
            client,
            network,
            address,
            method: request.method,
            host: request.host,
            path: request.path,
            query: request.query,
            user_agent: request.user_agent,
            referer: logged.referer,
            fingerprint: derived.fingerprint,
            asn: request.asn,
            country: request.country,
            pop: request.pop,
            request_id: request.request_id,
            status: event.status(),
            cache: event.logged_cache().map(cache),
            origin_ms: event.origin_ms(),
            bytes: logged.bytes,
            on_shield: logged.on_shield,
            refused: event.is_refused(),
            vouched: request.vouched.map(vouched),
            signer,
            signed: signed.map(|verification| verification.name()),
            sampled: logged.sampled,
            route: derived.route.and_then(|at| rules.route(at)).map(|route| route.name.as_str()),
            units: derived.units,
            cache_class: derived.cache.name(),
            asset: derived.asset,
            page: derived.page,
            referer_page: event.referer().map(|path| page(secret, path)),
            crate_name: crates.of(derived.route, request.path).map(normal),
            visitor: derived.visitor,
            agent: agent.map(|agent| agent.name.as_str()),
            category: agent.map(|agent| agent.category.name()),
            verification: derived.claim.map(|claim| claim.verification.name()),
        }
    }
}

/// A segment of a path as pages are told apart: two spellings of a crate are one.
fn normal(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return segment.into();
    }
    let mut normal = Vec::with_capacity(segment.len());
    normalise(segment, |byte| normal.push(byte));
    let normal = String::from_utf8_lossy(&normal);
    normal.strip_prefix('/').unwrap_or(&normal).to_owned().into()
}

/// The client, its network and its address, as far as they are to be known.
fn who(
    beside: Beside<'_>,
    request: &Request<'_>,
    derived: &Derived,
) -> (String, String, Option<Ipv6Addr>) {
    let client = beside.key(request, derived).map(|key| key.to_string()).unwrap_or_default();
    match derived.network.filter(|_| beside.hashed) {
        Some(hash) => (client, format!("{hash:016x}"), None),
        None => {
            let network = request.client.map(network).unwrap_or_default();
            (client, network, request.client.and_then(address))
        }
    }
}

/// The network as reports name it, or its hash.
fn network(client: Client) -> String {
    match client {
        Client::Address(address) => text::network(address),
        Client::Hashed { network, .. } => format!("{network:016x}"),
    }
}

/// The whole address, an IPv4 one as IPv6 maps it.
fn address(client: Client) -> Option<Ipv6Addr> {
    match client {
        Client::Address(IpAddr::V4(v4)) => Some(v4.to_ipv6_mapped()),
        Client::Address(IpAddr::V6(v6)) => Some(v6),
        Client::Hashed { .. } => None,
    }
}

const fn cache(state: CacheState) -> &'static str {
    match state {
        CacheState::Hit => "hit",
        CacheState::Stale => "stale",
        CacheState::ShieldHit => "shield-hit",
        CacheState::Miss => "miss",
        CacheState::Pass => "pass",
        CacheState::Refused => "refused",
    }
}

const fn vouched(vouched: Vouched) -> &'static str {
    match vouched {
        Vouched::Verified => "verified",
        Vouched::Contradicted => "contradicted",
    }
}
