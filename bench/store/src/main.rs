//! `cargo bench-store`: ten million lines into a ClickHouse engine on this machine,
//! counted there by the questions of `analyze --store`, and read back; every figure
//! kept in `bench/runs/store.json`.
//!
//! The engine is that of the store's tests, and has the same processors as whoever
//! asks: seconds say less than processor time does.

mod engine;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Parser;
use serde::Serialize;
use tempfile::TempDir;
use tidegate::beside::Beside;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Source};
use tidegate::rule_files;
use tidegate::store::{Layout, Location, Logs, Patience, Span, Store, Stored, take};
use tidegate_rules::{HashKey, Ruleset};

use engine::{Engine, own_cpu};

/// The rules that lines are read by.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/docs-rs.toml");

/// The questions in their order; the first two are about the window as a whole.
const QUESTIONS: [&str; 17] = [
    "window",
    "minutes",
    "origin",
    "features of clients",
    "chain of clients",
    "tail of clients",
    "features of visitors",
    "chain of visitors",
    "tail of visitors",
    "features of networks",
    "chain of networks",
    "tail of networks",
    "features of crowds",
    "chain of crowds",
    "tail of crowds",
    "features of swarms",
    "tail of swarms",
];

/// What a store of many lines takes to fill and to ask.
#[derive(Debug, Parser)]
#[command(name = "bench-store", version, about, max_term_width = 80)]
struct Arguments {
    /// Lines in the store, over ten days.
    #[arg(long, default_value_t = 10_000_000)]
    lines: u64,
    /// Few lines, to see that it runs; writes nothing.
    #[arg(long)]
    quick: bool,
}

/// What something took.
#[derive(Debug, Clone, Copy, Serialize)]
struct Took {
    /// Seconds from start to end.
    wall: f64,
    /// Seconds of processor time of the engine.
    server_cpu: f64,
    /// Seconds of processor time of whoever fills or asks.
    own_cpu: f64,
}

#[derive(Debug, Serialize)]
struct Run {
    command: String,
    lines: u64,
    /// Clients in the store, and those of whom figures came over the wire.
    clients: u64,
    ingest: Took,
    questions: Vec<(&'static str, Took)>,
    /// All of them, and what is made of the answers.
    count: Took,
    /// Every line back, in the order of time.
    read: Took,
    engine_peak_mb: f64,
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
    let lines = if arguments.quick { 50_000 } else { arguments.lines };
    let folder = TempDir::new()?;
    let log = folder.path().join("access.log.zst");
    eprintln!("writing {lines} lines");
    write(&log, lines)?;
    let engine = Engine::start(&folder.path().join("tables"))?;
    let rules = rule_files::compile(RULES, &[])?.rules;
    let location = Location::from_argument(&engine.url)?;
    let store = Store::open(&location, &Layout::default(), Patience::default())?;
    let secret = HashKey::default();
    eprintln!("storing them");
    let ((), ingest) = timed(&engine, || {
        let (inputs, options) = ([Input::Path(log.clone())], Options::default());
        let (rules, secret, beside) = (&rules, &secret, Beside::default());
        take(
            &store,
            &Logs { inputs: &inputs, options, rules, version: "", secret, beside },
            &mut |_| {},
        )?;
        Ok(())
    })?;
    let stored = Stored::find(&store, &rules.site, Span { from: None, until: None })?;
    let night = night(&stored, &rules, &secret);
    let mut watch = Watch::new(&engine);
    let (counted, count) =
        timed(&engine, || stored.count(&night, &mut |step, steps| watch.next(step, steps)))?;
    let questions = watch.end()?;
    eprintln!("reading them back");
    let (read_back, read) = timed(&engine, || {
        let mut seen = 0_u64;
        night.pass(&mut |_| {}, &mut |_| seen += 1)?;
        Ok(seen)
    })?;
    ensure!(read_back > 0, "nothing came back");
    let run = Run {
        command: format!("cargo bench-store --lines {lines}"),
        lines,
        clients: counted.clients_total,
        ingest,
        questions,
        count,
        read,
        engine_peak_mb: engine.peak_mb()?,
    };
    let told = told(&run);
    if arguments.quick {
        return Ok(told);
    }
    tidegate_kept::keep("store", run)?;
    Ok(format!("{told}\nevery figure: bench/runs/store.json\n"))
}

/// Writes a log, compressed: ten million lines are six gigabytes.
fn write(log: &Path, lines: u64) -> Result<()> {
    let mut file = zstd::Encoder::new(File::create(log)?, 1)?;
    let options = tidegate_bench_lines::Options {
        lines,
        hours: 240,
        ..tidegate_bench_lines::Options::default()
    };
    tidegate_bench_lines::write(&options, &mut file)?;
    Ok(file.finish()?.flush()?)
}

fn night<'n>(stored: &'n Stored<'n>, rules: &'n Ruleset, secret: &'n HashKey) -> Night<'n> {
    Night { source: Source::Stored(stored), rules, secret, beside: Beside::default() }
}

fn timed<T>(engine: &Engine, work: impl FnOnce() -> Result<T>) -> Result<(T, Took)> {
    let mark = Mark::now(engine)?;
    let done = work()?;
    Ok((done, mark.took(engine)?))
}

/// A moment, and the processor time that was taken until then.
struct Mark {
    at: Instant,
    server_cpu: f64,
    own_cpu: f64,
}

impl Mark {
    fn now(engine: &Engine) -> Result<Self> {
        Ok(Self { at: Instant::now(), server_cpu: engine.cpu()?, own_cpu: own_cpu()? })
    }

    fn took(&self, engine: &Engine) -> Result<Took> {
        let now = Self::now(engine)?;
        Ok(Took {
            wall: (now.at - self.at).as_secs_f64(),
            server_cpu: now.server_cpu - self.server_cpu,
            own_cpu: now.own_cpu - self.own_cpu,
        })
    }
}

/// Sees each question begin, and so the one before it end.
struct Watch<'e> {
    engine: &'e Engine,
    marks: Vec<Result<Mark>>,
}

impl<'e> Watch<'e> {
    const fn new(engine: &'e Engine) -> Self {
        Self { engine, marks: Vec::new() }
    }

    fn next(&mut self, step: u64, steps: u64) {
        let name = usize::try_from(step).ok().and_then(|step| QUESTIONS.get(step));
        eprintln!("question {} of {steps}: {}", step + 1, name.unwrap_or(&"?"));
        self.marks.push(Mark::now(self.engine));
    }

    fn end(self) -> Result<Vec<(&'static str, Took)>> {
        let asked = self.marks.len();
        ensure!(
            asked == QUESTIONS.len(),
            "{asked} questions were asked, of which not all have a name"
        );
        let marks = self.marks.into_iter().collect::<Result<Vec<_>>>()?;
        let last = Mark::now(self.engine)?;
        let ends = marks.iter().skip(1).chain([&last]);
        let took = marks.iter().zip(ends).map(|(begin, end)| Took {
            wall: (end.at - begin.at).as_secs_f64(),
            server_cpu: end.server_cpu - begin.server_cpu,
            own_cpu: end.own_cpu - begin.own_cpu,
        });
        Ok(QUESTIONS.into_iter().zip(took).collect())
    }
}

fn told(run: &Run) -> String {
    let mut text = format!(
        "{} lines, {} clients\n{:<24} {:>9} {:>12} {:>9}\n",
        run.lines, run.clients, "", "seconds", "server CPU", "own CPU"
    );
    let questions = run.questions.iter().map(|(name, took)| (*name, took));
    let rows = [("stored", &run.ingest)].into_iter().chain(questions);
    for (name, took) in rows.chain([("all questions", &run.count), ("read back", &run.read)]) {
        let Took { wall, server_cpu, own_cpu } = took;
        text += &format!("{name:<24} {wall:>9.2} {server_cpu:>12.2} {own_cpu:>9.2}\n");
    }
    text + &format!("the engine's most memory: {:.0} MB\n", run.engine_peak_mb)
}
