//! The logs, and who reads them how.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _, copy};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use flate2::write::GzEncoder;
use tempfile::TempDir;
use tidegate_bench_lines::{Format, Options, write};

/// The rules that logs are read by.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/docs-rs.toml");

/// The logs of one measurement, in a folder that goes with it.
pub(crate) struct Inputs {
    folder: TempDir,
    tidegate: PathBuf,
}

impl Inputs {
    /// Builds the analyzer and writes the logs.
    pub(crate) fn make(lines: u64) -> Result<Self> {
        let inputs = Self { folder: tempfile::tempdir()?, tidegate: build()? };
        for (name, format) in [("fastly", Format::Fastly), ("combined", Format::Combined)] {
            eprintln!("writing {lines} lines: {name}");
            let mut file = BufWriter::new(File::create(inputs.file(name))?);
            write(&Options { lines, format, ..Options::default() }, &mut file)?;
        }
        eprintln!("compressing");
        let plain = || File::open(inputs.file("fastly"));
        let mut gz = GzEncoder::new(File::create(inputs.file("fastly.gz"))?, Default::default());
        copy(&mut plain()?, &mut gz)?;
        gz.finish()?.flush()?;
        zstd::stream::copy_encode(plain()?, File::create(inputs.file("fastly.zst"))?, 0)?;
        Ok(inputs)
    }

    /// The first lines of a log, as a log of its own; its name.
    pub(crate) fn first(&self, name: &str, lines: u64) -> Result<String> {
        let part = format!("{name}.{lines}");
        let mut log = BufReader::new(File::open(self.file(name))?);
        let (mut file, mut line) = (BufWriter::new(File::create(self.file(&part))?), Vec::new());
        for _ in 0..lines {
            line.clear();
            log.read_until(b'\n', &mut line)?;
            file.write_all(&line)?;
        }
        file.flush()?;
        Ok(part)
    }

    /// A log by its name.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `tidegate analyze`, of standard input (in one pass) or of a log.
    pub(crate) fn analyze(&self, log: Option<&str>) -> Command {
        let mut command = Command::new(&self.tidegate);
        command.args(["analyze", "--quiet", "--format", "json", "--clients", "10", "--rules"]);
        command.arg(RULES);
        match log {
            Some(name) => command.arg(self.file(name)),
            None => command.arg("-"),
        };
        command
    }

    /// The generator, of so many lines by so many clients, each of whom comes
    /// before any comes again.
    pub(crate) fn lines(&self, lines: u64, clients: u64) -> Result<Command> {
        let own = std::env::current_exe()?;
        let mut command = Command::new(own.with_file_name("lines"));
        command.args(["--visit", "1", "--lines", &lines.to_string()]);
        command.args(["--clients", &clients.to_string()]);
        Ok(command)
    }
}

/// Builds what is measured, as it is released, and the generator.
fn build() -> Result<PathBuf> {
    eprintln!("building");
    let status = Command::new(env!("CARGO"))
        .args(["build", "-q", "--release", "-p", "tidegate", "-p", "tidegate-bench-lines"])
        .args(["--bin", "tidegate", "--bin", "lines"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .status()?;
    ensure!(status.success(), "the analyzer does not build");
    let own = std::env::current_exe()?;
    let folder: &Path = own.parent().context("a program lies in a folder")?;
    Ok(folder.join("tidegate"))
}
