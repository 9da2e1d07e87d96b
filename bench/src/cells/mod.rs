//! Over-admission of cells in the cache, measured through the real module.
//!
//! The cache has no compare-and-swap: requests that overlap on one cell are
//! charged once, so a flood on one key gets more than its budget. How much more
//! is measured here, for a key in one cell and for one in shards, in real time and
//! with the build that is deployed. Viceroy's cache answers within the process;
//! Fastly's takes longer, and so more requests overlap there.

mod flood;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use serde::Serialize;
use tidegate_local::{Flavour, Runtime, Stores, rules};

use crate::origin::Origin;
use flood::{Flooded, Who, flood};

/// Requests a second that are offered on one key.
const RATES: [u32; 3] = [100, 500, 2_000];

/// Requests a second that the budget has.
const LIMIT: u32 = 50;

/// What is asked before each measurement, at once, so that the burst is spent.
const SPENDING: u64 = 1_000;

/// What the measurement may be told.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How often each figure is measured; its median is shown.
    #[arg(long, default_value_t = 5)]
    pub turns: usize,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 10)]
    pub seconds: u32,
}

/// The keys that are flooded: by whom, and how many cells each has.
const KEYS: [(&str, Who, &str); 2] =
    [("client", Who::One, "a client, one cell"), ("site", Who::Everybody, "the site, 16 shards")];

/// A rule set with one budget, of fifty requests a second and three hundred at
/// once.
fn site(key: &str) -> String {
    format!(
        "format = 1\nsite = \"docs.rs\"\n\
         [[route]]\nname = \"page\"\npaths = [\"/**\"]\ncost = 40\ncache = \"never\"\n\
         [[quota]]\nname = \"q\"\nunits = {}\nper = \"1s\"\nburst = 12_000\n\
         [[rule]]\nid = \"r\"\nwhy = \"a measurement\"\nmatch = {{ route = \"page\" }}\n\
         key = \"{key}\"\nquota = \"q\"\nmode = \"enforce\"\n",
        LIMIT * 40
    )
}

/// What one measurement came to.
#[derive(Debug, Clone, Serialize)]
struct Figure {
    /// Requests answered each second.
    asked: f64,
    /// Of them, passed.
    passed: f64,
    /// By how much these exceed the budget: 0.1 is a tenth more than it has.
    over: f64,
}

impl Figure {
    fn of(flooded: &Flooded) -> Self {
        let seconds = flooded.took.as_secs_f64();
        let [asked, passed] =
            [flooded.asked, flooded.passed].map(|requests| requests as f64 / seconds);
        Self { asked, passed, over: passed / f64::from(LIMIT) - 1.0 }
    }
}

/// Every figure, by key and rate.
type Figures = BTreeMap<(&'static str, u32), Vec<Figure>>;

/// Measures everything, keeps every figure and says the medians.
///
/// # Errors
///
/// Where the module does not build or fails a request, or a file cannot be
/// written.
pub async fn run(options: &Options) -> Result<String> {
    let module = tokio::task::spawn_blocking(|| tidegate_local::build(Flavour::Production));
    let module = module.await??;
    let origin = Origin::start().await?;
    let folder = std::env::temp_dir().join(format!("tidegate-cells-{}", std::process::id()));
    let mut figures = Figures::new();
    for (key, who, _) in KEYS {
        let runtime = start(&module, &origin, &folder.join(key), key).await?;
        for turn in 1..=options.turns {
            for rate in RATES {
                eprintln!("{key}, turn {turn} of {}, {rate} requests a second", options.turns);
                flood(&runtime, who, SPENDING, None).await?;
                let requests = u64::from(rate) * u64::from(options.seconds);
                let gap = Duration::from_secs(1) / rate;
                let flooded = flood(&runtime, who, requests, Some(gap)).await?;
                figures.entry((key, rate)).or_default().push(Figure::of(&flooded));
            }
        }
    }
    std::fs::remove_dir_all(&folder)?;
    keep(options, &figures)?;
    Ok(table(&figures))
}

async fn start(module: &Path, origin: &Origin, folder: &Path, key: &str) -> Result<Arc<Runtime>> {
    std::fs::create_dir_all(folder)?;
    let stores = Stores::create(folder.join("stores"))?;
    let file = folder.join("rules.toml");
    std::fs::write(&file, site(key))?;
    let loaded = rules::load_rules(&file).map_err(|mistakes| anyhow!(mistakes))?;
    stores.publish(&loaded.entries, &loaded.pointer)?;
    stores.set_mode(Some("enforce"))?;
    let builder = Runtime::builder(module).origin(origin.url()).stores(stores.directory());
    let runtime = tokio::task::spawn_blocking(|| builder.build()).await??;
    Ok(Arc::new(runtime))
}

/// The medians, as Markdown.
fn table(figures: &Figures) -> String {
    let mut text = String::from("| on one key |");
    for rate in RATES {
        let _ = write!(text, " {rate} a second |");
    }
    text.push_str("\n| --- | --- | --- | --- |\n");
    for (key, _, name) in KEYS {
        let _ = write!(text, "| {name} |");
        for rate in RATES {
            let over = figures.get(&(key, rate)).map(|own| median(own, |figure| figure.over));
            let _ = write!(text, " {:+.0} % |", 100.0 * over.unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

fn median(figures: &[Figure], of: impl Fn(&Figure) -> f64) -> f64 {
    let mut sorted: Vec<_> = figures.iter().map(of).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn keep(options: &Options, figures: &Figures) -> Result<()> {
    let named = figures.iter().map(|((key, rate), own)| (format!("{key}/{rate}"), own));
    let run = serde_json::json!({
        "command": "cargo bench-cells",
        "unit": "requests per second; `over` is the excess as a share of the budget",
        "limit": LIMIT,
        "turns": options.turns,
        "seconds": options.seconds,
        "figures": named.collect::<BTreeMap<_, _>>(),
    });
    tidegate_kept::keep("cells", run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_have_the_cells_that_the_table_says() {
        let shards = KEYS.map(|(key, ..)| {
            let compiled = tidegate_rules::compile("site.toml", &mut |_| Ok(site(key)));
            let rules = compiled.unwrap_or_else(|mistakes| panic!("{mistakes}")).rules;
            rules.layouts[0].1.shards().get()
        });
        assert_eq!(shards, [1, 16]);
    }
}
