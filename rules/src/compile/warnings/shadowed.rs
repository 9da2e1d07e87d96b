//! Rules that another rule leaves nothing to decide.

use super::{Living, World};
use crate::parse::Context;
use crate::rule::{Budget, Effect, Mode, Rule};

/// Reports the rules that are never the one that answers.
pub(super) fn warn(context: &Context, world: &World<'_>, living: &[Living<'_>]) {
    for (at, one) in living.iter().enumerate() {
        let found = living
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .find_map(|(other, by)| Some((by, leaves_nothing(world, by, one, other < at)?)));
        let Some((by, why)) = found else { continue };
        let message = format!("rule `{}` decides nothing: {why} `{}`", one.rule.id(), by.rule.id());
        let help = format!(
            "take `{}` away, or let the `match` of `{}` leave something out",
            one.rule.id(),
            by.rule.id()
        );
        context.warn(one.at(), "shadowed", message, help);
    }
}

/// Why `by` leaves `one` nothing to decide, where that is certain.
///
/// `by` acts on every key for as long as `one` lives. An `allow` and a `block`
/// come before all that is weaker, wherever they stand in the file; among equals
/// the first one answers.
fn leaves_nothing(
    world: &World<'_>,
    by: &Living<'_>,
    one: &Living<'_>,
    above: bool,
) -> Option<&'static str> {
    let why = match (&by.rule.effect, &one.rule.effect) {
        (Effect::Allow, Effect::Block | Effect::Throttle(_)) => {
            "all that it is about is exempt by rule"
        }
        (Effect::Allow, Effect::Allow) if above => "all that it exempts is exempt by rule",
        (Effect::Block, Effect::Throttle(_)) => "all that it is about is blocked by rule",
        (Effect::Block, Effect::Block) if above => "all that it is about is blocked by rule",
        (Effect::Throttle(by), Effect::Throttle(own)) if above && is_tighter(by, own) => {
            "whoever exceeds its quota waits longer by the tighter rule"
        }
        _ => return None,
    };
    let acts = by.rule.mode == Mode::Enforce && by.rule.rollout >= 100;
    let sure = acts && outlives(by.rule, one.rule) && world.covers(&by.condition, &one.condition);
    sure.then_some(why)
}

fn outlives(by: &Rule, one: &Rule) -> bool {
    let starts = by.starts.is_none_or(|by| one.starts.is_some_and(|own| by <= own));
    starts && by.expires.is_none_or(|by| one.expires.is_some_and(|own| own <= by))
}

/// Whether the budget `by`, charged for all that `own` is charged for, is
/// exhausted whenever `own` is, and not sooner at an end: it holds no more at
/// once and earns no faster.
fn is_tighter(by: &Budget, own: &Budget) -> bool {
    by.key == own.key
        && by.gate.is_none()
        && by.floor.is_none()
        && (by.origin.is_none() || by.origin == own.origin)
        && by.quota.nanos_per_unit() >= own.quota.nanos_per_unit()
        && by.quota.burst() <= own.quota.burst()
}
