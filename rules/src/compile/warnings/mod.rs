//! What is allowed but hardly meant: said after the mistakes, and only where
//! there are none. A warning is said only where it is certain, so that whoever
//! reads one can act on it and nobody learns to look past them.

mod expiry;
mod never;
mod people;
mod relations;
mod shadowed;
mod unreachable;

pub(super) use expiry::Life;
use ipnet::IpNet;
pub(super) use relations::World;

use crate::condition::{Condition, Demand};
use crate::parse::{Context, RawFile, RawRule};
use crate::rule::{Effect, Mode, Rule};
use crate::ruleset::Ruleset;

/// A rule that is not off, as it was written and as it was understood.
struct Living<'r> {
    raw: &'r RawRule,
    rule: &'r Rule,
    /// The rule's condition with the methods that it is about.
    condition: Condition,
}

/// Reports everything that is hardly meant, whatever the day.
pub(super) fn warn(
    context: &Context,
    files: &[RawFile],
    rules: &Ruleset,
    lists: &[Vec<IpNet>],
) -> Vec<Life> {
    let world = World::new(files, rules, lists);
    unreachable::warn(context, files);
    let mut living = living(files, rules);
    for one in &living {
        people::warn(context, &world, one);
    }
    never::warn_cohorts(context, &world, files.iter().flat_map(|file| &file.cohorts));
    // What never matches is shadowed by anything, and does not need to be told so.
    living.retain(|one| !never::warn(context, &world, one));
    shadowed::warn(context, &world, &living);
    living.iter().filter_map(|one| Life::of(context, one)).collect()
}

fn living<'r>(files: &'r [RawFile], rules: &'r Ruleset) -> Vec<Living<'r>> {
    // Without mistakes there is one rule for each that was written.
    let all = files.iter().flat_map(|file| &file.rules).zip(&rules.rules);
    let living = all.filter(|(_, rule)| rule.mode != Mode::Off);
    living
        .map(|(raw, rule)| {
            let unsaid = rule.condition.methods().is_empty() && rule.effect != Effect::Allow;
            let usual = unsaid.then(|| Demand::Methods(["GET", "HEAD"].map(str::to_owned).into()));
            let demands = rule.condition.demands().iter().cloned().chain(usual);
            Living { raw, rule, condition: Condition::new(demands) }
        })
        .collect()
}

impl Living<'_> {
    /// Where its name stands.
    fn at(&self) -> &crate::parse::At {
        self.raw.id.as_ref().map_or(&self.raw.at, |id| &id.at)
    }
}
