//! `cargo bench-engine`: the measuring program here and in WebAssembly, turn
//! about, so that a noisy machine disturbs both; medians and ratios printed,
//! every figure kept in `bench/runs/engine.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use wasmtime::{Caller, Engine, Extern, Linker, Module, Store};

/// Turns that each machine has.
const TURNS: usize = 7;
const WASM: &str = "wasm32-wasip1";

type Figures = BTreeMap<String, Vec<f64>>;

fn main() -> Result<()> {
    // `cargo bench` passes flags of the usual harness; `--turns N` is ours.
    let arguments: Vec<String> = std::env::args().collect();
    let turns = arguments.iter().position(|argument| argument == "--turns");
    let turns = turns.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(TURNS);
    let guest = Guest::build()?;
    let (mut native, mut wasm) = (Figures::new(), Figures::new());
    for turn in 1..=turns {
        eprintln!("turn {turn} of {turns}");
        add(&mut native, tidegate_bench_engine::measure());
        add(&mut wasm, guest.measure()?);
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The measuring program as WebAssembly.
struct Guest {
    engine: Engine,
    module: Module,
}

/// What the program is handed, and what it printed.
struct Host {
    start: Instant,
    printed: Vec<u8>,
}

impl Guest {
    fn build() -> Result<Self> {
        let target = root().join("target/bench-guest");
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or(target, |folder| PathBuf::from(folder).join("bench-guest"));
        let status = Command::new(env!("CARGO"))
            .args(["build", "-q", "--profile", "edge", "--target", WASM])
            .args(["-p", "tidegate-bench-engine", "--bin", "measure", "--target-dir"])
            .arg(&target)
            .current_dir(root())
            .status()?;
        ensure!(status.success(), "the guest does not build: `rustup target add {WASM}`?");
        let engine = Engine::default();
        let module = Module::from_file(&engine, target.join(WASM).join("edge/measure.wasm"))?;
        Ok(Self { engine, module })
    }

    fn measure(&self) -> Result<Vec<(String, f64)>> {
        let mut store =
            Store::new(&self.engine, Host { start: Instant::now(), printed: Vec::new() });
        let instance = linker(&self.engine)?.instantiate(&mut store, &self.module)?;
        instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
        let printed = String::from_utf8(std::mem::take(&mut store.data_mut().printed))?;
        let figure = |line: &str| {
            let (name, nanos) = line.split_once(' ').context("a figure has a name")?;
            Ok((name.to_owned(), nanos.parse()?))
        };
        printed.lines().map(figure).collect()
    }
}

/// The few calls of the system that the program makes: a clock, a seed for hash
/// maps, an empty environment, and what it prints.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    const WASI: &str = "wasi_snapshot_preview1";
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        WASI,
        "clock_time_get",
        |mut caller: Caller<'_, Host>, _: i32, _: i64, to: i32| {
            let nanos = u64::try_from(caller.data().start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            write(&mut caller, to, &nanos.to_le_bytes())
        },
    )?;
    linker.func_wrap(
        WASI,
        "random_get",
        |mut caller: Caller<'_, Host>, to: i32, length: i32| {
            write(&mut caller, to, &vec![7; usize::try_from(length).unwrap_or_default()])
        },
    )?;
    for sizes in ["environ_sizes_get", "args_sizes_get"] {
        linker.func_wrap(WASI, sizes, |mut caller: Caller<'_, Host>, count: i32, size: i32| {
            write(&mut caller, count, &[0; 4]).max(write(&mut caller, size, &[0; 4]))
        })?;
    }
    for list in ["environ_get", "args_get"] {
        linker.func_wrap(WASI, list, |_: i32, _: i32| 0_i32)?;
    }
    linker.func_wrap(WASI, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::msg(format!("the guest ended with {code}")))
    })?;
    linker.func_wrap(WASI, "fd_write", print)?;
    Ok(linker)
}

fn print(mut caller: Caller<'_, Host>, _: i32, pieces: i32, count: i32, written: i32) -> i32 {
    let mut total = 0_u32;
    for piece in 0..count {
        let Some([at, length]) = read_pair(&mut caller, pieces + piece * 8) else { return 28 };
        let (from, size) = (at as usize, length as usize);
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return 28 };
        let Some(bytes) = memory.data(&caller).get(from..from + size) else { return 28 };
        let bytes = bytes.to_vec();
        caller.data_mut().printed.extend(bytes);
        total += length;
    }
    write(&mut caller, written, &total.to_le_bytes())
}

fn read_pair(caller: &mut Caller<'_, Host>, at: i32) -> Option<[u32; 2]> {
    let Extern::Memory(memory) = caller.get_export("memory")? else { return None };
    let bytes = memory.data(&*caller).get(usize::try_from(at).ok()?..)?.first_chunk::<8>()?;
    let (first, second) = bytes.split_first_chunk::<4>()?;
    Some([u32::from_le_bytes(*first), u32::from_le_bytes(second.try_into().ok()?)])
}

/// 0, or the code for a wrong argument.
fn write(caller: &mut Caller<'_, Host>, at: i32, bytes: &[u8]) -> i32 {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return 28 };
    let Ok(at) = usize::try_from(at) else { return 28 };
    i32::from(memory.write(caller, at, bytes).is_err()) * 28
}
