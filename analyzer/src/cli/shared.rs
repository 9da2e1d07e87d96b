//! What several commands need: rules from files, logs from arguments, progress.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tidegate_rules::{Compiled, HashKey, compile_with};

use crate::ingest::{Format, Input, Options, Progress, Summary};

/// The rules for a site of which nothing is known, for whoever has only logs.
const GENERIC: [(&str, &str); 2] = [
    ("generic.toml", include_str!("../../../rules/generic.toml")),
    ("agents.toml", include_str!("../../../rules/agents.toml")),
];

/// The logs to read.
#[derive(Debug, Args)]
pub(super) struct Logs {
    /// Log files, directories of them, or `-` for standard input; plain, gzip
    /// or zstd.
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<OsString>,
    /// The logs' format, where it should not be guessed from their content:
    /// `fastly`, `cloudfront`, `combined` or `record`.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<Format>,
    /// Show full client addresses.
    #[arg(long)]
    pub(super) addresses: bool,
    /// Print no progress.
    #[arg(long, short)]
    quiet: bool,
}

impl Logs {
    pub(super) fn inputs(&self) -> Vec<Input> {
        self.logs.iter().map(|log| Input::from_argument(log)).collect()
    }

    pub(super) fn options(&self) -> Options {
        Options { format: self.log_format, addresses: self.addresses }
    }

    /// Whether the logs can be read only once.
    pub(super) fn only_once(&self) -> bool {
        self.inputs().iter().any(|input| matches!(input, Input::Stdin))
    }

    pub(super) fn bar(&self) -> Bar {
        Bar::new(self.quiet)
    }
}

/// The rules of a site, and files on trial beside them.
#[derive(Debug, Args)]
pub(super) struct RuleFiles {
    /// The site's own rule file; a rule set for any site where it is left out.
    #[arg(long, short, value_name = "FILE")]
    pub(super) rules: Option<String>,
    /// A further file of rules, as if the site included it: a proposal.
    #[arg(long = "with", value_name = "FILE")]
    extra: Vec<String>,
}

impl RuleFiles {
    pub(super) fn compile(&self) -> Result<Compiled> {
        match &self.rules {
            Some(entry) => compile_files(entry, &self.extra),
            None => Ok(compile_with(GENERIC[0].0, &self.extra, &mut |name| {
                let known = GENERIC.iter().find(|(known, _)| *known == name);
                known.map_or_else(|| read_file(name), |(_, text)| Ok((*text).to_owned()))
            })?),
        }
    }
}

/// Compiles a site from files.
pub(super) fn compile_files(entry: &str, extra: &[String]) -> Result<Compiled> {
    Ok(compile_with(entry, extra, &mut read_file)?)
}

fn read_file(name: &str) -> Result<String, String> {
    std::fs::read_to_string(name).map_err(|error| error.to_string())
}

/// The secret under which keys are hashed on this machine.
pub(super) fn secret() -> HashKey {
    HashKey::default()
}

/// A progress bar on a terminal, nothing elsewhere.
pub(super) struct Bar(ProgressBar);

impl Bar {
    fn new(quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template(
            "{msg:20!} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}",
        );
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    pub(super) fn show(&self, what: &'static str, progress: Progress<'_>) {
        self.0.set_message(what);
        if let Some(total) = progress.bytes_total {
            self.0.set_length(total);
        }
        self.0.set_position(progress.bytes);
    }

    pub(super) fn done(&self) {
        self.0.finish_and_clear();
    }
}

/// Shows the lines that are no requests, each file's first few; says whether a
/// file ended early.
pub(super) fn show_bad_lines(summary: &Summary) -> bool {
    for file in summary.files.iter().filter(|file| file.bad > 0 || file.truncated) {
        if file.bad > 0 {
            eprintln!("{}: {} of {} lines are no requests", file.path, file.bad, file.read);
        }
        for bad in &file.samples {
            eprintln!("  line {}: {}\n    {}", bad.line, bad.reason, bad.text);
        }
        if file.truncated {
            eprintln!("{}: ends early; what it holds was read", file.path);
        }
    }
    summary.truncated()
}

/// Prints a result.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(())
}
