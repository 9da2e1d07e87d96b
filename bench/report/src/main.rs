//! `cargo bench-report`: every bench in turn, and `bench/RESULTS.md` from what they
//! kept.
//!
//! Figures are kept by the benches themselves, in `bench/runs`; the page is made
//! from those files alone, so that whoever doubts a row can look at what it was
//! made from, and make it again with the command beside it.

mod limiters;
mod page;
mod readers;
mod steps;
mod store;
mod tables;
mod targets;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

/// Runs every bench and writes `bench/RESULTS.md` from what they found.
#[derive(Debug, Parser)]
#[command(name = "bench-report", version, about, max_term_width = 80)]
struct Arguments {
    /// Little of everything, to see that it runs: no file of the repository is
    /// written
    #[arg(long, conflicts_with = "only_write")]
    quick: bool,
    /// Run nothing: write the page from the runs that are kept
    #[arg(long)]
    only_write: bool,
    /// Only these benches; may be given more than once
    #[arg(long = "only", value_name = "NAME", conflicts_with = "only_write")]
    only: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
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

fn run(arguments: &Arguments) -> Result<String> {
    if !arguments.only_write {
        steps::run(&arguments.only, arguments.quick)?;
    }
    if arguments.quick {
        return Ok("every bench runs\n".to_owned());
    }
    let page = page::markdown(&mut tidegate_kept::kept)?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../RESULTS.md");
    std::fs::write(&file, &page).with_context(|| format!("cannot write `{}`", file.display()))?;
    Ok(page)
}
