//! `tidegate explain`.

use std::ffi::OsString;

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;
use tidegate_rules::case::{self, Line};
use tidegate_rules::diagnostic::Source;
use tidegate_rules::explain::Addresses;
use tidegate_rules::{Engine, Explanation, HashKey, Mode, Ruleset, pack};

use super::Exit;
use super::known::KnownArguments;
use super::shared::{Bar, RuleFiles, input, options, print, print_json, show_bad_lines};
use crate::explain;
use crate::ingest::{FileSummary, Format, Input, Progress};
use crate::night::{self, Night};
use crate::rule_files;
use crate::time::midnight;

const FORMS: &str = "\
A request of a log, by the id that its answer quoted; the log is replayed up to it:
  tidegate explain ID --rules rules/docs-rs.toml --log access.log
All requests of a log, each with its decision; and one of them, by its number:
  tidegate explain --list --rules rules/docs-rs.toml --log access.log
  tidegate explain --number 7 --rules rules/docs-rs.toml --log access.log
A request written down, the last of a file in the form of a case:
  tidegate explain --request loop.toml --rules rules/docs-rs.toml

With --format json the fields are stable; new ones may be added.";

/// Which pages look alike to a cell depends on the secret.
const OTHER_SECRET: &str = "\
note: the edge counts different pages by an estimate, under its own secret; for
  exactly its numbers give that with `--hash-key`";

/// Arguments of `tidegate explain`.
#[derive(Debug, Args)]
#[command(after_help = FORMS, group = ArgGroup::new("which").required(true).args(["log", "request"]))]
pub(super) struct Explain {
    /// The request's id, as its answer quoted it.
    #[arg(value_name = "REQUEST_ID", requires = "log", conflicts_with_all = ["number", "list"])]
    id: Option<String>,
    /// A file of requests in TOML: a case whose `name`, `why` and `expect` may be
    /// missing.
    #[arg(long, value_name = "FILE", conflicts_with = "log")]
    request: Option<String>,
    /// Log files, directories of them, globs, or `-` for standard input; plain,
    /// gzip or zstd.
    #[arg(
        long = "log", value_name = "LOG", num_args = 1..,
        value_parser = OsStringValueParser::new().map(|argument: OsString| input(argument)),
    )]
    log: Vec<Input>,
    /// The logs' format, where it should not be guessed from their content.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<Format>,
    #[command(flatten)]
    rules: RuleFiles,
    #[command(flatten)]
    known: KnownArguments,
    /// Which request of the file or of the log, in time order and from 1; the last of
    /// the file where it is left out.
    #[arg(long, value_name = "N")]
    number: Option<u64>,
    /// List every request of the file or of the log with its decision instead.
    #[arg(long, conflicts_with = "number")]
    list: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: ExplainFormat,
    /// Show the client's full address.
    #[arg(long, conflicts_with = "hash_key")]
    addresses: bool,
    /// Print no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// How an explanation is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// For people, at most 80 columns.
    Text,
    /// For other tools.
    Json,
}

impl Explain {
    pub(super) fn run(&self) -> Result<Exit> {
        ensure!(
            self.rules.are_named(),
            "which rules? name the site's file with `--rules rules/docs-rs.toml`"
        );
        let rules = self.rules.compile()?.rules;
        match &self.request {
            Some(file) => self.of_file(file, rules),
            None => self.of_log(&rules),
        }
    }

    fn of_log(&self, rules: &Ruleset) -> Result<Exit> {
        let (known, bar) = (self.known.read()?, Bar::new(self.quiet));
        let options = options(self.log_format, self.addresses);
        let (secret, beside) = (&known.secret, known.beside());
        let source = night::Source::Files { inputs: &self.log, options };
        let night = Night { source, rules, secret, beside };
        let trial = engine(rules.clone(), known.secret.clone())?;
        let show = &mut |progress: Progress<'_>| bar.show("replaying", progress);
        let passed = match (&self.id, self.number) {
            (Some(id), _) => {
                let found = explain::request(&night, &trial, id, show)?;
                bar.done();
                let passed = found.passed.clone();
                let told = found.into_explanation();
                self.print(&told.with_context(|| format!("request `{id}`"))?)?;
                passed
            }
            (None, Some(number)) => {
                let (found, passed) = explain::numbered(&night, &trial, number, show)?;
                bar.done();
                self.print(&found.with_context(|| format!("no request {number} in the log"))?)?;
                passed
            }
            (None, None) => {
                ensure!(self.list, "which request? name its id or its `--number`, or `--list` all");
                let (lines, passed) = explain::list(&night, &trial, show)?;
                bar.done();
                self.print_list(lines)?;
                passed
            }
        };
        let is_record = |file: &FileSummary| file.format == Some(Format::Record);
        if !self.quiet && !known.has_secret() && passed.files.files.iter().any(is_record) {
            eprintln!("{OTHER_SECRET}");
        }
        Ok(Exit::of_night(show_bad_lines(&passed.files), false))
    }

    fn of_file(&self, file: &str, rules: Ruleset) -> Result<Exit> {
        let text = rule_files::read(file).map_err(|why| anyhow!("cannot read `{file}`: {why}"))?;
        let traffic = case::read_traffic(Source { name: file.to_owned(), text })?;
        let engine = engine(rules, self.known.read()?.secret)?;
        let start = midnight();
        if self.list {
            self.print_list(traffic.lines(&engine, start))?;
            return Ok(Exit::Fine);
        }
        let (count, number) = (traffic.count(), self.number.unwrap_or(traffic.count()));
        let explanation = traffic.explain(&engine, start, number);
        let explanation = explanation
            .with_context(|| format!("no request {number}: `{file}` has {count}, from 1"))?;
        self.print(&explanation)?;
        Ok(Exit::Fine)
    }

    fn print(&self, explanation: &Explanation) -> Result<()> {
        match self.format {
            ExplainFormat::Json => print_json(explanation),
            ExplainFormat::Text => {
                let whole = if self.addresses { Addresses::Whole } else { Addresses::Masked };
                print(&explanation.text(whole))
            }
        }
    }

    fn print_list(&self, requests: Vec<Line>) -> Result<()> {
        #[derive(Serialize)]
        struct List {
            format: u32,
            requests: Vec<Line>,
        }

        match self.format {
            ExplainFormat::Json => print_json(&List { format: 1, requests }),
            ExplainFormat::Text => {
                let lines: Vec<_> = requests.iter().map(Line::text).collect();
                print(&lines.join("\n"))
            }
        }
    }
}

fn engine(rules: Ruleset, secret: HashKey) -> Result<Engine> {
    let version = pack::version(&pack::encode(&rules)?.rules);
    Ok(Engine { rules, version, secret, switch: Mode::Enforce })
}
