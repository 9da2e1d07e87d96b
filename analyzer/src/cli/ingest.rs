//! `tidegate ingest`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use serde::Serialize;
use tidegate_rules::pack;

use super::known::ClientArguments;
use super::shared::{Bar, RuleFiles, input, options, print, show_bad_lines};
use super::{Exit, OutputFormat};
use crate::ingest::{Format, Input};
use crate::store::{Layout, Location, Logs, Patience, Store, Taken, cluster, take};
use crate::text::grouped;

/// What the command takes from elsewhere than its arguments.
const ENVIRONMENT: &str = "\
Environment:
  TIDEGATE_STORE_PASSWORD  the password of the store's user
  TIDEGATE_STORE           instead of --store
  SSL_CERT_FILE            certificates to know the store by, instead of this
                           machine's";

/// Arguments of `tidegate ingest`.
#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT)]
pub(super) struct Ingest {
    /// Log files, directories of them, globs, or `-` for standard input; plain,
    /// gzip or zstd. A plain one may still be written to: a last line without a line
    /// end is left for the next time.
    #[arg(required = true, value_name = "LOG", value_parser = OsStringValueParser::new().map(input))]
    inputs: Vec<Input>,
    /// The ClickHouse database that keeps the logs: `http://user@host:8123/logs`.
    #[arg(long, value_name = "URL", env = "TIDEGATE_STORE", hide_env = true)]
    store: String,
    /// The logs' format, where it should not be guessed from their content:
    /// `fastly`, `fastly-vcl`, `cloudfront`, `combined` or `record`.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<Format>,
    #[command(flatten)]
    rules: RuleFiles,
    #[command(flatten)]
    clients: ClientArguments,
    /// Spread the tables over the servers of this cluster.
    #[arg(long, value_name = "NAME", value_parser = cluster)]
    cluster: Option<String>,
    /// Have lines deleted so many days after their requests.
    #[arg(long, value_name = "N")]
    keep_days: Option<u32>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
    /// Print no progress.
    #[arg(long, short)]
    quiet: bool,
    /// How long to wait before the store is asked again, in milliseconds.
    #[arg(long, value_name = "MS", hide = true)]
    store_pause: Option<u64>,
}

/// The result for other tools: a contract.
#[derive(Serialize)]
struct Told<'t> {
    format: u8,
    store: String,
    site: &'t str,
    lines: ToldLines,
    /// Requests that were stored now, and that had been before.
    stored: u64,
    known: u64,
    /// Logs whose last line has no line end and was left for the next time.
    left: Vec<&'t str>,
}

#[derive(Serialize)]
struct ToldLines {
    read: u64,
    bad: u64,
}

impl Ingest {
    pub(super) fn run(&self) -> Result<Exit> {
        // Not by the parser of arguments, which repeats what it refuses: a password.
        let location = Location::from_argument(&self.store)?;
        let rules = self.rules.compile()?.rules;
        let clients = self.clients.read()?;
        let version = pack::version(&pack::encode(&rules)?.rules);
        let layout = Layout { cluster: self.cluster.clone() };
        let usual = Patience::default();
        let pause = self.store_pause.map_or(usual.pause, Duration::from_millis);
        let store = Store::open(&location, &layout, Patience { pause, ..usual })?;
        if let Some(days) = self.keep_days {
            store.keep_days(&layout, days)?;
        }
        let logs = Logs {
            inputs: &self.inputs,
            options: options(self.log_format, false),
            rules: &rules,
            version: &version,
            secret: &clients.secret,
            beside: clients.beside(),
        };
        let bar = Bar::new(self.quiet);
        let taken = take(&store, &logs, &mut |progress| bar.show("storing", progress));
        bar.done();
        let taken = taken?;
        let whole = show_bad_lines(&taken.files);
        self.print(&location, &rules.site, &taken)?;
        Ok(Exit::of_night(whole, false))
    }

    fn print(&self, location: &Location, site: &str, taken: &Taken) -> Result<()> {
        let [lines, bad, stored, known] =
            [taken.lines, taken.bad, taken.stored, taken.known].map(grouped);
        let store = location.to_string();
        match self.format {
            OutputFormat::Json => print(&serde_json::to_string_pretty(&Told {
                format: 1,
                store,
                site,
                lines: ToldLines { read: taken.lines, bad: taken.bad },
                stored: taken.stored,
                known: taken.known,
                left: taken.left(),
            })?),
            OutputFormat::Text | OutputFormat::Markdown => print(&format!(
                "Lines: {lines} read, {bad} bad.\n\
                 Requests: {stored} stored in {store}, {known} were there.{}",
                told_left(&taken.left())
            )),
        }
    }
}

/// What was left for the next time, as a further line.
fn told_left(logs: &[&str]) -> String {
    match logs {
        [] => String::new(),
        [log] => format!("\nLeft for the next time: the last line of {log}, which has no end yet."),
        _ => format!(
            "\nLeft for the next time: the last lines of {} logs, which have no end yet.",
            logs.len()
        ),
    }
}
