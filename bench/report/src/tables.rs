//! What benches of the edge say in tables of their own, as they kept them.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::Value;

use crate::targets::Kept;

/// Benches, each with the heading and the words above its table.
const TABLES: [(&str, &str, &str); 3] = [
    (
        "cost",
        "What the module costs",
        "Half of the requests are for pages that the cache has. `of the first` and `of the second` \
         are the medians of each turn's ratios of requests a second. A new sandbox instantiates the \
         module and decodes the rules for its first request; the local runtime has it serve five more.",
    ),
    (
        "growth",
        "How the cost grows",
        "`decode` and `a decision` are WebAssembly instructions, counted by `wasmtime`: the same \
         in every run, until sources or the compiler change. `entries` is what the packs take of \
         a Config Store, of which the module reads at most 20: larger ones can only be built into \
         it, where they stay in shadow. The time is that of a request through the whole module, \
         by one client and by ten thousand; it is measured where a Config Store holds the rules.",
    ),
    (
        "soak",
        "Half an hour of traffic, new rules and faults",
        "New rules come every ten seconds, and something is broken half of the time. Only the crawler \
         may be refused, an error is excused only while the origin is down or hangs up, and every \
         decision leaves one record.",
    ),
];

/// The tables of those benches that ran.
///
/// # Errors
///
/// Where a file is no JSON.
pub(crate) fn sections(page: &mut String, kept: &mut Kept<'_>) -> Result<()> {
    for (name, heading, words) in TABLES {
        let Some(run) = kept(name)? else { continue };
        if let Some(table) = run.get("table").and_then(Value::as_str) {
            let _ = write!(page, "\n## {heading}\n\n{words}\n\n{table}");
        }
    }
    Ok(())
}
