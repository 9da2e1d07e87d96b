//! `tidegate schema`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use tidegate_rules::surface::{CASE_FILE, RULE_FILE};

use super::Exit;
use super::shared::print;
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
        let Some(file) = &self.into else {
            print(&schema::text(if self.cases { &CASE_FILE } else { &RULE_FILE }))?;
            return Ok(Exit::Fine);
        };
        let shown = file.display();
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read `{shown}`"))?;
        let text = reference::renew(&text).with_context(|| format!("in `{shown}`"))?;
        std::fs::write(file, text).with_context(|| format!("cannot write `{shown}`"))?;
        Ok(Exit::Fine)
    }
}
