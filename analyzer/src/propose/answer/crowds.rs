//! Against a crawl from very many addresses: one budget for everybody who shares
//! a software and a system, while the origin is strained, with a floor for those
//! who have a history.
//!
//! A limit for each address is none here, and a list of addresses is out of date
//! before it is read. The budget is a multiple of what crowds of readers cost in
//! calm time, so that it is about newcomers. Where the log does not say the
//! software or the system, the next narrower key that it says is tried.

use std::collections::HashSet;

use tidegate_rules::Quota;
use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::key::KeyKind;

use super::super::draft::{Draft, Limit};
use super::walkers::{ADVICE, HARM_FLOOR, of_networks, units};
use super::{Case, Routes, unverified};
use crate::features::{Swarm, SwarmKey};

/// Budgets that are tried, in multiples of what a large crowd of readers costs.
const TIMES: [u32; 5] = [1, 2, 4, 8, 16];

/// Pages a minute that a crowd has at least.
const LEAST_PAGES: u32 = 12;

/// Pages that a visitor with a history has of its own: at once, and again in ten
/// minutes.
const FLOOR_PAGES: u32 = 150;

/// Fewer clients are no crowd, and more requests of each are no readers'.
const CLIENTS: u64 = 10;
const REQUESTS_EACH: u64 = 30;

/// Of all crowds of readers, this share must be smaller than the measure.
const LARGE: f64 = 0.95;

const MINUTE_MS: u32 = 60_000;

pub(super) fn drafts(case: &Case<'_>) -> Result<Vec<Draft>, String> {
    case.demand_harm(HARM_FLOOR)?;
    let named: HashSet<SwarmKey> = case.finding.swarms.iter().copied().collect();
    let all = case.clients.swarms.worst_first();
    let (crawl, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(key, _)| named.contains(key));
    let spent = crawl.iter().flat_map(|(_, swarm)| swarm.routes());
    let routes = case.routes(spent).ok_or("Nothing: it cost the origin nothing.")?;
    let condition = Condition::new([routes.demand(), unverified()]);
    let mut drafts = Vec::new();
    if case.clients.origin.is_known() {
        let shown = crawl.iter().any(|(key, _)| key.shown);
        let placed = crawl.iter().any(|(key, _)| key.asn.is_some());
        let base = measure(&others, routes.dearest);
        match (shown, placed) {
            (true, true) => drafts.extend(of_crowds(case, &condition, &routes, base)),
            (true, false) => drafts.extend(of_software(case, &routes, base, &crawl)),
            (false, true) => drafts.extend(of_systems(case, &routes, base, &crawl)),
            (false, false) => {}
        }
    }
    drafts.extend(of_networks(case, "distributed-crawl", &condition, routes.dearest));
    Ok(drafts)
}

/// What a large crowd of readers costs in a minute.
fn measure(others: &[(SwarmKey, &Swarm)], dearest: u32) -> u32 {
    let rate = |swarm: &Swarm| swarm.units / (swarm.minutes().len() as u64).max(1);
    let reads = |swarm: &Swarm| {
        let clients = swarm.clients.count();
        clients >= CLIENTS && swarm.requests <= clients * REQUESTS_EACH
    };
    let readers = others.iter().filter(|(_, swarm)| reads(swarm));
    let mut rates: Vec<u64> = readers.map(|(_, swarm)| rate(swarm)).collect();
    rates.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let at = ((rates.len() as f64) * LARGE) as usize;
    let rate = rates.get(at.min(rates.len().saturating_sub(1))).copied().unwrap_or_default();
    u32::try_from(rate).unwrap_or(u32::MAX / 64).max(LEAST_PAGES * dearest)
}

fn why(case: &Case<'_>, who: &str) -> String {
    format!(
        "While the origin is strained, newcomers share a budget with all {who}: many addresses \
         with a few pages each walked the site together, and it cost the origin {} units.",
        units(case)
    )
}

/// One rule for every crowd there is: it names none.
fn of_crowds(case: &Case<'_>, condition: &Condition, routes: &Routes, base: u32) -> Vec<Draft> {
    let floor = FLOOR_PAGES * routes.dearest;
    let floor = Quota::new(floor, 10 * MINUTE_MS, floor).ok();
    let draft = |(units, quota)| {
        let id = format!("learned-distributed-crawl-{units}-a-minute");
        let why = why(case, "who have the same software in the same provider's network");
        let mut draft = case.draft(id, why, ADVICE, condition.clone());
        let limit = Limit::new(KeyKind::Crowd, quota, routes.dearest);
        draft.limit = Some(limit.while_strained(floor));
        draft
    };
    quotas(base, routes.dearest).map(draft).collect()
}

/// One budget for each software of the crawl, from wherever.
fn of_software(
    case: &Case<'_>,
    routes: &Routes,
    base: u32,
    crawl: &[(SwarmKey, &Swarm)],
) -> Vec<Draft> {
    let shown = crawl.iter().filter(|(key, _)| key.shown).map(|(key, _)| key.software).collect();
    let condition = Condition::new([routes.demand(), Demand::Fingerprints(shown), unverified()]);
    let draft = |(units, quota)| {
        let id = format!("learned-distributed-crawl-{units}-a-minute-of-a-software");
        let why = why(case, "who have the same software");
        let mut draft = case.draft(id, why, ADVICE, condition.clone());
        let limit = Limit::new(KeyKind::Fingerprint, quota, routes.dearest);
        draft.limit = Some(limit.while_strained(None));
        draft
    };
    quotas(base, routes.dearest).map(draft).collect()
}

/// One budget for each system that the crawl came from.
fn of_systems(
    case: &Case<'_>,
    routes: &Routes,
    base: u32,
    crawl: &[(SwarmKey, &Swarm)],
) -> Vec<Draft> {
    let mut asns: Vec<u32> = crawl.iter().filter_map(|(key, _)| key.asn).collect();
    asns.sort_unstable();
    asns.dedup();
    let asns = Demand::Asns(asns.into_iter().collect());
    let condition = Condition::new([routes.demand(), asns, unverified()]);
    let draft = |(units, quota)| {
        let id = format!("learned-distributed-crawl-{units}-a-minute-of-a-provider");
        let why = why(case, "in the same provider's network");
        let mut draft = case.draft(id, why, ADVICE, condition.clone());
        let limit = Limit::new(KeyKind::Asn, quota, routes.dearest);
        draft.limit = Some(limit.while_strained(None));
        draft
    };
    quotas(base, routes.dearest).map(draft).collect()
}

/// Budgets that are tried, the smallest first, with their units in a minute.
fn quotas(base: u32, dearest: u32) -> impl Iterator<Item = (u32, Quota)> {
    TIMES.into_iter().filter_map(move |times| {
        let units = base.checked_mul(times)?;
        Some((units, Quota::new(units, MINUTE_MS, (units / 2).max(dearest)).ok()?))
    })
}
