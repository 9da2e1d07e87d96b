//! Carries a plan out, step by step, and says after which step it ended.

use std::fmt;
use std::thread::sleep;

use tidegate_rules::pack::PackError;

use super::api::Api;
use super::error::ApiError;
use super::plan::{Plan, Step, version};
use super::store::{HISTORY, POINTER, PackStore, Stores, Switches};

/// A plan that was not carried out to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// Why.
    pub why: Trouble,
    /// Which rules are in force now.
    pub in_force: InForce,
}

/// Why a step did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The API did not do it.
    Api(ApiError),
    /// What was stored is no pack when it is read back.
    Pack(PackError),
    /// Somebody else set the pointer meanwhile, to this.
    Overtaken(Option<String>),
}

/// Which rules are in force after an interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InForce {
    /// Those that were.
    Old,
    /// Those that the plan puts in force.
    New,
    /// One or the other: the API did not say whether it set the pointer.
    Either,
    /// Those of somebody else.
    Others,
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// Carries a plan out; `done` is told of every step that succeeded.
///
/// # Errors
///
/// At the first step that does not succeed. A plan made anew from what is stored
/// then does the rest.
pub fn carry_out(
    plan: &Plan,
    api: &Api,
    stores: &Stores,
    done: &mut dyn FnMut(&Step),
) -> Result<(), Interrupted> {
    let points = plan.steps.iter().any(|step| matches!(step, Step::Point { .. }));
    let mut in_force = if points { InForce::Old } else { InForce::New };
    for step in &plan.steps {
        take(step, api, stores)
            .map_err(|why| Interrupted { in_force: after(step, &why, in_force), why })?;
        if matches!(step, Step::Point { .. }) {
            in_force = InForce::New;
        }
        done(step);
    }
    Ok(())
}

/// Which rules are in force after a step that did not succeed.
fn after(step: &Step, why: &Trouble, in_force: InForce) -> InForce {
    match (step, why) {
        (_, Trouble::Overtaken(_)) => InForce::Others,
        (Step::Point { .. }, Trouble::Api(error)) if error.why.leaves_doubt() => InForce::Either,
        _ => in_force,
    }
}

fn take(step: &Step, api: &Api, stores: &Stores) -> Result<(), Trouble> {
    match step {
        Step::Upload(entries) => {
            for (key, value) in entries {
                api.put(&stores.packs, key, value)?;
            }
        }
        Step::Verify(pointer) => verify(api, stores, pointer)?,
        Step::Point { from, to } => {
            expect(api, stores, from.as_deref())?;
            api.put(&stores.switches, POINTER, to)?;
        }
        Step::Record(event) => {
            let history = Switches::read(api, &stores.switches)?.history.with(event.clone());
            api.put(&stores.switches, HISTORY, &history.text())?;
        }
        Step::Remove { pointer, keys } => {
            expect(api, stores, Some(pointer))?;
            for key in keys {
                api.delete(&stores.packs, key)?;
            }
        }
    }
    Ok(())
}

/// Two may publish at once. The API has no way to set a value only if it is still
/// another one, so the pointer is looked at immediately before.
fn expect(api: &Api, stores: &Stores, pointer: Option<&str>) -> Result<(), Trouble> {
    let found = Switches::read(api, &stores.switches)?.pointer;
    if found.as_deref() == pointer { Ok(()) } else { Err(Trouble::Overtaken(found)) }
}

/// What was just written may take a moment to be read.
fn verify(api: &Api, stores: &Stores, pointer: &str) -> Result<(), Trouble> {
    let patience = api.patience();
    let mut pause = patience.pause;
    let mut tries = 1;
    loop {
        match PackStore::read(api, &stores.packs)?.pack(pointer) {
            Ok(_) => return Ok(()),
            Err(error) if tries >= patience.tries => return Err(Trouble::Pack(error)),
            Err(_) => sleep(pause),
        }
        tries += 1;
        pause *= 2;
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; ", self.why)?;
        f.write_str(match self.in_force {
            InForce::Old => "what was in force still is, and another run goes on from here",
            InForce::New => "the new rules are in force: `tidegate status` tells what is left",
            InForce::Either => {
                "the old rules or the new ones are in force, whole: `tidegate status` tells which"
            }
            InForce::Others => "nothing more was done: `tidegate status` tells what is in force",
        })
    }
}

impl std::error::Error for Interrupted {}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => write!(f, "{error}"),
            Self::Pack(error) => write!(f, "the pack that was read back is not whole: {error}"),
            Self::Overtaken(Some(found)) => {
                write!(f, "somebody put rules {} in force meanwhile", version(found))
            }
            Self::Overtaken(None) => write!(f, "somebody removed the pointer meanwhile"),
        }
    }
}
