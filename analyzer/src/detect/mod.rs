//! Detectors: from features to findings, one file each.
//!
//! A detector sees features only, never lines, and knows nothing of how test
//! traffic is made. A finding says how like a crawler and how much harm,
//! separately, with evidence; whether to act is decided in [`crate::propose`].
//! Each detector's file says what it cannot see.

mod broad_crawl;
mod burst;
mod crowd;
mod distributed_crawl;
mod misconfigured_tool;
mod route_cost;
mod runaway_poller;
mod scanner;
mod spoofed_agent;
mod suspects;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};
use tidegate_rules::Ruleset;

pub(crate) use crowd::Crowd;

use crate::clients::Clients;
use crate::features::minute_start;
use crate::time::rfc3339;

/// Something that the analyzer saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Its name within this analysis, such as `broad-crawl-1`.
    pub id: String,
    /// The detector that saw it.
    pub detector: &'static str,
    /// What was seen, in a sentence.
    pub what: String,
    /// What to do about it, in a sentence.
    pub todo: String,
    /// Whom it is about, worst first: clients, or what a crowd shares.
    pub keys: Vec<String>,
    /// How like a crawler they are, 0 to 1.
    pub crawler_score: f64,
    /// How much of one origin core they kept busy in their worst minute
    /// together; above 1 where it was more than one core.
    pub harm_score: f64,
    /// What it rests on.
    pub evidence: Map<String, Value>,
    /// The rule that answers it: one that is there, or one that is proposed.
    pub answered_by: Option<String>,
    /// The crowd that it is about, where it is about no clients.
    #[serde(skip)]
    pub(crate) crowd: Option<Crowd>,
}

/// What every detector sees.
pub(crate) struct Sight<'s> {
    pub(crate) rules: &'s Ruleset,
    pub(crate) clients: &'s Clients,
}

/// Everything that the detectors see in a night.
#[must_use]
pub fn detect(rules: &Ruleset, clients: &Clients) -> Vec<Finding> {
    let sight = Sight { rules, clients };
    let [walkers, contradicted, unproven, lacking, scanners, tools, pollers] = suspects::named(
        &sight,
        [
            broad_crawl::names,
            spoofed_agent::names_contradicted,
            spoofed_agent::names_unproven,
            spoofed_agent::names_lacking,
            scanner::names,
            misconfigured_tool::names,
            runaway_poller::names,
        ],
    );
    let mut findings = burst::detect(&sight);
    findings.extend(broad_crawl::detect(&sight, walkers));
    findings.extend(distributed_crawl::detect(&sight));
    findings.extend(spoofed_agent::detect(&sight, [contradicted, unproven, lacking]));
    findings.extend(scanner::detect(&sight, scanners));
    findings.extend(misconfigured_tool::detect(&sight, tools));
    let named: BTreeSet<String> =
        findings.iter().filter(|finding| is_about_habits(finding)).flat_map(keys).collect();
    findings.extend(runaway_poller::detect(&sight, pollers, &named));
    findings.extend(route_cost::detect(&sight));
    findings
}

/// Whether a finding says why somebody asks for the same again and again.
fn is_about_habits(finding: &Finding) -> bool {
    matches!(finding.detector, "misconfigured-tool" | "scanner")
}

fn keys(finding: &Finding) -> impl Iterator<Item = String> + '_ {
    finding.keys.iter().cloned()
}

/// The start of a minute since the epoch and the end of another one, in words.
fn window(first: u64, last: u64) -> (String, String) {
    (rfc3339(minute_start(first)), rfc3339(minute_start(last + 1)))
}
