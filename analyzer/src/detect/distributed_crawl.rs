//! Distributed crawl: one software from very many clients that ask for a few
//! pages each, together walk the site, and came all at once.
//!
//! Nobody of them alone can be told from a reader. Together they can: readers
//! read what others read, pull in assets and follow links; a crawl's clients
//! share out pages among them, so that hardly one is asked for twice. How much
//! more they ask for in the hours when the origin hurts than in calm ones says
//! whether it is a crawl or the software's people.
//!
//! Can't see: a crawl that shows another software with every address; one that
//! has the people's own software in their own systems and is smaller than they
//! are; one that takes as long as the log, where its software is also that of
//! tools; who of a crowd is a person, which nobody can: [`crate::propose`]
//! leaves those with a history alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tidegate_rules::agent::Category;
use tidegate_rules::record::Verification;

use super::suspects::{SAMPLES, counted, share_of_units};
use super::{Finding, Sight};
use crate::features::{Minute, Swarm, SwarmKey, minute_start};
use crate::score::{CORE_MINUTE_UNITS, count};
use crate::text::percent;
use crate::time::rfc3339;

const DETECTOR: &str = "distributed-crawl";

/// Fewer clients are no crowd.
const CLIENTS: u64 = 50;

/// Whoever asks for more than this is somebody alone, on average.
const REQUESTS_EACH: f64 = 30.0;

/// Fewer page requests say nothing.
const PAGE_REQUESTS: u64 = 200;

/// A minute is busy from here on, in medians, where nobody knows how the origin
/// was.
const ABOVE_MEDIAN: u64 = 2;

/// Score from which a swarm is part of the finding.
const LIKE_A_CRAWL: f64 = 0.6;

/// How many times its calm rate a software must reach that only tools have:
/// people's tools too ask once and pull in nothing.
const SURGE_OF_TOOLS: f64 = 4.0;

/// Rates of surges above this are all the same: many.
const MOST_SURGE: f64 = 99.0;

/// A swarm that is looked at.
struct Looked<'s> {
    key: SwarmKey,
    swarm: &'s Swarm,
    /// Its rate while the origin hurt, over its rate in calm, over the same of
    /// everybody else; `None` where there was no calm, or nothing else.
    surge: Option<f64>,
    score: f64,
}

/// Which minutes were bad ones for the origin.
struct Hard<'s> {
    sight: &'s Sight<'s>,
    bound: u64,
    hard: u64,
    calm: u64,
}

pub(super) fn detect(sight: &Sight<'_>) -> Vec<Finding> {
    let hard = Hard::of(sight);
    let swarms = sight.clients.swarms.worst_first();
    let looked = swarms.into_iter().filter_map(|(key, swarm)| hard.look(key, swarm));
    let found: Vec<_> = looked.filter(|looked| looked.score >= LIKE_A_CRAWL).collect();
    if found.is_empty() { Vec::new() } else { vec![finding(sight, &hard, &found)] }
}

impl<'s> Hard<'s> {
    fn of(sight: &'s Sight<'s>) -> Self {
        let minutes = &sight.clients.minutes;
        let mut units: Vec<u64> = minutes.values().map(|minute| minute.units).collect();
        units.sort_unstable();
        let bound = units.get(units.len() / 2).copied().unwrap_or_default() * ABOVE_MEDIAN;
        let mut own = Self { sight, bound, hard: 0, calm: 0 };
        own.hard = minutes.keys().filter(|at| own.is(**at)).count() as u64;
        // Minutes without a request were calm, too.
        let span = minutes.last_key_value().zip(minutes.first_key_value());
        let all = span.map_or(0, |((last, _), (first, _))| last - first + 1);
        own.calm = all - own.hard;
        own
    }

    /// Whether the log says when the origin hurt.
    fn is_known(&self) -> bool {
        self.sight.clients.origin.is_known()
    }

    fn is(&self, minute: u64) -> bool {
        match self.is_known() {
            true => self.sight.clients.origin.hurt_in(minute),
            false => {
                let units = self.sight.clients.minutes.get(&minute).map(|minute| minute.units);
                units.is_some_and(|units| units > self.bound)
            }
        }
    }

    fn look<'a>(&self, key: SwarmKey, swarm: &'a Swarm) -> Option<Looked<'a>> {
        let (clients, pages) = (swarm.clients.count(), swarm.page_requests());
        let each = count(swarm.requests) / count(clients.max(1));
        let verified =
            swarm.claim.is_some_and(|claim| claim.verification == Verification::Verified);
        if clients < CLIENTS || each > REQUESTS_EACH || pages < PAGE_REQUESTS || verified {
            return None;
        }
        let surge = self.surge(swarm);
        let score = score(swarm, surge);
        (self.is_browser(swarm) || surge.is_some_and(|surge| surge >= SURGE_OF_TOOLS))
            .then_some(Looked { key, swarm, surge, score })
    }

    /// The swarm's surge, as often as everybody else's where theirs is one: at the
    /// busiest hour of a day everybody comes.
    fn surge(&self, swarm: &Swarm) -> Option<f64> {
        if self.hard == 0 || self.calm == 0 {
            return None;
        }
        let own = self.split(swarm.minutes().iter().map(|(at, minute)| (*at, *minute)));
        let all = self.split(self.sight.clients.minutes.iter().map(|(at, minute)| (*at, *minute)));
        let rate = |requests: u64, minutes: u64| count(requests) / count(minutes);
        let surge = |hard: u64, calm: u64| rate(hard, self.hard) / rate(calm.max(1), self.calm);
        let others = surge(all.0.saturating_sub(own.0), all.1.saturating_sub(own.1));
        Some((surge(own.0, own.1) / others.max(1.0)).min(MOST_SURGE))
    }

    /// Requests while the origin hurt, and in calm.
    fn split(&self, minutes: impl Iterator<Item = (u64, Minute)>) -> (u64, u64) {
        let (mut hard, mut calm) = (0, 0);
        for (at, minute) in minutes {
            *(if self.is(at) { &mut hard } else { &mut calm }) += minute.requests;
        }
        (hard, calm)
    }

    fn is_browser(&self, swarm: &Swarm) -> bool {
        let agent = swarm.claim.and_then(|claim| self.sight.rules.agent(claim.agent?));
        agent.is_some_and(|agent| agent.category == Category::Browser)
    }
}

/// How like the clients of one crawl, 0 to 1.
///
/// | habit | weight |
/// | --- | --- |
/// | no page twice: pages over page requests, from 0.5 on | 0.3 |
/// | pages without what they pull in: below one asset in two pages | 0.25 |
/// | no referers, where the log says | 0.15 |
/// | they came while the origin hurt: from once to four times the calm rate | 0.3 |
fn score(swarm: &Swarm, surge: Option<f64>) -> f64 {
    let pages = count(swarm.page_requests());
    let apart = (2.0 * count(swarm.pages.count()) / pages - 1.0).clamp(0.0, 1.0);
    let bare = (1.0 - 2.0 * count(swarm.assets) / pages).max(0.0);
    let came = surge.map_or(0.5, |surge| ((surge - 1.0) / 3.0).clamp(0.0, 1.0));
    let known = 0.3 * apart + 0.25 * bare + 0.3 * came;
    match swarm.told {
        // What nobody knows counts neither way.
        0 => known / 0.85,
        told => known + 0.15 * (1.0 - count(swarm.referred) / count(told)),
    }
}

fn finding(sight: &Sight<'_>, hard: &Hard<'_>, found: &[Looked<'_>]) -> Finding {
    let sum = |of: fn(&Swarm) -> u64| -> u64 { found.iter().map(|one| of(one.swarm)).sum() };
    let (clients, requests) = (sum(|swarm| swarm.clients.count()), sum(|swarm| swarm.requests));
    let mut together: BTreeMap<u64, Minute> = BTreeMap::new();
    for (at, minute) in found.iter().flat_map(|one| one.swarm.minutes()) {
        let sum = together.entry(*at).or_default();
        sum.requests += minute.requests;
        sum.units += minute.units;
    }
    let worst = together.values().map(|minute| minute.units).max().unwrap_or_default();
    let scores: f64 = found.iter().map(|one| one.score * count(one.swarm.units)).sum();
    let units = sum(|swarm| swarm.units);
    let shared: BTreeSet<u64> = found.iter().map(|one| one.key.software).collect();
    let what = format!(
        "{} with {} asked for {:.1} requests each, hardly a page twice.",
        counted(clients, "client"),
        match shared.len() {
            1 => "one software".to_owned(),
            several => format!("{several} kinds of software"),
        },
        count(requests) / count(clients.max(1))
    );
    Finding {
        id: format!("{DETECTOR}-1"),
        detector: DETECTOR,
        what,
        todo: "A budget for the crowd while the origin is strained leaves readers with a history \
               alone; one for each address is no limit here."
            .to_owned(),
        keys: keys(found),
        crawler_score: if units > 0 { scores / count(units) } else { found[0].score },
        harm_score: count(worst) / CORE_MINUTE_UNITS,
        evidence: evidence(sight, hard, found, &together),
        answered_by: None,
        swarms: found.iter().map(|one| one.key).collect(),
    }
}

/// What they share and where, as reports name it.
fn keys(found: &[Looked<'_>]) -> Vec<String> {
    let name = |one: &Looked<'_>| {
        let what = match one.key.shown || one.swarm.name.is_empty() {
            true => format!("{:016x}", one.key.software),
            false => one.swarm.name.to_string(),
        };
        one.key.asn.map_or(what.clone(), |asn| format!("{what} in AS{asn}"))
    };
    found.iter().map(name).collect()
}

fn evidence(
    sight: &Sight<'_>,
    hard: &Hard<'_>,
    found: &[Looked<'_>],
    together: &BTreeMap<u64, Minute>,
) -> Map<String, Value> {
    let sum = |of: fn(&Swarm) -> u64| -> u64 { found.iter().map(|one| of(one.swarm)).sum() };
    let span = together.first_key_value().zip(together.last_key_value());
    let surges = found.iter().filter_map(|one| one.surge);
    let mut agents: BTreeMap<&str, u64> = BTreeMap::new();
    for one in found {
        let agent = one.swarm.claim.and_then(|claim| sight.rules.agent(claim.agent?));
        let name = agent.map_or("unknown", |agent| agent.name.as_str());
        *agents.entry(name).or_default() += one.swarm.clients.count();
    }
    let samples: Vec<_> = found.iter().flat_map(|one| one.swarm.samples()).take(SAMPLES).collect();
    let pages = sum(|swarm| swarm.pages.count());
    let (asked, told) = (sum(Swarm::page_requests), sum(|swarm| swarm.told));
    let referred = percent(count(sum(|swarm| swarm.referred)) / count(told.max(1)));
    let referred = (told > 0).then_some(referred);
    let entries = [
        ("from", json!(span.map(|((first, _), _)| rfc3339(minute_start(*first))))),
        ("to", json!(span.map(|(_, (last, _))| rfc3339(minute_start(last + 1))))),
        ("clients", json!(sum(|swarm| swarm.clients.count()))),
        ("networks", json!(sum(|swarm| swarm.networks.count()))),
        ("requests", json!(sum(|swarm| swarm.requests))),
        ("units", json!(sum(|swarm| swarm.units))),
        ("share_of_units", json!(share_of_units(sight, sum(|swarm| swarm.units)))),
        ("pages_per_page_request", json!(rounded(count(pages) / count(asked.max(1))))),
        ("assets", json!(sum(|swarm| swarm.assets))),
        ("with_a_referer", json!(referred)),
        ("minutes_strained", json!(hard.hard)),
        ("minutes_calm", json!(hard.calm)),
        ("strained_by", json!(if hard.is_known() { "answers" } else { "load" })),
        ("times_the_calm_rate", json!(surges.reduce(f64::max).map(rounded))),
        ("fingerprints", json!(found.iter().filter(|one| one.key.shown).count())),
        ("agents", json!(agents)),
        ("samples", json!(samples)),
    ];
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
