//! `tidegate report`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::analyze::CLIENTS_REPORTED;
use super::reading::Reading;
use super::shared::{CLIENTS_SHOWN, NightArguments, print, show_bad_lines};
use super::source::{ENVIRONMENT, SourceArguments};
use super::{Exit, file};

/// Arguments of `tidegate report`.
#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT)]
pub(super) struct ShowReport {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    night: NightArguments,
    /// The form of the report.
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// Write it to FILE instead of printing it.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What a report looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a terminal, at most 80 columns.
    Text,
    /// For a comment on a pull request.
    Markdown,
    /// For a browser: one file, no network.
    Html,
}

impl ShowReport {
    pub(super) fn run(&self) -> Result<Exit> {
        file::may_replace(&self.out)?;
        let (site, known) = (self.night.rules.compile()?, self.night.known()?);
        let store = self.source.store()?;
        let stored = store.as_ref().map(|store| self.source.stored(store, &site.rules.site));
        let stored = stored.transpose()?;
        let source = self.source.source(stored.as_ref(), self.night.addresses());
        let night = &self.night.read_by(source, &site.rules, &known);
        let (source, arguments) = (&self.source, &self.night);
        let reading = Reading { source, arguments, site: &site, known: &known, night };
        let mut read = reading.read()?;
        let whole = show_bad_lines(&read.passed.files);
        reading.respond(&mut read)?;
        let told = match self.format {
            Form::Text => reading.report(&mut read, CLIENTS_SHOWN, |report| report.text()),
            Form::Markdown => reading.report(&mut read, CLIENTS_SHOWN, |report| report.markdown()),
            Form::Html => reading.report(&mut read, CLIENTS_REPORTED, |report| report.html()),
        }?;
        match &self.out {
            None => print(&told)?,
            Some(path) => file::replace(path, told)?,
        }
        Ok(Exit::of_night(whole, !read.analysis.findings.is_empty()))
    }
}
