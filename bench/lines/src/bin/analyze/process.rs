//! Whole processes, and what each took by the kernel's own account.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use wait4::Wait4 as _;

/// Exit codes of whoever did what it was asked: of `tidegate`, 2 means findings.
const GOOD: [i32; 2] = [0, 2];

/// What a process took.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Took {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of CPU time, of the program's own and of the kernel for it.
    pub(crate) cpu: f64,
    /// Most memory at any time, in MB.
    pub(crate) peak_mb: f64,
    /// The lines that it read.
    pub(crate) lines: u64,
}

impl Took {
    /// Lines for each second of CPU time.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(crate) fn per_cpu_second(&self) -> f64 {
        self.lines as f64 / self.cpu
    }

    /// Lines for each second.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(crate) fn per_second(&self) -> f64 {
        self.lines as f64 / self.wall
    }
}

/// Runs a command to its end, which reads so many lines: of standard input, where a
/// file is named for that.
pub(crate) fn timed(mut command: Command, stdin: Option<&Path>, lines: u64) -> Result<Took> {
    let input = match stdin {
        Some(file) => Stdio::from(File::open(file)?),
        None => Stdio::null(),
    };
    command.stdin(input).stdout(Stdio::null());
    wait(command, lines)
}

/// Runs a command that reads what another one writes; the other does not count.
pub(crate) fn timed_behind(mut writer: Command, mut reader: Command, lines: u64) -> Result<Took> {
    let mut writing = writer.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let pipe = writing.stdout.take().context("no pipe")?;
    reader.stdin(pipe).stdout(Stdio::null());
    let took = wait(reader, lines);
    ensure!(writing.wait()?.success(), "{writer:?} failed");
    took
}

fn wait(mut command: Command, lines: u64) -> Result<Took> {
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let used = child.wait4()?;
    let wall = start.elapsed();
    let is_good = used.status.code().is_some_and(|code| GOOD.contains(&code));
    ensure!(is_good, "{command:?} failed: {}", used.status);
    let cpu: Duration = used.rusage.utime + used.rusage.stime;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let peak_mb = used.rusage.maxrss as f64 / 1e6;
    Ok(Took { wall: wall.as_secs_f64(), cpu: cpu.as_secs_f64(), peak_mb, lines })
}

/// A command that has only these processors.
pub(crate) fn pinned(command: &Command, processors: &str) -> Command {
    let mut pinned = Command::new("taskset");
    pinned.args(["-c", processors]).arg(command.get_program()).args(command.get_args());
    pinned
}

/// What a program says its version is; `None` where there is no such program.
pub(crate) fn version(program: &str) -> Option<String> {
    let said = Command::new(program).arg("--version").output().ok()?;
    // CrowdSec says it where others complain, with the time of day before it.
    let said = [said.stdout, said.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().next()?;
    Some(line.rsplit("version: ").next().unwrap_or(line).to_owned())
}
