//! The gate as commands ask it: every rule of a site, tried on logs.

use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use tidegate_rules::Ruleset;

use super::known::ClientArguments;
use super::shared::{Bar, input, options, show_bad_lines, show_told_twice};
use crate::gate::{Gate, gate};
use crate::ingest::{Format, Input};
use crate::night::{Night, Source};
use crate::time::now;

/// On what rules are tried.
#[derive(Debug, Args)]
pub(super) struct GateArguments {
    /// Try every rule on these logs, and end with 2 where one in force hurts a
    /// cohort beyond its budget; tells the nearest changes that would pass.
    #[arg(long, value_name = "LOG", num_args = 1.., value_parser = OsStringValueParser::new().map(input))]
    backtest: Vec<Input>,
    /// The logs' format, where it should not be guessed from their content.
    #[arg(long, value_name = "FORMAT", requires = "backtest")]
    log_format: Option<Format>,
    #[command(flatten)]
    clients: ClientArguments,
    /// Print no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// What came of it.
pub(super) struct Tried<T> {
    pub(super) gate: Gate,
    /// Whether the logs are whole.
    pub(super) is_whole: bool,
    /// What else was asked of them.
    pub(super) more: T,
}

impl GateArguments {
    /// Tries rules, where there are logs, and asks `more` of them.
    pub(super) fn run<T>(
        &self,
        rules: &Ruleset,
        more: impl FnOnce(&Night<'_>, &Bar) -> Result<T>,
    ) -> Result<Option<Tried<T>>> {
        if self.backtest.is_empty() {
            return Ok(None);
        }
        let lasting = self.backtest.iter().all(Input::is_lasting);
        ensure!(lasting, "the logs are read twice, which a pipe cannot be");
        let known = self.clients.read()?;
        let options = options(self.log_format, false);
        let source = Source::Files { inputs: &self.backtest, options };
        let night = Night { source, rules, secret: &known.secret, beside: known.beside() };
        let bar = Bar::new(self.quiet);
        let more = more(&night, &bar)?;
        let gate = gate(&night, now(), &mut |progress| bar.show("trying rules", progress));
        bar.done();
        let (gate, files) = gate?;
        show_told_twice(&files);
        Ok(Some(Tried { gate, is_whole: show_bad_lines(&files), more }))
    }
}
