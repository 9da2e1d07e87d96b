//! `tidegate publish`.

use anyhow::{Result, bail};
use clap::Args;
use tidegate_rules::pack::{self, ENTRY_BOUND, Entries, PackError, Packs};
use tidegate_rules::{Compiled, Ruleset};

use super::Exit;
use super::backtest::replay;
use super::cases::decide;
use super::gate::GateArguments;
use super::shared::print;
use super::stores::{ENVIRONMENT, StoreArguments, carry_out_if};
use crate::backtest::summary;
use crate::publish::{Ground, PackStore, Plan, Preview, StoredPack, Switches, preview};
use crate::rule_files;
use crate::text::grouped;
use crate::time::now;

/// What whoever runs it wants to know beforehand.
const HOW: &str = "\
Without --yes nothing is changed: it shows what is in force, what would differ,
and the steps, which --yes then carries out in that order. The pointer is set
after everything that it names was stored and read back, so an interruption
leaves the old rules in force, or the new ones, whole; run again, it goes on.
The rules act as far as the site's mode lets them: see `tidegate switch`.

Nothing is published of rules with a mistake (3), a case that fails (2), a
learned rule that is enforced without a review (3), or a rule that does not pass
the gate of `tidegate check --backtest` (2). Deploy a module of this version before its first pack: an
older one may not read it, and keeps the rules that it has.";

/// Arguments of `tidegate publish`.
#[derive(Debug, Args)]
#[command(after_help = format!("{HOW}\n\n{ENVIRONMENT}"))]
pub(super) struct Publish {
    /// The site's own rule file, such as `rules/docs-rs.toml`.
    #[arg(value_name = "FILE")]
    rules: String,
    #[command(flatten)]
    stores: StoreArguments,
    #[command(flatten)]
    gate: GateArguments,
    /// What shall stand in the history, such as a pull request; no personal data.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Publish although the rules in force are another site's.
    #[arg(long)]
    replace_site: bool,
    /// Carry the steps out.
    #[arg(long)]
    yes: bool,
}

impl Publish {
    pub(super) fn run(&self) -> Result<Exit> {
        let compiled = rule_files::compile(&self.rules, &[])?;
        let packs = pack::encode(&compiled.rules)?;
        let entries = pack::to_entries(&packs)?;
        let Some(cases) = self.cases(&compiled, &packs)? else { return Ok(Exit::Findings) };
        let (api, stores) = (self.stores.api()?, self.stores.stores());
        let switches = Switches::read(&api, &stores.switches)?;
        let store = PackStore::read(&api, &stores.packs)?;
        let in_force = switches.pointer.as_deref().map(|pointer| store.pack(pointer));
        self.check_site(&compiled.rules, in_force.as_ref())?;
        let note = self.note.as_deref();
        let ground = Ground { switches: &switches, packs: &store, now: now(), note };
        let plan = Plan::publish(ground, &entries)?;
        let tried = self.gate.run(&compiled.rules, |night, bar| replay(night, &[], bar))?;
        print(&preview(&Preview {
            what: "Publish",
            switches: &switches,
            in_force: in_force.as_ref(),
            rules: &compiled.rules,
            version: &pack::version(&packs.rules),
            facts: &[cases, sizes(&packs, &entries)],
            backtest: &tried.as_ref().map(|tried| summary(&tried.more)).unwrap_or_default(),
            plan: &plan,
        }))?;
        let passes = tried.as_ref().is_none_or(|tried| tried.gate.passes());
        let is_whole = tried.as_ref().is_none_or(|tried| tried.is_whole);
        if let Some(tried) = tried.filter(|tried| !tried.gate.refused.is_empty() || !passes) {
            print(&format!("\n{}", tried.gate.told()))?;
        }
        match Exit::of_night(is_whole, !passes) {
            Exit::Fine => carry_out_if(self.yes, &plan, &api, &stores),
            refused => {
                let why = if is_whole { "a rule does not pass" } else { "a log ends early" };
                print(&format!("\nNothing was changed: {why}."))?;
                Ok(refused)
            }
        }
    }

    /// What became of the site's cases, in a sentence; nothing where one fails,
    /// which is told.
    fn cases(&self, compiled: &Compiled, packs: &Packs) -> Result<Option<String>> {
        let files = rule_files::cases(&self.rules)?;
        let mut failures = Vec::new();
        let cases = decide(compiled, &packs.rules, &files, &mut failures);
        if cases.failed > 0 {
            for failure in failures {
                print(&format!("{failure}\n"))?;
            }
            let (failed, count) = (cases.failed, cases.count);
            print(&format!("Nothing was changed: {failed} of {count} cases fail."))?;
            return Ok(None);
        }
        let warnings = match compiled.warnings_as_of(now()).len() {
            0 => "no warnings".to_owned(),
            count => format!("{count} warnings, see `tidegate check`"),
        };
        Ok(Some(format!("Checked: {} cases as expected, {warnings}.", cases.count)))
    }

    /// Whoever has two sites has four stores, and confuses them once.
    fn check_site(
        &self,
        rules: &Ruleset,
        in_force: Option<&Result<StoredPack, PackError>>,
    ) -> Result<()> {
        match in_force {
            Some(Ok(pack)) if pack.rules.site != rules.site && !self.replace_site => bail!(
                "the rules in force there are those of `{}`, not of `{}`: name this site's stores, \
                 or say `--replace-site`",
                pack.rules.site,
                rules.site
            ),
            _ => Ok(()),
        }
    }
}

fn sizes(packs: &Packs, entries: &Entries) -> String {
    let [rules, addresses] =
        [&packs.rules, &packs.addresses].map(|pack| grouped(pack.len() as u64));
    let entries = entries.entries.len();
    format!(
        "Pack: rules {rules} bytes, addresses {addresses}, in {entries} of {ENTRY_BOUND} entries."
    )
}
