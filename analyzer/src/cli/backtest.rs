//! `tidegate backtest`.

use anyhow::{Result, ensure};
use clap::Args;
use tidegate_rules::{Engine, Mode, pack};

use super::Exit;
use super::shared::{Bar, NightArguments, show_bad_lines};
use crate::backtest::{self, render_markdown, render_text, run};
use crate::night::Night;

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
        let (mut rules, known) = (self.night.rules.compile()?.rules, self.night.known()?);
        if self.enforce_shadow {
            for rule in rules.rules.iter_mut().filter(|rule| rule.mode == Mode::Shadow) {
                rule.mode = Mode::Enforce;
            }
        }
        let mut found = replay(&self.night.read_by(&rules, &known), &self.night.bar())?;
        let whole = show_bad_lines(&found.files);
        if let Some(count) = self.night.most_clients() {
            found.keep_worst(count);
        }
        self.night.print(&found, render_text, render_markdown)?;
        Ok(Exit::of_night(whole, !found.within_budgets()))
    }
}

/// Replays a night by the rules that it is read by, as enforced as they are.
pub(super) fn replay(night: &Night<'_>, bar: &Bar) -> Result<backtest::Backtest> {
    let version = pack::version(&pack::encode(night.rules)?.rules);
    let (rules, secret) = (night.rules.clone(), night.secret.clone());
    let engine = Engine { rules, version, secret, switch: Mode::Enforce };
    let found = run(night, &engine, &mut |progress| bar.show("replaying", progress));
    bar.done();
    Ok(found?)
}
