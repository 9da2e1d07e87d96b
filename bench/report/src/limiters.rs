//! Budgets as a limiter, beside other limiters: a table of what each let through.

use std::fmt::Write as _;

use serde_json::Value;

// Writing to a string cannot fail, so its results are let go.

/// The limiters of the table, with what they are called there.
const LIMITERS: [(&str, &str); 9] = [
    ("tidegate", "Tidegate's budgets"),
    ("governor", "governor"),
    ("nginx", "nginx `limit_req`, `nodelay`"),
    ("nginx-queue", "nginx `limit_req`, waiting"),
    ("nginx-plain", "nginx `limit_req`, no burst"),
    ("haproxy", "HAProxy `http_req_rate`"),
    ("haproxy-passed", "HAProxy, counting what passes"),
    ("tidegate-erl", "Tidegate over Fastly's counters"),
    ("fastly-erl", "Fastly's counters and penalty box"),
];

/// A column: its title, the trace, and the member of its outcome, where there is
/// one that says it; else what was let through, over what should have been.
type Column = (&'static str, &'static str, Option<&'static str>);

const COLUMNS: [Column; 6] = [
    ("40 a second", "below", None),
    ("500 a second", "tenfold", None),
    ("25 at once, every 0.6 s", "bursts", None),
    ("most in a second, across its end", "edge", Some("worst_second")),
    ("40 a second, after a flood", "calm-after", Some("modest")),
    ("modest ones beside a flood", "crowd", Some("modest")),
];

/// The section, of what the bench kept.
pub(crate) fn section(page: &mut String, run: &Value) {
    let number = |pointer| run.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let (rate, burst) = (number("/limit/per_second"), number("/limit/burst"));
    let _ = writeln!(
        page,
        "\n## As a limiter\n\nThe same arrivals to each, the limit {rate} requests a second and \
         {burst} at once. Let through, in % of what an exact token bucket lets through; most in \
         a second, in % of {rate}; of those who keep to the limit, in % of what they ask for. nginx \
         and HAProxy are real servers, asked over 8 connections (32 where requests wait); Fastly's counters are a model. In \
         brackets what turns differ by. `cargo bench-limiters` shows more.\n"
    );
    let titles = COLUMNS.map(|(title, ..)| title).join(" | ");
    let _ = writeln!(page, "| limiter | {titles} | 8 at once, as fast as they can |");
    let _ = writeln!(page, "| --- |{}", " ---: |".repeat(COLUMNS.len() + 1));
    for (name, told) in LIMITERS {
        let cells = COLUMNS.map(|(_, trace, member)| {
            let turns = run.pointer(&format!("/figures/{name}/{trace}"));
            cell(turns, |got| match member {
                Some(member) => got.get(member)?.as_f64(),
                None => let_through(got),
            })
        });
        let at_once = cell(run.pointer(&format!("/at_once/{name}")), let_through);
        let _ = writeln!(page, "| {told} | {} | {at_once} |", cells.join(" | "));
    }
    let waited = run.pointer("/figures/nginx-queue/bursts").and_then(Value::as_array);
    let waited = waited.into_iter().flatten().filter_map(|got| got.get("longest_ms")?.as_u64());
    let waited = waited.max().unwrap_or_default();
    let _ = writeln!(
        page,
        "\nTidegate's budgets are an exact token bucket, as governor and nginx with `nodelay` are. nginx \
         without a burst refuses nearly all of a page's assets; where its burst waits, the last of \
         them waits {waited} ms. A limiter that counts a window knows of no burst: it refuses part \
         of a burst that keeps to the limit, or lets twice a window's requests through across its \
         end; one that counts what it refuses lets nothing more of a flood through, and goes on \
         refusing when the flood is over. Tidegate holds no lock on a cell, so eight who ask at once \
         spend some units twice (`docs/cells.md`)."
    );
}

/// What was let through, over what should have been.
fn let_through(got: &Value) -> Option<f64> {
    let number = |key| got.get(key).and_then(Value::as_f64);
    Some(number("admitted")? / number("ideal").filter(|ideal| *ideal > 0.0)?)
}

/// The median of the turns in %, and what they differ by.
fn cell(turns: Option<&Value>, of: impl Fn(&Value) -> Option<f64>) -> String {
    let turns = turns.and_then(Value::as_array).into_iter().flatten();
    let mut shares: Vec<f64> = turns.filter_map(of).map(|share| (share * 100.0).round()).collect();
    shares.sort_by(f64::total_cmp);
    match shares[..] {
        [] => String::new(),
        [least, .., most] if least < most => {
            let median = shares[(shares.len() - 1) / 2];
            format!("{median} ({least}–{most})")
        }
        [same, ..] => same.to_string(),
    }
}
