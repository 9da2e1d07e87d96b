//! Where a night's lines are, from arguments: in files, or in a store.

use std::env;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use tidegate_rules::Time;

use super::shared::{input, options};
use crate::ingest::{Format, Input, Options};
use crate::night::Source;
use crate::store::{Location, Patience, Span, Store, Stored, moment};

/// Names the store where no argument names logs.
const STORE_VARIABLE: &str = "TIDEGATE_STORE";

/// What the commands take from elsewhere than their arguments.
pub(super) const ENVIRONMENT: &str = "\
Environment:
  TIDEGATE_STORE           instead of --store, where no log is named
  TIDEGATE_STORE_PASSWORD  the password of the store's user
  SSL_CERT_FILE            certificates to know the store by, instead of this
                           machine's";

/// Log files.
#[derive(Debug, Args)]
pub(super) struct FileArguments {
    /// Log files, directories of them, globs, or `-` for standard input; plain,
    /// gzip or zstd.
    #[arg(required = true, value_name = "LOG", value_parser = OsStringValueParser::new().map(input))]
    pub(super) inputs: Vec<Input>,
    /// The logs' format, where it should not be guessed from their content:
    /// `fastly`, `fastly-vcl`, `cloudfront`, `combined` or `record`.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<Format>,
}

impl FileArguments {
    /// Which ones, and how they are read.
    pub(super) fn files(&self, addresses: bool) -> (&[Input], Options) {
        (&self.inputs, options(self.log_format, addresses))
    }

    /// Where the lines are.
    pub(super) fn source(&self, addresses: bool) -> Source<'_> {
        let (inputs, options) = self.files(addresses);
        Source::Files { inputs, options }
    }

    /// Whether the lines can be read only once.
    pub(super) fn only_once(&self) -> bool {
        !self.inputs.iter().all(Input::is_lasting)
    }
}

/// Log files, or a store that keeps logs.
#[derive(Debug, Args)]
pub(super) struct SourceArguments {
    /// Log files, directories of them, globs, or `-` for standard input; plain,
    /// gzip or zstd.
    #[arg(value_name = "LOG", value_parser = OsStringValueParser::new().map(input))]
    inputs: Vec<Input>,
    /// The logs' format, where it should not be guessed from their content:
    /// `fastly`, `fastly-vcl`, `cloudfront`, `combined` or `record`.
    #[arg(long, value_name = "FORMAT", conflicts_with = "store")]
    log_format: Option<Format>,
    /// Instead of files: a ClickHouse database that `tidegate ingest` has filled,
    /// `http://user@host:8123/logs`.
    #[arg(long, value_name = "URL", conflicts_with = "inputs")]
    store: Option<String>,
    /// Of a store, what came at or after this time: `2025-03-11`, or
    /// `2025-03-11T08:30` in UTC.
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "inputs")]
    from: Option<Time>,
    /// Of a store, what came before this time.
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "inputs")]
    until: Option<Time>,
    /// How long to wait before the store is asked again, in milliseconds.
    #[arg(long, value_name = "MS", hide = true)]
    store_pause: Option<u64>,
}

impl SourceArguments {
    /// The store, open, where the lines are in one.
    pub(super) fn store(&self) -> Result<Option<Store>> {
        if !self.inputs.is_empty() {
            return Ok(None);
        }
        let Some(store) = self.store.clone().or_else(|| env::var(STORE_VARIABLE).ok()) else {
            bail!("which logs? name files, or a store with `--store`")
        };
        if let (Some(from), Some(until)) = (self.from, self.until) {
            ensure!(from < until, "`--from` must be before `--until`");
        }
        let location = Location::from_argument(&store)?;
        let usual = Patience::default();
        let pause = self.store_pause.map_or(usual.pause, Duration::from_millis);
        Store::open_to_read(&location, Patience { pause, ..usual }).map(Some)
    }

    /// What the store keeps of a site and the time that is asked for.
    pub(super) fn stored<'s>(&self, store: &'s Store, site: &'s str) -> Result<Stored<'s>> {
        Stored::find(store, site, Span { from: self.from, until: self.until })
    }

    /// The files, if any, and how they are read.
    pub(super) fn files(&self, addresses: bool) -> (&[Input], Options) {
        (&self.inputs, options(self.log_format, addresses))
    }

    /// Where the lines are.
    pub(super) fn source<'n>(
        &'n self,
        stored: Option<&'n Stored<'n>>,
        addresses: bool,
    ) -> Source<'n> {
        match stored {
            Some(stored) => Source::Stored(stored),
            None => {
                let (inputs, options) = self.files(addresses);
                Source::Files { inputs, options }
            }
        }
    }

    /// Whether the lines can be read only once.
    pub(super) fn only_once(&self) -> bool {
        !self.inputs.iter().all(Input::is_lasting)
    }
}
