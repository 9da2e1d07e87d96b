//! What people read of a turn: one line that the watch goes on, and what is new.

use tidegate_rules::Time;

use super::Turn;
use super::news::New;
use crate::effect::report::told;
use crate::page::{Form, Page};
use crate::report::{finding, proposal};
use crate::text::grouped;
use crate::time::rfc3339;

/// One line about the window.
#[must_use]
pub fn line(now: Time, turn: &Turn) -> String {
    let analysis = &turn.analysis;
    format!(
        "{}  {} requests of {} clients, {} origin units, {} findings",
        rfc3339(now),
        grouped(analysis.total.requests),
        grouped(analysis.clients_total as u64),
        grouped(analysis.total.origin_units),
        analysis.findings.len()
    )
}

/// What is new, with full client addresses or with their networks.
#[must_use]
pub fn news(now: Time, new: &New<'_>, addresses: bool) -> String {
    let mut page = Page::new(Form::Text, &format!("New at {}", rfc3339(now)));
    for rule in &new.hurting {
        page.heading(&format!("Rule {} hurts more than it may", rule.id));
        told(rule).iter().for_each(|sentence| page.item(sentence));
    }
    for found in &new.findings {
        finding(&mut page, found, addresses);
    }
    for proposed in &new.proposals {
        proposal(&mut page, proposed);
    }
    page.finish()
}
