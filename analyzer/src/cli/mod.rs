//! The command line `tidegate`: one file for each command.
//!
//! Results go to standard output, progress and trouble to standard error.

mod analyze;
mod backtest;
mod check;
mod pack;
mod promote;
mod shared;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Reads the logs, finds the crawlers, proposes rules with evidence.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, about, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a site's rule files: every mistake at once.
    Check(check::Check),
    /// Read logs, find crawlers, propose rules.
    Analyze(analyze::Analyze),
    /// Replay logs through the edge's own engine under some rules.
    Backtest(backtest::BacktestLogs),
    /// Record the review of proposed rules and put them among the learned ones.
    Promote(promote::Promote),
    /// Write a site's rules as the pack that the edge reads.
    Pack(pack::Pack),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For a terminal, at most 80 columns.
    Text,
    /// For other tools; the fields are stable.
    Json,
    /// For a report or a pull request.
    Markdown,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Nothing to report.
    Fine,
    /// Something could not be done.
    Failure,
    /// Findings, or a cohort over its budget.
    Findings,
    /// The rules are invalid.
    InvalidRules,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Failure => 1,
            Exit::Findings => 2,
            Exit::InvalidRules => 3,
        })
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Check(check) => check.run(),
        Command::Analyze(analyze) => analyze.run(),
        Command::Backtest(backtest) => backtest.run(),
        Command::Promote(promote) => promote.run(),
        Command::Pack(pack) => pack.run(),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => match error.downcast_ref::<tidegate_rules::Diagnostics>() {
            Some(mistakes) => {
                eprintln!("{mistakes}");
                Exit::InvalidRules.into()
            }
            // A reader that has enough, such as `head`, is no failure.
            None if is_broken_pipe(&error) => Exit::Fine.into(),
            None => {
                eprintln!("error: {error:#}");
                Exit::Failure.into()
            }
        },
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
