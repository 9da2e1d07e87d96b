//! What several commands need: a night of logs and rules from arguments,
//! progress, results.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tidegate_rules::{Compiled, Diagnostics, Ruleset};

use super::OutputFormat;
use super::known::{Known, KnownArguments};
use crate::effect::Records;
use crate::ingest::{FileSummary, Format, Input, Options, Progress, Summary};
use crate::night::{Night, Source};
use crate::rule_files;
use crate::time::now;

/// Clients that people are shown where they ask for no number.
pub(super) const CLIENTS_SHOWN: usize = 10;

/// The rules that a night is read by.
#[derive(Debug, Args)]
pub(super) struct NightArguments {
    #[command(flatten)]
    pub(super) rules: RuleFiles,
    #[command(flatten)]
    known: KnownArguments,
    /// Show full client addresses.
    #[arg(long, conflicts_with = "hash_key")]
    addresses: bool,
    /// Print no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// How a night's result is shown.
#[derive(Debug, Args)]
pub(super) struct ResultArguments {
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
    /// List only the N clients that need most attention: in an analysis those
    /// that cost the origin most, in a backtest those refused most often.
    #[arg(long, value_name = "N")]
    clients: Option<usize>,
}

/// How logs are read that were written until now.
pub(super) fn options(format: Option<Format>, addresses: bool) -> Options {
    Options { format, addresses, ..Options::default() }.written_until(now())
}

impl NightArguments {
    /// The night, read by these rules.
    pub(super) fn read_by<'n>(
        &self,
        source: Source<'n>,
        rules: &'n Ruleset,
        known: &'n Known,
    ) -> Night<'n> {
        let (secret, beside) = (&known.secret, known.beside());
        Night { source, rules, secret, beside }
    }

    /// The edge's records, read by these rules.
    pub(super) fn records<'n>(
        &self,
        (inputs, options): (&'n [Input], Options),
        site: &'n Compiled,
        known: &'n Known,
    ) -> Records<'n> {
        let (rules, learned) = (&site.rules, &site.learned[..]);
        let (secret, beside) = (&known.secret, known.beside());
        Records { inputs, options, rules, learned, secret, beside }
    }

    /// What is told beside the logs.
    pub(super) fn known(&self) -> Result<Known> {
        self.known.read()
    }

    pub(super) fn bar(&self) -> Bar {
        Bar::new(self.quiet)
    }

    /// Whether full client addresses are shown.
    pub(super) fn addresses(&self) -> bool {
        self.addresses
    }
}

impl ResultArguments {
    /// How many clients to list; `None` for all, which is what other tools get
    /// unless they ask for less.
    pub(super) fn most_clients(&self) -> Option<usize> {
        let shown = (self.format != OutputFormat::Json).then_some(CLIENTS_SHOWN);
        self.clients.or(shown)
    }

    /// How the result is printed.
    pub(super) fn format(&self) -> OutputFormat {
        self.format
    }

    /// Prints a result in the format asked for, with full client addresses or with
    /// their networks.
    pub(super) fn print<T: Serialize>(
        &self,
        result: &T,
        addresses: bool,
        text: fn(&T, bool) -> String,
        markdown: fn(&T, bool) -> String,
    ) -> Result<()> {
        match self.format {
            OutputFormat::Json => print_json(result),
            OutputFormat::Text => print(&text(result, addresses)),
            OutputFormat::Markdown => print(&markdown(result, addresses)),
        }
    }
}

/// An input as somebody typed it.
pub(super) fn input(argument: OsString) -> Input {
    Input::from_argument(&argument)
}

/// The rules of a site, and files on trial beside them.
#[derive(Debug, Args)]
pub(super) struct RuleFiles {
    /// The site's own rule file; a rule set for any site where it is left out.
    #[arg(long, short, value_name = "FILE")]
    rules: Option<String>,
    /// A further file of rules, as if the site included it: a proposal.
    #[arg(long = "with", value_name = "FILE")]
    extra: Vec<String>,
}

impl RuleFiles {
    /// Whether somebody said which rules.
    pub(super) fn are_named(&self) -> bool {
        self.rules.is_some()
    }

    pub(super) fn compile(&self) -> Result<Compiled, Diagnostics> {
        match &self.rules {
            Some(entry) => rule_files::compile(entry, &self.extra),
            None => rule_files::compile_generic(&self.extra),
        }
    }
}

/// Of files.
const BYTES: &str = "{msg:20!} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}";

/// Of questions to a store.
const STEPS: &str = "{msg:20!} {bar:24} {pos}/{len} questions {elapsed}";

/// Of a store.
const LINES: &str = "{msg:20!} {bar:24} {human_pos}/{human_len} lines eta {eta}";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A progress bar on a terminal, nothing elsewhere.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        Self(ProgressBar::new_spinner().with_style(style(BYTES)))
    }

    pub(super) fn show(&self, what: &'static str, progress: Progress<'_>) {
        self.0.set_message(what);
        if let Some(total) = progress.lines_total {
            if self.0.length() != Some(total) {
                self.0.set_style(style(LINES));
                self.0.set_length(total);
            }
            self.0.set_position(progress.lines);
            return;
        }
        if let Some(total) = progress.bytes_total {
            self.0.set_length(total);
        }
        self.0.set_position(progress.bytes);
    }

    /// Shows which of some steps is being done.
    pub(super) fn step(&self, what: &'static str, step: u64, of: u64) {
        if self.0.length() != Some(of) {
            self.0.set_style(style(STEPS));
            self.0.set_length(of);
        }
        self.0.set_message(what);
        self.0.set_position(step);
    }

    pub(super) fn done(&self) {
        self.0.finish_and_clear();
    }
}

/// Shows the lines that are no requests, each file's first few; says whether
/// every file is whole.
pub(super) fn show_bad_lines(summary: &Summary) -> bool {
    for file in summary.files.iter().filter(|file| file.bad > 0 || file.truncated) {
        if file.bad > 0 {
            eprintln!("{}: {} of {} lines are no requests", file.path, file.bad, file.read);
        }
        for bad in &file.samples {
            eprintln!("  line {}: {}\n    {}", bad.line, bad.reason, bad.text);
        }
        if let Some(format) = file.format.filter(|_| file.is_lost()) {
            eprintln!("{}: not one line could be read as {format}", file.path);
        }
        if file.truncated {
            eprintln!("{}: ends early; what it holds was read", file.path);
        }
    }
    summary.is_whole()
}

/// Says where requests may count twice.
pub(super) fn show_told_twice(summary: &Summary) {
    let Some([file, other]) = summary.told_twice() else { return };
    let told = |file: &FileSummary| match file.format {
        Some(format) => format!("{} ({format})", file.path),
        None => file.path.clone(),
    };
    eprintln!(
        "note: {} and {} are of the same time: a request that both tell of counts twice",
        told(file),
        told(other)
    );
}

/// Prints a result for other tools, as it is made.
pub(super) fn print_json<T: Serialize>(result: &T) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, result).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
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
