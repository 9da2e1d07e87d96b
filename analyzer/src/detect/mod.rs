//! Detectors: from features to findings, one file each.
//!
//! A detector sees features only, never lines, and knows nothing of how test
//! traffic is made. A finding says how like a crawler and how much harm,
//! separately, with evidence; whether to act is decided in [`crate::propose`].

mod broad_crawl;
mod burst;

use serde::Serialize;
use serde_json::{Map, Value};
use tidegate_rules::Ruleset;

use crate::clients::Clients;

/// Something that the analyzer saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Its name within this analysis, such as `broad-crawl-1`.
    pub id: String,
    /// The detector that saw it.
    pub detector: &'static str,
    /// The clients that it is about, worst first.
    pub keys: Vec<String>,
    /// How like a crawler they are, 0 to 1.
    pub crawler_score: f64,
    /// How much of one origin core they kept busy in their worst minute
    /// together; above 1 where it was more than one core.
    pub harm_score: f64,
    /// What it rests on.
    pub evidence: Map<String, Value>,
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
    let mut findings = burst::detect(&sight);
    findings.extend(broad_crawl::detect(&sight));
    findings
}
