//! The one renderer behind text and Markdown: they differ in marks only.

use std::fmt::Write as _;

use super::{grouped, masked};
use crate::analysis::{Analysis, ClientRow};
use crate::detect::Finding;
use crate::propose::Proposal;

/// How headings, tables and code are marked.
pub(super) struct Marks {
    heading: &'static str,
    fence: &'static str,
    /// Markdown tables have bars.
    bars: bool,
}

pub(super) const TERMINAL: Marks = Marks { heading: "", fence: "", bars: false };
pub(super) const MARKDOWN: Marks = Marks { heading: "## ", fence: "```toml\n", bars: true };

pub(super) fn render(analysis: &Analysis, addresses: bool, marks: &Marks) -> String {
    let mut out = String::new();
    if marks.bars {
        out.push_str("# A night of logs\n\n");
    }
    totals(&mut out, analysis);
    heading(&mut out, marks, "Clients that cost the origin most");
    clients(&mut out, analysis, addresses, marks);
    heading(&mut out, marks, "Findings");
    for finding in &analysis.findings {
        self::finding(&mut out, finding, addresses, marks);
    }
    if analysis.findings.is_empty() {
        out.push_str("Nothing stood out.\n");
    }
    heading(&mut out, marks, "Proposed rules");
    for proposal in &analysis.proposals {
        self::proposal(&mut out, proposal, marks);
    }
    if analysis.proposals.is_empty() {
        out.push_str("None: no finding asks for one that would hurt nobody.\n");
    }
    out
}

// Writing to a string cannot fail, so its results are let go below.

fn heading(out: &mut String, marks: &Marks, text: &str) {
    let _ = write!(out, "\n{}{text}\n\n", marks.heading);
}

fn totals(out: &mut String, analysis: &Analysis) {
    let lines = &analysis.lines;
    if let Some(window) = &analysis.window {
        let _ = writeln!(out, "{} to {}", window.from, window.to);
    }
    let _ = writeln!(
        out,
        "{} lines read, {} of them bad, {} logged twice",
        grouped(lines.read),
        grouped(lines.bad),
        grouped(lines.duplicate)
    );
    let _ = writeln!(
        out,
        "{} requests of {} clients, {} origin units",
        grouped(analysis.total.requests),
        grouped(analysis.clients_total as u64),
        grouped(analysis.total.origin_units)
    );
    let _ = writeln!(out, "{}", crate::night::told(&analysis.assumptions));
}

fn clients(out: &mut String, analysis: &Analysis, addresses: bool, marks: &Marks) {
    let header = ["client", "requests", "pages", "units", "crawler", "harm", "class", "agent"];
    let rows = analysis.clients.iter().map(|client| cells(client, addresses)).collect();
    table(out, &header, rows, marks);
}

fn cells(client: &ClientRow, addresses: bool) -> Vec<String> {
    let agent = client.agent.as_ref().and_then(|agent| agent.name.as_deref());
    vec![
        masked(&client.key, addresses),
        grouped(client.requests),
        grouped(client.pages as u64),
        grouped(client.origin_units),
        format!("{:.2}", client.crawler_score),
        format!("{:.2}", client.harm_score),
        client.class.name().to_owned(),
        agent.unwrap_or("-").chars().take(16).collect(),
    ]
}

/// A table: columns of numbers to the right, bars where Markdown wants them.
fn table(out: &mut String, header: &[&str], rows: Vec<Vec<String>>, marks: &Marks) {
    let header: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let is_number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit());
    let widths: Vec<usize> = header
        .iter()
        .enumerate()
        .map(|(at, cell)| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(String::len)
                .max()
                .unwrap_or(0)
                .max(cell.len())
        })
        .collect();
    let right: Vec<bool> = (0..header.len())
        .map(|at| at > 0 && rows.iter().filter_map(|row| row.get(at)).all(is_number))
        .collect();
    let line = |out: &mut String, row: &[String]| {
        let cells: Vec<String> = row
            .iter()
            .zip(widths.iter().zip(&right))
            .map(|(cell, (width, right))| match right {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            })
            .collect();
        let text = match marks.bars {
            true => format!("| {} |", cells.join(" | ")),
            false => cells.join("  ").trim_end().to_owned(),
        };
        let _ = writeln!(out, "{text}");
    };
    line(out, &header);
    if marks.bars {
        let rule: Vec<String> =
            right.iter().map(|r| if *r { "--:" } else { "---" }.into()).collect();
        let _ = writeln!(out, "| {} |", rule.join(" | "));
    }
    for row in &rows {
        line(out, row);
    }
}

fn finding(out: &mut String, finding: &Finding, addresses: bool, marks: &Marks) {
    let bullet = if marks.bars { "- " } else { "  " };
    let _ = writeln!(
        out,
        "{}: {} clients, crawler {:.2}, harm {:.2}",
        finding.id,
        grouped(finding.keys.len() as u64),
        finding.crawler_score,
        finding.harm_score
    );
    if marks.bars {
        out.push('\n');
    }
    let mut networks: Vec<String> = Vec::new();
    for key in &finding.keys {
        let network = masked(key, addresses);
        if !networks.contains(&network) {
            networks.push(network);
        }
    }
    let shown: Vec<_> = networks.iter().take(4).map(String::as_str).collect();
    let more = networks.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let _ = writeln!(out, "{bullet}from {}{more}", shown.join(", "));
    for (name, value) in finding.evidence.iter().filter(|(name, _)| *name != "samples") {
        let name = name.replace('_', " ");
        let _ = match value.as_u64() {
            Some(number) => writeln!(out, "{bullet}{name}: {}", grouped(number)),
            None => writeln!(out, "{bullet}{name}: {}", value.to_string().replace('"', "")),
        };
    }
    out.push('\n');
}

fn proposal(out: &mut String, proposal: &Proposal, marks: &Marks) {
    let predicted = &proposal.predicted;
    let _ = writeln!(
        out,
        "For {}: would have saved {} of {} origin units\nand throttled {} clients.\n",
        proposal.finding,
        grouped(predicted.origin_units_saved),
        grouped(predicted.origin_units),
        grouped(predicted.clients_throttled as u64)
    );
    let rows = predicted
        .cohorts
        .iter()
        .filter(|cohort| cohort.clients > 0)
        .map(|cohort| vec![cohort.name.clone(), grouped(cohort.clients), grouped(cohort.throttled)])
        .collect();
    table(out, &["cohort", "clients", "throttled"], rows, marks);
    let close = if marks.bars { "```\n" } else { "" };
    let _ = writeln!(out, "\n{}{}{close}", marks.fence, proposal.rule);
}
