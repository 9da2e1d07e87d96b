//! A night of logs, analyzed: clients with their scores, findings, proposals.
//! The machine form is a contract; other tools read it.

use serde::Serialize;
use tidegate_rules::agent::Category;
use tidegate_rules::record::Verification;
use tidegate_rules::{Ruleset, Time};

use crate::basis::{Assumptions, Lines, Window};
use crate::clients::{Activity, Clients};
use crate::detect::{Finding, detect};
use crate::ingest::{IngestError, Progress};
use crate::night::{Night, Passed};
use crate::propose::Proposal;
use crate::score::{self, Class};
use crate::time;

/// The format of the machine output written by this version.
pub const OUTPUT_FORMAT: u8 = 1;

/// What was found in a night of logs.
#[derive(Debug, Clone, Serialize)]
pub struct Analysis {
    /// [`OUTPUT_FORMAT`].
    pub format: u8,
    /// First and last request; `None` where there was none.
    pub window: Option<Window>,
    /// Lines of the log.
    pub lines: Lines,
    /// What the log did not say.
    pub assumptions: Assumptions,
    /// Requests and origin units of the whole site.
    pub total: Total,
    /// Clients, before any were left out.
    pub clients_total: usize,
    /// Clients in key order, or the worst ones, worst first.
    pub clients: Vec<ClientRow>,
    /// What the detectors saw.
    pub findings: Vec<Finding>,
    /// Rules made from findings, with what they would have done.
    pub proposals: Vec<Proposal>,
}

/// The whole site.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Total {
    /// Requests.
    pub requests: u64,
    /// Origin units.
    pub origin_units: u64,
    /// Requests whose client the log does not say.
    pub without_client: u64,
}

/// One client.
#[derive(Debug, Clone, Serialize)]
pub struct ClientRow {
    /// Its address, its IPv6 /64, or its hash.
    pub key: String,
    /// Requests.
    pub requests: u64,
    /// Units caused at the origin.
    pub origin_units: u64,
    /// Different pages over all requests.
    pub pages: usize,
    /// First request.
    #[serde(serialize_with = "time::serialize")]
    pub first: Time,
    /// Last request.
    #[serde(serialize_with = "time::serialize")]
    pub last: Time,
    /// What it claims to be, where the log has a User-Agent.
    pub agent: Option<AgentRow>,
    /// What kind of client it seems to be.
    pub class: Class,
    /// How like a crawler, 0 to 1.
    pub crawler_score: f64,
    /// How much of one origin core it kept busy in its worst minute, 0 to 1.
    pub harm_score: f64,
    /// Why it is classed so, in words.
    pub reasons: Vec<String>,
}

/// An agent's claim.
#[derive(Debug, Clone, Serialize)]
pub struct AgentRow {
    /// Its name; `None` where nobody knows the User-Agent.
    pub name: Option<String>,
    /// What it is for.
    pub category: Option<&'static str>,
    /// What became of the claim.
    pub verification: Verification,
}

impl Analysis {
    /// Reads a night and looks for crawlers; proposes nothing yet.
    ///
    /// # Errors
    ///
    /// Where a file cannot be opened, read or recognised.
    pub fn of(
        night: &Night<'_>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(Self, Clients, Passed), IngestError> {
        let mut clients = Clients::default();
        let passed = night.pass(progress, &mut |seen| clients.add(night.rules, seen))?;
        let total = Total {
            requests: clients.minutes.values().map(|minute| minute.requests).sum(),
            origin_units: clients.minutes.values().map(|minute| minute.units).sum(),
            without_client: clients.unknown,
        };
        let analysis = Self {
            format: OUTPUT_FORMAT,
            window: passed.window,
            lines: passed.lines,
            assumptions: passed.assumptions,
            total,
            clients_total: clients.clients.len(),
            clients: rows(night.rules, &clients),
            findings: detect(night.rules, &clients),
            proposals: Vec::new(),
        };
        Ok((analysis, clients, passed))
    }

    /// Keeps the `count` clients that did most harm, worst first.
    pub fn keep_worst(&mut self, count: usize) {
        self.clients
            .sort_by(|a, b| b.origin_units.cmp(&a.origin_units).then_with(|| a.key.cmp(&b.key)));
        self.clients.truncate(count);
    }
}

fn rows(rules: &Ruleset, clients: &Clients) -> Vec<ClientRow> {
    let breadths = clients.breadths();
    let breadth = |key: &str| breadths.get(key).copied().unwrap_or_default();
    clients.clients.iter().map(|(key, activity)| row(rules, key, activity, breadth(key))).collect()
}

fn row(rules: &Ruleset, key: &str, activity: &Activity, breadth: u32) -> ClientRow {
    let (class, reasons) = score::classify(rules, activity, breadth);
    let (first, last) = activity.seen.unwrap_or_default();
    ClientRow {
        key: key.to_owned(),
        requests: activity.requests,
        origin_units: activity.units,
        pages: activity.pages.len(),
        first,
        last,
        agent: activity.claim.map(|claim| {
            let agent = activity.agent(rules);
            AgentRow {
                name: agent.map(|agent| agent.name.clone()),
                category: agent.map(|agent| agent.category).map(Category::name),
                verification: claim.verification,
            }
        }),
        class,
        crawler_score: rounded(score::crawler(activity, breadth)),
        harm_score: rounded(score::harm(activity)),
        reasons,
    }
}

/// Three digits are more than a score can say.
fn rounded(score: f64) -> f64 {
    (score * 1000.0).round() / 1000.0
}
