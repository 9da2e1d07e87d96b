//! `tidegate backtest`.

use anyhow::{Result, ensure};
use clap::Args;
use tidegate_rules::{Engine, Mode, pack};

use super::shared::{Logs, RuleFiles, print, secret};
use super::{Exit, OutputFormat};
use crate::backtest;
use crate::night::Night;

/// Arguments of `tidegate backtest`.
#[derive(Debug, Args)]
pub(super) struct BacktestLogs {
    #[command(flatten)]
    logs: Logs,
    #[command(flatten)]
    rules: RuleFiles,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
    /// List only the N clients that were throttled most.
    #[arg(long, value_name = "N")]
    clients: Option<usize>,
    /// Take rules in shadow mode as enforced: what if?
    #[arg(long)]
    enforce_shadow: bool,
}

impl BacktestLogs {
    pub(super) fn run(&self) -> Result<Exit> {
        ensure!(
            self.rules.rules.is_some(),
            "which rules? name the site's file with `--rules rules/docs-rs.toml`"
        );
        let mut rules = self.rules.compile()?.rules;
        if self.enforce_shadow {
            for rule in rules.rules.iter_mut().filter(|rule| rule.mode == Mode::Shadow) {
                rule.mode = Mode::Enforce;
            }
        }
        let (inputs, secret) = (self.logs.inputs(), secret());
        let version = pack::version(&pack::encode(&rules)?);
        let engine =
            Engine { rules: rules.clone(), version, secret: secret.clone(), switch: Mode::Enforce };
        let night =
            Night { inputs: &inputs, options: self.logs.options(), rules: &rules, secret: &secret };
        let bar = self.logs.bar();
        let found = backtest::run(&night, &engine, &mut |p| bar.show("replaying", p));
        bar.done();
        let mut found = found?;
        let over = found.cohorts.iter().any(|cohort| !cohort.within_budget);
        if let Some(count) = self.clients {
            found.keep_worst(count);
        }
        match self.format {
            OutputFormat::Json => print(&serde_json::to_string_pretty(&found)?)?,
            OutputFormat::Text => print(&backtest::render_text(&found, self.logs.addresses))?,
            OutputFormat::Markdown => {
                print(&backtest::render_markdown(&found, self.logs.addresses))?;
            }
        }
        Ok(if over { Exit::Findings } else { Exit::Fine })
    }
}
