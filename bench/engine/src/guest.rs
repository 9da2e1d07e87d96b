//! The measuring programs as WebAssembly, in an engine on this machine.
//!
//! They ask for the time before and after what they measure. Where the clock is
//! [`Clock::Fuel`], they are told how many instructions they have executed instead, so
//! that what they take for nanoseconds is a count that is the same in every run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use wasmtime::{Caller, Config, Engine, Extern, Linker, Module, Store};

use crate::Figure;

const WASM: &str = "wasm32-wasip1";
/// The fuel that a program begins with: more than it can burn.
const FULL: u64 = u64::MAX;

/// What a program is told when it asks for the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Nanoseconds.
    Time,
    /// WebAssembly instructions, as `wasmtime` counts them: some of them, such as
    /// the beginning of a block, are free.
    Fuel,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A measuring program.
pub struct Guest {
    engine: Engine,
    module: Module,
    clock: Clock,
}

/// What the program is handed, and what it printed.
struct Host {
    start: Instant,
    clock: Clock,
    /// Each ends with a zero.
    arguments: Vec<u8>,
    printed: Vec<u8>,
}

impl Guest {
    /// Builds the program of that name of this package.
    ///
    /// # Errors
    ///
    /// Where it does not compile.
    pub fn build(program: &str, clock: Clock) -> Result<Self> {
        let target = root().join("target/bench-guest");
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or(target, |folder| PathBuf::from(folder).join("bench-guest"));
        let status = Command::new(env!("CARGO"))
            .args(["build", "-q", "--profile", "edge", "--target", WASM])
            .args(["-p", "tidegate-bench-engine", "--bin", program, "--target-dir"])
            .arg(&target)
            .current_dir(root())
            .status()?;
        ensure!(status.success(), "the guest does not build: `rustup target add {WASM}`?");
        let engine = Engine::new(Config::new().consume_fuel(clock == Clock::Fuel))?;
        let file = target.join(WASM).join("edge").join(program).with_extension("wasm");
        let module = Module::from_file(&engine, file)?;
        Ok(Self { engine, module, clock })
    }

    /// Runs it once, with these arguments behind its name.
    ///
    /// # Errors
    ///
    /// Where it traps, or prints something else than figures.
    pub fn measure(&self, arguments: &[&str]) -> Result<Vec<Figure>> {
        let (start, clock) = (Instant::now(), self.clock);
        let words = [&["program"], arguments].concat();
        let arguments = words.iter().flat_map(|word| word.bytes().chain([0])).collect();
        let host = Host { start, clock, arguments, printed: Vec::new() };
        let mut store = Store::new(&self.engine, host);
        if clock == Clock::Fuel {
            store.set_fuel(FULL)?;
        }
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
/// maps, an empty environment, its arguments, and what it prints.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    const WASI: &str = "wasi_snapshot_preview1";
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        WASI,
        "clock_time_get",
        |mut caller: Caller<'_, Host>, _: i32, _: i64, to: i32| -> wasmtime::Result<i32> {
            let now = match caller.data().clock {
                Clock::Time => u64::try_from(caller.data().start.elapsed().as_nanos())
                    .map_err(wasmtime::Error::new)?,
                Clock::Fuel => FULL - caller.get_fuel()?,
            };
            Ok(write(&mut caller, to, &now.to_le_bytes()))
        },
    )?;
    linker.func_wrap(
        WASI,
        "random_get",
        |mut caller: Caller<'_, Host>, to: i32, length: i32| {
            write(&mut caller, to, &vec![7; usize::try_from(length).unwrap_or_default()])
        },
    )?;
    linker.func_wrap(
        WASI,
        "environ_sizes_get",
        |mut caller: Caller<'_, Host>, count: i32, size: i32| {
            write(&mut caller, count, &[0; 4]).max(write(&mut caller, size, &[0; 4]))
        },
    )?;
    linker.func_wrap(WASI, "environ_get", |_: i32, _: i32| 0_i32)?;
    linker.func_wrap(WASI, "args_sizes_get", sizes)?;
    linker.func_wrap(WASI, "args_get", arguments)?;
    linker.func_wrap(WASI, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::msg(format!("the guest ended with {code}")))
    })?;
    linker.func_wrap(WASI, "fd_write", print)?;
    Ok(linker)
}

fn sizes(mut caller: Caller<'_, Host>, count: i32, size: i32) -> i32 {
    let bytes = &caller.data().arguments;
    let sizes = [bytes.iter().filter(|byte| **byte == 0).count(), bytes.len()];
    let [words, length] = sizes.map(|size| u32::try_from(size).unwrap_or_default().to_le_bytes());
    write(&mut caller, count, &words).max(write(&mut caller, size, &length))
}

fn arguments(mut caller: Caller<'_, Host>, list: i32, text: i32) -> i32 {
    let bytes = caller.data().arguments.clone();
    let (mut at, mut failed) = (text, 0);
    for (place, word) in (0..).zip(bytes.split_inclusive(|byte| *byte == 0)) {
        failed = failed.max(write(&mut caller, list + 4 * place, &at.to_le_bytes()));
        at += i32::try_from(word.len()).unwrap_or_default();
    }
    failed.max(write(&mut caller, text, &bytes))
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
