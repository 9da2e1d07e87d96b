//! The report's sections: what they say, in the order in which somebody asks
//! after a bad night.

use maud::{Markup, html};

use super::{Cell, Row, prose, table};
use crate::analysis::GroupRow;
use crate::effect::report::told;
use crate::effect::{RuleEffect, Verdict};
use crate::overview::Sum;
use crate::report::Report;
use crate::report::verdict::verdict;
use crate::score::count;
use crate::text::{grouped, masked};

/// Agents that are listed.
const AGENTS_SHOWN: usize = 20;

/// The night in a sentence and a few figures.
pub(super) fn glance(report: &Report<'_>) -> Markup {
    let Report { analysis, overview, .. } = report;
    let tiles = [
        ("requests", grouped(analysis.total.requests)),
        ("clients", grouped(analysis.clients_total as u64)),
        ("origin units", grouped(analysis.total.origin_units)),
        ("findings", grouped(analysis.findings.len() as u64)),
        ("proposed rules", grouped(analysis.proposals.len() as u64)),
    ];
    let all = count(analysis.total.origin_units);
    let classes = overview.classes.iter().map(|(class, sum)| {
        let share = (all > 0.0).then(|| count(sum.units) / all);
        Row::new(vec![
            Cell::text(class.name()),
            Cell::count(sum.clients),
            Cell::count(sum.requests),
            Cell::count(sum.units),
            Cell::share(share),
        ])
    });
    html! {
        p.verdict { (verdict(report)) }
        @if let Some(window) = &analysis.window { p.soft { (window.told()) } }
        ul.tiles { @for (name, figure) in tiles { li { b { (figure) } (name) } } }
        p.soft { "One origin unit is expected to cost the origin a millisecond." }
        (table(
            "What each class of clients did",
            &["class", "clients", "requests", "origin units", "share of units"],
            &classes.collect::<Vec<_>>(),
        ))
    }
}

/// Who cost the origin most.
pub(super) fn worst(report: &Report<'_>) -> Markup {
    let Report { analysis, addresses, overview, .. } = report;
    let clients = analysis.clients.iter().map(|client| {
        let agent = client.agent.as_ref().and_then(|agent| agent.name.as_deref());
        Row::new(vec![
            Cell::text(masked(&client.key, *addresses)),
            Cell::text(client.class.name()),
            Cell::text(agent.unwrap_or("–")),
            Cell::count(client.requests),
            Cell::count(client.pages),
            Cell::count(client.origin_units),
            Cell::Number(format!("{:.2}", client.crawler_score), client.crawler_score),
            Cell::Number(format!("{:.2}", client.harm_score), client.harm_score),
        ])
    });
    let mut agents: Vec<(&String, &Sum)> = overview.agents.iter().collect();
    agents.sort_by_key(|(name, sum)| (std::cmp::Reverse(sum.units), *name));
    agents.truncate(AGENTS_SHOWN);
    let agents = agents.into_iter().map(|(name, sum)| {
        let [clients, requests, units] = [sum.clients, sum.requests, sum.units].map(Cell::count);
        Row::new(vec![Cell::text(name), clients, requests, units])
    });
    let group = ["key", "clients", "requests", "pages", "origin units"];
    html! {
        h2 id="cost" { "Who cost the origin most" }
        (table(
            "Clients",
            &["client", "class", "agent", "requests", "pages", "origin units", "crawler", "harm"],
            &clients.collect::<Vec<_>>(),
        ))
        (groups("Networks that asked for much", &group, &analysis.networks))
        (groups("Crowds: one fingerprint in one system", &group, &analysis.crowds))
        (table(
            "Agents, by what clients say they are",
            &["agent", "clients", "requests", "origin units"],
            &agents.collect::<Vec<_>>(),
        ))
    }
}

fn groups(caption: &str, head: &[&str], groups: &[GroupRow]) -> Markup {
    let rows = groups.iter().map(|group| {
        let counts = [group.clients, group.requests, group.pages, group.origin_units];
        let counts = counts.map(Cell::count);
        Row::new(std::iter::once(Cell::text(&group.key)).chain(counts).collect())
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        html! {}
    } else {
        table(caption, head, &rows)
    }
}

/// What the rules in force did, by the edge's records.
pub(super) fn rules(report: &Report<'_>) -> Markup {
    let Some(effect) = report.effect else { return html! {} };
    let rows = effect.rules.iter().map(|rule| Row {
        marked: rule.verdict == Verdict::Hurts,
        cells: vec![
            Cell::text(&rule.id),
            Cell::text(rule.mode.name()),
            Cell::count(rule.refused),
            Cell::count(rule.would_refuse),
            Cell::share(rule.saved.observed.filter(|_| rule.first.is_some())),
            Cell::share(rule.saved.predicted),
        ],
    });
    let acted = effect.rules.iter().filter(|rule| rule.verdict != Verdict::Silent);
    html! {
        h2 id="rules" { "What the rules in force did" }
        (table(
            "Rules, by the edge's records",
            &["rule", "mode", "refused", "would have", "saves", "predicted"],
            &rows.collect::<Vec<_>>(),
        ))
        @for rule in acted { (self::rule(rule)) }
    }
}

fn rule(rule: &RuleEffect) -> Markup {
    let rows = rule.cohorts.iter().map(|cohort| Row {
        marked: cohort.too_many,
        cells: vec![
            Cell::text(&cohort.name),
            Cell::count(cohort.hurt),
            Cell::share(cohort.observed.map(|share| share.share)),
            Cell::share(cohort.predicted.map(|share| share.share)),
            Cell::share(Some(cohort.budget)),
        ],
    });
    html! {
        section {
            h3 { "Rule " (rule.id) }
            @for sentence in told(rule) { p { (prose(&sentence)) } }
            (table(
                &format!("Whom {} refused, in visitors", rule.id),
                &["cohort", "refused", "share", "predicted", "allowed"],
                &rows.collect::<Vec<_>>(),
            ))
        }
    }
}

/// What the figures rest on.
pub(super) fn data(report: &Report<'_>) -> Markup {
    let Report { analysis, overview, files, .. } = report;
    let rows = files.files.iter().map(|file| {
        let format = file.format.map_or_else(|| "–".to_owned(), |format| format.to_string());
        Row {
            marked: file.bad > 0 || file.truncated,
            cells: vec![
                Cell::text(&file.path),
                Cell::text(format),
                Cell::count(file.read),
                Cell::count(file.bad),
                Cell::text(if file.truncated { "ends early" } else { "whole" }),
            ],
        }
    });
    let bad = files.files.iter().flat_map(|file| {
        file.samples.iter().map(|bad| {
            let line = Cell::Number(grouped(bad.line), count(bad.line));
            Row::new(vec![
                Cell::text(&file.path),
                line,
                Cell::text(bad.reason.to_string()),
                Cell::text(bad.text.to_string()),
            ])
        })
    });
    let bad: Vec<_> = bad.collect();
    html! {
        h2 id="data" { "What this rests on" }
        p { (analysis.lines.told()) " " (analysis.assumptions.told()) }
        @if overview.empty_minutes > 0 {
            p { "In " (grouped(overview.empty_minutes)) " minutes between the first request and the last nothing was logged." }
        }
        @if let Some(lost) = analysis.detail.told() { p { (lost) } }
        (table("Files", &["file", "format", "lines", "bad", "state"], &rows.collect::<Vec<_>>()))
        @if !bad.is_empty() {
            (table("Lines that are no requests", &["file", "line", "why", "text"], &bad))
        }
    }
}
