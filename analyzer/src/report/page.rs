//! The report as text and as Markdown: the sections of the browser's form, in its
//! order, with fewer rows each.

use super::Report;
use super::analysis::{facts, findings, proposals, worst};
use super::verdict::verdict;
use crate::effect::report::sections;
use crate::page::{Form, Page};
use crate::table::{Row, Table};
use crate::text::{grouped, share};

pub(super) fn render(report: &Report<'_>, form: Form) -> String {
    let mut page = Page::new(form, &format!("Traffic of {}", report.site));
    page.item(&verdict(report));
    facts(&mut page, report.analysis);
    page.heading("What each class of clients did");
    page.table(&classes(report));
    worst(&mut page, report.analysis, report.addresses);
    findings(&mut page, report.analysis, report.addresses);
    proposals(&mut page, report.analysis, report.curves);
    if let Some(effect) = report.effect {
        page.heading("What the rules in force did, by the edge's records");
        sections(&mut page, effect);
    }
    page.heading("What this rests on");
    page.table(&files(report));
    page.finish()
}

fn classes(report: &Report<'_>) -> Table<'static> {
    let all = report.analysis.total.origin_units;
    let rows = report.overview.classes.iter().map(|(class, sum)| {
        let [clients, requests, units] = [sum.clients, sum.requests, sum.units].map(grouped);
        let cells = vec![class.name().to_owned(), clients, requests, units, share(sum.units, all)];
        Row::new(false, cells)
    });
    let head = vec!["class", "clients", "requests", "origin units", "share of units"];
    Table { head, rows: rows.collect() }
}

fn files(report: &Report<'_>) -> Table<'static> {
    let rows = report.files.files.iter().map(|file| {
        let format = file.format.map_or_else(|| "-".to_owned(), |format| format.to_string());
        let state = if file.truncated { "ends early" } else { "whole" };
        let counts = [file.read, file.bad].map(grouped);
        let cells = [file.path.clone(), format].into_iter().chain(counts);
        let cells = cells.chain([state.to_owned()]).collect();
        Row::new(file.bad > 0 || file.truncated, cells)
    });
    Table { head: vec!["file", "format", "lines", "bad", "state"], rows: rows.collect() }
}
