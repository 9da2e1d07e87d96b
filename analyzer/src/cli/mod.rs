//! The command line `tidegate`: one file for each command.
//!
//! Results go to standard output, progress and trouble to standard error.

mod analyze;
mod backtest;
mod cases;
mod check;
mod completions;
mod effect;
mod explain;
mod file;
mod fmt;
mod gate;
mod ingest;
mod known;
mod man;
mod pack;
mod promote;
mod publish;
mod reading;
mod report;
mod rollback;
mod schema;
mod shared;
mod source;
mod status;
mod stores;
mod switch;
mod told;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

/// What scripts can rely on; [`Exit`] says the same.
const EXIT_CODES: &str = "\
Exit codes:
  0  nothing to report
  1  something could not be done, or a log ended early
  2  findings, a cohort over its budget, a rule that hurts more than it may, a
     case that fails, or a denied warning; with `fmt --check`, a file that is not formatted; with `status`, a pack that
     is not whole
  3  the rules are invalid";

/// Reads the logs, finds the crawlers, proposes rules with evidence.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, about, max_term_width = 80, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a site's rule files and its cases: every mistake at once.
    Check(check::Check),
    /// Format rule files and cases, comments kept.
    Fmt(fmt::Fmt),
    /// Read logs, find crawlers, propose rules.
    Analyze(analyze::Analyze),
    /// Tell a night of logs: findings, proposed rules, what rules in force did.
    Report(report::ShowReport),
    /// Replay logs through the edge's own engine under some rules.
    Backtest(backtest::Backtest),
    /// Compare what rules did at the edge with what was predicted.
    Effect(effect::ShowEffect),
    /// Explain one request's decision, step by step.
    Explain(explain::Explain),
    /// Store logs in a ClickHouse database.
    Ingest(ingest::Ingest),
    /// Follow logs while they are written, and tell what is new.
    Watch(watch::WatchLogs),
    /// Record the review of proposed rules and put them among the learned ones.
    Promote(promote::Promote),
    /// Write a site's rules as the pack that the edge reads.
    Pack(pack::Pack),
    /// Put a site's rules in force at the edge, without a deploy.
    Publish(publish::Publish),
    /// Put rules in force again that were in force before.
    Rollback(rollback::Rollback),
    /// Set a site's mode at once: off, shadow or enforce.
    Switch(switch::Switch),
    /// Tell what is in force at a site, and what was.
    Status(status::ShowStatus),
    /// Print the rule language as a JSON Schema for editors.
    Schema(schema::Schema),
    /// Print what a shell needs to complete this program's arguments.
    Completions(completions::Completions),
    /// Write this program's manual pages into a folder.
    Man(man::Man),
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
    /// Something could not be done, or a log ended early.
    Failure,
    /// Findings, a cohort over its budget, a case that fails, a denied warning, or
    /// a pack that is not whole.
    Findings,
    /// The rules are invalid.
    InvalidRules,
}

impl Exit {
    /// How a night of logs ends: what was found in part of a log says little
    /// about the whole.
    fn of_night(is_whole: bool, has_findings: bool) -> Self {
        match (is_whole, has_findings) {
            (false, _) => Self::Failure,
            (true, true) => Self::Findings,
            (true, false) => Self::Fine,
        }
    }
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
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => return mistaken(&told).into(),
    };
    let result = match arguments.command {
        Command::Check(check) => check.run(),
        Command::Fmt(fmt) => fmt.run(),
        Command::Analyze(analyze) => analyze.run(),
        Command::Report(report) => report.run(),
        Command::Backtest(backtest) => backtest.run(),
        Command::Effect(effect) => effect.run(),
        Command::Explain(explain) => explain.run(),
        Command::Ingest(ingest) => ingest.run(),
        Command::Watch(watch) => watch.run(),
        Command::Promote(promote) => promote.run(),
        Command::Pack(pack) => pack.run(),
        Command::Publish(publish) => publish.run(),
        Command::Rollback(rollback) => rollback.run(),
        Command::Switch(switch) => switch.run(),
        Command::Status(status) => status.run(),
        Command::Schema(schema) => schema.run(),
        Command::Completions(completions) => completions.run(Arguments::command()),
        Command::Man(man) => man.run(Arguments::command()),
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

/// Wrong arguments, or somebody asks for help. Left to itself, clap would end
/// with the code of a finding.
fn mistaken(told: &clap::Error) -> Exit {
    // Whether standard error can still be written to changes nothing.
    let _ = told.print();
    if told.use_stderr() { Exit::Failure } else { Exit::Fine }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
