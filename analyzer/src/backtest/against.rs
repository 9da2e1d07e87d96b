//! What the rules on trial are compared with, on the same requests of the same
//! night: another rule set, or a limit of today.

use serde::Serialize;
use tidegate_rules::Engine;
use tidegate_rules::cohorts::{Answer, CohortResult};

use super::result::{ClientResult, Hurt, OriginUnits, RuleResult};
use super::today::{Limiter, Preset};
use super::trial::Trial;
use crate::night::{Night, Seen};

/// One side of a comparison.
pub enum Against<'e> {
    /// Another rule set for the same site.
    Rules {
        /// How reports call it.
        name: String,
        /// The rules.
        engine: &'e Engine,
    },
    /// A limit for each address.
    Preset(Preset),
}

/// What it would have done to the night: the same figures as for the rules on
/// trial, by the same yardstick and for the same cohorts.
#[derive(Debug, Clone, Serialize)]
pub struct AgainstResult {
    /// How it is called.
    pub name: String,
    /// What it lets through, in a sentence; of rules, their version.
    pub what: String,
    /// Requests answered with 429.
    pub throttled: u64,
    /// Those answered with 403.
    pub blocked: u64,
    /// Work at the origin.
    pub origin_units: OriginUnits,
    /// Its rules, in file order; none of a preset.
    pub rules: Vec<RuleResult>,
    /// The cohorts of the rules on trial, each with what it suffers here.
    pub cohorts: Vec<CohortResult>,
    /// Of all clients, what became of how many.
    pub clients_hurt: Hurt,
    /// Clients, sorted by the text of their keys.
    pub clients: Vec<ClientResult>,
}

/// One side on its way through a night.
pub(super) struct Opponent<'e> {
    name: String,
    what: String,
    judge: Judge<'e>,
    pub(super) totals: Totals,
}

enum Judge<'e> {
    Rules(Trial<'e>),
    Preset(Limiter),
}

/// Counts over everybody.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) throttled: u64,
    pub(super) blocked: u64,
    pub(super) units: OriginUnits,
}

impl<'e> Opponent<'e> {
    pub(super) fn new(night: &Night<'_>, against: &Against<'e>) -> Self {
        let (name, what, judge) = match against {
            Against::Rules { name, engine } => {
                let what = format!("rules {}", engine.version);
                (name.clone(), what, Judge::Rules(Trial::new(night, engine)))
            }
            Against::Preset(preset) => {
                let judge = Judge::Preset(Limiter::new(*preset));
                (preset.name().to_owned(), preset.told(), judge)
            }
        };
        Self { name, what, judge, totals: Totals::default() }
    }

    /// What this side would have answered.
    pub(super) fn take(&mut self, seen: &Seen<'_>) -> Answer {
        let answer = match &mut self.judge {
            Judge::Rules(trial) => Answer::of(trial.take(seen).decision.action),
            Judge::Preset(limiter) => {
                match limiter.admits(seen.request.client, seen.request.time) {
                    true => Answer::Served,
                    false => Answer::Throttled,
                }
            }
        };
        self.totals.add(seen, answer);
        answer
    }

    pub(super) fn finish(
        self,
        cohorts: Vec<CohortResult>,
        clients: Vec<ClientResult>,
    ) -> AgainstResult {
        let Self { name, what, judge, totals } = self;
        let rules = match judge {
            Judge::Rules(trial) => trial.rules,
            Judge::Preset(_) => Vec::new(),
        };
        AgainstResult {
            name,
            what,
            throttled: totals.throttled,
            blocked: totals.blocked,
            origin_units: totals.units,
            rules,
            cohorts,
            clients_hurt: Hurt::of(&clients),
            clients,
        }
    }
}

impl Totals {
    pub(super) fn add(&mut self, seen: &Seen<'_>, answer: Answer) {
        self.requests += 1;
        self.throttled += u64::from(answer == Answer::Throttled);
        self.blocked += u64::from(answer == Answer::Blocked);
        self.units.add(seen.units, answer);
    }
}
