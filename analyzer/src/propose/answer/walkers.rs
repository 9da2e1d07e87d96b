//! Against those who walk the site: one rule on breadth for everybody, not a
//! list of addresses. Its threshold is not guessed: it lies above the widest
//! reader, and the backtest says whom it hurts.

use std::collections::{HashMap, HashSet};

use tidegate_rules::agent::Category;
use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::key::KeyKind;
use tidegate_rules::{Quota, Ruleset};

use super::super::draft::{Draft, Limit, duration};
use super::{Case, TEN_MINUTES_MS, unverified};
use crate::basis::VisitorSource;
use crate::features::Features;
use crate::score::{count, is_scanner};
use crate::walk::WINDOWS_MS;

/// Thresholds of breadth that are tried, narrowest first.
const THRESHOLDS: [u32; 11] = [20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250];

/// Of these, tried for one window.
const ATTEMPTS: usize = 3;

/// Thresholds for a whole network, tried where nobody alone can be told apart.
const OF_NETWORKS: [u32; 3] = [200, 400, 800];

/// A threshold must lie this far above the widest visitor that is no crawler.
const MARGIN: f64 = 1.25;

/// Below this share of one origin core in the worst minute, nothing is done.
pub(super) const HARM_FLOOR: f64 = 0.25;

/// Below this crawler score nobody is paced for walking.
pub(super) const CRAWLER_FLOOR: f64 = 0.6;

/// A category that caused this share of a finding's cost is its disguise.
const DISGUISE_SHARE: f64 = 0.9;

/// Pages in ten minutes that somebody over the threshold still gets.
const PACE: u32 = 60;

/// What whoever is refused should do instead.
pub(super) const ADVICE: &str = "Slow down to one page every ten seconds, honour Retry-After, and \
                                 ask the site's people for bulk data.";

pub(super) fn drafts(case: &Case<'_>) -> Result<Vec<Draft>, String> {
    case.demand_harm(HARM_FLOOR)?;
    if case.finding.crawler_score < CRAWLER_FLOOR {
        return Err("Nothing: they are hardly like a crawler.".to_owned());
    }
    let routes = case.own_routes()?;
    let suspects: HashSet<u32> = case.suspects().collect();
    let disguise = disguise(case, &suspects);
    let condition = Condition::new([
        routes.demand(),
        Demand::Categories(disguise.into_iter().collect()),
        unverified(),
    ]);
    let mut drafts = Vec::new();
    for (at, window_ms) in WINDOWS_MS.into_iter().enumerate() {
        let Some(quota) = pace(routes.dearest) else { continue };
        let least = f64::from(widest_reader(case, &suspects, disguise, at)) * MARGIN;
        let wide_enough = THRESHOLDS.into_iter().filter(|over| f64::from(*over) > least);
        for over in wide_enough.take(ATTEMPTS) {
            let id = format!("learned-broad-crawl-{over}-in-{}", duration(window_ms));
            let mut draft = case.draft(id, why(case, over, window_ms), ADVICE, condition.clone());
            let limit = Limit::new(KeyKind::Visitor, quota, routes.dearest);
            draft.limit = Some(limit.over(over, window_ms));
            drafts.push(draft);
        }
    }
    drafts.extend(of_networks(case, "broad-crawl", &condition, routes.dearest));
    Ok(drafts)
}

/// What somebody over a threshold still gets.
pub(super) fn pace(dearest: u32) -> Option<Quota> {
    Quota::new(PACE.checked_mul(dearest)?, TEN_MINUTES_MS, dearest.checked_mul(2)?).ok()
}

/// One budget for the addresses of a network together, once they are wide: where
/// each of them asks for too little to be told from a reader.
pub(super) fn of_networks(
    case: &Case<'_>,
    detector: &str,
    condition: &Condition,
    dearest: u32,
) -> Vec<Draft> {
    let quota = Quota::new(4 * PACE * dearest, TEN_MINUTES_MS, 8 * dearest).ok();
    let draft = |(over, quota): (u32, Quota)| {
        let id = format!("learned-{detector}-{over}-in-10m-of-a-network");
        let why = format!(
            "More than {over} different pages within 10m from one network: that is a walk over \
             the site by many addresses, and it cost the origin {} units.",
            units(case)
        );
        let mut draft = case.draft(id, why, ADVICE, condition.clone());
        let limit = Limit::new(KeyKind::Network, quota, dearest);
        draft.limit = Some(limit.over(over, TEN_MINUTES_MS));
        draft
    };
    OF_NETWORKS.into_iter().filter_map(|over| Some((over, quota?))).map(draft).collect()
}

fn why(case: &Case<'_>, over: u32, window_ms: u32) -> String {
    format!(
        "More than {over} different pages within {}, most of them opened once: that is a walk \
         over the site, and it cost the origin {} units.",
        duration(window_ms),
        units(case)
    )
}

pub(super) fn units(case: &Case<'_>) -> u64 {
    case.finding.evidence.get("units").and_then(serde_json::Value::as_u64).unwrap_or_default()
}

/// What nearly all of the suspects' cost came disguised as: a rule about that
/// category leaves every other kind of software alone.
fn disguise(case: &Case<'_>, suspects: &HashSet<u32>) -> Option<Category> {
    let mut units: HashMap<Option<Category>, u64> = HashMap::new();
    for visitor in case.clients.visitors().filter(|visitor| suspects.contains(&visitor.client)) {
        let features = visitor.features();
        *units.entry(category(case.rules, &features)).or_default() += features.units;
    }
    let total: u64 = units.values().sum();
    let (category, most) = units.into_iter().max_by_key(|(_, spent)| *spent)?;
    category.filter(|_| count(most) >= DISGUISE_SHARE * count(total))
}

fn category(rules: &Ruleset, features: &Features) -> Option<Category> {
    Some(features.agent(rules)?.category)
}

/// The largest breadth over one of the windows of anybody whom the rule would
/// match and the finding is not about.
///
/// A log without fingerprints cannot say who shares one. The people behind one
/// address have a few browsers between them, so that at the edge some of the
/// visitors told apart here are one, and wider than each. No visitor is wider
/// than its client: that is taken then.
fn widest_reader(
    case: &Case<'_>,
    suspects: &HashSet<u32>,
    disguise: Option<Category>,
    window: usize,
) -> u32 {
    let clients = case.clients;
    let unsuspected = clients.visitors().filter(|visitor| !suspects.contains(&visitor.client));
    let breadths = unsuspected.filter_map(|visitor| {
        let features = visitor.features();
        let matched = disguise.is_none() || category(case.rules, &features) == disguise;
        let reader = match case.assumptions.visitor {
            VisitorSource::Fingerprint => features,
            VisitorSource::UserAgent => clients.features(visitor.client),
        };
        let reads = matched && !features.is_verified() && !is_scanner(case.rules, &features);
        reader.widest.get(window).copied().filter(|_| reads)
    });
    breadths.max().unwrap_or_default()
}
