//! The page: each target with what was found, and where that comes from.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::Value;

use crate::repeats::{self, Report};
use crate::targets::{Kept, Row, rows};
use crate::{limiters, readers, store, tables};

// Writing to a string cannot fail, so its results are let go.

/// The benches whose machines are told.
const RUNS: [&str; 9] =
    ["engine", "cost", "growth", "soak", "cells", "limiters", "analyze", "backtest", "outcome"];

const INTRODUCTION: &str = "\
What Tidegate was to reach, and what it reached. `cargo bench-report` runs every bench and writes this \
page from what they kept in `bench/runs`; `cargo bench-report --only-write` only writes it. A figure is \
the median of a run's turns, a ratio the median of the turns' ratios: both sides of a ratio are measured \
in one run, turn about. What rules make of fifteen kinds of night is in `OUTCOMES.md`, what limits in \
several caches mean in `docs/cells.md`.
";

const CURVES: &str = "
## What a threshold buys

![Crawl cost removed against people's requests refused](pictures/policies.svg)

Each policy with its thresholds from a 64th of what is proposed or in force today to eight times. A \
limit for each address can be set so tightly that it removes a crawl from 80 addresses, and then refuses \
people, those first who share an address. Of a crawl with three requests from each address it removes a \
few percent at the most, and only where it refuses half of what people ask for. \
The figures are in `OUTCOMES.md`.
";

/// The page, from what benches kept.
///
/// # Errors
///
/// Where a file is no JSON.
pub(crate) fn markdown(kept: &mut Kept<'_>) -> Result<String> {
    let rows = rows(kept)?;
    let mut page = format!("# Results\n\n{INTRODUCTION}\n");
    let missed: Vec<&Row> = rows.iter().filter(|row| is(row, false)).collect();
    let met = rows.iter().filter(|row| is(row, true)).count();
    let unknown = rows.len() - met - missed.len();
    let _ = writeln!(
        page,
        "{met} of {} targets are met, {} are missed, {unknown} not measured.\n",
        rows.len(),
        missed.len()
    );
    let before = repeats::before(kept, &rows)?;
    if let Some(before) = &before {
        page.push_str(&repeated(&rows, before));
    }
    table(&mut page, &rows, before.as_ref());
    let reasons = missed.iter().filter(|row| !row.why.is_empty());
    let reasons: String = reasons.map(|row| format!("- {}: {}\n", row.what, row.why)).collect();
    if !reasons.is_empty() {
        let _ = write!(page, "\n## What is missed, and why\n\n{reasons}");
    }
    sections(&mut page, kept)?;
    machines(&mut page, kept)?;
    Ok(page)
}

/// Each target, what was found, and what the whole run before found.
fn table(page: &mut String, rows: &[Row], before: Option<&Report>) {
    page.push_str("| what | target | found | | the run before | command |\n");
    page.push_str("| --- | --- | ---: | --- | ---: | --- |\n");
    for Row { what, target, found, command, .. } in rows {
        let (figure, mark) = match found {
            Some(found) if found.is_met => (found.figure.as_str(), "met"),
            Some(found) => (found.figure.as_str(), "**missed**"),
            None => ("", "not measured"),
        };
        let before = before.and_then(|before| before.get(*what));
        let before = before.map_or("", |said| &said.figure);
        let _ =
            writeln!(page, "| {what} | {target} | {figure} | {mark} | {before} | `{command}` |");
    }
}

/// Whether the whole run before came to the same conclusions.
fn repeated(rows: &[Row], before: &Report) -> String {
    let both = rows
        .iter()
        .filter_map(|row| Some((row.what, row.found.as_ref()?.is_met, before.get(row.what)?.met)));
    let (same, others): (Vec<_>, Vec<_>) = both.partition(|(_, now, then)| now == then);
    let all = same.len() + others.len();
    match others.as_slice() {
        [] => format!("An earlier run of all benches came to the same in all {all}.\n\n"),
        _ => {
            let others: Vec<_> = others.iter().map(|(what, ..)| *what).collect();
            let (same, others) = (same.len(), others.join("; "));
            format!(
                "An earlier run of all benches came to the same in {same} of {all}, but not in: \
                 {others}.\n\n"
            )
        }
    }
}

/// What there is to say beyond targets, of the benches that ran.
fn sections(page: &mut String, kept: &mut Kept<'_>) -> Result<()> {
    tables::sections(page, kept)?;
    if kept("outcome")?.is_some_and(|outcome| has_curves(&outcome)) {
        page.push_str(CURVES);
    }
    if let Some(run) = kept("limiters")? {
        limiters::section(page, &run);
    }
    if let Some(run) = kept("analyze")? {
        readers::section(page, &run);
    }
    if let Some(run) = kept("store")? {
        store::section(page, &run);
    }
    Ok(())
}

/// Which machine each bench ran on, and by which command.
fn machines(page: &mut String, kept: &mut Kept<'_>) -> Result<()> {
    page.push_str("\n## The machines\n\n");
    for name in RUNS {
        let Some(run) = kept(name)? else { continue };
        let text = |key: &str| run.get(key).and_then(Value::as_str).unwrap_or("unknown");
        let cores = run.get("cores").and_then(Value::as_u64);
        let cores = cores.map_or_else(|| "unknown".to_owned(), |cores| cores.to_string());
        let _ = writeln!(
            page,
            "- `{name}`: `{}`; processor {}, cores {cores}.",
            text("command"),
            text("cpu")
        );
        if let Some(note) = run.get("note").and_then(Value::as_str) {
            let _ = writeln!(page, "  {note}");
        }
    }
    Ok(())
}

/// Whether policies were played with their thresholds moved.
fn has_curves(outcome: &Value) -> bool {
    let nights = outcome.get("nights").and_then(Value::as_array).into_iter().flatten();
    let mut policies = nights.filter_map(|night| night.get("policies")?.as_array());
    policies.any(|policies| !policies.is_empty())
}

fn is(row: &Row, met: bool) -> bool {
    row.found.as_ref().is_some_and(|found| found.is_met == met)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn limiters() -> Value {
        json!({
            "command": "cargo bench-limiters", "cpu": "a processor", "cores": 2,
            "limit": { "per_second": 50, "burst": 25 },
            "figures": {
                "tidegate": {
                    "below": [{ "admitted": 80, "ideal": 80 }],
                    "edge": [{ "worst_second": 0.68 }],
                },
                "nginx-queue": { "bursts": [{ "longest_ms": 480 }] },
                "haproxy": {
                    "tenfold": [
                        { "admitted": 50, "ideal": 124 },
                        { "admitted": 50, "ideal": 128 },
                        { "admitted": 50, "ideal": 100 },
                    ],
                    "calm-after": [{ "modest": 0.353 }, { "modest": null }],
                },
            },
            "at_once": { "tidegate": [{ "admitted": 2_300, "ideal": 2_024 }] },
        })
    }

    fn store() -> Value {
        json!({
            "lines": 10_000_000, "clients": 450_000, "engine_peak_mb": 2_100.0,
            "ingest": { "wall": 90.0, "server_cpu": 30.0, "own_cpu": 80.0 },
            "questions": [
                ["window", { "wall": 1.0, "server_cpu": 1.5, "own_cpu": 0.1 }],
                ["features of clients", { "wall": 20.0, "server_cpu": 38.0, "own_cpu": 0.4 }],
                ["features of crowds", { "wall": 10.0, "server_cpu": 19.0, "own_cpu": 0.1 }],
            ],
        })
    }

    #[test]
    fn a_page_says_what_is_met_what_is_missed_and_what_nobody_knows() {
        let page = markdown(&mut |name| {
            Ok(match name {
                "engine" => Some(json!({
                    "command": "cargo bench-engine", "cpu": "a processor", "cores": 2,
                    "native": {
                        "decide/1000-rules/50000-networks": [1_500.0, 2_500.0, 1_900.0],
                        "decide/10-rules/50000-networks": [1_000.0],
                    },
                    "wasm": { "decide/1000-rules/50000-networks": [3_800.0] },
                })),
                "outcome" => Some(json!({ "nights": [{ "policies": [{ "name": "nginx" }] }] })),
                "limiters" => Some(limiters()),
                "analyze" => Some(json!({
                    "lines": 1_000_000,
                    "figures": {
                        "pass/fastly": [{ "cpu": 4.0, "wall": 5.0 }],
                        "pass/combined": [{ "cpu": 2.0, "wall": 3.0, "lines": 1_000_000 }],
                        "wc/combined": [{ "cpu": 0.1, "wall": 0.1, "lines": 1_000_000 }],
                        "crowdsec/combined": [{ "cpu": 16.0, "wall": 20.0, "lines": 5_000 }],
                        "growth/lines/fifth": [{ "cpu": 0.5, "wall": 1.0, "lines": 200_000 }],
                    },
                })),
                "store" => Some(store()),
                "repeats" => Some(json!({ "reports": [{
                    "a decision, 1,000 rules and 50,000 networks":
                        { "figure": "1.80 µs", "met": true },
                    "1,000 rules beside 10": { "figure": "1.20×", "met": true },
                }] })),
                _ => None,
            })
        });
        insta::assert_snapshot!(page.unwrap());
    }
}
