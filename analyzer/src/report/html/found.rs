//! What was found, and what is proposed about it.

use maud::{Markup, html};
use serde_json::Value;

use super::{Cell, Row, curve, figures, prose, table};
use crate::curve::Curve;
use crate::detect::Finding;
use crate::propose::Proposal;
use crate::report::{Report, networks};
use crate::score::count;
use crate::text::{grouped, percent};

/// Clients of a finding that are named.
const KEYS_SHOWN: usize = 12;

/// Evidence of more bytes has a row of its own.
const LONG: usize = 40;

/// Evidence that is in the finding's sentences.
const TOLD_ELSEWHERE: [&str; 4] = ["advice", "fault", "from", "to"];

/// What the detectors saw.
pub(super) fn findings(report: &Report<'_>) -> Markup {
    html! {
        h2 id="findings" { "Findings" }
        @if report.analysis.findings.is_empty() { p { "Nothing stood out." } }
        @for (at, finding) in report.analysis.findings.iter().enumerate() {
            (self::finding(report, at, finding))
        }
    }
}

fn finding(report: &Report<'_>, at: usize, finding: &Finding) -> Markup {
    let evidence = evidence(finding);
    let when = ["from", "to"].map(|key| finding.evidence.get(key).and_then(Value::as_str));
    html! {
        section {
            h3 id=(finding.id) { (finding.id) }
            p { (prose(&finding.what)) }
            p { b { (prose(&finding.todo)) } }
            @if !finding.keys.is_empty() {
                p {
                    "Like a crawler: " (format!("{:.2}", finding.crawler_score)) " of 1; harm: "
                    (format!("{:.2}", finding.harm_score)) " origin cores in their worst minute."
                }
                p.soft { "Who: " (networks(finding, report.addresses, KEYS_SHOWN)) "." }
            }
            @if let [Some(from), Some(to)] = when { p.soft { "From " (from) " to " (to) "." } }
            (figures::of_finding(report, at, finding))
            dl.evidence {
                @for (name, told) in evidence {
                    div class=[(told.len() > LONG).then_some("long")] { dt { (name) } dd { (told) } }
                }
            }
        }
    }
}

/// What a finding rests on, short pieces first. What describes clients one by one
/// names them: that is for the machine form.
fn evidence(finding: &Finding) -> Vec<(String, String)> {
    let shown = |value: &Value| match value {
        Value::Null => false,
        Value::Array(all) => !all.iter().any(Value::is_object),
        _ => true,
    };
    let told = finding
        .evidence
        .iter()
        .filter(|(name, value)| shown(value) && !TOLD_ELSEWHERE.contains(&name.as_str()));
    let told = told.map(|(name, value)| match name.as_str() {
        "share_of_units" => ("share of units".to_owned(), told_share(value)),
        "samples" => ("requests to look at, by their ids".to_owned(), told_value(value)),
        _ => (name.replace('_', " "), told_value(value)),
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|(_, told)| told.len() > LONG);
    told
}

/// A share from 0 to 1 as people read it.
fn told_share(value: &Value) -> String {
    value.as_f64().map_or_else(|| told_value(value), percent)
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
        h2 id="proposals" { "Proposed rules" }
        @if report.analysis.proposals.is_empty() {
            p { "None: " (report.analysis.unproposed()) "." }
        } @else {
            p {
                "Each was tried on this very traffic with the edge's own engine. They are proposed in "
                "shadow: " code { "tidegate promote" } " records the review."
            }
        }
        @for (at, proposal) in report.analysis.proposals.iter().enumerate() {
            (self::proposal(proposal, report.curves.get(at)))
        }
    }
}

fn proposal(proposal: &Proposal, curve: Option<&Curve>) -> Markup {
    let predicted = &proposal.predicted;
    let rows = predicted.protected().iter().filter(|cohort| cohort.clients > 0).map(|cohort| {
        let share = count(cohort.throttled) / count(cohort.clients);
        Row {
            marked: cohort.throttled > 0 && !predicted.within_budgets,
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
            @if predicted.within_budgets { p.soft { "Each cohort stays within its harm budget." } }
            @if let Some(curve) = curve { (curve::picture(&proposal.finding, curve)) }
            div.toml {
                pre tabindex="0" role="region" aria-label=(format!("Rule for {}", proposal.finding)) {
                    code { (proposal.rule) }
                }
            }
        }
    }
}
