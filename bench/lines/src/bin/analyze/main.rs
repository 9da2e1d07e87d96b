//! `cargo bench-analyze`: what a line costs `tidegate analyze`, beside the
//! decompressors' own programs, other readers of logs and programs that only count
//! lines, turn about in one run; medians and ratios printed, every figure kept in
//! `bench/runs/analyze.json`.
//!
//! One pass is what standard input gets, which cannot be read again. Of a file
//! the whole command reads more, since it tries the rules that it proposes.

mod crowdsec;
mod growth;
mod inputs;
mod peers;
mod process;
mod report;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use growth::growth;
use inputs::Inputs;
use process::{Took, timed, timed_behind};

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
    peers::tell_missing();
    let lines = arguments.lines;
    let inputs = Inputs::make(lines)?;
    let mut figures = Figures::new();
    peers::readers(&inputs, lines, &mut figures)?;
    for turn in 0..arguments.turns {
        eprintln!("turn {} of {}", turn + 1, arguments.turns);
        for name in ["fastly", "fastly.gz", "fastly.zst", "combined"] {
            let took = timed(inputs.analyze(None), Some(&inputs.file(name)), lines)?;
            figures.entry(format!("pass/{name}")).or_default().push(took);
        }
        for name in ["fastly", "combined"] {
            let took = timed(inputs.analyze(Some(name)), None, lines)?;
            figures.entry(format!("whole/{name}")).or_default().push(took);
        }
        peers::limits(&inputs, lines, &mut figures)?;
        eprintln!("growth");
        growth(&inputs, lines, &mut figures)?;
    }
    for times in [1, 10].into_iter().filter(|_| !arguments.quick) {
        let many = times * lines;
        eprintln!("memory: {many} lines by {lines} clients");
        let writer = inputs.lines(many, lines)?;
        let took = timed_behind(writer, inputs.analyze(None), many)?;
        figures.entry(format!("memory/{times}")).or_default().push(took);
    }
    Ok(figures)
}
