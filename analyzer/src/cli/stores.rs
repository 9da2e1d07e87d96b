//! What `publish`, `rollback`, `switch` and `status` need: the API, the site's
//! stores, and a plan shown or carried out.

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::Exit;
use super::shared::print;
use crate::publish::{Api, FASTLY_API, Patience, Plan, Stores, Token, carry_out, store_id};

/// What the commands take from elsewhere than their arguments.
pub(super) const ENVIRONMENT: &str = "\
Environment:
  FASTLY_API_TOKEN   a Fastly API token with the scope `global`
  TIDEGATE_SWITCHES  instead of --switches
  TIDEGATE_PACKS     instead of --packs";

/// What the site is made of at Fastly.
#[derive(Debug, Args)]
pub(super) struct StoreArguments {
    #[command(flatten)]
    switches: SwitchArguments,
    /// The id of the Config Store that the service knows as `tidegate_packs`: the
    /// entries of packs.
    #[arg(long, value_name = "ID", env = "TIDEGATE_PACKS", hide_env = true, value_parser = store_id)]
    packs: String,
}

/// What the site's switch is.
#[derive(Debug, Args)]
pub(super) struct SwitchArguments {
    /// The id of the Config Store that the service knows as `tidegate`: the mode,
    /// the pointer to the rules, and the history.
    #[arg(long, value_name = "ID", env = "TIDEGATE_SWITCHES", hide_env = true, value_parser = store_id)]
    pub(super) switches: String,
    /// Where the API is.
    #[arg(long, value_name = "URL", env = "FASTLY_API_ENDPOINT", hide = true, default_value = FASTLY_API)]
    api: String,
    /// How long an answer of the API may take, in milliseconds.
    #[arg(long, value_name = "MS", hide = true)]
    api_answer: Option<u64>,
    /// How long to wait before the API is asked again, in milliseconds.
    #[arg(long, value_name = "MS", hide = true)]
    api_pause: Option<u64>,
}

impl StoreArguments {
    pub(super) fn stores(&self) -> Stores {
        Stores { switches: self.switches.switches.clone(), packs: self.packs.clone() }
    }

    pub(super) fn api(&self) -> Result<Api> {
        self.switches.api()
    }
}

impl SwitchArguments {
    pub(super) fn api(&self) -> Result<Api> {
        let usual = Patience::default();
        let patience = Patience {
            answer: self.api_answer.map_or(usual.answer, Duration::from_millis),
            pause: self.api_pause.map_or(usual.pause, Duration::from_millis),
            ..usual
        };
        Api::new(&self.api, Token::from_environment()?, patience)
    }
}

/// Carries out a plan that was shown, where somebody said so.
pub(super) fn carry_out_if(yes: bool, plan: &Plan, api: &Api, stores: &Stores) -> Result<Exit> {
    if plan.is_empty() {
        return Ok(Exit::Fine);
    }
    if !yes {
        print("\nNothing was changed; with `--yes` these steps are carried out.")?;
        return Ok(Exit::Fine);
    }
    carry_out(plan, api, stores, &mut |step| eprintln!("done: {step}"))?;
    print("\nIn force; the edge follows within about half a minute.")?;
    Ok(Exit::Fine)
}
