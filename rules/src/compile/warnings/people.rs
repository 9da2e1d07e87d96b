//! Rules that may hurt somebody, or help the wrong one: blocks that reach a
//! protected cohort, exemptions for whoever claims one, rules that nobody owns.

use super::{Living, World};
use crate::condition::Condition;
use crate::parse::Context;
use crate::record::Verification;
use crate::rule::Effect;

/// Cohorts that one warning names.
const NAMED: usize = 4;

pub(super) fn warn(context: &Context, world: &World<'_>, one: &Living<'_>) {
    let owner = one.raw.owner.as_ref().map_or("", |owner| owner.value.trim());
    if owner.is_empty() {
        let message = format!("rule `{}` has no `owner`", one.rule.id());
        let help = "say who answers for it and takes it away when it is not needed any more";
        context.warn(one.at(), "no-owner", message, help.to_owned());
    }
    match one.rule.effect {
        Effect::Block => overlap(context, world, one),
        Effect::Allow => exemption(context, one),
        Effect::Tag | Effect::Throttle(_) => {}
    }
}

/// Where a rule names networks or fingerprints, its author points at certain
/// clients, and only a backtest can say who they are.
fn overlap(context: &Context, world: &World<'_>, one: &Living<'_>) {
    let condition = &one.condition;
    if !condition.networks().is_empty() || !condition.fingerprints().is_empty() {
        return;
    }
    let cohorts = world.rules.cohorts.iter().filter(|cohort| {
        cohort.harm.blocked_clients <= 0.0 && !world.apart(condition, &cohort.condition)
    });
    let hurt: Vec<_> = cohorts.map(|cohort| format!("`{}`", cohort.name)).collect();
    let Some(at) = one.raw.verdict.as_ref().map(|verdict| &verdict.at) else { return };
    if hurt.is_empty() {
        return;
    }
    let mut named = hurt.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if hurt.len() > NAMED {
        named = format!("{named} and {} more", hurt.len() - NAMED);
    }
    let cohorts = if hurt.len() == 1 { "the cohort" } else { "the cohorts" };
    let message = format!(
        "rule `{}` may block clients of {cohorts} {named}, of whom none may be blocked",
        one.rule.id(),
    );
    let help = "leave them out with `not`, or throttle instead: `quota` and `key`";
    context.warn(at, "overlaps-cohort", message, help.to_owned());
}

/// What a client says of itself grants nothing.
fn exemption(context: &Context, one: &Living<'_>) {
    let condition = &one.rule.condition;
    let left_out = condition.not();
    let mere = claims(condition) || left_out.is_some_and(claims);
    let Some(verdict) = one.raw.verdict.as_ref().filter(|_| mere && !is_justified(condition))
    else {
        return;
    };
    let message = format!(
        "rule `{}` exempts whoever claims to be that client: nothing in `match` proves it",
        one.rule.id()
    );
    let help = "add `verification = \"verified\"`, a `network` or `credentials`, or name a route";
    context.warn(&verdict.at, "unverified-allow", message, help.to_owned());
}

fn claims(condition: &Condition) -> bool {
    !condition.agents().is_empty()
        || !condition.categories().is_empty()
        || !condition.verifications().is_empty()
        || !condition.headers().is_empty()
        || !condition.fingerprints().is_empty()
        || !condition.countries().is_empty()
}

fn is_justified(condition: &Condition) -> bool {
    condition.verifications() == [Verification::Verified]
        || condition.credentials() == Some(true)
        || !condition.networks().is_empty()
        || !condition.asns().is_empty()
        || !condition.routes().is_empty()
        || !condition.paths().is_empty()
        || !condition.caches().is_empty()
}
