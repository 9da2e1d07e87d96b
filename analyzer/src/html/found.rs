//! What was found, and what is proposed about it.

use maud::{Markup, html};
use serde_json::Value;

use super::{Cell, Report, Row, table};
use crate::detect::Finding;
use crate::propose::Proposal;
use crate::report::networks;
use crate::score::count;
use crate::text::grouped;

/// Clients of a finding that are named.
const KEYS_SHOWN: usize = 12;

/// What the detectors saw.
pub(super) fn findings(report: &Report<'_>) -> Markup {
    html! {
        h2 { "Findings" }
        @if report.analysis.findings.is_empty() { p { "Nothing stood out." } }
        @for finding in &report.analysis.findings { (self::finding(finding, report.addresses)) }
    }
}

fn finding(finding: &Finding, addresses: bool) -> Markup {
    // What describes clients one by one names them: that is for the machine form.
    let shown = |value: &Value| match value {
        Value::Null => false,
        Value::Array(all) => !all.iter().any(Value::is_object),
        _ => true,
    };
    let rows = finding.evidence.iter().filter(|(_, value)| shown(value)).map(|(name, value)| {
        Row::new(vec![Cell::text(name.replace('_', " ")), Cell::text(told_value(value))])
    });
    html! {
        section {
            h3 id=(finding.id) { (finding.id) }
            p { (finding.what) }
            p { b { (finding.todo) } }
            @if !finding.keys.is_empty() {
                p {
                    (grouped(finding.keys.len() as u64)) " clients; like a crawler: "
                    (format!("{:.2}", finding.crawler_score)) " of 1; harm: "
                    (format!("{:.2}", finding.harm_score)) " origin cores in their worst minute."
                }
                p.soft { "From " (networks(finding, addresses, KEYS_SHOWN)) "." }
            }
            (table(&format!("Evidence of {}", finding.id), &["what", "how much"], &rows.collect::<Vec<_>>()))
        }
    }
}

/// A piece of evidence as people read it.
fn told_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64().map_or_else(|| number.to_string(), grouped),
        Value::Array(all) => all.iter().map(told_value).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            let each = all.iter().map(|(name, value)| format!("{name}: {}", told_value(value)));
            each.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Rules made from findings, with what they would have done.
pub(super) fn proposals(report: &Report<'_>) -> Markup {
    html! {
        h2 { "Proposed rules" }
        @if report.analysis.proposals.is_empty() {
            p { "None: no finding asks for one that would hurt nobody." }
        } @else {
            p {
                "Each was tried on this very traffic with the edge's own engine. They are proposed in "
                "shadow: " code { "tidegate promote" } " records the review."
            }
        }
        @for proposal in &report.analysis.proposals { (self::proposal(proposal)) }
    }
}

fn proposal(proposal: &Proposal) -> Markup {
    let predicted = &proposal.predicted;
    let rows = predicted.protected().iter().filter(|cohort| cohort.clients > 0).map(|cohort| {
        let share = count(cohort.throttled) / count(cohort.clients);
        Row {
            marked: cohort.throttled > 0,
            cells: vec![
                Cell::text(&cohort.name),
                Cell::count(cohort.clients),
                Cell::count(cohort.throttled),
                Cell::share(Some(share)),
            ],
        }
    });
    html! {
        section {
            h3 { "For " a href=(format!("#{}", proposal.finding)) { (proposal.finding) } }
            p {
                "It would have saved " (grouped(predicted.origin_units_saved)) " of "
                (grouped(predicted.origin_units)) " origin units, and throttled "
                (grouped(predicted.clients_throttled as u64)) " clients."
                @if let Some(crowd) = &predicted.crowd {
                    " Of those, " (grouped(crowd.throttled)) " visitors of " (grouped(crowd.visitors))
                    " are of the crowd. The cohorts are those outside of it, since nobody can tell "
                    "who of a crowd is a person."
                }
            }
            (table(
                "Whom it would have hit, in visitors",
                &["cohort", "visitors", "throttled", "share"],
                &rows.collect::<Vec<_>>(),
            ))
            pre tabindex="0" { code { (proposal.rule) } }
        }
    }
}
