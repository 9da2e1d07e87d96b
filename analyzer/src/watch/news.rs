//! What a turn says that the turns before did not: ops are told of a finding
//! once, not every minute.

use std::collections::HashSet;

use super::Turn;
use crate::detect::Finding;
use crate::effect::{RuleEffect, Verdict};
use crate::propose::Proposal;

/// What has been told.
#[derive(Debug, Default)]
pub struct News {
    told: HashSet<String>,
}

/// What is new in a turn.
#[derive(Debug, Default)]
pub struct New<'t> {
    /// Findings.
    pub findings: Vec<&'t Finding>,
    /// Proposals: rules of which nobody has been told yet.
    pub proposals: Vec<&'t Proposal>,
    /// Rules that hurt more than they may.
    pub hurting: Vec<&'t RuleEffect>,
}

impl New<'_> {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.proposals.is_empty() && self.hurting.is_empty()
    }
}

impl News {
    /// What is new in `turn`. What was told and is over will be told again when
    /// it comes back.
    pub fn of<'t>(&mut self, turn: &'t Turn) -> New<'t> {
        let Turn { analysis, effect, .. } = turn;
        let rules = effect.iter().flat_map(|effect| &effect.rules);
        let hurting = rules.filter(|rule| rule.verdict == Verdict::Hurts);
        let before = std::mem::take(&mut self.told);
        let mut is_new = |name: String| {
            let known = before.contains(&name);
            self.told.insert(name);
            !known
        };
        New {
            findings: analysis.findings.iter().filter(|found| is_new(subject(found))).collect(),
            proposals: analysis
                .proposals
                .iter()
                .filter(|proposal| is_new(format!("proposal {}", id(&proposal.rule))))
                .collect(),
            hurting: hurting.filter(|rule| is_new(format!("hurts {}", rule.id))).collect(),
        }
    }
}

/// What makes two findings of two turns one: the detector, and whom it is about
/// most of all.
fn subject(finding: &Finding) -> String {
    format!("{} {}", finding.detector, finding.keys.first().map_or("", String::as_str))
}

/// The id of a rule: its evidence changes from turn to turn.
fn id(rule: &str) -> &str {
    rule.lines().find(|line| line.starts_with("id ")).unwrap_or(rule)
}
