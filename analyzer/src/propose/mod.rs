//! From findings to rules, each tried on the very night before it is shown.
//!
//! One general rule for everybody who walks is preferred to a list of
//! addresses. Thresholds are not guessed: the narrowest that hurts no cohort
//! beyond its budget, in a backtest with the edge's own engine, is proposed;
//! where none does, the finding stays without a rule and says so.
//!
//! A proposal is always in shadow mode, expires, and is written in the same TOML
//! that people edit. `tidegate promote` records who reviewed it.

mod draft;

use std::collections::{HashMap, HashSet};

use draft::Draft;
use serde::Serialize;
use tidegate_rules::agent::Category;
use tidegate_rules::{Engine, Mode, Quota, Ruleset, Time};

use crate::analysis::Analysis;
use crate::backtest::{self, Backtest};
use crate::basis::VisitorSource;
use crate::clients::{ClientKey, Clients};
use crate::detect::Finding;
use crate::features::{Features, Many};
use crate::ingest::IngestError;
use crate::night::Night;
use crate::score::count;
use crate::time::rfc3339;
use crate::walk::WINDOWS_MS;

/// Thresholds of breadth that are tried, narrowest first.
const THRESHOLDS: [u32; 11] = [20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250];

/// A threshold must lie this far above the widest visitor that is no crawler.
const MARGIN: f64 = 1.25;

/// Below this share of one origin core in the worst minute, nothing is done.
const HARM_FLOOR: f64 = 0.25;

/// Below this crawler score nobody is paced for walking.
const CRAWLER_FLOOR: f64 = 0.6;

/// A category that caused this share of a finding's cost is its disguise.
const DISGUISE_SHARE: f64 = 0.9;

/// Pages in [`PACE_MS`] that somebody over the threshold still gets.
const PACE: u32 = 60;

/// Ten minutes.
const PACE_MS: u32 = 600_000;

/// Thresholds tried for one window; each costs a replay of the night.
const ATTEMPTS: usize = 3;

/// Days until a proposal expires.
const LIFE_DAYS: i64 = 90;

/// What a file of proposals starts with.
const HEADER: &str = "# Proposed rules, in shadow. Try them with `tidegate backtest --with`, then\n\
                      # put them among the site's own with `tidegate promote`.\n\
                      format = 1\n";

/// A rule made from a finding.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    /// The rule, as TOML.
    pub rule: String,
    /// The finding that it answers.
    pub finding: String,
    /// What it would have done to the night that it was learned from.
    pub predicted: Predicted,
}

/// What a rule would have done.
#[derive(Debug, Clone, Serialize)]
pub struct Predicted {
    /// Each cohort, and how many of its clients the rule throttles.
    pub cohorts: Vec<CohortEffect>,
    /// Units that reached the origin in the log.
    pub origin_units: u64,
    /// Units that the rule would have kept away.
    pub origin_units_saved: u64,
    /// Clients that the rule would have throttled.
    pub clients_throttled: usize,
    /// Whether every cohort stays within its harm budget.
    pub within_budgets: bool,
}

/// What a rule would have done to a cohort.
#[derive(Debug, Clone, Serialize)]
pub struct CohortEffect {
    /// The cohort.
    pub name: String,
    /// Its clients.
    pub clients: u64,
    /// Of them, throttled at least once.
    pub throttled: u64,
}

/// The text of a file of proposals, as `backtest --with` and `promote` take it.
#[must_use]
pub fn file_text(proposals: &[Proposal]) -> String {
    let rules: Vec<_> = proposals.iter().map(|proposal| proposal.rule.as_str()).collect();
    format!("{HEADER}\n{}", rules.join("\n"))
}

/// Proposes rules for the findings of an analysis, tried on the same night.
///
/// # Errors
///
/// Where a file cannot be read a second time.
pub fn propose(
    night: &Night<'_>,
    analysis: &Analysis,
    clients: &Clients,
    now: Time,
) -> Result<Vec<Proposal>, IngestError> {
    let mut proposals = Vec::new();
    for finding in &analysis.findings {
        let harmful = finding.harm_score >= HARM_FLOOR && finding.crawler_score >= CRAWLER_FLOOR;
        // A burst says when and who; what to do about it, its walkers say.
        if finding.detector == "broad-crawl" && harmful {
            let told_apart_by = analysis.assumptions.visitor;
            proposals.extend(for_walkers(night, clients, finding, told_apart_by, now)?);
        }
    }
    Ok(proposals)
}

fn for_walkers(
    night: &Night<'_>,
    clients: &Clients,
    finding: &Finding,
    told_apart_by: VisitorSource,
    now: Time,
) -> Result<Option<Proposal>, IngestError> {
    let named = finding.keys.iter().filter_map(|key| clients.find(ClientKey::named(key)?));
    let suspects: HashSet<u32> = named.collect();
    let Some((routes, dearest)) = routes(night.rules, clients, &suspects) else { return Ok(None) };
    let category = disguise(night.rules, clients, &suspects);
    let mut best: Option<(Proposal, u64)> = None;
    for (at, window_ms) in WINDOWS_MS.into_iter().enumerate() {
        let Ok(quota) = Quota::new(PACE * dearest, PACE_MS, dearest * 2) else { continue };
        let widest = widest_reader(night.rules, clients, &suspects, category, told_apart_by, at);
        let least = f64::from(widest) * MARGIN;
        let wide_enough = THRESHOLDS.into_iter().filter(|over| f64::from(*over) > least);
        for over in wide_enough.take(ATTEMPTS) {
            let expires = expiry(now);
            let draft =
                Draft { finding, category, over, window_ms, routes: &routes, quota, expires };
            let predicted = predict(&attempt(night, &draft)?);
            if predicted.within_budgets {
                let saved = predicted.origin_units_saved;
                if best.as_ref().is_none_or(|(_, most)| saved > *most)
                    && let Ok(rule) = draft.toml(night.rules, &predicted)
                {
                    let finding = finding.id.clone();
                    best = Some((Proposal { rule, finding, predicted }, saved));
                }
                break;
            }
        }
    }
    Ok(best.map(|(proposal, _)| proposal))
}

/// The routes that make up nearly all that the suspects cost, and the cost of
/// the dearest.
fn routes<'r>(
    rules: &'r Ruleset,
    clients: &Clients,
    suspects: &HashSet<u32>,
) -> Option<(Vec<&'r str>, u32)> {
    let mut units: HashMap<u16, u64> = HashMap::new();
    for (route, spent) in suspects.iter().filter_map(|at| clients.many(*at)).flat_map(Many::routes)
    {
        if let Some(route) = route {
            *units.entry(*route).or_default() += spent;
        }
    }
    let total: u64 = units.values().sum();
    let mut units: Vec<(u16, u64)> = units.into_iter().collect();
    units.sort_by_key(|(route, spent)| (std::cmp::Reverse(*spent), *route));
    // A route of less than a hundredth is chance.
    let known = units.into_iter().filter(|(_, spent)| spent * 100 >= total && *spent > 0);
    let routes: Vec<_> = known.filter_map(|(at, _)| rules.route(at)).collect();
    let dearest = routes.iter().map(|route| route.cost).max().filter(|cost| *cost > 0)?;
    Some((routes.iter().map(|route| route.name.as_str()).collect(), dearest))
}

/// What nearly all of the suspects' cost came disguised as: a rule about that
/// category leaves every other kind of software alone.
fn disguise(rules: &Ruleset, clients: &Clients, suspects: &HashSet<u32>) -> Option<Category> {
    let mut units: HashMap<Option<Category>, u64> = HashMap::new();
    for visitor in clients.visitors().filter(|visitor| suspects.contains(&visitor.client)) {
        let features = visitor.features();
        *units.entry(category(rules, &features)).or_default() += features.units;
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
    rules: &Ruleset,
    clients: &Clients,
    suspects: &HashSet<u32>,
    disguise: Option<Category>,
    told_apart_by: VisitorSource,
    window: usize,
) -> u32 {
    let unsuspected = clients.visitors().filter(|visitor| !suspects.contains(&visitor.client));
    let breadths = unsuspected.filter_map(|visitor| {
        let features = visitor.features();
        let matched = disguise.is_none() || category(rules, &features) == disguise;
        let reader = match told_apart_by {
            VisitorSource::Fingerprint => features,
            VisitorSource::UserAgent => clients.features(visitor.client),
        };
        let widest = reader.widest.get(window).copied();
        widest.filter(|_| matched && !features.is_verified())
    });
    breadths.max().unwrap_or_default()
}

fn expiry(now: Time) -> String {
    let day = rfc3339(now);
    let day = day.get(.."2026-01-01".len()).unwrap_or_default();
    day.parse::<jiff::civil::Date>()
        .map(|day| day.saturating_add(jiff::Span::new().days(LIFE_DAYS)).to_string())
        .unwrap_or_default()
}

/// Replays the night with nothing but the draft in force.
fn attempt(night: &Night<'_>, draft: &Draft<'_>) -> Result<Backtest, IngestError> {
    let engine = Engine {
        rules: draft.alone(night.rules),
        version: draft.id(),
        secret: night.secret.clone(),
        switch: Mode::Enforce,
    };
    backtest::run(night, &engine, &mut |_| {})
}

fn predict(found: &Backtest) -> Predicted {
    Predicted {
        cohorts: found
            .cohorts
            .iter()
            .map(|cohort| CohortEffect {
                name: cohort.name.clone(),
                clients: cohort.clients,
                throttled: cohort.clients_throttled,
            })
            .collect(),
        origin_units: found.origin_units.offered,
        origin_units_saved: found.origin_units.offered - found.origin_units.admitted,
        within_budgets: found.within_budgets(),
        clients_throttled: found.clients.iter().filter(|client| client.throttled > 0).count(),
    }
}
