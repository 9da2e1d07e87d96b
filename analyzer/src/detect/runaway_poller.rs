//! Runaway poller: somebody who asks for one or two pages far more often than
//! they can change, and whom nothing stops: a badge service without a cache, a
//! check every second, a browser's tab that reloads itself.
//!
//! Can't see: one that asks for less than thirty times a minute, which is no harm
//! to anybody; one whose answers all come from the cache, which cost nothing. A
//! tool that learns nothing from its answers is [`super::misconfigured_tool`]'s.

use std::collections::BTreeSet;

use serde_json::json;

use super::misconfigured_tool::described;
use super::suspects::{Suspect, Suspects, Told, counted};
use super::{Finding, Sight};
use crate::score::is_poller;

const DETECTOR: &str = "runaway-poller";

/// Requests in some minute from which polling runs away.
const IN_A_MINUTE: u64 = 30;

/// Pollers that evidence describes one by one.
const DESCRIBED: usize = 5;

/// Of those whom no other finding is about.
pub(super) fn detect(sight: &Sight<'_>, named: &BTreeSet<String>) -> Vec<Finding> {
    let polls = |suspect: &Suspect<'_>| {
        let features = &suspect.features;
        let costs = features.units > 0 && features.peak_requests >= IN_A_MINUTE;
        is_poller(features) && costs && !named.contains(&key(sight, suspect))
    };
    let pollers = sight.clients.full_visitors().map(Suspect::new).filter(polls);
    let pollers = Suspects::worst_first(pollers.collect());
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
