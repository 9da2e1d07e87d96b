//! `cargo bench-engine`: the measuring program here and in WebAssembly, turn
//! about, so that a noisy machine disturbs both; medians and ratios printed,
//! every figure kept in `bench/runs/engine.json`.

use std::collections::BTreeMap;

use anyhow::Result;
use tidegate_bench_engine::guest::{Clock, Guest};

/// Turns that each machine has.
const TURNS: usize = 7;

type Figures = BTreeMap<String, Vec<f64>>;

fn main() -> Result<()> {
    // `cargo bench` passes flags of the usual harness; `--turns N` is ours.
    let arguments: Vec<String> = std::env::args().collect();
    let turns = arguments.iter().position(|argument| argument == "--turns");
    let turns = turns.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(TURNS);
    let guest = Guest::build("measure", Clock::Time)?;
    let (mut native, mut wasm) = (Figures::new(), Figures::new());
    for turn in 1..=turns {
        eprintln!("turn {turn} of {turns}");
        add(&mut native, tidegate_bench_engine::measure());
        add(&mut wasm, guest.measure(&[])?);
    }
    show(&native, &wasm);
    keep(turns, &native, &wasm)
}

fn add(figures: &mut Figures, measured: Vec<(String, f64)>) {
    for (name, nanos) in measured {
        figures.entry(name).or_default().push(nanos);
    }
}

fn show(native: &Figures, wasm: &Figures) {
    println!("{:<36} {:>10} {:>10} {:>7}", "median, microseconds", "native", "wasm", "ratio");
    for (name, figures) in native {
        let (here, there) = (median(figures), wasm.get(name).map_or(0.0, |own| median(own)));
        let ratio = there / here;
        println!("{name:<36} {:>10.2} {:>10.2} {ratio:>6.2}x", here / 1e3, there / 1e3);
    }
    println!();
    for networks in ["0", "50000"] {
        let of = |rules: &str| native.get(&format!("decide/{rules}-rules/{networks}-networks"));
        if let (Some(few), Some(many)) = (of("10"), of("1000")) {
            let growth = median(many) / median(few);
            println!("from 10 to 1,000 rules with {networks} networks: {growth:.2}x");
        }
    }
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn keep(turns: usize, native: &Figures, wasm: &Figures) -> Result<()> {
    let run = serde_json::json!({
        "command": "cargo bench-engine",
        "unit": "nanoseconds",
        "turns": turns,
        "native": native,
        "wasm": wasm,
    });
    tidegate_kept::keep("engine", run)?;
    println!("\nevery figure: bench/runs/engine.json");
    Ok(())
}
