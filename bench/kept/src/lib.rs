//! What benches have in common: where their figures are kept, a file of JSON for
//! each bench in `bench/runs`, with the machine that made them; and the programs of
//! others that they run.
//!
//! A trial run must not touch those, so [`FOLDER`] may name another folder.

pub mod programs;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

/// The environment variable with the folder to use instead of `bench/runs`.
pub const FOLDER: &str = "TIDEGATE_BENCH_RUNS";

/// The folder where figures are kept.
#[must_use]
pub fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../runs");
    std::env::var_os(FOLDER).map_or_else(own, PathBuf::from)
}

/// Keeps what a bench found, as `NAME.json`, with the machine's processor and
/// number of cores.
///
/// # Errors
///
/// Where `run` is no JSON object, or the file cannot be written.
pub fn keep(name: &str, run: impl Serialize) -> Result<()> {
    let mut run = serde_json::to_value(run)?;
    ensure!(run.is_object(), "the figures of `{name}` are no object");
    run["cpu"] = json!(processor());
    run["cores"] = json!(std::thread::available_parallelism().ok());
    let file = file(name);
    std::fs::create_dir_all(folder())
        .and_then(|()| std::fs::write(&file, format!("{run:#}\n")))
        .with_context(|| format!("cannot write `{}`", file.display()))
}

/// What a bench found when it was last run; nothing where it never was.
///
/// # Errors
///
/// Where the file is there and is no JSON.
pub fn kept(name: &str) -> Result<Option<Value>> {
    let file = file(name);
    match std::fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .with_context(|| format!("`{}` is no JSON", file.display())),
        Err(_) => Ok(None),
    }
}

fn file(name: &str) -> PathBuf {
    folder().join(name).with_extension("json")
}

/// The processor's name, as Linux tells it.
fn processor() -> Option<String> {
    let told = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let model = told.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(model.trim_matches([' ', '\t', ':']).to_owned())
}
