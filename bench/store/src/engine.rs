//! The engine of the store's tests as a process of its own, so that its processor
//! time and its memory are told from those of whoever asks.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// A running engine; it ends when it is let go.
pub(crate) struct Engine {
    process: Child,
    /// Where it answers.
    pub(crate) url: String,
}

impl Engine {
    /// Builds it as it is released, and starts it on a folder of tables.
    pub(crate) fn start(tables: &Path) -> Result<Self> {
        let mut command = Command::new(build()?);
        let mut process = command.arg(tables).stdout(Stdio::piped()).spawn()?;
        let mut url = String::new();
        let told = process.stdout.take().context("no pipe")?;
        BufReader::new(told).read_line(&mut url)?;
        let url = url.trim().to_owned();
        if !url.starts_with("http://") {
            // It has said why.
            bail!("the engine did not start: {}", process.wait()?);
        }
        Ok(Self { process, url })
    }

    /// The seconds of processor time that it has taken so far.
    pub(crate) fn cpu(&self) -> Result<f64> {
        cpu(&self.process.id().to_string())
    }

    /// The most memory that it had, in MB.
    pub(crate) fn peak_mb(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).context("no VmHWM")?;
        Ok(peak.parse::<f64>()? * 1_024.0 / 1e6)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may be killed at any time, and nobody is left to be told of a failure.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The seconds of processor time that this process has taken so far.
pub(crate) fn own_cpu() -> Result<f64> {
    cpu("self")
}

fn cpu(process: &str) -> Result<f64> {
    /// Linux tells times in hundredths, whatever its clock is.
    const HUNDREDTHS: f64 = 100.0;
    let told = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name before the bracket may have spaces.
    let (_, fields) = told.rsplit_once(')').context("no such process")?;
    let of_user_and_kernel = fields.split_whitespace().skip(11).take(2);
    let sum = of_user_and_kernel.map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(sum / HUNDREDTHS)
}

fn build() -> Result<PathBuf> {
    eprintln!("building the engine's server");
    let status = Command::new(env!("CARGO"))
        .args(["build", "-q", "--release", "-p", "tidegate-clickhouse"])
        .args(["--bin", "clickhouse-engine"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .status()?;
    ensure!(status.success(), "the engine's server does not build");
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program lies in a folder")?;
    Ok(folder.join("clickhouse-engine"))
}
