//! How the cost grows with rules, with networks and with the keys that have a cell.
//!
//! Of the engine alone, as WebAssembly, instructions are counted: exactly, so that a
//! later run of the same sources finds the same, and a change shows as what it costs.
//! Of the whole module, the CPU time of a request through the local runtime is
//! measured, where a Config Store can hold the rules and the keys are soon made.

mod table;
mod through;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use tidegate_bench_engine::guest::{Clock, Guest};

use table::table;

/// What the measurement may be told.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How often each module is measured; medians are shown.
    #[arg(long, default_value_t = 5)]
    pub turns: u32,
    /// Requests of each measurement.
    #[arg(long, default_value_t = 4_000)]
    pub requests: u32,
    /// Leave out the larger sizes when counting.
    #[arg(long)]
    pub quick: bool,
}

/// Instructions, bytes and entries by what was measured.
type Counts = BTreeMap<String, f64>;

/// Measures everything, keeps every figure and says the table.
///
/// # Errors
///
/// Where a program does not build, a module fails a request, or a file cannot be
/// written.
pub async fn run(options: &Options) -> Result<String> {
    let is_quick = options.quick;
    let counted = tokio::task::spawn_blocking(move || counts(is_quick)).await??;
    let through = through::measure(options).await?;
    let mut run = serde_json::json!({
        "command": "cargo bench-growth",
        "unit": "counted: WebAssembly instructions, bytes and entries; through: CPU microseconds \
                 of a request, of all that takes part",
        "turns": options.turns,
        "requests": options.requests,
        "counted": counted,
        "through": through,
    });
    let compared = compared(tidegate_kept::kept("growth")?.as_ref(), &run);
    let table = table(&run);
    run["table"] = table.as_str().into();
    tidegate_kept::keep("growth", &run)?;
    Ok(format!("{table}\n{compared}"))
}

/// Which counts are other ones than those of the run before.
fn compared(before: Option<&Value>, now: &Value) -> String {
    let counted = |run: &Value| run["counted"].as_object().cloned().unwrap_or_default();
    let (before, now) = (before.map(counted).unwrap_or_default(), counted(now));
    let both = now.iter().filter_map(|(name, now)| Some((name, before.get(name)?, now)));
    let (mut text, mut same) = (String::new(), 0);
    for (name, before, now) in both {
        if before == now {
            same += 1;
        } else {
            let _ = writeln!(text, "{name}: {before} in the kept run, {now} now");
        }
    }
    let _ = writeln!(text, "{same} of {} counts are those of the kept run", now.len());
    text
}

fn counts(is_quick: bool) -> Result<Counts> {
    let guest = Guest::build("growth", Clock::Fuel)?;
    eprintln!("counting instructions: a few minutes");
    let arguments = if is_quick { &["quick"][..] } else { &[] };
    Ok(guest.measure(arguments)?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_count_that_changed_is_told() {
        let kept = json!({"counted": {"a": 1.0, "b": 2.0, "gone": 3.0}});
        let now = json!({"counted": {"a": 1.0, "b": 4.0, "new": 5.0}});
        assert_eq!(
            compared(Some(&kept), &now),
            "b: 2.0 in the kept run, 4.0 now\n1 of 3 counts are those of the kept run\n"
        );
        assert_eq!(compared(None, &kept), "0 of 3 counts are those of the kept run\n");
    }
}
