//! Writes log lines to standard output.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use clap::Parser;
use tidegate_bench_lines::{Options, write};

/// Log lines of a site like docs.rs, as many as one likes.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 80)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    match write(&Arguments::parse().options, &mut io::stdout().lock()) {
        // Whoever reads has enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write the lines: {error}");
            ExitCode::FAILURE
        }
        Ok(()) => ExitCode::SUCCESS,
    }
}
