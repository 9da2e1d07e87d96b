//! `tidegate analyze`.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use super::known::Known;
use super::reading::{Read, Reading};
use super::shared::{NightArguments, ResultArguments, print_json, show_bad_lines};
use super::source::{ENVIRONMENT, SourceArguments};
use super::{Exit, file};
use crate::propose::file_of;
use crate::report;
use crate::store::Stored;

/// Arguments of `tidegate analyze`.
#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT)]
pub(super) struct Analyze {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    night: NightArguments,
    #[command(flatten)]
    result: ResultArguments,
    /// Of a store: whether its lines come here, as those of a log would, or are
    /// counted there, and only clients worth a look come. Left out, up to two million
    /// lines come here.
    #[arg(long, value_enum, value_name = "WHERE", conflicts_with = "inputs")]
    count_in: Option<CountIn>,
    /// Write the proposed rules to FILE, for `check --with`, `backtest --with`
    /// and `promote`.
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
    /// Write a report for a browser to FILE, as `report --format html` does: one
    /// file, no network.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Where lines of a store are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CountIn {
    /// On this machine.
    Here,
    /// In the store.
    Store,
}

/// As many lines of a store come here where nobody says otherwise.
const COUNTED_HERE: u64 = 2_000_000;

/// Clients that a report for a browser lists.
pub(super) const CLIENTS_REPORTED: usize = 25;

impl Analyze {
    pub(super) fn run(&self) -> Result<Exit> {
        file::may_replace(self.propose.iter().chain(&self.html))?;
        let (site, known) = (self.night.rules.compile()?, self.night.known()?);
        let rules = &site.rules;
        let store = self.source.store()?;
        let stored = store.as_ref().map(|store| self.source.stored(store, &rules.site));
        let stored = stored.transpose()?;
        let source = self.source.source(stored.as_ref(), self.night.addresses());
        let night = &self.night.read_by(source, rules, &known);
        let (source, arguments) = (&self.source, &self.night);
        let reading = Reading { source, arguments, site: &site, known: &known, night };
        let mut read = match &stored {
            Some(stored) if self.counts_there(stored, &known)? => reading.count(stored)?,
            _ => reading.read()?,
        };
        let whole = show_bad_lines(&read.passed.files);
        reading.respond(&mut read)?;
        if let Some(path) = &self.propose {
            file::replace(path, file_of(&read.analysis))?;
        }
        if let Some(path) = &self.html {
            let page = reading.report(&mut read, CLIENTS_REPORTED, |report| report.html())?;
            file::replace(path, page)?;
        }
        let Read { mut analysis, clients, .. } = read;
        match self.result.most_clients() {
            None => print_json(&analysis.listed(rules, &clients))?,
            Some(count) => {
                analysis.list_worst(rules, &clients, count);
                let addresses = self.night.addresses();
                self.result.print(&analysis, addresses, report::text, report::markdown)?;
            }
        }
        // The program ends: millions of clients need not be put away one by one.
        std::mem::forget(clients);
        Ok(Exit::of_night(whole, !analysis.findings.is_empty()))
    }

    /// Whether lines are counted where they are.
    fn counts_there(&self, stored: &Stored<'_>, known: &Known) -> Result<bool> {
        let is_plain = self.propose.is_none() && known.is_plain();
        ensure!(
            is_plain || self.count_in != Some(CountIn::Store),
            "`--propose`, `--robots`, `--hash-key`, `--asn-db` and `--country-db` are about each \
             line: leave them out, or have lines counted with `--count-in here`"
        );
        let is_much = is_plain && stored.requests() > COUNTED_HERE;
        Ok(self.count_in.map_or(is_much, |count_in| count_in == CountIn::Store))
    }
}
