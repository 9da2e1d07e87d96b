//! How many decisions a second the backtest takes, lines not counted.
//!
//! The same night passes twice in turn: once only read, and once through the
//! backtest. What the second one takes beyond the first is what it takes to decide
//! about every request, with the engine and the counters of the edge, and to keep
//! the accounts of clients, visitors and cohorts. A request's route, agent and keys
//! the reading needs as well, and they count there. Time is that of the thread that
//! decides, so that other work on the machine counts as little as it can.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Serialize;
use tidegate::backtest;
use tidegate::beside::Beside;
use tidegate::ingest::{IngestError, Input, Options as Reading};
use tidegate::night::{Night, Source};
use tidegate_rules::Mode;
use tidegate_traffic::Scenario;

use crate::night::play;
use crate::promoted;

/// What is to be decided again.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The scenario.
    #[arg(long, default_value = "march-2025", value_name = "NAME")]
    scenario: String,
    /// How often it is measured; the median is shown.
    #[arg(long, default_value_t = 9)]
    turns: usize,
    /// Where its log lies while it is needed.
    #[arg(long, default_value = "target/outcome", value_name = "FOLDER")]
    work: PathBuf,
}

/// What it came to.
#[derive(Debug, Serialize)]
struct Run {
    command: &'static str,
    scenario: &'static str,
    requests: u64,
    /// CPU seconds to read the night, in each turn.
    read_seconds: Vec<f64>,
    /// CPU seconds to read it and to decide about it.
    decided_seconds: Vec<f64>,
    /// Decisions in a CPU second, by each turn.
    decisions_per_second: Vec<f64>,
}

/// Measures, keeps every figure in `bench/runs/backtest.json` and says the median.
///
/// # Errors
///
/// Where the scenario is unknown, or a file cannot be written or read.
pub fn run(options: &Options) -> Result<String> {
    ensure!(options.turns > 0, "`--turns` must be at least 1");
    let scenario = Scenario::named(&options.scenario, 1).with_context(|| {
        format!("no scenario `{}`: there are {}", options.scenario, Scenario::NAMES.join(", "))
    })?;
    let folder = options.work.join("backtest");
    let played = play(&scenario, &folder)?;
    let rules = promoted::site_rules(scenario.site)?;
    let trial = promoted::engine(rules, Mode::Enforce)?;
    let inputs = [Input::Path(played.records.clone())];
    let (secret, beside) = (promoted::secret(), Beside::default());
    let source = Source::Files { inputs: &inputs, options: Reading::default() };
    let night = Night { source, rules: &trial.rules, secret: &secret, beside };
    let mut found = Run {
        command: "cargo bench-backtest",
        scenario: scenario.name,
        requests: 0,
        read_seconds: Vec::new(),
        decided_seconds: Vec::new(),
        decisions_per_second: Vec::new(),
    };
    for _ in 0..options.turns {
        let (read, requests) = taken(|| {
            let mut requests = 0;
            night.pass(&mut |_| {}, &mut |_| requests += 1)?;
            Ok(requests)
        })?;
        let (decided, ()) = taken(|| backtest::run(&night, &trial, &mut |_| {}).map(|_| ()))?;
        found.requests = requests;
        found.read_seconds.push(read);
        found.decided_seconds.push(decided);
        found.decisions_per_second.push(requests as f64 / (decided - read));
    }
    std::fs::remove_dir_all(&folder)?;
    tidegate_kept::keep("backtest", &found)?;
    Ok(found.told())
}

impl Run {
    fn told(&self) -> String {
        let mut all = self.decisions_per_second.clone();
        all.sort_by(f64::total_cmp);
        let at = |place: usize| all.get(place).copied().unwrap_or_default() / 1e6;
        let (least, median, most) = (at(0), at(all.len() / 2), at(all.len() - 1));
        format!(
            "{} requests of {}: {median:.2} million decisions in a CPU second ({least:.2} to \
             {most:.2})\n",
            self.requests, self.scenario
        )
    }
}

/// CPU seconds that this thread takes for something.
fn taken<T>(does: impl FnOnce() -> Result<T, IngestError>) -> Result<(f64, T)> {
    let before = cpu_seconds()?;
    let done = does()?;
    Ok((cpu_seconds()? - before, done))
}

/// CPU time of this thread, as Linux tells it in nanoseconds.
fn cpu_seconds() -> Result<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat")
        .context("cannot read the CPU time of a thread, which only Linux tells")?;
    let nanoseconds = told.split_whitespace().next().and_then(|field| field.parse::<u64>().ok());
    Ok(nanoseconds.context("a strange `schedstat`")? as f64 / 1e9)
}
