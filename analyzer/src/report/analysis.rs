//! What people read of an analysis: text for a terminal, and Markdown for a
//! pull request.

use std::collections::HashSet;

use serde_json::Value;

use crate::analysis::{Analysis, ClientRow};
use crate::curve::Curve;
use crate::detect::Finding;
use crate::page::{Form, Page};
use crate::propose::{Proposal, edits};
use crate::table::{Row, Table};
use crate::text::{grouped, masked, share};

/// Networks that a finding names.
const NETWORKS_SHOWN: usize = 4;

/// Of counts by name, the largest that are shown.
const COUNTS_SHOWN: usize = 5;

/// The analysis for a terminal: at most 80 columns, but for the TOML of the
/// proposed rules.
#[must_use]
pub fn text(analysis: &Analysis, addresses: bool) -> String {
    render(analysis, addresses, Form::Text)
}

/// The analysis as Markdown.
#[must_use]
pub fn markdown(analysis: &Analysis, addresses: bool) -> String {
    render(analysis, addresses, Form::Markdown)
}

fn render(analysis: &Analysis, addresses: bool, form: Form) -> String {
    let mut page = Page::new(form, "A night of logs");
    facts(&mut page, analysis);
    worst(&mut page, analysis, addresses);
    findings(&mut page, analysis, addresses);
    proposals(&mut page, analysis, &[]);
    page.finish()
}

/// Who cost the origin most.
pub(super) fn worst(page: &mut Page, analysis: &Analysis, addresses: bool) {
    page.heading("Clients that cost the origin most");
    page.table(&clients(analysis, addresses));
    if analysis.clients.is_empty() {
        page.item("The log names no client.");
    }
}

/// What the detectors saw.
pub(super) fn findings(page: &mut Page, analysis: &Analysis, addresses: bool) {
    page.heading("Findings");
    for finding in &analysis.findings {
        self::finding(page, finding, addresses);
    }
    if analysis.findings.is_empty() {
        page.item("Nothing stood out.");
    }
}

/// What is proposed, and what other budgets would do, where that was tried.
pub(super) fn proposals(page: &mut Page, analysis: &Analysis, curves: &[Curve]) {
    page.heading("Proposed rules");
    for (at, proposal) in analysis.proposals.iter().enumerate() {
        self::proposal(page, proposal);
        if let Some(curve) = curves.get(at).filter(|curve| !curve.points.is_empty()) {
            page.item(&format!("Other budgets for the rule of {}:", proposal.finding));
            page.table(&self::curve(curve));
        }
    }
    let edits = edits(&analysis.findings);
    for edit in &edits {
        page.item(&format!("In the site's own file, {edit}."));
    }
    if analysis.proposals.is_empty() && edits.is_empty() {
        page.item(&format!("None: {}.", analysis.unproposed()));
    }
}

fn curve(curve: &Curve) -> Table<'static> {
    let rows = curve.points.iter().map(|point| {
        let cells = vec![
            format!("{} %", point.percent),
            grouped(point.units.into()),
            share(point.origin_units_saved, point.origin_units),
            grouped(point.hurt),
            point.told_over(),
        ];
        Row::new(!point.over.is_empty(), cells)
    });
    let head = vec!["budget", "units", "spared", "refused of cohorts", "over harm budget"];
    Table { head, rows: rows.collect() }
}

/// What the figures are about and rest on.
pub(super) fn facts(page: &mut Page, analysis: &Analysis) {
    if let Some(window) = &analysis.window {
        page.item(&window.told());
    }
    page.item(&analysis.lines.told());
    page.item(&format!(
        "Requests: {} of {} clients, {} origin units.",
        grouped(analysis.total.requests),
        grouped(analysis.clients_total as u64),
        grouped(analysis.total.origin_units)
    ));
    page.item(&analysis.assumptions.told());
    if let Some(lost) = analysis.detail.told() {
        page.item(&lost);
    }
}

fn clients(analysis: &Analysis, addresses: bool) -> Table<'static> {
    Table {
        head: vec!["client", "requests", "pages", "units", "crawler", "harm", "class", "agent"],
        rows: analysis.clients.iter().map(|row| client(row, addresses)).collect(),
    }
}

fn client(client: &ClientRow, addresses: bool) -> Row {
    let agent = client.agent.as_ref().and_then(|agent| agent.name.as_deref());
    let cells = vec![
        masked(&client.key, addresses),
        grouped(client.requests),
        grouped(client.pages),
        grouped(client.origin_units),
        format!("{:.2}", client.crawler_score),
        format!("{:.2}", client.harm_score),
        client.class.name().to_owned(),
        agent.unwrap_or("-").to_owned(),
    ];
    Row::new(false, cells)
}

/// What was seen of whom.
pub(crate) fn finding(page: &mut Page, finding: &Finding, addresses: bool) {
    page.item(&format!(
        "{}: crawler {:.2}, harm {:.2}. {}",
        finding.id, finding.crawler_score, finding.harm_score, finding.what
    ));
    if !finding.keys.is_empty() {
        let count = grouped(finding.keys.len() as u64);
        page.detail(&format!("who ({count}): {}", networks(finding, addresses, NETWORKS_SHOWN)));
    }
    let when = ["from", "to"].map(|key| finding.evidence.get(key).and_then(Value::as_str));
    if let [Some(from), Some(to)] = when {
        page.detail(&format!("when: {from} to {to}"));
    }
    let told = finding.evidence.iter().filter_map(|(name, value)| told(name, value));
    page.detail(&format!("evidence: {}", told.collect::<Vec<_>>().join("; ")));
    page.detail(&format!("do: {}", finding.todo));
}

/// A piece of evidence in words. What names clients or takes several sentences
/// is for the machine form.
fn told(name: &str, value: &Value) -> Option<String> {
    let name = name.replace('_', " ");
    match value {
        Value::Null | Value::Array(_) => None,
        Value::String(_) if ["advice", "fault", "from", "to"].contains(&&*name) => None,
        Value::String(text) => Some(format!("{name} {text}")),
        Value::Object(counts) => {
            let mut counts: Vec<_> =
                counts.iter().map(|(name, count)| (count.as_u64(), name)).collect();
            counts.sort_by(|(few, name), (more, other)| more.cmp(few).then(name.cmp(other)));
            let all = counts.len();
            let shown = counts
                .into_iter()
                .take(COUNTS_SHOWN)
                .map(|(count, name)| format!("{name} {}", grouped(count.unwrap_or_default())));
            let mut shown: Vec<_> = shown.collect();
            shown.extend((all > COUNTS_SHOWN).then(|| "…".to_owned()));
            Some(format!("{name}: {}", shown.join(", ")))
        }
        other => match other.as_u64() {
            Some(number) => Some(format!("{name} {}", grouped(number))),
            None => Some(format!("{name} {other}")),
        },
    }
}

/// Whom a finding is about, as people may see them: at most `most`, each once.
pub(crate) fn networks(finding: &Finding, addresses: bool, most: usize) -> String {
    let mut known = HashSet::new();
    let networks = finding.keys.iter().map(|key| masked(key, addresses));
    let mut networks: Vec<_> = networks.filter(|network| known.insert(network.clone())).collect();
    let more = networks.len().saturating_sub(most);
    networks.truncate(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", networks.join(", "))
}

/// A rule, and what it would have done.
pub(crate) fn proposal(page: &mut Page, proposal: &Proposal) {
    let predicted = &proposal.predicted;
    page.item(&format!(
        "For {}: would have saved {} of {} origin units and throttled {} clients.",
        proposal.finding,
        grouped(predicted.origin_units_saved),
        grouped(predicted.origin_units),
        grouped(predicted.clients_throttled as u64)
    ));
    if let Some(crowd) = &predicted.crowd {
        page.detail(&format!(
            "Within the crowd, {} of {} visitors and {} of {} units; the cohorts are those \
             outside, since nobody can tell who of a crowd is a person.",
            grouped(crowd.throttled),
            grouped(crowd.visitors),
            grouped(crowd.origin_units_saved),
            grouped(crowd.origin_units)
        ));
    }
    let cohorts = predicted.protected().iter().filter(|cohort| cohort.clients > 0);
    let cells = cohorts.map(|cohort| {
        vec![cohort.name.clone(), grouped(cohort.clients), grouped(cohort.throttled)]
    });
    page.table(&Table {
        head: vec!["cohort", "clients", "throttled"],
        rows: cells.map(|cells| Row::new(false, cells)).collect(),
    });
    page.code(&proposal.rule);
}
