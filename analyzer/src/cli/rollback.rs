//! `tidegate rollback`.

use anyhow::{Result, bail};
use clap::Args;

use super::Exit;
use super::shared::print;
use super::stores::{ENVIRONMENT, StoreArguments, carry_out_if};
use crate::publish::{Ground, PackStore, Plan, Preview, StoredPack, Switches, preview};
use crate::time::now;

/// What whoever runs it at night wants to know.
const HOW: &str = "\
Without --yes nothing is changed: it shows what would be in force and the steps.
Run twice, it goes back twice; it never goes forward to rules that were rolled
back from, unless --to names them. Nothing is uploaded, and the pack is read
back before the pointer is set.

To stop all rules at once, whatever they are: `tidegate switch off`.";

/// Arguments of `tidegate rollback`.
#[derive(Debug, Args)]
#[command(after_help = format!("{HOW}\n\n{ENVIRONMENT}"))]
pub(super) struct Rollback {
    #[command(flatten)]
    stores: StoreArguments,
    /// Go to these rules instead of those before: the version, or its beginning,
    /// of a pack that `tidegate status` tells.
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// What shall stand in the history, such as the reason; no personal data.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Carry the steps out.
    #[arg(long)]
    yes: bool,
}

impl Rollback {
    pub(super) fn run(&self) -> Result<Exit> {
        let (api, stores) = (self.stores.api()?, self.stores.stores());
        let switches = Switches::read(&api, &stores.switches)?;
        let store = PackStore::read(&api, &stores.packs)?;
        let target = self.target(&switches, &store)?;
        let in_force = switches.pointer.as_deref().map(|pointer| store.pack(pointer));
        let note = self.note.as_deref();
        let ground = Ground { switches: &switches, packs: &store, now: now(), note };
        let plan = Plan::rollback(ground, &target);
        print(&preview(&Preview {
            what: "Roll back",
            switches: &switches,
            in_force: in_force.as_ref(),
            rules: &target.rules,
            version: &target.version,
            facts: &[],
            backtest: &[],
            plan: &plan,
        }))?;
        carry_out_if(self.yes, &plan, &api, &stores)
    }

    /// The pack to go to, which is whole.
    fn target(&self, switches: &Switches, store: &PackStore) -> Result<StoredPack> {
        let mut whole = store.packs();
        let versions: Vec<_> = whole.iter().map(|pack| pack.version.as_str()).collect();
        let there_are = match versions.join(", ") {
            none if none.is_empty() => "there is no whole pack in the store".to_owned(),
            versions => format!("`--to` takes one of {versions}"),
        };
        let Some(wanted) = &self.to else {
            let Some(back) = switches.history.back(switches.pointer.as_deref()) else {
                bail!("nothing is known to roll back to; {there_are}");
            };
            return store
                .pack(back)
                .or_else(|why| bail!("cannot go to {back}: {why}; {there_are}"));
        };
        whole.retain(|pack| pack.version.starts_with(wanted.as_str()));
        match (whole.pop(), whole.is_empty()) {
            (Some(pack), true) => Ok(pack),
            (Some(_), false) => bail!("several packs start with `{wanted}`; {there_are}"),
            (None, _) => bail!("no whole pack starts with `{wanted}`; {there_are}"),
        }
    }
}
