//! `tidegate status`.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::Exit;
use super::shared::print;
use super::stores::{ENVIRONMENT, StoreArguments};
use crate::publish::{PackStore, Status, Switches};
use crate::time::now;

/// What a monitor can rely on.
const CODES: &str = "\
Exit codes:
  0  the pack in force is whole
  1  something could not be done
  2  no pointer is set, or its pack is not whole: the edge stands in for it";

/// Arguments of `tidegate status`.
#[derive(Debug, Args)]
#[command(after_help = format!("{CODES}\n\n{ENVIRONMENT}"))]
pub(super) struct ShowStatus {
    #[command(flatten)]
    stores: StoreArguments,
    /// How the status is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: StatusFormat,
}

/// How a status is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusFormat {
    /// For people.
    Text,
    /// For other tools; the fields are stable.
    Json,
}

impl ShowStatus {
    pub(super) fn run(&self) -> Result<Exit> {
        let (api, stores) = (self.stores.api()?, self.stores.stores());
        let switches = Switches::read(&api, &stores.switches)?;
        let status = Status::of(&switches, &PackStore::read(&api, &stores.packs)?, now());
        match self.format {
            StatusFormat::Text => print(&status.text())?,
            StatusFormat::Json => print(&serde_json::to_string_pretty(&status)?)?,
        }
        Ok(if status.whole { Exit::Fine } else { Exit::Findings })
    }
}
