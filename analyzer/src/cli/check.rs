//! `tidegate check`.

use anyhow::Result;
use clap::Args;
use tidegate_rules::case::CaseFile;
use tidegate_rules::cell::CELL_BOUND;
use tidegate_rules::pack::{self, ENTRY_BOUND, Packs};
use tidegate_rules::{Compiled, Diagnostic, Engine, HashKey, Mode, Time};

use super::Exit;
use super::shared::{now, print};
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
        let cases = rule_files::cases(&self.rules)?;
        let packed = pack::encode(&compiled.rules)?;
        let (count, failures) = decide(&compiled, &packed.rules, &cases);
        for told in compiled.warnings.iter().chain(&failures) {
            print(&format!("{told}\n"))?;
        }
        print(&summary(&compiled, &packed, count, failures.is_empty())?)?;
        Ok(if failures.is_empty() { Exit::Fine } else { Exit::Findings })
    }
}

/// How many cases there are, and what is wrong with which.
///
/// The rules are decided as of today, so that a case which needs a rule that has
/// expired fails, and from midnight on, so that the hour makes no difference.
fn decide(compiled: &Compiled, packed: &[u8], files: &[CaseFile]) -> (usize, Vec<Diagnostic>) {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let rules = compiled.rules.clone();
    let (version, secret) = (pack::version(packed), HashKey::default());
    let engine = Engine { rules, version, secret, switch: Mode::Enforce };
    let now = now().unix_millis();
    let midnight = Time::from_unix_millis(now - now % DAY_MS);
    let cases = files.iter().flat_map(|file| &file.cases);
    (cases.clone().count(), cases.flat_map(|case| case.run(&engine, midnight)).collect())
}

fn summary(compiled: &Compiled, packed: &Packs, cases: usize, fine: bool) -> Result<String> {
    let Compiled { rules, files, .. } = compiled;
    let in_mode = |mode| rules.rules.iter().filter(|rule| rule.mode == mode).count();
    let entries = pack::to_entries(packed)?;
    let cells: Vec<_> = rules
        .layouts
        .iter()
        .map(|(kind, layout)| format!("{} {}", kind.name(), layout.size()))
        .collect();
    let lines = [
        format!("{}: {}", rules.site, if fine { "fine" } else { "cases fail" }),
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
        format!("  cases    {cases}{}", if fine { "" } else { ", not all of them hold" }),
        format!("  cells    {} of {CELL_BOUND} bytes", cells.join(", ")),
        format!(
            "  packs    rules {} bytes, addresses {}; {} of {ENTRY_BOUND} entries",
            packed.rules.len(),
            packed.addresses.len(),
            entries.entries.len(),
        ),
        format!("  version  {}", pack::version(&packed.rules)),
    ];
    Ok(lines.join("\n"))
}
