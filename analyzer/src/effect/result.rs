//! What rules did, as other tools read it. The JSON form is a contract: fields
//! may be added, none may change its meaning.

use std::collections::BTreeMap;

use serde::Serialize;
use tidegate_rules::rule::{self, Cohort, Rule};
use tidegate_rules::{Mode, Time};

use super::Predicted;
use crate::basis::Window;
use crate::ingest::Summary;
use crate::interval::Share;
use crate::time;

/// The format of the JSON form, in the field `format`.
pub const EFFECT_FORMAT: u8 = 1;

/// A rule that saves less than this part of its prediction does little.
const LITTLE: f64 = 0.5;

/// What a site's rules did.
#[derive(Debug, Clone, Serialize)]
pub struct Effect {
    /// [`EFFECT_FORMAT`].
    pub format: u8,
    /// The site.
    pub site: String,
    /// First and last record; `None` where there was none.
    pub window: Option<Window>,
    /// Records.
    pub records: u64,
    /// Lines of other logs, which say nothing of rules.
    pub others: u64,
    /// Lines that could not be understood.
    pub bad: u64,
    /// The smallest and the largest share of clients whose passes were recorded,
    /// in percent.
    pub sampled: Option<[u8; 2]>,
    /// Rules, in file order.
    pub rules: Vec<RuleEffect>,
    /// Rules that the records name and the files do not, with how often they
    /// refused, or would have.
    pub unknown_rules: BTreeMap<String, u64>,
    /// Files and samples of bad lines, for whoever tells a person about them.
    #[serde(skip)]
    pub files: Summary,
}

impl Effect {
    /// Of a site of whose rules nothing is known.
    pub(super) fn of(site: &str) -> Self {
        Self {
            format: EFFECT_FORMAT,
            site: site.to_owned(),
            window: None,
            records: 0,
            others: 0,
            bad: 0,
            sampled: None,
            rules: Vec::new(),
            unknown_rules: BTreeMap::new(),
            files: Summary::default(),
        }
    }

    /// Whether a rule hurts more than it may.
    #[must_use]
    pub fn hurts(&self) -> bool {
        self.rules.iter().any(|rule| rule.verdict == Verdict::Hurts)
    }
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleEffect {
    /// Its id.
    pub id: String,
    /// Its mode, by the rule file.
    #[serde(serialize_with = "mode")]
    pub mode: Mode,
    /// When it first refused somebody, or would have.
    #[serde(serialize_with = "time::serialize_known")]
    pub first: Option<Time>,
    /// When it last did.
    #[serde(serialize_with = "time::serialize_known")]
    pub last: Option<Time>,
    /// Requests that it refused.
    pub refused: u64,
    /// Requests that it would have refused, had it not been in shadow.
    pub would_refuse: u64,
    /// What it saves the origin.
    pub saved: Saved,
    /// Cohorts of whom somebody was seen, in file order.
    pub cohorts: Vec<CohortEffect>,
    /// What is to be made of that.
    pub verdict: Verdict,
}

/// Shares of the origin's units that a rule keeps away, or would, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Saved {
    /// By the records; `None` where the origin had nothing to do.
    pub observed: Option<f64>,
    /// By the rule's evidence, where that says.
    pub predicted: Option<f64>,
}

/// What a rule did to a cohort, in visitors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CohortEffect {
    /// The cohort.
    pub name: String,
    /// Visitors that are in the records.
    pub seen: f64,
    /// How many there were, where only some are recorded: an estimate.
    pub visitors: f64,
    /// Those that the rule refused, or would have.
    pub hurt: u64,
    /// Their share of all.
    pub observed: Option<Share>,
    /// The share that was predicted, where the evidence says.
    pub predicted: Option<Share>,
    /// The share that the cohort's budget allows, from 0 to 1.
    pub budget: f64,
    /// Whether that share is more than the budget, or than predicted, beyond
    /// doubt.
    pub too_many: bool,
}

/// What is to be made of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It refuses too many of a cohort: back to shadow.
    Hurts,
    /// It saves less than half of what was predicted.
    Little,
    /// It does what was predicted.
    AsPredicted,
    /// It hurts nobody beyond budget, and nothing was predicted of it.
    Unpredicted,
    /// It refused nobody.
    Silent,
}

/// Visitors of one cohort.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) seen: f64,
    pub(super) whole: f64,
}

impl RuleEffect {
    /// What `rule` did to the cohorts: it hurt so many of them.
    pub(super) fn of(
        rule: &Rule,
        cohorts: &[Cohort],
        hurt: &[u64],
        all: &[Count],
        predicted: &Predicted,
    ) -> Self {
        let told = cohorts.iter().zip(hurt).zip(all).filter(|(_, count)| count.seen > 0.0);
        let told = told.map(|((cohort, hurt), count)| {
            let budget = match rule.effect {
                rule::Effect::Block => cohort.harm.blocked_clients,
                _ => cohort.harm.throttled_clients,
            };
            let observed = count.share(*hurt);
            let predicted = predicted.cohorts.get(&cohort.name).copied();
            let least = observed.map_or(0.0, |share| share.low);
            CohortEffect {
                name: cohort.name.clone(),
                seen: count.seen,
                visitors: count.whole,
                hurt: *hurt,
                observed,
                predicted,
                budget,
                too_many: least > budget || predicted.is_some_and(|share| least > share.high),
            }
        });
        Self {
            id: rule.id().to_owned(),
            mode: rule.mode,
            first: None,
            last: None,
            refused: 0,
            would_refuse: 0,
            saved: Saved::default(),
            cohorts: told.collect(),
            verdict: Verdict::Silent,
        }
    }

    /// With its verdict.
    pub(super) fn judged(self) -> Self {
        let Saved { observed, predicted } = self.saved;
        let verdict = if self.first.is_none() {
            Verdict::Silent
        } else if self.cohorts.iter().any(|cohort| cohort.too_many) {
            Verdict::Hurts
        } else {
            match (observed, predicted) {
                (Some(observed), Some(predicted)) if observed < predicted * LITTLE => {
                    Verdict::Little
                }
                (_, None) => Verdict::Unpredicted,
                _ => Verdict::AsPredicted,
            }
        };
        Self { verdict, ..self }
    }
}

fn mode<S: serde::Serializer>(mode: &Mode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(mode.name())
}
