//! What people read of a turn: one line that the watch goes on, and what is new.

use std::fmt::Write as _;

use tidegate_rules::Time;

use super::Turn;
use super::news::New;
use crate::effect::report::told;
use crate::ingest::{FileSummary, SAMPLES_PER_FILE};
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

/// The lines of a turn that came and are no requests, each log's first few; nothing
/// where all are. Of where they stand in their log nothing is known.
#[must_use]
pub fn bad_lines(turn: &Turn) -> String {
    let mut text = String::new();
    for log in turn.came.chunk_by(|piece, next| piece.path == next.path) {
        let sum = |of: fn(&FileSummary) -> u64| log.iter().map(of).sum::<u64>();
        let (bad, read) = (sum(|piece| piece.bad), sum(|piece| piece.read));
        let name = log.first().map_or("", |piece| &piece.path);
        if bad > 0 {
            // A string takes all that is written to it.
            let _ = writeln!(text, "{name}: {bad} of {read} new lines are no requests");
        }
        for sample in log.iter().flat_map(|piece| &piece.samples).take(SAMPLES_PER_FILE) {
            let _ = writeln!(text, "  {}\n    {}", sample.reason, sample.text);
        }
        if log.iter().any(|piece| piece.truncated) {
            let _ = writeln!(text, "{name}: ends early; what it holds was read");
        }
    }
    text
}
