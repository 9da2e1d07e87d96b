//! `cargo bench-analyze`: what a line costs `tidegate analyze`, beside the
//! decompressors' own programs and goaccess, turn about in one run; medians and
//! ratios printed, every figure kept in `bench/runs/analyze.json`.
//!
//! One pass is what standard input gets, which cannot be read again. Of a file
//! the whole command reads more, since it tries the rules that it proposes.

mod inputs;
mod process;
mod report;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Parser;

use inputs::Inputs;
use process::{Took, timed, timed_behind, version};

/// What a line costs `tidegate analyze`.
#[derive(Debug, Clone, Parser)]
#[command(version, about, max_term_width = 80)]
struct Arguments {
    /// Lines of each log.
    #[arg(long, default_value_t = 5_000_000)]
    lines: u64,
    /// How often each is read; medians are shown.
    #[arg(long, default_value_t = 5)]
    turns: usize,
    /// A tenth of the lines, three turns, no look at memory: for a first idea.
    #[arg(long)]
    quick: bool,
}

/// Every figure, by what was measured.
type Figures = BTreeMap<String, Vec<Took>>;

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.quick {
        (arguments.lines, arguments.turns) = (arguments.lines / 10, 3);
    }
    let said = run(&arguments).and_then(|figures| report::keep(&arguments, &figures));
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

fn run(arguments: &Arguments) -> Result<Figures> {
    let inputs = Inputs::make(arguments.lines)?;
    let mut figures = Figures::new();
    for turn in 0..arguments.turns {
        eprintln!("turn {} of {}", turn + 1, arguments.turns);
        for name in ["fastly", "fastly.gz", "fastly.zst", "combined"] {
            let took = timed(inputs.analyze(None), Some(&inputs.file(name)))?;
            figures.entry(format!("pass/{name}")).or_default().push(took);
        }
        for name in ["fastly", "combined"] {
            let took = timed(inputs.analyze(Some(name)), None)?;
            figures.entry(format!("whole/{name}")).or_default().push(took);
        }
        for (program, name) in [("zcat", "fastly.gz"), ("zstd", "fastly.zst")] {
            if version(program).is_some() {
                let mut command = Command::new(program);
                command.args(["-d", "-c"]);
                let took = timed(command, Some(&inputs.file(name)))?;
                figures.entry(format!("{program}/{name}")).or_default().push(took);
            }
        }
    }
    // Once is enough: it is slower by far more than turns differ.
    for name in ["fastly", "combined"] {
        if version("goaccess").is_some() {
            eprintln!("goaccess: {name}");
            let took = timed(inputs.goaccess(name), None)?;
            figures.entry(format!("goaccess/{name}")).or_default().push(took);
        }
    }
    for times in [1, 10].into_iter().filter(|_| !arguments.quick) {
        let lines = times * arguments.lines;
        eprintln!("memory: {lines} lines by {} clients", arguments.lines);
        let writer = inputs.lines(lines, arguments.lines)?;
        let took = timed_behind(writer, inputs.analyze(None))?;
        figures.entry(format!("memory/{times}")).or_default().push(took);
    }
    Ok(figures)
}
