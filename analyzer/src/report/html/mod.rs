//! The report: one file that a browser shows without any network, on a phone and
//! on paper too. Everything that it says is text; scripts draw and sort.
//!
//! Addresses are shown as their networks unless asked for, as everywhere else
//! that people look, and nothing that a log or a rule file says is markup here.

mod curve;
mod figures;
mod found;
mod sections;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Report;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const CHARTS: &str = include_str!("uplot/uPlot.iife.min.js");
const CHARTS_STYLE: &str = include_str!("uplot/uPlot.min.css");

/// The report as one HTML file.
pub(super) fn render(report: &Report<'_>) -> String {
    let title = format!("Traffic of {}", report.site);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing is fetched, whatever a log says.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(CHARTS_STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    (sections::glance(report))
                    (contents(report))
                    (figures::over_time(report))
                    (sections::worst(report))
                    (found::findings(report))
                    (found::proposals(report))
                    (sections::rules(report))
                    (sections::data(report))
                }
                script { (PreEscaped(CHARTS)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Where to go on.
fn contents(report: &Report<'_>) -> Markup {
    let all = [
        ("time", "Over time", !report.overview.steps.is_empty()),
        ("cost", "Who cost most", true),
        ("findings", "Findings", true),
        ("proposals", "Proposed rules", true),
        ("rules", "Rules in force", report.effect.is_some()),
        ("data", "What this rests on", true),
    ];
    html! {
        nav aria-label="Contents" { ul {
            @for (id, name, there) in all {
                @if there { li { a href=(format!("#{id}")) { (name) } } }
            }
        } }
    }
}

/// A sentence in which what stands in backticks is code.
fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A table that can be sorted. The first column names; the others may hold
/// numbers, which stand to the right.
fn table(caption: &str, head: &[&str], rows: &[Row]) -> Markup {
    let is_number =
        |at: usize| rows.iter().all(|row| matches!(row.cells.get(at), Some(Cell::Number(..))));
    let numbers: Vec<bool> = (0..head.len()).map(is_number).collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table data-sortable {
                caption { (caption) }
                thead { tr {
                    @for (head, number) in head.iter().zip(&numbers) {
                        th scope="col" class=[number.then_some("n")] { (head) }
                    }
                } }
                tbody { @for row in rows { tr class=[row.marked.then_some("mark")] {
                    @for cell in &row.cells { (cell.markup()) }
                } } }
            }
        }
    }
}

/// A row of a table.
struct Row {
    /// Whether it needs somebody's attention.
    marked: bool,
    cells: Vec<Cell>,
}

impl Row {
    const fn new(cells: Vec<Cell>) -> Self {
        Self { marked: false, cells }
    }
}

/// A cell of a table.
enum Cell {
    Text(String),
    /// What people read, and what it is sorted by.
    Number(String, f64),
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn count(count: u64) -> Self {
        Self::Number(crate::text::grouped(count), crate::score::count(count))
    }

    /// A share from 0 to 1; unknown ones come last.
    fn share(share: Option<f64>) -> Self {
        let text = share.map_or_else(|| "–".to_owned(), crate::text::percent);
        Self::Number(text, share.unwrap_or(-1.0))
    }

    fn markup(&self) -> Markup {
        match self {
            Self::Text(text) => html! { td { (text) } },
            Self::Number(text, key) => html! { td.n data-sort=(key) { (text) } },
        }
    }
}
