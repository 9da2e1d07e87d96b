//! `tidegate check`.

use anyhow::Result;
use clap::{Args, ValueEnum};
use tidegate_rules::cell::CELL_BOUND;
use tidegate_rules::pack::{self, ENTRY_BOUND, Packs};
use tidegate_rules::{Compiled, Diagnostics, Mode};

use super::Exit;
use super::cases::{Cases, decide};
use super::gate::GateArguments;
use super::shared::print;
use super::told::Told;
use crate::rule_files;
use crate::time::now;

/// What other tools can rely on.
const JSON_FORM: &str = "\
With --format json, standard output is one object, invalid rules or not:
  format       1
  site, files  null and [] where the rules are invalid
  diagnostics  severity (error, warning), code, message, help, and the place:
               file, line, column, width, counted in characters from 1;
               null where there is none
  cases        count, failed
  backtest     null without --backtest; else requests, rules, untried, idle,
               together, and refused: rule, enforced, hurt, changes

Exit codes:
  0  fine, perhaps with warnings
  1  something could not be done, or a log ended early
  2  a case fails, there are warnings and --deny-warnings, or with --backtest a
     rule in force hurts a cohort beyond its budget
  3  the rules are invalid";

/// Arguments of `tidegate check`.
#[derive(Debug, Args)]
#[command(after_help = JSON_FORM)]
pub(super) struct Check {
    /// The site's own rule file, such as `rules/docs-rs.toml`.
    #[arg(value_name = "FILE")]
    rules: String,
    /// A further file of rules, as if the site included it: a proposal.
    #[arg(long = "with", value_name = "FILE")]
    extra: Vec<String>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: CheckFormat,
    /// End with 2 where there are warnings.
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    gate: GateArguments,
}

/// How a check's result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people.
    Text,
    /// For editors and other tools; the fields are stable.
    Json,
}

impl Check {
    pub(super) fn run(&self) -> Result<Exit> {
        match self.check() {
            Err(error) if self.format == CheckFormat::Json => {
                let mistakes: Diagnostics = error.downcast()?;
                print_json(&Told::of_mistakes(&mistakes.0))?;
                Ok(Exit::InvalidRules)
            }
            ended => ended,
        }
    }

    fn check(&self) -> Result<Exit> {
        let compiled = rule_files::compile(&self.rules, &self.extra)?;
        let cases = rule_files::cases(&self.rules)?;
        let packed = pack::encode(&compiled.rules)?;
        let mut told = compiled.warnings_as_of(now());
        let denied = self.deny_warnings && !told.is_empty();
        let cases = decide(&compiled, &packed.rules, &cases, &mut told);
        let tried = self.gate.run(&compiled.rules, |_, _| Ok(()))?;
        match self.format {
            CheckFormat::Text => {
                for one in &told {
                    print(&format!("{one}\n"))?;
                }
                print(&summary(&compiled, &packed, cases)?)?;
                if let Some(tried) = &tried {
                    print(&format!("\n{}", tried.gate.told()))?;
                }
            }
            CheckFormat::Json => {
                let gate = tried.as_ref().map(|tried| &tried.gate);
                print_json(&Told::of(&compiled.rules, &compiled.files, &told, cases, gate))?;
            }
        }
        let whole = tried.as_ref().is_none_or(|tried| tried.is_whole);
        let passes = tried.is_none_or(|tried| tried.gate.passes());
        Ok(Exit::of_night(whole, denied || cases.failed > 0 || !passes))
    }
}

fn print_json(told: &Told<'_>) -> Result<()> {
    print(&serde_json::to_string_pretty(told)?)
}

fn summary(compiled: &Compiled, packed: &Packs, cases: Cases) -> Result<String> {
    let Compiled { rules, files, .. } = compiled;
    let in_mode = |mode| rules.rules.iter().filter(|rule| rule.mode == mode).count();
    let entries = pack::to_entries(packed)?;
    let Cases { count, failed } = cases;
    let cells = rules.layouts.iter();
    let cells: Vec<_> =
        cells.map(|(kind, layout)| format!("{} {}", kind.name(), layout.size())).collect();
    let stores = rules.stores.iter();
    let stores: Vec<_> =
        stores.map(|(kind, store)| format!("{} in {}", kind.name(), store.name())).collect();
    let mut lines = vec![
        format!("{}: {}", rules.site, if failed == 0 { "fine" } else { "cases fail" }),
        format!("  files    {}", files.join("\n           ")),
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
        match failed {
            0 => format!("  cases    {count}"),
            failed => format!("  cases    {count}, of which {failed} fail"),
        },
        format!("  cells    {} of {CELL_BOUND} bytes", cells.join(", ")),
        format!(
            "  packs    rules {} bytes, addresses {}; {} of {ENTRY_BOUND} entries",
            packed.rules.len(),
            packed.addresses.len(),
            entries.entries.len(),
        ),
        format!("  version  {}", pack::version(&packed.rules)),
    ];
    if !stores.is_empty() {
        lines.push(format!("  stores   {}, the others in cache", stores.join(", ")));
    }
    Ok(lines.join("\n"))
}
