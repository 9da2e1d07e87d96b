//! Spoofed agent: visitors whose claim to be somebody is contradicted, by the
//! addresses that their operator says are all of its own, by a false signature or
//! by the platform. Those whose claim nothing proves or denies are told apart,
//! and nothing follows for them.
//!
//! Can't see: a claim of software that says nothing of its addresses; whether a
//! proxy on the way changed what was signed; what the lists of addresses said on
//! the day of the log: they are those of the rule files, so that of an old log
//! too much may look contradicted.

use serde_json::json;
use tidegate_rules::Ruleset;
use tidegate_rules::agent::{Agent, Category, Headers};
use tidegate_rules::record::Verification;

use super::suspects::{Suspect, Suspects, Told, counted};
use super::{Finding, Sight};
use crate::clients::Visitor;
use crate::features::Features;

const DETECTOR: &str = "spoofed-agent";

/// A claim without a proof is told of from so many requests on.
const UNPROVEN_REQUESTS: u64 = 100;

/// Whether a visitor's claim is contradicted.
pub(super) fn names_contradicted(_: &Ruleset, _: &Visitor<'_>, features: &Features) -> bool {
    is_judged(features, Verification::Contradicted)
}

/// Whether nothing proves or denies the claim of a visitor who asked for much.
pub(super) fn names_unproven(_: &Ruleset, _: &Visitor<'_>, features: &Features) -> bool {
    is_judged(features, Verification::Unverifiable) && features.requests >= UNPROVEN_REQUESTS
}

/// Whether a visitor with a browser's name lacks what the browser always sends.
pub(super) fn names_lacking(rules: &Ruleset, _: &Visitor<'_>, features: &Features) -> bool {
    let is_browser = |agent: &Agent| agent.category == Category::Browser;
    features.headers() == Some(Headers::Lacking) && features.agent(rules).is_some_and(is_browser)
}

fn is_judged(features: &Features, verification: Verification) -> bool {
    features.claim.is_some_and(|claim| claim.verification == verification)
}

pub(super) fn detect(
    sight: &Sight<'_>,
    [contradicted, unproven, lacking]: [Vec<Suspect<'_>>; 3],
) -> Vec<Finding> {
    let [contradicted, unproven] = [contradicted, unproven].map(Suspects::worst_first);
    let mut findings = Vec::new();
    if !contradicted.is_empty() {
        findings.push(of_contradicted(sight, &contradicted));
    }
    if !unproven.is_empty() {
        findings.push(of_unproven(sight, &unproven));
    }
    findings.extend(of_lacking(sight, lacking));
    for (at, finding) in findings.iter_mut().enumerate() {
        finding.id = format!("{DETECTOR}-{}", at + 1);
    }
    findings
}

fn of_contradicted(sight: &Sight<'_>, suspects: &Suspects<'_>) -> Finding {
    let told = Told::new(
        format!(
            "{} took a name that is not theirs: {}.",
            counted(suspects.all().len() as u64, "visitor"),
            names(sight, suspects)
        ),
        "Look at the samples: a proxy on the way can cause this, too. Tag them for the origin, or \
         give them the budget of whoever proves nothing.",
    );
    let more = [("verification", json!(Verification::Contradicted.name()))];
    suspects.finding(sight, DETECTOR, told, more)
}

fn of_unproven(sight: &Sight<'_>, suspects: &Suspects<'_>) -> Finding {
    let told = Told::new(
        format!(
            "{} with a claim that nothing proves or denies: {}.",
            counted(suspects.all().len() as u64, "visitor"),
            names(sight, suspects)
        ),
        "Nothing: what cannot be verified is no offence. Newer lists of addresses may tell.",
    );
    let more = [("verification", json!(Verification::Unverifiable.name()))];
    suspects.finding(sight, DETECTOR, told, more)
}

/// Browsers that lack headers which their versions always send.
fn of_lacking(sight: &Sight<'_>, suspects: Vec<Suspect<'_>>) -> Option<Finding> {
    let suspects = Suspects::worst_first(suspects);
    if suspects.is_empty() {
        return None;
    }
    let told = Told::new(
        format!(
            "{} with a browser's name lack headers that this browser always sends.",
            counted(suspects.all().len() as u64, "visitor")
        ),
        "Look at the samples: an extension for privacy or a proxy can take headers away.",
    );
    Some(suspects.finding(sight, DETECTOR, told, [("headers", json!(Headers::Lacking.name()))]))
}

/// The names taken, the commonest first.
fn names(sight: &Sight<'_>, suspects: &Suspects<'_>) -> String {
    const SHOWN: usize = 4;
    let mut agents: Vec<_> = suspects.agents(sight).into_iter().collect();
    agents.sort_by(|(name, times), (other, more)| more.cmp(times).then_with(|| name.cmp(other)));
    let more = agents.len().saturating_sub(SHOWN);
    let shown: Vec<_> = agents.into_iter().take(SHOWN).map(|(name, _)| name).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
