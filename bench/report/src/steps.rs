//! The benches, one after another: two at once would measure each other.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::peers;

/// A bench.
struct Step {
    /// Its name, and that of the file that it keeps.
    name: &'static str,
    /// The alias of `.cargo/config.toml` that runs it.
    alias: &'static str,
    /// What makes it short.
    quick: &'static [&'static str],
}

/// Those whose figures other work would spoil come first, so that the
/// machine is free for something else the sooner: the last two only count.
const STEPS: [Step; 10] = [
    Step { name: "engine", alias: "bench-engine", quick: &["--", "--turns", "1"] },
    Step { name: "cost", alias: "bench-cost", quick: &["--turns", "1", "--requests", "400"] },
    Step {
        name: "growth",
        alias: "bench-growth",
        quick: &["--quick", "--turns", "1", "--requests", "400"],
    },
    Step { name: "cells", alias: "bench-cells", quick: &["--turns", "1", "--seconds", "1"] },
    Step { name: "limiters", alias: "bench-limiters", quick: &["--quick"] },
    Step { name: "analyze", alias: "bench-analyze", quick: &["--lines", "100000", "--turns", "1"] },
    Step { name: "backtest", alias: "bench-backtest", quick: &["--turns", "1"] },
    Step { name: "store", alias: "bench-store", quick: &["--quick"] },
    Step { name: "outcome", alias: "bench-outcome", quick: &["--quick", "--scenario", "release"] },
    Step { name: "soak", alias: "bench-soak", quick: &["--seconds", "20", "--rate", "600"] },
];

/// Runs those that are named, or all; what they need is installed where that is
/// wanted.
///
/// # Errors
///
/// Where a name is unknown, a program is missing, or a bench fails.
pub(crate) fn run(only: &[String], quick: bool, install: bool) -> Result<()> {
    let names = STEPS.map(|step| step.name);
    for name in only {
        let known = names.join(", ");
        ensure!(names.contains(&name.as_str()), "no bench `{name}`: there are {known}");
    }
    let wanted = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    let steps: Vec<&Step> = STEPS.iter().filter(wanted).collect();
    peers::prepare(&steps.iter().map(|step| step.name).collect::<Vec<_>>(), install)?;
    let aside = std::env::temp_dir().join(format!("tidegate-bench-{}", std::process::id()));
    for (at, step) in (1..).zip(&steps) {
        let arguments = if quick { step.quick } else { &[] };
        let shown = [&[step.alias], arguments].concat().join(" ");
        eprintln!("{at} of {}: cargo {shown}", steps.len());
        let started = Instant::now();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.arg(step.alias).args(arguments);
        if quick {
            cargo.env(tidegate_kept::FOLDER, &aside);
        }
        let status = cargo.status().context("cannot run `cargo`")?;
        ensure!(status.success(), "`cargo {shown}` failed: {status}");
        eprintln!("{at} of {}: {} seconds", steps.len(), started.elapsed().as_secs());
    }
    if quick && aside.exists() {
        std::fs::remove_dir_all(aside)?;
    }
    Ok(())
}
