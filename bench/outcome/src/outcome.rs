//! What came out, as numbers: the raw results in `bench/runs/outcome.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::curve::Point;
use crate::night::LogKind;
use crate::policies::Policy;

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Run {
    /// The command that makes it again.
    pub command: String,
    /// Which log the analyzer got.
    pub log: LogKind,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Every scenario with every seed.
    pub nights: Vec<Night>,
}

/// One scenario with one seed.
#[derive(Debug, Serialize)]
pub struct Night {
    /// The scenario.
    pub scenario: &'static str,
    /// The seed.
    pub seed: u64,
    /// Requests of everybody.
    pub requests: u64,
    /// The findings' names.
    pub findings: Vec<String>,
    /// The ids of the rules that were proposed.
    pub rules: Vec<String>,
    /// Why proposals could not be promoted, where they could not.
    pub trouble: Option<String>,
    /// Minutes of log after the onset from which the analyzer first proposed a
    /// rule that throttles the crawl; nothing where none does, or nobody crawls.
    pub minutes_to_rule: Option<u64>,
    /// Tidegate, then the presets.
    pub sides: Vec<Side>,
    /// A crowd rule of every size, where the crawl is a crowd and the log says
    /// of which software.
    pub curve: Vec<Point>,
    /// Every policy with its thresholds moved, of some nights.
    pub policies: Vec<Policy>,
    /// How well scores order clients.
    pub scores: Scores,
    /// Clients by what they are and by what the analyzer says they are.
    pub classes: BTreeMap<String, BTreeMap<&'static str, u64>>,
}

/// What one side did to a night.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// Milliseconds from the onset to the first 429 for the crawl.
    pub first_refusal_ms: Option<u64>,
    /// What each class got.
    pub classes: BTreeMap<&'static str, Got>,
    /// People whose crowd (software and system) the crawl shares.
    pub inside: Got,
    /// All other people.
    pub outside: Got,
    /// People who were refused with a history behind them: they had come before
    /// the onset, or had pulled in a page's assets.
    pub people_with_history: Got,
    /// The cohorts over their budgets.
    pub over_budget: Vec<String>,
}

/// What some visitors got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Got {
    /// Visitors.
    pub visitors: u64,
    /// Those with a 429.
    pub throttled: u64,
    /// Those with a 403.
    pub blocked: u64,
    /// Those with a minute of refusals and nothing else.
    pub starved: u64,
    /// Requests.
    pub requests: u64,
    /// Those answered with 429 or 403.
    pub requests_refused: u64,
    /// Origin units that they asked for.
    pub units: u64,
    /// Those that were let through.
    pub units_admitted: u64,
}

impl Got {
    /// Adds others to these.
    pub fn add(&mut self, other: &Self) {
        self.visitors += other.visitors;
        self.throttled += other.throttled;
        self.blocked += other.blocked;
        self.starved += other.starved;
        self.requests += other.requests;
        self.requests_refused += other.requests_refused;
        self.units += other.units;
        self.units_admitted += other.units_admitted;
    }

    /// The share of their origin units that was kept away; nothing where they
    /// asked for none.
    #[must_use]
    pub fn removed(&self) -> Option<f64> {
        (self.units > 0).then(|| 1.0 - self.units_admitted as f64 / self.units as f64)
    }

    /// The share of their requests that was refused; nothing of none.
    #[must_use]
    pub fn refused(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.requests_refused as f64 / self.requests as f64)
    }
}

/// Areas under the ROC curve of the crawler score, from 0 to 1: how often a
/// crawler's is the higher one of two. Nothing where one kind is missing.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Scores {
    /// Crawlers against people.
    pub person: Option<f64>,
    /// Crawlers against misconfigured tools.
    pub misconfigured: Option<f64>,
    /// Crawlers against people, of a log without User-Agents.
    pub person_nameless: Option<f64>,
    /// Crawlers against misconfigured tools, of a log without User-Agents.
    pub misconfigured_nameless: Option<f64>,
}
