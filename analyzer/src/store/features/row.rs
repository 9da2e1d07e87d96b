//! Figures as they come over the wire, back as features.

use std::collections::HashMap;

use clickhouse::Row;
use serde::Deserialize;
use tidegate_rules::agent::Claim;
use tidegate_rules::{Client, HashKey, Ruleset};

use super::{CountRow, Kind, route, time};
use crate::clients::{ClientKey, Clients};
use crate::features::{Counted, Features, GroupKey, Many, Minute, Pauses};
use crate::night::Night;
use crate::store::stored::meant;

/// Somebody's figures. What is not said here is said by [`Features`].
#[derive(Debug, Row, Deserialize)]
pub(super) struct FeatureRow {
    key: String,
    requests: u64,
    cost: u64,
    misses: u64,
    assets: u64,
    told: u64,
    referred: u64,
    statuses: Vec<u64>,
    unchanged: u64,
    probed: u64,
    pages: u64,
    crates: u64,
    widest: Vec<u64>,
    first: i64,
    last: i64,
    sessions: u64,
    pauses: u64,
    pause_sum: f64,
    pause_squares: f64,
    /// Minutes since the epoch, and the requests and units of each.
    minutes: (Vec<i64>, Vec<u64>, Vec<u64>),
    /// Names of routes, and the units of each.
    routes: (Vec<String>, Vec<u64>),
    claimed: String,
    judged: String,
    fingerprinted: u8,
    robots: u8,
    samples: Vec<String>,
    example: String,
    first_visitor: Option<u128>,
    clients: u64,
}

/// Those of one kind, as far as they have been described.
pub(super) struct Described<'n> {
    rules: &'n Ruleset,
    secret: &'n HashKey,
    kind: Kind,
    rows: Vec<FeatureRow>,
    chained: HashMap<String, u64>,
    unpopular: HashMap<String, u64>,
}

impl<'n> Described<'n> {
    pub(super) fn new(night: &Night<'n>, kind: Kind) -> Self {
        let (rules, secret) = (night.rules, night.secret);
        let (rows, chained, unpopular) = Default::default();
        Self { rules, secret, kind, rows, chained, unpopular }
    }

    /// Takes the figures of each.
    pub(super) fn features(&mut self, rows: Vec<FeatureRow>) {
        self.rows = rows;
    }

    /// Takes how many requests of each had a referer that it had asked for.
    pub(super) fn chained(&mut self, rows: Vec<CountRow>) {
        self.chained = rows.into_iter().map(|row| (row.key, row.times)).collect();
    }

    /// Takes how many requests of each were for unpopular pages.
    pub(super) fn unpopular(&mut self, rows: Vec<CountRow>) {
        self.unpopular = rows.into_iter().map(|row| (row.key, row.times)).collect();
    }

    /// Puts all of them among the clients; visitors come after theirs.
    pub(super) fn put_into(&self, clients: &mut Clients) {
        for row in &self.rows {
            self.put(row, clients);
        }
    }

    fn put(&self, row: &FeatureRow, clients: &mut Clients) {
        let rest = || Counted {
            minutes: minutes(&row.minutes),
            routes: routes(self.rules, &row.routes),
            samples: row.samples.iter().map(|id| id.as_str().into()).collect(),
            example: row.example.clone(),
        };
        let many = || Many::counted(self.described(row), rest());
        // Nobody asks more of them, and there is little room.
        let group = || Many::counted(self.described(row), Counted::default());
        match self.kind {
            Kind::Client => {
                if let Some(key) = ClientKey::named(&row.key) {
                    clients.put(key, row.first_visitor, many());
                }
            }
            Kind::Visitor => {
                let named = || ClientKey::named(row.key.split_once(' ')?.0);
                if let Some(client) = named().and_then(|key| clients.find(key)) {
                    clients.put_visitor(client, row.first_visitor, many());
                }
            }
            Kind::Network => {
                if let Some(key) = GroupKey::named(&row.key) {
                    clients.put_network(key, row.clients, group());
                }
            }
            Kind::Crowd => {
                if let Some(key) = self.crowd(&row.key) {
                    clients.put_crowd(key, row.clients, group());
                }
            }
            // They have rows of their own.
            Kind::Swarm => {}
        }
    }

    /// A fingerprint, and its autonomous system or its network.
    fn crowd(&self, text: &str) -> Option<GroupKey> {
        let (fingerprint, place) = text.split_once(' ')?;
        let fingerprint = fingerprint.parse().ok()?;
        if let Some(asn) = place.strip_prefix("AS") {
            return Some(GroupKey::Crowd(fingerprint, asn.parse().ok()?));
        }
        let hash = match place.split_once('/') {
            Some((address, _)) => self.secret.client(Client::Address(address.parse().ok()?)).1,
            None => u64::from_str_radix(place, 16).ok()?,
        };
        Some(GroupKey::CrowdIn(fingerprint, hash))
    }

    fn described(&self, row: &FeatureRow) -> Features {
        let of = |counts: &HashMap<String, u64>| counts.get(&row.key).copied().unwrap_or_default();
        let peak = |counts: &[u64]| counts.iter().copied().max().unwrap_or_default();
        let widest = |at: usize| row.widest.get(at).and_then(|count| u32::try_from(*count).ok());
        Features {
            requests: row.requests,
            units: row.cost,
            misses: row.misses,
            assets: row.assets,
            told: row.told,
            referred: row.referred,
            chained: of(&self.chained),
            unpopular: of(&self.unpopular),
            statuses: row.statuses.clone().try_into().unwrap_or_default(),
            pages: row.pages,
            crates: row.crates,
            widest: [0, 1, 2].map(|at| widest(at).unwrap_or_default()),
            first: time(row.first),
            last: time(row.last),
            sessions: row.sessions,
            pauses: Pauses { count: row.pauses, sum: row.pause_sum, squares: row.pause_squares },
            peak_requests: peak(&row.minutes.1),
            peak_units: peak(&row.minutes.2),
            claim: claim(self.rules, &row.claimed, &row.judged),
            fingerprinted: row.fingerprinted > 0,
            robots: row.robots > 0,
            forbidden: 0,
            unchanged: row.unchanged,
            probes: row.probed,
            exact: true,
        }
    }
}

/// What somebody claims to be, by the words for an agent and for what became of it.
pub(super) fn claim(rules: &Ruleset, claimed: &str, judged: &str) -> Option<Claim> {
    let verification = meant(judged)?;
    let mut agents = (0..).zip(&rules.agents);
    let agent = agents.find(|(_, agent)| agent.name == claimed).map(|(at, _)| at);
    Some(Claim { agent, verification, judged_by: None, headers: None })
}

/// What happened in each minute in which somebody was there.
pub(super) fn minutes(
    (at, requests, units): &(Vec<i64>, Vec<u64>, Vec<u64>),
) -> Vec<(u64, Minute)> {
    let minutes = at.iter().zip(requests).zip(units).map(|((at, requests), units)| {
        let minute = Minute { requests: *requests, units: *units };
        (u64::try_from(*at).unwrap_or_default(), minute)
    });
    minutes.collect()
}

/// Units by place of route, of those that cost something.
pub(super) fn routes(
    rules: &Ruleset,
    (names, units): &(Vec<String>, Vec<u64>),
) -> Vec<(Option<u16>, u64)> {
    let all = names.iter().map(|name| route(rules, name)).zip(units.iter().copied());
    all.filter(|(_, units)| *units > 0).collect()
}
