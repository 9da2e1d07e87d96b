//! `tidegate switch`: the one command for the worst night.

use anyhow::Result;
use clap::{Args, ValueEnum};
use tidegate_rules::Mode;

use super::Exit;
use super::shared::print;
use super::stores::{ENVIRONMENT, SwitchArguments};
use crate::publish::set_mode;
use crate::time::now;

/// What whoever runs it at night wants to know.
const HOW: &str = "\
It acts at once, without --yes: its one word says all that it does. The edge
follows within about half a minute, whatever rules are in force and whether or
not their pack is whole. To go back to other rules: `tidegate rollback`.";

/// Arguments of `tidegate switch`.
#[derive(Debug, Args)]
#[command(after_help = format!("{HOW}\n\n{ENVIRONMENT}"))]
pub(super) struct Switch {
    /// What Tidegate does at the site.
    #[arg(value_enum)]
    mode: SwitchMode,
    #[command(flatten)]
    switches: SwitchArguments,
    /// What shall stand in the history, such as the reason; no personal data.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// A mode, as somebody names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SwitchMode {
    /// Nothing: no request is inspected.
    Off,
    /// Every request is inspected and recorded, none is refused.
    Shadow,
    /// Rules act.
    Enforce,
}

impl Switch {
    pub(super) fn run(&self) -> Result<Exit> {
        let mode = match self.mode {
            SwitchMode::Off => Mode::Off,
            SwitchMode::Shadow => Mode::Shadow,
            SwitchMode::Enforce => Mode::Enforce,
        };
        let (api, store) = (self.switches.api()?, &self.switches.switches);
        let switched = set_mode(&api, store, mode, self.note.as_deref(), now())?;
        print(&switched.told())?;
        Ok(Exit::Fine)
    }
}
