//! Tidegate's proving ground: `cargo demo` is the whole loop in two minutes.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use tidegate_bench::{cells, cost, demo, growth, soak};

/// Traffic with truth, played through the real edge module.
#[derive(Debug, Parser)]
#[command(name = "tidegate-bench", version, about, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The loop, closed once: a crawler takes docs.rs down, the analyzer finds
    /// it, a rule goes in without a restart, the next night is quiet.
    Demo(demo::Options),
    /// How far a flood on one key exceeds its budget in the cache; every figure
    /// goes into `bench/runs/cells.json`.
    Cells(cells::Options),
    /// What the module costs beside one that only forwards, part by part; every
    /// figure goes into `bench/runs/cost.json`.
    Cost(cost::Options),
    /// How the cost grows with rules, networks and keys, in instructions and in time;
    /// every figure goes into `bench/runs/growth.json`.
    Growth(growth::Options),
    /// Half an hour of mixed traffic, with new rules every ten seconds and faults in
    /// turn; every figure goes into `bench/runs/soak.json`.
    Soak(soak::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
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

fn run(command: Command) -> Result<String> {
    let runtime = || tokio::runtime::Runtime::new().context("cannot start the async runtime");
    match command {
        Command::Demo(options) => {
            let story = runtime()?.block_on(demo::run(&options, &demo::Terminal::new()))?;
            Ok(demo::closing(&story))
        }
        Command::Cells(options) => runtime()?.block_on(cells::run(&options)),
        Command::Cost(options) => runtime()?.block_on(cost::run(&options)),
        Command::Growth(options) => runtime()?.block_on(growth::run(&options)),
        Command::Soak(options) => runtime()?.block_on(soak::run(&options)),
    }
}
