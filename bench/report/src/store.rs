//! What a store of many lines takes to fill and to ask.

use std::fmt::Write as _;

use serde_json::Value;

// Writing to a string cannot fail, so its results are let go.

/// Questions that are one row, by how their names begin.
const ROWS: [(&str, &[&str]); 5] = [
    ("the window: its lines, its minutes", &["window", "minutes"]),
    ("features of clients, visitors, networks, crowds", &["features"]),
    ("the pages that led them to pages", &["chain"]),
    ("what they asked for that few ask for", &["tail"]),
    ("when the origin hurt", &["origin"]),
];

/// The section, of what the bench kept.
pub(crate) fn section(page: &mut String, run: &Value) {
    let number = |key| run.get(key).and_then(Value::as_f64).unwrap_or_default();
    let (lines, clients) = (number("lines") / 1e6, number("clients") / 1e3);
    let _ = writeln!(
        page,
        "\n## A store of many lines\n\n{lines:.1} million lines of {clients:.0} thousand clients over ten \
         days, in the ClickHouse engine of the tests, with the same processors as whoever asks \
         (`cargo bench-store`): seconds, and seconds of processor time.\n\n\
         | what | seconds | the engine's | the asking program's |\n| --- | ---: | ---: | ---: |"
    );
    let mut row = |what: &str, took: [f64; 3]| {
        let [wall, server, own] = took;
        let _ = writeln!(page, "| {what} | {wall:.1} | {server:.1} | {own:.1} |");
    };
    row("`ingest`", took(run.get("ingest")));
    let questions = run.get("questions").and_then(Value::as_array);
    for (what, begins) in ROWS {
        let mut sum = [0.0; 3];
        for question in questions.into_iter().flatten() {
            let name = question.get(0).and_then(Value::as_str).unwrap_or_default();
            if begins.iter().any(|begin| name.starts_with(begin)) {
                let of = took(question.get(1));
                sum.iter_mut().zip(of).for_each(|(sum, of)| *sum += of);
            }
        }
        row(what, sum);
    }
    row("`analyze --store --count-in store`: all of them", took(run.get("count")));
    row("every line back, as `--count-in here` reads them", took(run.get("read")));
    let peak = number("engine_peak_mb") / 1e3;
    let _ = writeln!(page, "\nThe engine had {peak:.1} GB of memory at the most.");
}

fn took(of: Option<&Value>) -> [f64; 3] {
    ["wall", "server_cpu", "own_cpu"]
        .map(|key| of.and_then(|of| of.get(key)?.as_f64()).unwrap_or_default())
}
