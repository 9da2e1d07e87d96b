//! The medians and the ratios, against what they should be.

use std::fmt::Write as _;

use anyhow::Result;

use crate::peers::PROGRAMS;
use crate::process::{Took, version};
use crate::{Arguments, Figures};

/// Keeps every figure; says the medians.
pub(crate) fn keep(arguments: &Arguments, figures: &Figures) -> Result<String> {
    let run = serde_json::json!({
        "command": format!(
            "cargo bench-analyze --lines {} --turns {}", arguments.lines, arguments.turns
        ),
        "unit": "seconds; MB of memory; of `memory`, lines piped from the generator",
        "lines": arguments.lines,
        "turns": arguments.turns,
        "versions": PROGRAMS.map(|(program, _)| version(program).unwrap_or_default()),
        "figures": figures,
    });
    tidegate_kept::keep("analyze", run)?;
    Ok(table(arguments, figures))
}

fn table(arguments: &Arguments, figures: &Figures) -> String {
    let mut text =
        String::from("| what | lines per CPU-second | lines per second |\n| --- | ---: | ---: |\n");
    for (name, took) in figures.iter().filter(|(name, _)| !name.starts_with("memory")) {
        let cpu = median(took.iter().map(Took::per_cpu_second));
        let wall = median(took.iter().map(Took::per_second));
        let _ = writeln!(text, "| {name} | {cpu:.0} | {wall:.0} |");
    }
    text.push_str("\n| ratio | is | should be |\n| --- | ---: | ---: |\n");
    let rate = |name: &str, of: fn(&Took) -> f64| {
        let took = figures.get(name)?;
        (!took.is_empty()).then(|| median(took.iter().map(of)))
    };
    let ratios = [
        ("pass/fastly.gz", "zcat/fastly.gz", "seconds", 0.9),
        ("pass/fastly.zst", "pass/fastly", "seconds", 0.9),
        ("pass/combined", "goaccess/combined", "CPU-seconds", 10.0),
        ("pass/fastly", "goaccess/fastly", "CPU-seconds", 10.0),
        ("pass/combined", "crowdsec/combined", "CPU-seconds", 100.0),
    ];
    for (own, other, unit, least) in ratios {
        let of: fn(&Took) -> f64 = match unit {
            "seconds" => Took::per_second,
            _ => Took::per_cpu_second,
        };
        if let Some((own_rate, other_rate)) = rate(own, of).zip(rate(other, of)) {
            let ratio = own_rate / other_rate;
            let _ = writeln!(text, "| {own} to {other}, {unit} | {ratio:.2} | {least} |");
        }
    }
    let peak =
        |times: &str| figures.get(times).and_then(|took| took.first()).map(|took| took.peak_mb);
    if let Some((once, tenfold)) = peak("memory/1").zip(peak("memory/10")) {
        let clients = arguments.lines;
        let _ = writeln!(text, "\n{clients} clients: {once:.0} MB; ten times: {tenfold:.0} MB");
    }
    text.push_str("\nevery figure: bench/runs/analyze.json\n");
    text
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<_> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
