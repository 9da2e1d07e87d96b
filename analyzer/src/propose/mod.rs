//! From findings to rules, each tried on the very night before it is shown.
//!
//! One general rule is preferred to a list of addresses. Nothing is guessed:
//! `answer` drafts what could answer each finding, `trial` tries all drafts of
//! all findings in one pass with the edge's own engine, beside the rules that
//! are in force, and the draft that spares the origin most is proposed among
//! those that hurt no cohort beyond its budget and starve nobody. Where a rule
//! that is there already does as much, or where none would do, the finding stays
//! without a proposal and says so.
//!
//! A proposal is always in shadow mode, expires, and is written in the same TOML
//! that people edit. `tidegate promote` records who reviewed it.

mod answer;
mod choice;
pub(crate) mod draft;
mod trial;

use serde::Serialize;
use tidegate_rules::Time;
use tidegate_rules::rule::Rule;

use answer::Case;
use choice::choose;
use draft::Draft;

use crate::analysis::Analysis;
use crate::backtest::{CohortResult, Tried};
use crate::clients::Clients;
use crate::detect::Finding;
use crate::ingest::{IngestError, Progress};
use crate::night::Night;

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
    /// What its text was printed from.
    #[serde(skip)]
    pub(crate) draft: Draft,
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
    /// What it would have done within the crowd that it is about and outside of it.
    /// Nobody can tell who of a crowd is a person: a crawl that takes a browser's
    /// name is in the browsers' cohort. So it is the cohorts outside whose budgets
    /// count then.
    pub crowd: Option<CrowdEffect>,
}

/// What a rule would have done within a crowd.
#[derive(Debug, Clone, Serialize)]
pub struct CrowdEffect {
    /// Its visitors.
    pub visitors: u64,
    /// Of them, throttled at least once.
    pub throttled: u64,
    /// Units that they caused.
    pub origin_units: u64,
    /// Units that the rule would have kept away.
    pub origin_units_saved: u64,
    /// Each cohort without the crowd's visitors.
    pub outside: Vec<CohortEffect>,
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

/// The text of a file of all that is proposed: rules, and as comments the lines
/// that the site's own file should change, which no further file can.
#[must_use]
pub fn file_of(analysis: &Analysis) -> String {
    let edits = edits(&analysis.findings);
    let edits = edits.iter().map(|edit| format!("# In the site's own file: {edit}\n"));
    format!("{}{}", edits.collect::<String>(), file_text(&analysis.proposals))
}

/// What the site's own file should change, in a line each.
#[must_use]
pub fn edits(findings: &[Finding]) -> Vec<String> {
    let edit = |finding: &Finding| {
        let number = |key: &str| finding.evidence.get(key).and_then(serde_json::Value::as_u64);
        let route = finding.evidence.get("route")?.as_str()?;
        let (learned, declared) = (number("learned_cost")?, number("declared_cost")?);
        let (answers, id) = (number("answers")?, &finding.id);
        Some(format!(
            "route `{route}`: `cost = {learned}` instead of {declared} ({id}, {answers} answers)"
        ))
    };
    findings.iter().filter_map(edit).collect()
}

/// Proposes rules for the findings of an analysis, tried on the same night, and
/// writes into each finding what to do about it: the rule that answers it, or why
/// there is none.
///
/// # Errors
///
/// Where a file cannot be read a second time.
pub fn respond(
    night: &Night<'_>,
    analysis: &mut Analysis,
    clients: &Clients,
    now: Time,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), IngestError> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut asked = Vec::new();
    let assumptions = analysis.assumptions;
    for at in 0..analysis.findings.len() {
        let finding = &analysis.findings[at];
        let case = Case { rules: night.rules, clients, assumptions, finding, at };
        match case.drafts() {
            Ok(own) => {
                asked.push(at);
                drafts.extend(own);
            }
            Err(why) => analysis.findings[at].todo = why,
        }
    }
    if asked.is_empty() {
        return Ok(());
    }
    let trials = trial::run(night, clients, (&analysis.findings, &asked), &drafts, now, progress)?;
    for at in asked {
        let finding = &mut analysis.findings[at];
        let known: Vec<&str> = night.rules.rules.iter().map(Rule::id).collect();
        let answer = choose(at, finding.crowd.is_some(), &drafts, &trials);
        analysis.proposals.extend(answer.apply(night.rules, finding, &known, now));
    }
    Ok(())
}

impl Predicted {
    /// The cohorts whose budgets count: of a crowd's rule, those outside of it.
    #[must_use]
    pub fn protected(&self) -> &[CohortEffect] {
        self.crowd.as_ref().map_or(&self.cohorts, |crowd| &crowd.outside)
    }

    /// What a trial did, about a finding of a crowd or another one.
    fn of(tried: &Tried, crowd: Option<usize>) -> Self {
        let watched = crowd.and_then(|at| tried.watched.get(at));
        let within_budgets = match watched {
            Some(_) => tried.within_budgets_outside(),
            None => tried.within_budgets(),
        };
        let effect = |cohort: &CohortResult| CohortEffect {
            name: cohort.name.clone(),
            clients: cohort.clients,
            throttled: cohort.clients_throttled,
        };
        Self {
            cohorts: tried.cohorts.iter().map(effect).collect(),
            origin_units: tried.origin_units.offered,
            origin_units_saved: tried.origin_units.offered - tried.origin_units.admitted,
            clients_throttled: tried.clients_refused,
            within_budgets,
            crowd: watched.map(|watched| CrowdEffect {
                visitors: watched.visitors,
                throttled: watched.visitors_refused,
                origin_units: watched.origin_units.offered,
                origin_units_saved: watched.origin_units.offered - watched.origin_units.admitted,
                outside: tried.outside.iter().map(effect).collect(),
            }),
        }
    }
}
