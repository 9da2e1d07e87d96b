//! `tidegate schema`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use tidegate_rules::surface::{CASE_FILE, RULE_FILE};

use super::shared::print;
use super::{Exit, file};
use crate::{reference, schema};

/// Arguments of `tidegate schema`.
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// For files of cases instead of rule files.
    #[arg(long)]
    cases: bool,
    /// Print nothing, and renew the tables of keys in the reference FILE.
    #[arg(long, value_name = "FILE", conflicts_with = "cases")]
    into: Option<PathBuf>,
}

impl Schema {
    pub(super) fn run(&self) -> Result<Exit> {
        let Some(path) = &self.into else {
            print(&schema::text(if self.cases { &CASE_FILE } else { &RULE_FILE }))?;
            return Ok(Exit::Fine);
        };
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
        let text = reference::renew(&text).with_context(|| format!("in `{shown}`"))?;
        file::replace(path, text)?;
        Ok(Exit::Fine)
    }
}
