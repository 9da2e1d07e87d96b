//! CPU time of a request through the module.
//!
//! Rules are in shadow, where they decide in full and refuse nobody. Viceroy has a
//! sandbox serve six requests, so every request bears a sixth of a decoded pack.

use std::collections::BTreeMap;

use anyhow::Result;
use tidegate_bench_engine::growth::RULES;
use tidegate_bench_engine::site;
use tidegate_local::Flavour;
use tidegate_rules::pack;

use super::Options;
use crate::cost::load::load;
use crate::cost::start;
use crate::origin::Origin;

/// Clients that take turns; a million would have to come first, which takes longer
/// than anybody waits.
const KEYS: [u32; 2] = [1, 10_000];

/// CPU microseconds of a request of each turn, by rules and keys. Sizes that no
/// Config Store holds are left out.
pub(super) async fn measure(options: &Options) -> Result<BTreeMap<String, Vec<f64>>> {
    let module = tokio::task::spawn_blocking(|| tidegate_local::build(Flavour::Measured));
    let module = module.await??;
    let origin = Origin::start().await?;
    let folder = std::env::temp_dir().join(format!("tidegate-growth-{}", std::process::id()));
    let mut runtimes = Vec::new();
    for rules in RULES {
        let built = site::rules(rules, 0);
        if pack::to_entries(&pack::encode(&built)?).is_err() {
            continue;
        }
        for keys in KEYS {
            let name = format!("{rules}-rules/0-networks/{keys}-keys");
            let folder = folder.join(name.replace('/', "-"));
            let runtime = start(&module, &origin, &folder, &built, Some("shadow")).await?;
            load(&runtime, keys, 0, keys.max(options.requests / 4)).await?;
            runtimes.push((name, keys, runtime));
        }
    }
    let mut figures: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for turn in 1..=options.turns {
        eprintln!("turn {turn} of {}", options.turns);
        runtimes.rotate_left(1);
        for (name, keys, runtime) in &runtimes {
            // Behind the requests of the warm-up, each for a page of its own.
            let first = 1_000_000 * turn;
            let took = load(runtime, *keys, first, options.requests).await?;
            let cpu_us = took.cpu.as_secs_f64() * 1e6 / f64::from(options.requests);
            figures.entry(name.clone()).or_default().push(cpu_us);
        }
    }
    drop(runtimes);
    std::fs::remove_dir_all(&folder)?;
    Ok(figures)
}
