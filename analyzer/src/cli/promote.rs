//! `tidegate promote`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::shared::print;
use super::{Exit, file};
use crate::promote::{Review, promote};
use crate::rule_files;

/// Arguments of `tidegate promote`.
#[derive(Debug, Args)]
pub(super) struct Promote {
    /// The proposals, as `analyze --propose` wrote them.
    #[arg(value_name = "FILE")]
    proposals: PathBuf,
    /// The site's own rule file, which includes the learned rules.
    #[arg(long, short, value_name = "FILE")]
    rules: String,
    /// The file of learned rules to add to, such as `rules/learned/docs-rs.toml`.
    #[arg(long, value_name = "FILE")]
    into: PathBuf,
    /// Who reviewed them, and when: `name, date`.
    #[arg(long, value_name = "NAME, DATE")]
    reviewed: String,
    /// Who looks after them from now on.
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// Put them in force at once instead of in shadow.
    #[arg(long)]
    enforce: bool,
    /// Only this rule.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
}

impl Promote {
    pub(super) fn run(&self) -> Result<Exit> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path)
                .with_context(|| format!("cannot read `{}`", path.display()))
        };
        let review = Review {
            reviewed: &self.reviewed,
            owner: &self.owner,
            enforce: self.enforce,
            only: self.rule.as_deref(),
        };
        let promoted = promote(&read(&self.proposals)?, &read(&self.into)?, &review)?;
        self.keep(&promoted.text)?;
        let mode = if self.enforce { "in force" } else { "in shadow" };
        print(&format!("{}: {} {mode}", self.into.display(), promoted.ids.join(", ")))?;
        Ok(Exit::Fine)
    }

    /// Writes the learned rules, unless the site would no longer compile.
    fn keep(&self, text: &str) -> Result<()> {
        let into = self.into.canonicalize()?;
        let mut read = |name: &str| {
            let same = std::fs::canonicalize(name).is_ok_and(|path| path == into);
            if same {
                return Ok(text.to_owned());
            }
            rule_files::read(name)
        };
        let compiled = tidegate_rules::compile(&self.rules, &mut read)?;
        let included = compiled
            .files
            .iter()
            .any(|name| std::fs::canonicalize(name).is_ok_and(|path| path == into));
        anyhow::ensure!(
            included,
            "`{}` does not include `{}`: add it to `include`, or the rules would never act",
            self.rules,
            self.into.display()
        );
        file::replace(&self.into, text)
    }
}
