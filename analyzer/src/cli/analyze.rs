//! `tidegate analyze`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use tidegate_rules::Time;

use super::shared::{Logs, RuleFiles, print, secret, show_bad_lines};
use super::{Exit, OutputFormat};
use crate::analysis::Analysis;
use crate::night::Night;
use crate::promote::HEADER;
use crate::propose::propose;
use crate::report;

/// Arguments of `tidegate analyze`.
#[derive(Debug, Args)]
pub(super) struct Analyze {
    #[command(flatten)]
    logs: Logs,
    #[command(flatten)]
    rules: RuleFiles,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
    /// List only the N clients that cost the origin most.
    #[arg(long, value_name = "N")]
    clients: Option<usize>,
    /// Write the proposed rules to FILE, for `check --with`, `backtest --with`
    /// and `promote`.
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
}

impl Analyze {
    pub(super) fn run(&self) -> Result<Exit> {
        let compiled = self.rules.compile()?;
        let (inputs, secret) = (self.logs.inputs(), secret());
        let night = Night {
            inputs: &inputs,
            options: self.logs.options(),
            rules: &compiled.rules,
            secret: &secret,
        };
        let bar = self.logs.bar();
        let read = Analysis::of(&night, &mut |progress| bar.show("reading", progress));
        bar.done();
        let (mut analysis, clients, passed) = read?;
        let truncated = show_bad_lines(&passed.lines);
        if self.logs.only_once() {
            if !analysis.findings.is_empty() {
                eprintln!("note: standard input cannot be replayed, so no rules are proposed");
            }
        } else {
            analysis.proposals = propose(&night, &analysis, &clients, now())?;
        }
        if let Some(file) = &self.propose {
            let rules: Vec<_> = analysis.proposals.iter().map(|p| p.rule.as_str()).collect();
            std::fs::write(file, format!("{HEADER}\n{}", rules.join("\n")))
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        self.show(analysis)?;
        let exit = if truncated { Exit::Failure } else { Exit::Fine };
        Ok(exit)
    }

    fn show(&self, mut analysis: Analysis) -> Result<()> {
        match (self.clients, self.format) {
            (Some(count), _) => analysis.keep_worst(count),
            (None, OutputFormat::Json) => {}
            (None, _) => analysis.keep_worst(10),
        }
        match self.format {
            OutputFormat::Json => print(&serde_json::to_string_pretty(&analysis)?),
            OutputFormat::Text => print(&report::text(&analysis, self.logs.addresses)),
            OutputFormat::Markdown => print(&report::markdown(&analysis, self.logs.addresses)),
        }
    }
}

/// Only for the day on which a proposal expires.
fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.ok().and_then(|since| u64::try_from(since.as_millis()).ok());
    Time::from_unix_millis(millis.unwrap_or_default())
}
