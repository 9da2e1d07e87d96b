//! `tidegate analyze`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use tidegate_rules::{Compiled, Ruleset};

use super::Exit;
use super::known::Known;
use super::shared::{NightArguments, print_json, show_bad_lines};
use super::source::{ENVIRONMENT, SourceArguments};
use crate::analysis::Analysis;
use crate::clients::Clients;
use crate::effect::{self, Effect};
use crate::html;
use crate::ingest::{FileSummary, Format, Progress};
use crate::night::{Night, Passed};
use crate::overview::Overview;
use crate::propose::{file_of, respond};
use crate::report;
use crate::time::now;

/// Arguments of `tidegate analyze`.
#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT)]
pub(super) struct Analyze {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    night: NightArguments,
    /// Write the proposed rules to FILE, for `check --with`, `backtest --with`
    /// and `promote`.
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
    /// Write a report for a browser to FILE: one file, no network.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Clients that a report lists.
const CLIENTS_REPORTED: usize = 25;

impl Analyze {
    pub(super) fn run(&self) -> Result<Exit> {
        let (site, known) = (self.night.rules.compile()?, self.night.known()?);
        let rules = &site.rules;
        let store = self.source.store()?;
        let stored = store.as_ref().map(|store| self.source.stored(store, &rules.site));
        let stored = stored.transpose()?;
        let source = self.source.source(stored.as_ref(), self.night.addresses());
        let night = self.night.read_by(source, rules, &known);
        let bar = self.night.bar();
        let read = Analysis::of(&night, &mut |progress| bar.show("reading", progress));
        bar.done();
        let (mut analysis, clients, passed) = read?;
        let whole = show_bad_lines(&passed.files);
        self.respond(&night, &mut analysis, &clients)?;
        if let Some(file) = &self.propose {
            std::fs::write(file, file_of(&analysis))
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        if let Some(file) = &self.html {
            let effect = self.effect(&site, &known, &passed)?;
            self.report(file, rules, &mut analysis, &clients, effect.as_ref(), &passed)?;
        }
        match self.night.most_clients() {
            None => print_json(&analysis.listed(rules, &clients))?,
            Some(count) => {
                analysis.list_worst(rules, &clients, count);
                self.night.print(&analysis, report::text, report::markdown)?;
            }
        }
        Ok(Exit::of_night(whole, !analysis.findings.is_empty()))
    }

    /// Tries rules for what was found, where the logs can be read again.
    fn respond(&self, night: &Night<'_>, analysis: &mut Analysis, clients: &Clients) -> Result<()> {
        if self.source.only_once() {
            if !analysis.findings.is_empty() {
                eprintln!("note: a pipe cannot be read again, so no rules are proposed");
            }
            return Ok(());
        }
        let bar = self.night.bar();
        let show = &mut |progress: Progress<'_>| bar.show("trying rules", progress);
        let tried = respond(night, analysis, clients, now(), show);
        bar.done();
        Ok(tried?)
    }

    /// Writes the report for a browser.
    fn report(
        &self,
        file: &Path,
        rules: &Ruleset,
        analysis: &mut Analysis,
        clients: &Clients,
        effect: Option<&Effect>,
        passed: &Passed,
    ) -> Result<()> {
        analysis.list_worst(rules, clients, CLIENTS_REPORTED);
        let page = html::render(&html::Report {
            site: &rules.site,
            analysis,
            overview: &Overview::of(rules, clients),
            effect,
            files: &passed.files,
            addresses: self.night.addresses(),
        });
        std::fs::write(file, page).with_context(|| format!("cannot write `{}`", file.display()))
    }

    /// What the rules did, where the edge's records are among the logs and can be
    /// read again.
    fn effect(&self, site: &Compiled, known: &Known, passed: &Passed) -> Result<Option<Effect>> {
        let is_record = |file: &FileSummary| file.format == Some(Format::Record);
        if self.source.only_once() || !passed.files.files.iter().any(is_record) {
            return Ok(None);
        }
        let bar = self.night.bar();
        let files = self.source.files(self.night.addresses());
        let records = self.night.records(files, site, known);
        let found = effect::run(&records, &mut |progress| bar.show("reading records", progress));
        bar.done();
        Ok(Some(found?))
    }
}
