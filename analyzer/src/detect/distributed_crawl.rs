//! Distributed crawl: one software from very many clients that ask for a few
//! pages each, together walk the site, and came all at once.
//!
//! Nobody of them alone can be told from a reader. Together they can: readers
//! read what others read, pull in assets and follow links; a crawl's clients
//! share out pages among them, so that hardly one is asked for twice. How much
//! more they ask for in the hours when the origin hurts than in calm ones says
//! whether it is a crawl or the software's people; where it has their very
//! software and systems, what is beyond the calm rate is looked at apart.
//!
//! Can't see: a crawl that shows another software with every address; one that
//! has the people's own software in their own systems and is much smaller than
//! they are, or pulls in what pages need; one that takes as long as the log, where
//! its software is also that of tools; who of a crowd is a person, which nobody
//! can: [`crate::propose`] leaves those with a history alone.

mod surge;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Map, Value, json};
use surge::{Hard, Surge};
use tidegate_rules::agent::Category;
use tidegate_rules::record::Verification;

use super::suspects::{SAMPLES, counted, share_of_units};
use super::{Crowd, Finding, Sight};
use crate::features::{Minute, Swarm, SwarmKey, minute_start};
use crate::score::{CORE_MINUTE_UNITS, count};
use crate::text::percent;
use crate::time::rfc3339;

const DETECTOR: &str = "distributed-crawl";

/// What makes a crowd.
const CROWD: Size = Size { clients: 50, page_requests: 200 };

/// What makes one where the same software is a crowd elsewhere, or another
/// software in the same system.
const PART_OF_A_CROWD: Size = Size { clients: 5, page_requests: 20 };

/// Whoever asks for more than this is somebody alone, on average.
const REQUESTS_EACH: f64 = 30.0;

/// Score from which a swarm is part of the finding.
const LIKE_A_CRAWL: f64 = 0.6;

/// How many times its calm rate a software must reach that only tools have:
/// people's tools too ask once and pull in nothing.
const SURGE_OF_TOOLS: f64 = 4.0;

/// Share of what a swarm asks for in bad minutes from which its calm rate does
/// not explain it, and from which it is nothing but that.
const BEYOND: [f64; 2] = [0.25, 0.75];

/// The least size of a crowd.
struct Size {
    clients: u64,
    page_requests: u64,
}

/// A swarm that is looked at.
struct Looked<'s> {
    key: SwarmKey,
    swarm: &'s Swarm,
    /// How it grew while the origin hurt; `None` where there was no calm, or
    /// nothing else.
    surge: Option<Surge>,
    /// Not where it is none for sure: few who ask for much, somebody who proved who
    /// they are, tools as busy as ever.
    may_be_one: bool,
    score: f64,
}

pub(super) fn detect(sight: &Sight<'_>) -> Vec<Finding> {
    let hard = Hard::of(sight);
    let swarms = sight.clients.swarms.worst_first();
    let looked = swarms.into_iter().filter_map(|(key, swarm)| hard.look(key, swarm));
    let (alike, others): (Vec<_>, Vec<_>) =
        looked.partition(|looked| looked.score >= LIKE_A_CRAWL && looked.may_be_one);
    let crowds: Vec<_> =
        alike.iter().filter(|one| CROWD.has(one.swarm)).map(|one| one.key).collect();
    let software: HashSet<_> = crowds.iter().map(|key| key.software).collect();
    let systems: HashSet<_> = crowds.iter().filter_map(|key| key.asn).collect();
    let (found, apart): (Vec<_>, Vec<_>) = alike.into_iter().partition(|Looked { key, .. }| {
        software.contains(&key.software) || key.asn.is_some_and(|asn| systems.contains(&asn))
    });
    if found.is_empty() {
        return Vec::new();
    }
    let keys = |some: &[Looked<'_>]| some.iter().map(|one| one.key).collect::<HashSet<_>>();
    let others = &keys(&others) | &keys(&apart);
    vec![finding(sight, &hard, &found, Crowd::new(keys(&found), others))]
}

impl Size {
    fn has(&self, swarm: &Swarm) -> bool {
        swarm.clients.count() >= self.clients && swarm.page_requests() >= self.page_requests
    }
}

impl<'s> Hard<'s> {
    fn look<'a>(&self, key: SwarmKey, swarm: &'a Swarm) -> Option<Looked<'a>> {
        if !PART_OF_A_CROWD.has(swarm) {
            return None;
        }
        let surge = self.surge(swarm);
        let each = count(swarm.requests) / count(swarm.clients.count().max(1));
        let verified =
            swarm.claim.is_some_and(|claim| claim.verification == Verification::Verified);
        let surged = surge.is_some_and(|surge| surge.times >= SURGE_OF_TOOLS);
        let may_be_one = each <= REQUESTS_EACH && !verified && (surged || self.is_browser(swarm));
        Some(Looked { key, swarm, surge, may_be_one, score: score(swarm, surge) })
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
/// | pages without what they pull in: below one asset in two pages; of what is beyond the calm rate, as far as there is anything | 0.25 |
/// | no referers, where the log says | 0.15 |
/// | they came while the origin hurt: from a quarter to three quarters of what they asked for then is beyond the calm rate | 0.3 |
fn score(swarm: &Swarm, surge: Option<Surge>) -> f64 {
    let pages = count(swarm.page_requests());
    let apart = (2.0 * count(swarm.pages.count()) / pages - 1.0).clamp(0.0, 1.0);
    let always = bare(count(swarm.assets), pages);
    let (came, bare) = surge.map_or((0.5, always), |surge| {
        let [from, to] = BEYOND;
        let came = ((surge.beyond - from) / (to - from)).clamp(0.0, 1.0);
        (came, came * surge.bare + (1.0 - came) * always)
    });
    let known = 0.3 * apart + 0.25 * bare + 0.3 * came;
    match swarm.told {
        // What nobody knows counts neither way.
        0 => known / 0.85,
        told => known + 0.15 * (1.0 - count(swarm.referred) / count(told)),
    }
}

/// How far pages went without what they pull in, 0 to 1.
fn bare(assets: f64, pages: f64) -> f64 {
    (1.0 - 2.0 * assets / pages).clamp(0.0, 1.0)
}

fn finding(sight: &Sight<'_>, hard: &Hard<'_>, found: &[Looked<'_>], crowd: Crowd) -> Finding {
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
        crowd: Some(crowd),
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
    let surges = found.iter().filter_map(|one| Some(one.surge?.times));
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
