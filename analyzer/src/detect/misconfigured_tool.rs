//! Misconfigured tool: somebody's script or service that asks for the same few
//! pages again and again and learns nothing from the answers. It is nobody's
//! enemy: what its owner needs is to be told what to change.
//!
//! What is wrong with it, the worst first:
//!
//! - it ignores errors: most answers are 4xx or 5xx, and it asks on;
//! - it ignores redirects: most answers are redirects, to the same place each
//!   time;
//! - it keeps nothing: it fetches the same page anew and never asks whether what
//!   it has is still good (304).
//!
//! Can't see: one that asks for many pages, which is a crawl whatever its reason;
//! one whose requests all come from the cache, which cost nothing; whose it is,
//! where its User-Agent does not say.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_rules::Ruleset;

use super::suspects::{Suspect, Suspects, Told, counted};
use super::{Finding, Sight};
use crate::clients::Visitor;
use crate::features::Features;
use crate::score::{Fault, fault};

const DETECTOR: &str = "misconfigured-tool";

/// Tools that evidence describes one by one.
const DESCRIBED: usize = 5;

/// Whether a visitor is such a tool. Of one who is kept in short too little is known.
pub(super) fn names(rules: &Ruleset, visitor: &Visitor<'_>, features: &Features) -> bool {
    visitor.many().is_some() && fault(rules, features).is_some()
}

pub(super) fn detect<'c>(sight: &Sight<'c>, tools: Vec<Suspect<'c>>) -> Vec<Finding> {
    let mut by_fault: BTreeMap<Fault, Vec<Suspect<'_>>> = BTreeMap::new();
    for suspect in tools {
        if let Some(fault) = fault(sight.rules, &suspect.features) {
            by_fault.entry(fault).or_default().push(suspect);
        }
    }
    let found = by_fault.into_iter().enumerate().map(|(at, (fault, tools))| {
        let mut finding = finding(sight, fault, &Suspects::worst_first(tools));
        finding.id = format!("{DETECTOR}-{}", at + 1);
        finding
    });
    found.collect()
}

fn finding(sight: &Sight<'_>, fault: Fault, tools: &Suspects<'_>) -> Finding {
    let told = Told::new(
        format!(
            "{} {}: {} for {}.",
            counted(tools.all().len() as u64, "tool"),
            fault.told(),
            counted(tools.sum(|features| features.requests), "request"),
            counted(tools.sum(|features| features.pages), "page")
        ),
        format!("Tell the owner: {}", fault.advice()),
    );
    let described: Vec<_> =
        tools.all().iter().take(DESCRIBED).map(|tool| described(sight, tool)).collect();
    let more = [
        ("fault", json!(fault.name())),
        ("advice", json!(fault.advice())),
        ("tools", json!(described)),
    ];
    tools.finding(sight, DETECTOR, told, more)
}

/// One tool, so that its owner recognises it.
pub(super) fn described(sight: &Sight<'_>, tool: &Suspect<'_>) -> Value {
    let features = &tool.features;
    let agent = features.agent(sight.rules);
    let pause = features.pauses.sum / crate::score::count(features.pauses.count.max(1));
    json!({
        "client": sight.clients.key(tool.visitor.client).to_string(),
        "agent": agent.map(|agent| agent.name.as_str()),
        "requests": features.requests,
        "pages": features.pages,
        "example": tool.example(),
        "errors": features.errors(),
        "redirects": features.redirects(),
        "unchanged": features.unchanged,
        "pause_ms": pause.round(),
        "irregularity": features.pauses.irregularity().map(|cv| (cv * 100.0).round() / 100.0),
    })
}
