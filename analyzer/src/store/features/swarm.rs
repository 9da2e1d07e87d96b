//! Those who share a software, as the store counted them.

use std::collections::HashMap;

use clickhouse::Row;
use serde::Deserialize;
use tidegate_rules::HashKey;

use super::CountRow;
use super::row::{claim, minutes, routes};
use crate::agents::Named;
use crate::clients::Clients;
use crate::features::{Distinct, Swarm, SwarmKey};
use crate::night::Night;

/// What they did together. What is not said here is said by [`Swarm`].
#[derive(Debug, Row, Deserialize)]
pub(super) struct SwarmRow {
    /// See [`super::Kind::Swarm`].
    key: String,
    requests: u64,
    cost: u64,
    assets: u64,
    told: u64,
    referred: u64,
    pages: u64,
    clients: u64,
    networks: u64,
    name: String,
    claimed: String,
    judged: String,
    /// Minutes since the epoch, and the requests, units and assets of each.
    minutes: (Vec<i64>, Vec<u64>, Vec<u64>, Vec<u64>),
    routes: (Vec<String>, Vec<u64>),
    samples: Vec<String>,
}

/// Puts all of them with the clients.
pub(super) fn put(
    night: &Night<'_>,
    rows: Vec<SwarmRow>,
    unpopular: &[CountRow],
    clients: &mut Clients,
) {
    let rules = night.rules;
    let unpopular: HashMap<&str, u64> =
        unpopular.iter().map(|row| (row.key.as_str(), row.times)).collect();
    for row in rows {
        let Some(key) = key(night.secret, &row) else { continue };
        let (at, requests, units, assets) = row.minutes;
        let minutes = minutes(&(at, requests, units));
        let asset_minutes = minutes.iter().map(|(at, _)| *at).zip(assets);
        let swarm = Swarm {
            requests: row.requests,
            units: row.cost,
            assets: row.assets,
            told: row.told,
            referred: row.referred,
            unpopular: unpopular.get(row.key.as_str()).copied().unwrap_or_default(),
            pages: Distinct::counted(row.pages),
            clients: Distinct::counted(row.clients),
            networks: Distinct::counted(row.networks),
            claim: claim(rules, &row.claimed, &row.judged),
            name: Swarm::named(&row.name),
            asset_minutes: asset_minutes.filter(|(_, assets)| *assets > 0).collect(),
            minutes,
            routes: routes(rules, &row.routes),
            samples: row.samples.into_iter().map(String::into_boxed_str).collect(),
        };
        clients.put_swarm(key, swarm);
    }
}

/// An autonomous system or nothing, and a fingerprint; or the name, which the store has
/// told apart by a hash of its own.
fn key(secret: &HashKey, row: &SwarmRow) -> Option<SwarmKey> {
    let (asn, software) = row.key.split_once(' ')?;
    let asn = if asn.is_empty() { None } else { Some(asn.parse().ok()?) };
    let shown = !software.starts_with("says ");
    let software = match shown {
        true => software.parse().ok()?,
        false => Named::hash_of(secret, &row.name),
    };
    Some(SwarmKey { software, shown, asn })
}
