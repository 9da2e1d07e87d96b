//! Half an hour of mixed traffic through the real module, with new rules every ten
//! seconds and something broken half of the time: nobody may be refused wrongly, no
//! request may go unanswered, no record may be lost, and the guest may not grow.
//!
//! It runs in real time, and the module goes by its own clock: only the faults that
//! Viceroy cannot play, and the ids by which requests and records are matched, come
//! in through the harness door.
//!
//! Each answer says how much linear memory its guest has. That it does not grow
//! means less here than it would on Fastly, since Viceroy lets a sandbox serve six
//! requests at most. The memory of the whole process is kept beside it. That one
//! grows; Viceroy's cache is in it, and how much of the growth that is nobody looked.

mod crowd;
mod editions;
mod faults;
mod figures;
mod gate;
mod lanes;
mod ledger;
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use tidegate_local::{Flavour, Runtime, Stores};

use crate::origin::Origin;
use faults::Fault;
pub use figures::Figures;
use gate::Gate;
use ledger::{Breach, Ledger};
use world::World;

/// How long the records of the last requests may take.
const GRACE: Duration = Duration::from_secs(2);
/// Memory of the guest that nothing may exceed, in MiB.
const MEMORY_BOUND: u32 = 64;

/// What the soak may be told.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How long it takes.
    #[arg(long, default_value_t = 30)]
    pub minutes: u64,
    /// The same in seconds, for a short one of at least twenty.
    #[arg(long, conflicts_with = "minutes", value_parser = clap::value_parser!(u64).range(20..))]
    pub seconds: Option<u64>,
    /// Requests a second.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: u32,
}

impl Options {
    fn length(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(self.minutes * 60))
    }
}

/// Soaks, keeps the figures in `bench/runs/soak.json` and says them.
///
/// # Errors
///
/// As [`soak`], or where something happened that must not: what, is said.
pub async fn run(options: &Options) -> Result<String> {
    let figures = soak(options).await?;
    tidegate_kept::keep("soak", &figures)?;
    let told = figures.told();
    match figures.examples.as_slice() {
        [] => Ok(told),
        examples => bail!("{told}\nwhat must not be:\n{}", examples.join("\n")),
    }
}

/// Soaks, and says what came of it.
///
/// # Errors
///
/// Where the module does not build, or a file cannot be written.
pub async fn soak(options: &Options) -> Result<Figures> {
    let module = tokio::task::spawn_blocking(|| tidegate_local::build(Flavour::Harness));
    let module = module.await??;
    let folder = std::env::temp_dir().join(format!("tidegate-soak-{}", std::process::id()));
    let stores = Stores::create(&folder)?;
    let origin = Origin::start().await?;
    let gate = Gate::open(origin.address()).await?;
    let (length, rate) = (options.length(), options.rate);
    let requests = length.as_secs() * u64::from(rate);
    let ledger = Arc::new(Ledger::of(usize::try_from(requests)?));
    let hears = Arc::clone(&ledger);
    let builder = Runtime::builder(module)
        .origin(gate.url())
        .stores(stores.directory())
        .log(Arc::new(move |endpoint: &str, line: &str| hears.hears(endpoint, line)));
    let runtime = Arc::new(tokio::task::spawn_blocking(|| builder.build()).await??);

    let mut world = World { stores, gate, ledger: Arc::clone(&ledger), editions: 0 };
    world.publish().await?;
    let start = Instant::now();
    let sending = tokio::spawn(lanes::send(runtime, Arc::clone(&ledger), start, requests, rate));
    let memory = world.turn(start, length).await?;
    sending.await??;
    tokio::time::sleep(GRACE).await;
    ledger.close(requests);
    judge(&ledger, &memory, &world);
    std::fs::remove_dir_all(&folder)?;
    Ok(Figures::of(options, &ledger, &world, memory))
}

/// What shows only at the end: memory that grew, and a soak that met nothing.
fn judge(ledger: &Ledger, memory: &[world::Memory], world: &World) {
    let mut inner = ledger.lock();
    let (first, rest) = memory.split_at(memory.len() / 4);
    let most = |part: &[world::Memory]| part.iter().map(|at| at.guest_mib).max().unwrap_or(0);
    let (before, after) = (most(first), most(rest));
    // Told in whole MiB, so that one may be a page only.
    if after == 0 || after > before + 1 || after > MEMORY_BOUND {
        inner.breach(Breach::Heap, &format!("{before} MiB at first, {after} MiB later"));
    }
    let refused = inner.classes.values().map(|count| count.refused).sum::<u64>();
    let met = Fault::ALL.into_iter().all(|fault| ledger.spans.times(fault) > 0);
    if refused == 0 || !met || world.editions < 2 {
        inner.breach(Breach::Idle, "no refusal, a fault left out, or the same rules all the time");
    }
}
