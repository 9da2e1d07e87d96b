//! `cargo bench-limiters`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tidegate_bench_limiters::{erl, run};

/// The same arrivals to Tidegate's budgets, nginx, HAProxy, governor and a model
/// of Fastly's rate counters: who lets what through.
#[derive(Debug, Parser)]
#[command(name = "bench-limiters", version, about, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: run::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What a limit over Fastly's rate counters means, by the model of them: the
    /// table of `docs/cells.md`
    Counters,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let said = match arguments.command {
        Some(Command::Counters) => erl::table::markdown(),
        None => run::run(&arguments.options),
    };
    match said {
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
