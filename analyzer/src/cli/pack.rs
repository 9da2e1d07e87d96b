//! `tidegate pack`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use tidegate_rules::pack::{self, ENTRY_BOUND};

use super::shared::print;
use super::{Exit, file};
use crate::rule_files;

/// Arguments of `tidegate pack`.
#[derive(Debug, Args)]
pub(super) struct Pack {
    /// The site's own rule file, such as `rules/docs-rs.toml`.
    #[arg(value_name = "FILE")]
    rules: String,
    /// Where the Config Store entries go, as one JSON object; the entry `rules`
    /// is the pointer, to be set last.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

impl Pack {
    pub(super) fn run(&self) -> Result<Exit> {
        let compiled = rule_files::compile(&self.rules, &[])?;
        let packs = pack::encode(&compiled.rules)?;
        let entries = pack::to_entries(&packs)?;
        let mut object: serde_json::Map<String, serde_json::Value> = entries
            .entries
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        object.insert("rules".to_owned(), entries.pointer.clone().into());
        let text = serde_json::to_string_pretty(&object)?;
        file::replace(&self.output, text)?;
        print(&format!(
            "{}: rules {} bytes, addresses {} bytes, in {} of {ENTRY_BOUND} entries; pointer {}",
            self.output.display(),
            packs.rules.len(),
            packs.addresses.len(),
            entries.entries.len(),
            entries.pointer
        ))?;
        Ok(Exit::Fine)
    }
}
