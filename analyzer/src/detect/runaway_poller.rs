//! Runaway poller: somebody who asks for one or two pages far more often than
//! they can change, and whom nothing stops: a badge service without a cache, a
//! check every second, a browser's tab that reloads itself.
//!
//! Can't see: one that asks for less than thirty times a minute, which is no harm
//! to anybody; one whose answers all come from the cache, which cost nothing. A
//! tool that learns nothing from its answers is [`super::misconfigured_tool`]'s.

use std::collections::BTreeSet;

use serde_json::json;
use tidegate_rules::Ruleset;

use super::misconfigured_tool::described;
use super::suspects::{Suspect, Suspects, Told, counted};
use super::{Finding, Sight};
use crate::clients::Visitor;
use crate::features::Features;
use crate::score::is_poller;

const DETECTOR: &str = "runaway-poller";

/// Requests in some minute from which polling runs away.
const IN_A_MINUTE: u64 = 30;

/// Pollers that evidence describes one by one.
const DESCRIBED: usize = 5;

/// Whether a visitor polls. Of one who is kept in short nobody knows the pauses.
pub(super) fn names(_: &Ruleset, visitor: &Visitor<'_>, features: &Features) -> bool {
    let costs = features.units > 0 && features.peak_requests >= IN_A_MINUTE;
    costs && is_poller(features) && visitor.many().is_some()
}

/// Of those whom no other finding is about.
pub(super) fn detect(
    sight: &Sight<'_>,
    mut pollers: Vec<Suspect<'_>>,
    named: &BTreeSet<String>,
) -> Vec<Finding> {
    pollers.retain(|poller| !named.contains(&key(sight, poller)));
    let pollers = Suspects::worst_first(pollers);
    if pollers.is_empty() {
        return Vec::new();
    }
    let peak = pollers.all().iter().map(|poller| poller.features.peak_requests).max();
    let told = Told::new(
        format!(
            "{} asked for the same page over and over: {}, up to {} in a minute.",
            counted(pollers.all().len() as u64, "visitor"),
            counted(pollers.sum(|features| features.requests), "request"),
            crate::text::grouped(peak.unwrap_or_default())
        ),
        "Tell the owner to keep each answer for a minute; or let caches keep the page.",
    );
    let all = pollers.all().iter().take(DESCRIBED);
    let more = [
        ("peak_requests", json!(peak)),
        ("pollers", json!(all.map(|poller| described(sight, poller)).collect::<Vec<_>>())),
    ];
    vec![pollers.finding(sight, DETECTOR, told, more)]
}

fn key(sight: &Sight<'_>, suspect: &Suspect<'_>) -> String {
    sight.clients.key(suspect.visitor.client).to_string()
}
