//! `tidegate backtest`.

use anyhow::{Result, ensure};
use clap::Args;
use tidegate_rules::{Engine, Mode, pack};

use super::Exit;
use super::shared::{NightArguments, secret, show_bad_lines};
use crate::backtest::{render_markdown, render_text, run};

/// Arguments of `tidegate backtest`.
#[derive(Debug, Args)]
pub(super) struct Backtest {
    #[command(flatten)]
    night: NightArguments,
    /// Take rules in shadow mode as enforced: what if?
    #[arg(long)]
    enforce_shadow: bool,
}

impl Backtest {
    pub(super) fn run(&self) -> Result<Exit> {
        ensure!(
            self.night.rules.are_named(),
            "which rules? name the site's file with `--rules rules/docs-rs.toml`"
        );
        let (mut rules, secret) = (self.night.rules.compile()?.rules, secret());
        if self.enforce_shadow {
            for rule in rules.rules.iter_mut().filter(|rule| rule.mode == Mode::Shadow) {
                rule.mode = Mode::Enforce;
            }
        }
        let version = pack::version(&pack::encode(&rules)?.rules);
        let engine =
            Engine { rules: rules.clone(), version, secret: secret.clone(), switch: Mode::Enforce };
        let night = self.night.read_by(&rules, &secret);
        let bar = self.night.bar();
        let found = run(&night, &engine, &mut |progress| bar.show("replaying", progress));
        bar.done();
        let mut found = found?;
        let whole = show_bad_lines(&found.files);
        if let Some(count) = self.night.most_clients() {
            found.keep_worst(count);
        }
        self.night.print(&found, render_text, render_markdown)?;
        Ok(Exit::of_night(whole, !found.within_budgets()))
    }
}
