//! Tidegate's proving ground: `cargo demo` is the whole loop in two minutes.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tidegate_bench::demo;

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
}

fn main() -> ExitCode {
    let Command::Demo(options) = Arguments::parse().command;
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the async runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(demo::run(&options, &demo::Terminal::new())) {
        Ok(story) => {
            print!("{}", demo::closing(&story));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
