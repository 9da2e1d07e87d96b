//! `tidegate check`.

use anyhow::Result;
use clap::Args;
use tidegate_rules::cell::CELL_BOUND;
use tidegate_rules::key::KeyKind;
use tidegate_rules::pack::{self, ENTRY_BOUND};
use tidegate_rules::{Mode, Ruleset};

use super::Exit;
use super::shared::print;
use crate::rule_files;

/// Arguments of `tidegate check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The site's own rule file, such as `rules/docs-rs.toml`.
    #[arg(value_name = "FILE")]
    rules: String,
    /// A further file of rules, as if the site included it: a proposal.
    #[arg(long = "with", value_name = "FILE")]
    extra: Vec<String>,
}

impl Check {
    pub(super) fn run(&self) -> Result<Exit> {
        let compiled = rule_files::compile(&self.rules, &self.extra)?;
        for warning in &compiled.warnings {
            print(&format!("{warning}\n"))?;
        }
        print(&summary(&compiled.rules, &compiled.files)?)?;
        Ok(Exit::Fine)
    }
}

fn summary(rules: &Ruleset, files: &[String]) -> Result<String> {
    let in_mode = |mode| rules.rules.iter().filter(|rule| rule.mode == mode).count();
    let packed = pack::encode(rules)?;
    let entries = pack::to_entries(&packed)?;
    let cells: Vec<_> = KeyKind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind, rules.layout(kind)?)))
        .filter(|(_, layout)| !layout.is_empty())
        .map(|(kind, layout)| format!("{} {}", kind.name(), layout.size()))
        .collect();
    let lines = [
        format!("{}: fine", rules.site),
        format!("  files    {}", files.join(", ")),
        format!(
            "  rules    {} enforced, {} in shadow, {} off",
            in_mode(Mode::Enforce),
            in_mode(Mode::Shadow),
            in_mode(Mode::Off)
        ),
        format!(
            "  names    {} routes, {} agents, {} cohorts",
            rules.routes.len(),
            rules.agents.len(),
            rules.cohorts.len()
        ),
        format!("  cells    {} of {CELL_BOUND} bytes", cells.join(", ")),
        format!(
            "  pack     {} bytes in {} of {ENTRY_BOUND} entries, version {}",
            packed.len(),
            entries.entries.len(),
            pack::version(&packed)
        ),
    ];
    Ok(lines.join("\n"))
}
