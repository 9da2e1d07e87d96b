//! What came of it, for a terminal of 80 columns: limiters down, traces across.

use std::fmt::Write as _;

use super::{AtOnce, Run};
use crate::judge::Got;
use crate::served::SERVED;
use crate::simulated::SIMULATED;
use crate::trace;

// Writing to a string cannot fail, so its results are let go.

/// A table's title, and what it shows of a trace's outcome.
type Table = (&'static str, fn(&Got) -> Option<f64>);

const TABLES: [Table; 3] = [
    ("let through, in % of what an exact token bucket lets through", |got| {
        Some(100.0 * got.admitted as f64 / got.ideal as f64)
    }),
    ("let through of those who kept to the limit, in %", |got| Some(100.0 * got.modest?)),
    ("most in any second, in % of what the rate has in a second", |got| {
        Some(100.0 * got.worst_second)
    }),
];

pub(super) fn text(run: &Run) -> String {
    let mut text = String::new();
    for (title, of) in TABLES {
        let _ = write!(text, "{title}\n{:<15}", "");
        for trace in trace::all() {
            let _ = write!(text, " {:>7}", short(trace.name));
        }
        text.push('\n');
        for limiter in limiters() {
            let _ = write!(text, "{limiter:<15}");
            for trace in trace::all() {
                let turns = run.figures.get(limiter).and_then(|traces| traces.get(trace.name));
                let figures: Option<Vec<f64>> =
                    turns.and_then(|turns| turns.iter().map(of).collect());
                let cell = figures.and_then(median).map(|figure| format!("{figure:.0}"));
                let _ = write!(text, " {:>7}", cell.unwrap_or_default());
            }
            text.push('\n');
        }
        text.push('\n');
    }
    at_once(&mut text, run);
    text
}

fn limiters() -> impl Iterator<Item = &'static str> {
    let simulated = SIMULATED.into_iter().map(|limiter| limiter.name);
    simulated.chain(SERVED.into_iter().map(|limiter| limiter.name))
}

/// A trace's name, where it must be narrow.
fn short(name: &str) -> &str {
    match name {
        "calm-after" => "calm",
        name => name,
    }
}

fn at_once(text: &mut String, run: &Run) {
    text.push_str("eight at once for one key, as fast as they can\n");
    let _ = writeln!(text, "{:<15} {:>9} {:>9} {:>9} {:>7}", "", "asked", "passed", "bucket", "%");
    for limiter in limiters() {
        let Some(turns) = run.at_once.get(limiter) else { continue };
        let of = |of: fn(&AtOnce) -> u64| {
            let figures = turns.iter().map(|turn| of(turn) as f64).collect();
            median(figures).unwrap_or_default()
        };
        let (asked, admitted, ideal) =
            (of(|turn| turn.asked), of(|turn| turn.admitted), of(|turn| turn.ideal));
        let percent = 100.0 * admitted / ideal;
        let _ = writeln!(text, "{limiter:<15} {asked:>9} {admitted:>9} {ideal:>9} {percent:>7.0}");
    }
}

/// The middle one; of an even number the lower one of two.
fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().checked_sub(1)? / 2).copied()
}
