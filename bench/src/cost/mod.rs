//! What the module costs, part by part, beside one that only forwards: the same
//! runtime, the same traffic, turn about in one run.
//!
//! There are two of these. One forwards all to the origin, as the local runtime
//! does by itself: it has no read-through cache. The other has the small cache of
//! the harness build in front of the origin, as Tidegate has here: beside it, only
//! Tidegate's own work differs. A third one, which is no part of Tidegate, counts
//! requests per address, as the limits do that it is to replace.

pub(crate) mod load;
mod starts;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use clap::Args;
use serde::Serialize;
use tidegate_local::{Flavour, Runtime, Stores};
use tidegate_rules::{Ruleset, compile, pack};

use crate::origin::Origin;
use load::{Took, load};
use starts::Starts;

/// The rules that stand in front of docs.rs.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/docs-rs.toml");

/// Clients that take turns: so many that none of them is throttled.
const CLIENTS: u32 = 20_000;

/// What the measurement may be told.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How often each module is measured; medians are shown.
    #[arg(long, default_value_t = 9)]
    pub turns: u32,
    /// Requests of each measurement.
    #[arg(long, default_value_t = 4_000)]
    pub requests: u32,
}

/// One module as it is measured. Each does what the one before it does, and one
/// thing more, but for the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Forward,
    Cache,
    Count,
    Off,
    Observe,
    Decide,
    Record,
}

impl Part {
    const ALL: [Self; 7] = [
        Self::Forward,
        Self::Cache,
        Self::Count,
        Self::Off,
        Self::Observe,
        Self::Decide,
        Self::Record,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Forward => "forwards all to the origin",
            Self::Cache => "forwards what is not in the cache",
            Self::Count => "beside it counts per address",
            Self::Off => "asks the site switch: off",
            Self::Observe => "observes, with no rule",
            Self::Decide => "decides by docs.rs's rules",
            Self::Record => "records every request",
        }
    }

    fn mode(self) -> Option<&'static str> {
        match self {
            Self::Forward | Self::Cache | Self::Count => None,
            Self::Off => Some("off"),
            Self::Observe | Self::Decide | Self::Record => Some("enforce"),
        }
    }

    fn flavour(self) -> Flavour {
        match self {
            Self::Forward => Flavour::Forward,
            Self::Cache => Flavour::ForwardCached,
            Self::Count => Flavour::Count,
            Self::Off | Self::Observe | Self::Decide | Self::Record => Flavour::Measured,
        }
    }

    fn rules(self) -> Result<Ruleset> {
        let mut read = |file: &str| std::fs::read_to_string(file).map_err(|e| e.to_string());
        let compiled = match self {
            Self::Observe => compile("none", &mut |_| Ok("format = 1\nsite = \"x\"".to_owned())),
            _ => compile(RULES, &mut read),
        };
        let mut rules = compiled.map_err(|mistakes| anyhow!("{mistakes}"))?.rules;
        rules.sampled = if self == Self::Record { 100 } else { 0 };
        Ok(rules)
    }
}

/// What one measurement came to.
#[derive(Debug, Clone, Copy, Serialize)]
struct Figure {
    /// Requests answered each second.
    per_second: f64,
    /// CPU time of a request in microseconds, of all that takes part.
    cpu_us: f64,
}

impl Figure {
    fn of(took: Took, requests: u32) -> Self {
        let requests = f64::from(requests);
        Self {
            per_second: requests / took.wall.as_secs_f64(),
            cpu_us: took.cpu.as_secs_f64() * 1e6 / requests,
        }
    }
}

type Figures = BTreeMap<Part, Vec<Figure>>;

/// Measures every part, keeps every figure and says the medians.
///
/// # Errors
///
/// Where a module does not build or fails a request, or a file cannot be
/// written.
pub async fn run(options: &Options) -> Result<String> {
    let origin = Origin::start().await?;
    let folder = std::env::temp_dir().join(format!("tidegate-cost-{}", std::process::id()));
    let mut runtimes = Vec::new();
    for (part, number) in Part::ALL.into_iter().zip(0_u8..) {
        let build = move || tidegate_local::build(part.flavour());
        let module = tokio::task::spawn_blocking(build).await??;
        let runtime =
            start(&module, &origin, &folder.join(number.to_string()), &part.rules()?, part.mode())
                .await?;
        load(&runtime, CLIENTS, 0, options.requests / 4).await?;
        runtimes.push((part, runtime));
    }
    // Whoever still waits for a request has ended by then.
    tokio::time::sleep(starts::IDLE).await;
    let mut starts = BTreeMap::new();
    for (part, runtime) in &runtimes {
        eprintln!("starts of the one that {}", part.name());
        starts.insert(*part, starts::starts(runtime, options.requests / 20).await?);
    }
    let mut figures = Figures::new();
    for turn in 1..=options.turns {
        eprintln!("turn {turn} of {}", options.turns);
        // Whoever goes first has the cooler machine.
        runtimes.rotate_left(1);
        for (part, runtime) in &runtimes {
            let took = load(runtime, CLIENTS, turn * options.requests, options.requests).await?;
            figures.entry(*part).or_default().push(Figure::of(took, options.requests));
        }
    }
    drop(runtimes);
    std::fs::remove_dir_all(&folder)?;
    let deployed = || tidegate_local::build(Flavour::Production);
    let deployed = tokio::task::spawn_blocking(deployed).await??;
    keep(options, &figures, &starts, std::fs::metadata(deployed)?.len())?;
    Ok(table(&figures, &starts))
}

/// Starts a module with these rules, in a folder of its own.
pub(crate) async fn start(
    module: &Path,
    origin: &Origin,
    folder: &Path,
    rules: &Ruleset,
    mode: Option<&str>,
) -> Result<Arc<Runtime>> {
    std::fs::create_dir_all(folder)?;
    let stores = Stores::create(folder.join("stores"))?;
    let pack::Entries { pointer, entries } = pack::to_entries(&pack::encode(rules)?)?;
    stores.publish(&entries, &pointer)?;
    stores.set_mode(mode)?;
    let builder = Runtime::builder(module).origin(origin.url()).stores(stores.directory());
    let runtime = tokio::task::spawn_blocking(|| builder.build()).await??;
    Ok(Arc::new(runtime))
}

/// The medians, as Markdown. A share is the median of those of each turn.
fn table(figures: &Figures, starts: &BTreeMap<Part, Starts>) -> String {
    let mut text = String::from(
        "| the module | requests/s | of the first | of the second | CPU µs a request | new sandbox µs | \
         reused µs |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let of = |part| figures.get(&part).map_or(&[][..], Vec::as_slice);
    for part in Part::ALL {
        let per_second = median(of(part).iter().map(|figure| figure.per_second));
        let cpu_us = median(of(part).iter().map(|figure| figure.cpu_us));
        let [first, second] = [Part::Forward, Part::Cache].map(|forwards| {
            let turns = of(part).iter().zip(of(forwards));
            median(turns.map(|(own, forwards)| own.per_second / forwards.per_second))
        });
        let (new, reused) = starts.get(&part).map(Starts::medians).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {per_second:.0} | {first:.2} | {second:.2} | {cpu_us:.0} | {new:.0} | \
             {reused:.0} |",
            part.name(),
        );
    }
    text
}

pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<_> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn keep(
    options: &Options,
    figures: &Figures,
    starts: &BTreeMap<Part, Starts>,
    module_bytes: u64,
) -> Result<()> {
    let started = starts.iter().map(|(part, own)| (part.name(), own.by_place()));
    let named = figures.iter().map(|(part, own)| (part.name(), own));
    let run = serde_json::json!({
        "command": "cargo bench-cost",
        "turns": options.turns,
        "requests": options.requests,
        "module_bytes": module_bytes,
        "figures": named.collect::<BTreeMap<_, _>>(),
        "starts_us": started.collect::<BTreeMap<_, _>>(),
        "table": table(figures, starts),
    });
    tidegate_kept::keep("cost", run)
}
