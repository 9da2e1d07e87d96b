//! `cargo bench-outcome`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use tidegate_bench_outcome::{backtest, night, run};
use tidegate_traffic::Scenario;

/// What rules and today's limits make of every scenario, by the truth.
#[derive(Debug, Parser)]
#[command(name = "bench-outcome", version, about, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    table: run::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the logs of one night: `access.log`, `records.log`, and the truth
    /// in `truth.jsonl`, one line for each visitor.
    Traffic(Traffic),
    /// How many decisions a second the backtest takes; goes to
    /// `bench/runs/backtest.json`.
    Backtest(backtest::Options),
}

/// One night.
#[derive(Debug, clap::Args)]
struct Traffic {
    /// The scenario.
    #[arg(long, value_name = "NAME")]
    scenario: String,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the logs go.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Some(Command::Traffic(traffic)) => traffic.write(),
        Some(Command::Backtest(options)) => backtest::run(options),
        None => run::run(&arguments.table),
    };
    match done {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Traffic {
    fn write(&self) -> Result<String> {
        let scenario = Scenario::named(&self.scenario, self.seed).with_context(|| {
            format!("no scenario `{}`: there are {}", self.scenario, Scenario::NAMES.join(", "))
        })?;
        let played = night::play(&scenario, &self.out)?;
        std::fs::write(self.out.join("truth.jsonl"), played.truth.lines()?)?;
        let visitors = played.truth.visitors();
        let requests: u64 = visitors.map(|visitor| visitor.requests).sum();
        Ok(format!("{requests} requests in `{}`\n", self.out.display()))
    }
}
