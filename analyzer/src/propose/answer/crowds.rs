//! Against a crawl from very many addresses: one budget for everybody who shares
//! a software and a system, while the origin is strained, with a floor for those
//! who have a history.
//!
//! A limit for each address is none here, and a list of addresses is out of date
//! before it is read. Budgets begin at a multiple of what crowds of readers cost in calm
//! time; the gentlest that does the work is proposed. Where the log does not say the
//! software or the system, the next narrower key that it says is tried.

use std::collections::BTreeSet;

use tidegate_rules::Quota;
use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::key::KeyKind;

use super::super::draft::{Draft, Limit};
use super::walkers::{ADVICE, HARM_FLOOR, of_networks, units};
use super::{Case, Routes, unverified};
use crate::features::{Swarm, SwarmKey};

/// The gentlest budget that is tried, in multiples of what a large crowd of readers
/// costs; each of the others is half of the one before it.
const GENTLEST: u32 = 2;

/// Budgets that are tried.
const TRIED: u32 = 6;

/// Pages a minute that a crowd has at least.
const LEAST_PAGES: u32 = 4;

/// Pages a minute that a large crowd of readers has at least.
const READERS_PAGES: u32 = 12;

/// Pages that a visitor with a history has of its own at once; twice as many in ten
/// minutes.
const FLOOR_PAGES: u32 = 150;

/// Of a hundred units of a crowd, fewer on a route are those of readers in it.
const READERS_SHARE: u64 = 5;

/// Fewer clients are no crowd, and more requests of each are no readers'.
const CLIENTS: u64 = 10;
const REQUESTS_EACH: u64 = 30;

/// Of all crowds of readers, this share must be smaller than the measure.
const LARGE: f64 = 0.95;

const MINUTE_MS: u32 = 60_000;

pub(super) fn drafts(case: &Case<'_>) -> Result<Vec<Draft>, String> {
    case.demand_harm(HARM_FLOOR)?;
    let crowd = case.finding.crowd.as_ref();
    let all = case.clients.swarms.worst_first();
    let (crawl, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(key, _)| crowd.is_some_and(|crowd| crowd.has(*key)));
    let spent = crawl.iter().flat_map(|(_, swarm)| swarm.routes());
    let routes = case.routes(spent, READERS_SHARE).ok_or("Nothing: it cost the origin nothing.")?;
    let condition = Condition::new([routes.demand(), unverified()]);
    let mut drafts = Vec::new();
    if case.clients.origin.is_known() {
        let shown = crawl.iter().any(|(key, _)| key.shown);
        let placed = crawl.iter().any(|(key, _)| key.asn.is_some());
        let base = measure(&others, routes.dearest);
        match (shown, placed) {
            (true, true) => {
                let of = |some: &[Demand]| {
                    let also = [routes.demand(), unverified()];
                    Condition::new(some.iter().cloned().chain(also))
                };
                let (software, systems) = (software(&crawl), systems(&crawl));
                drafts.extend(of_crowds(case, "", &condition, &routes, base));
                let own = of(std::slice::from_ref(&systems));
                drafts.extend(of_crowds(case, "-in-its-systems", &own, &routes, base));
                let own = of(&[software, systems]);
                drafts.extend(of_crowds(case, "-of-its-software", &own, &routes, base));
            }
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
    u32::try_from(rate).unwrap_or(u32::MAX / 64).max(READERS_PAGES * dearest)
}

fn why(case: &Case<'_>, who: &str) -> String {
    format!(
        "While the origin is strained, newcomers share a budget with all {who}: many addresses \
         with a few pages each walked the site together, and it cost the origin {} units.",
        units(case)
    )
}

/// The software that the crawl shows.
fn software(crawl: &[(SwarmKey, &Swarm)]) -> Demand {
    let shown = crawl.iter().filter(|(key, _)| key.shown);
    let all: BTreeSet<u64> = shown.map(|(key, _)| key.software).collect();
    Demand::Fingerprints(all.into_iter().collect())
}

/// The systems that it came from.
fn systems(crawl: &[(SwarmKey, &Swarm)]) -> Demand {
    let all: BTreeSet<u32> = crawl.iter().filter_map(|(key, _)| key.asn).collect();
    Demand::Asns(all.into_iter().collect())
}

/// A budget for each crowd there is, or for those that have the crawl's software in
/// its systems.
fn of_crowds(
    case: &Case<'_>,
    which: &str,
    condition: &Condition,
    routes: &Routes,
    base: u32,
) -> Vec<Draft> {
    let floor = FLOOR_PAGES * routes.dearest;
    let floor = Quota::new(2 * floor, 10 * MINUTE_MS, floor).ok();
    let draft = |(units, quota)| {
        let id = format!("learned-distributed-crawl-{units}-a-minute{which}");
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
    of_one_kind(case, KeyKind::Fingerprint, "a-software", software(crawl), routes, base)
}

/// One budget for each system that the crawl came from.
fn of_systems(
    case: &Case<'_>,
    routes: &Routes,
    base: u32,
    crawl: &[(SwarmKey, &Swarm)],
) -> Vec<Draft> {
    of_one_kind(case, KeyKind::Asn, "a-provider", systems(crawl), routes, base)
}

fn of_one_kind(
    case: &Case<'_>,
    key: KeyKind,
    what: &str,
    those: Demand,
    routes: &Routes,
    base: u32,
) -> Vec<Draft> {
    let condition = Condition::new([routes.demand(), those, unverified()]);
    let who = match key {
        KeyKind::Asn => "in the same provider's network",
        _ => "who have the same software",
    };
    let draft = |(units, quota)| {
        let id = format!("learned-distributed-crawl-{units}-a-minute-of-{what}");
        let mut draft = case.draft(id, why(case, who), ADVICE, condition.clone());
        draft.limit = Some(Limit::new(key, quota, routes.dearest).while_strained(None));
        draft
    };
    quotas(base, routes.dearest).map(draft).collect()
}

/// Budgets that are tried, the gentlest first, with their units in a minute.
fn quotas(base: u32, dearest: u32) -> impl Iterator<Item = (u32, Quota)> {
    let halves = (0..TRIED).map(|times| base.saturating_mul(GENTLEST) >> times);
    let mut halves: Vec<_> = halves.map(|units| units.max(LEAST_PAGES * dearest)).collect();
    halves.dedup();
    halves.into_iter().filter_map(move |units| {
        Some((units, Quota::new(units, MINUTE_MS, (units / 2).max(dearest)).ok()?))
    })
}
