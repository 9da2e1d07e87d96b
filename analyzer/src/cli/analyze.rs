//! `tidegate analyze`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::Exit;
use super::shared::{NightArguments, print_json, show_bad_lines};
use crate::analysis::Analysis;
use crate::propose::{file_text, propose};
use crate::report;
use crate::time::now;

/// Arguments of `tidegate analyze`.
#[derive(Debug, Args)]
pub(super) struct Analyze {
    #[command(flatten)]
    night: NightArguments,
    /// Write the proposed rules to FILE, for `check --with`, `backtest --with`
    /// and `promote`.
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
}

impl Analyze {
    pub(super) fn run(&self) -> Result<Exit> {
        let (rules, known) = (self.night.rules.compile()?.rules, self.night.known()?);
        let night = self.night.read_by(&rules, &known);
        let bar = self.night.bar();
        let read = Analysis::of(&night, &mut |progress| bar.show("reading", progress));
        bar.done();
        let (mut analysis, clients, passed) = read?;
        let whole = show_bad_lines(&passed.files);
        if self.night.only_once() {
            if !analysis.findings.is_empty() {
                eprintln!("note: a pipe cannot be read again, so no rules are proposed");
            }
        } else {
            analysis.proposals = propose(&night, &analysis, &clients, now())?;
        }
        if let Some(file) = &self.propose {
            std::fs::write(file, file_text(&analysis.proposals))
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        match self.night.most_clients() {
            None => print_json(&analysis.listed(&rules, &clients))?,
            Some(count) => {
                analysis.list_worst(&rules, &clients, count);
                self.night.print(&analysis, report::text, report::markdown)?;
            }
        }
        Ok(Exit::of_night(whole, !analysis.findings.is_empty()))
    }
}
