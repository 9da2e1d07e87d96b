//! Every trace through every limiter, turn about; every figure kept in
//! `bench/runs/limiters.json`.

mod table;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::bucket::Buckets;
use crate::judge::{Got, judge};
use crate::served::player::{Asking, flood, play};
use crate::served::{SERVED, Served, Servers};
use crate::simulated::{GOVERNOR, SIMULATED, TIDEGATE, admitted_by};
use crate::trace::{self, Trace};
use crate::{LIMIT, Limit};

/// Who asks at once where that is the question.
const AT_ONCE: usize = 8;

/// How long servers are asked as fast as they answer.
const FLOOD: Duration = Duration::from_secs(1);

/// Requests of the threads, and milliseconds between them: ten times the limit.
const THREADS: (u64, u64) = (20_000, 2);

/// The traces of a quick run.
const QUICK: [&str; 1] = ["bursts"];

/// How much of it.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How often servers are asked, and threads; medians are shown.
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub turns: usize,
    /// One turn and one trace for the servers, to see that it runs; writes nothing.
    #[arg(long)]
    pub quick: bool,
}

/// What came of everybody.
#[derive(Debug, Serialize)]
struct Run {
    command: String,
    limit: Limit,
    turns: usize,
    versions: [String; 2],
    traces: BTreeMap<&'static str, &'static str>,
    limiters: BTreeMap<&'static str, &'static str>,
    /// By limiter and trace; of simulated ones, whose turns are all alike, one.
    figures: BTreeMap<&'static str, BTreeMap<&'static str, Vec<Got>>>,
    /// By limiter: eight who ask for one key at once, as fast as they can.
    at_once: BTreeMap<&'static str, Vec<AtOnce>>,
}

/// What eight got that asked at once.
#[derive(Debug, Clone, Copy, Serialize)]
struct AtOnce {
    asked: u64,
    admitted: u64,
    /// What an exact bucket would have let through.
    ideal: u64,
}

/// Plays everything and returns the tables.
///
/// # Errors
///
/// Where a server's program is missing or fails.
pub fn run(options: &Options) -> Result<String> {
    let turns = if options.quick { 1 } else { options.turns };
    let servers = Servers::start(LIMIT)?;
    let traces = trace::all();
    let mut run = Run {
        command: format!("cargo bench-limiters --turns {turns}"),
        limit: LIMIT,
        turns,
        versions: servers.versions.clone(),
        traces: traces.iter().map(|trace| (trace.name, trace.told)).collect(),
        limiters: SIMULATED
            .map(|limiter| (limiter.name, limiter.told))
            .into_iter()
            .chain(SERVED.map(|limiter| (limiter.name, limiter.told)))
            .collect(),
        figures: BTreeMap::new(),
        at_once: BTreeMap::new(),
    };
    for limiter in SIMULATED {
        for trace in &traces {
            run.add(limiter.name, trace, limiter.play(LIMIT, trace)?);
        }
    }
    for turn in 1..=turns {
        run.turn(turn, &servers, options.quick, &traces)?;
    }
    let tables = table::text(&run);
    if options.quick {
        return Ok(tables);
    }
    tidegate_kept::keep("limiters", run)?;
    Ok(format!("{tables}\nevery figure, and what the names mean: bench/runs/limiters.json\n"))
}

impl Run {
    fn add(&mut self, limiter: &'static str, trace: &Trace, got: Got) {
        let traces = self.figures.entry(limiter).or_default();
        traces.entry(trace.name).or_default().push(got);
    }

    fn turn(&mut self, turn: usize, servers: &Servers, quick: bool, all: &[Trace]) -> Result<()> {
        let turns = self.turns;
        let short = all.iter().filter(|trace| !trace::is_long(trace));
        for trace in short.filter(|trace| !quick || QUICK.contains(&trace.name)) {
            eprintln!("turn {turn} of {turns}: {}", trace.name);
            let says =
                |served: &Served| served.traces.is_empty() || served.traces.contains(&trace.name);
            for served in SERVED.into_iter().filter(says) {
                let tag = format!("{turn}-{}", trace.name);
                let asking = asking(servers, served, &tag);
                self.add(served.name, trace, judge(LIMIT, &play(asking, &trace.arrivals)?));
            }
        }
        eprintln!("turn {turn} of {turns}: {AT_ONCE} at once");
        for name in [TIDEGATE, GOVERNOR] {
            self.at_once.entry(name).or_default().push(threads(name)?);
        }
        for served in SERVED.into_iter().filter(|served| served.traces.is_empty()) {
            let tag = format!("{turn}-flood");
            let told = flood(asking(servers, served, &tag), FLOOD)?;
            let Got { asked, admitted, ideal, .. } = judge(LIMIT, &told);
            self.at_once.entry(served.name).or_default().push(AtOnce { asked, admitted, ideal });
        }
        Ok(())
    }
}

fn asking<'a>(servers: &Servers, served: Served, tag: &'a str) -> Asking<'a> {
    let Served { path, connections, .. } = served;
    Asking { port: servers.port(served), path, tag, connections }
}

fn threads(name: &str) -> Result<AtOnce> {
    let (asked, every_ms) = THREADS;
    let admitted = admitted_by(name, LIMIT, AT_ONCE, asked, every_ms)?;
    let mut bucket = Buckets::new(LIMIT);
    let ideal = (0..asked).filter(|number| bucket.admits(0, number * every_ms * 1_000)).count();
    Ok(AtOnce { asked, admitted, ideal: ideal as u64 })
}
