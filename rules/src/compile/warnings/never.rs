//! Rules that can never match, and cohorts that nobody can belong to. Somebody
//! relies on them, and nothing ever happens.

use super::relations::strangers;
use super::{Living, World};
use crate::condition::{Condition, Demand};
use crate::parse::{At, Context, RawCohort, RawCondition, Spot};
use crate::route::CacheClass;
use crate::rule::Effect;

/// Why a condition cannot hold.
struct Why<'r> {
    at: &'r At,
    why: String,
    help: String,
}

/// Whether a rule can never match, which is reported.
pub(super) fn warn(context: &Context, world: &World<'_>, one: &Living<'_>) -> bool {
    let found = condition(world, &one.raw.condition, &one.condition)
        .or_else(|| free(world, one))
        .or_else(|| ends_first(one));
    let Some(Why { at, why, help }) = found else { return false };
    let message = format!("rule `{}` can never act: {why}", one.rule.id());
    context.warn(at, "never-matches", message, help);
    true
}

/// Reports the cohorts that nobody can belong to, and that so protect nobody.
pub(super) fn warn_cohorts<'r>(
    context: &Context,
    world: &World<'_>,
    cohorts: impl Iterator<Item = &'r RawCohort>,
) {
    for (raw, cohort) in cohorts.zip(&world.rules.cohorts) {
        let Some(why) = condition(world, &raw.condition, &cohort.condition) else { continue };
        let message = format!("cohort `{}` protects nobody: {}", cohort.name, why.why);
        context.warn(why.at, "never-matches", message, why.help);
    }
}

fn condition<'r>(
    world: &World<'_>,
    raw: &'r RawCondition,
    condition: &Condition,
) -> Option<Why<'r>> {
    about_url(world, raw, condition)
        .or_else(|| about_agent(world, raw, condition))
        .or_else(|| about_pages(raw))
        .or_else(|| left_out(world, raw, condition))
}

fn about_url<'r>(world: &World<'_>, raw: &'r RawCondition, own: &Condition) -> Option<Why<'r>> {
    if strangers(own.hosts(), &world.rules.hosts) {
        return Some(Why {
            at: first(&raw.hosts)?,
            why: format!("{} is no host of `{}`", listed(&raw.hosts), world.rules.site),
            help: "requests for other hosts pass unseen: see `hosts` of the site's file".to_owned(),
        });
    }
    if world.off_route(own, own) {
        return Some(Why {
            at: first(&raw.paths)?,
            why: format!("no path on {} matches {}", listed(&raw.routes), listed(&raw.paths)),
            help: "`route` and `path` must both hold: leave one of them out".to_owned(),
        });
    }
    if world.not_of_class(own, own) {
        return Some(Why {
            at: first(&raw.caches)?,
            why: format!(
                "the cache class of {} is not {}",
                listed(&raw.routes),
                either(&raw.caches)
            ),
            help: "a route's `cache` says its class: leave `cache` out here".to_owned(),
        });
    }
    // A path without a route has the usual class.
    let known = |class: &CacheClass| {
        *class == CacheClass::default() || world.rules.routes.iter().any(|it| it.cache == *class)
    };
    if !own.caches().is_empty() && !own.caches().iter().any(known) {
        return Some(Why {
            at: first(&raw.caches)?,
            why: format!("no route has the cache class {}", either(&raw.caches)),
            help: "the routes' own `cache` says which classes there are".to_owned(),
        });
    }
    None
}

fn about_agent<'r>(world: &World<'_>, raw: &'r RawCondition, own: &Condition) -> Option<Why<'r>> {
    let agents = &world.rules.agents;
    if world.not_of_category(own, own) {
        return Some(Why {
            at: first(&raw.categories)?,
            why: format!(
                "the category of {} is not {}",
                listed(&raw.agents),
                either(&raw.categories)
            ),
            help: "`name` and `category` must both hold: leave one of them out".to_owned(),
        });
    }
    let is_of = |agent: &&crate::agent::Agent| own.categories().contains(&agent.category);
    if !own.categories().is_empty() && !agents.iter().any(|agent| is_of(&agent)) {
        return Some(Why {
            at: first(&raw.categories)?,
            why: format!("no agent of this site is of the category {}", either(&raw.categories)),
            help: "declare such an agent with `[[agent]]`, or include a file that does".to_owned(),
        });
    }
    let named = |at: u16, agent: &&crate::agent::Agent| {
        (own.agents().is_empty() || own.agents().contains(&at))
            && (own.categories().is_empty() || is_of(agent))
    };
    let mut asked = crate::ruleset::placed(agents).filter(|(at, agent)| named(*at, agent));
    if !own.headers().is_empty() && asked.all(|(_, agent)| agent.sends.is_empty()) {
        return Some(Why {
            at: first(&raw.headers)?,
            why: "of none of these agents is it known which headers it always sends".to_owned(),
            help: "an agent's `sends` says so".to_owned(),
        });
    }
    None
}

/// A count that is above one number and below the next.
fn about_pages(raw: &RawCondition) -> Option<Why<'_>> {
    let breadth = raw.breadth.as_ref()?;
    let (over, under) = (breadth.over.as_ref(), breadth.under.as_ref()?);
    let least = over.map_or(0, |over| over.value.saturating_add(1));
    (under.value <= least).then(|| Why {
        at: &breadth.at,
        why: match over {
            Some(over) => format!("no number is over {} and under {}", over.value, under.value),
            None => "no number is under 0".to_owned(),
        },
        help: "both must hold, and neither number itself is meant".to_owned(),
    })
}

fn left_out<'r>(world: &World<'_>, raw: &'r RawCondition, own: &Condition) -> Option<Why<'r>> {
    let not = own.not()?;
    let rest = own.demands().iter().filter(|demand| !matches!(demand, Demand::Not(_)));
    let rest = Condition::new(rest.cloned());
    let at = &raw.not.as_ref()?.at;
    world.covers(not, &rest).then(|| Why {
        at,
        why: "`not` leaves out all that the rest is about".to_owned(),
        help: "make `not` narrower".to_owned(),
    })
}

/// What costs nothing is never charged.
fn free<'r>(world: &World<'_>, one: &Living<'r>) -> Option<Why<'r>> {
    let routes = one.rule.condition.routes();
    let costs = |at: &u16| world.rules.route(*at).is_some_and(|route| route.cost > 0);
    let throttles = matches!(one.rule.effect, Effect::Throttle(_));
    if !throttles || routes.is_empty() || routes.iter().any(costs) {
        return None;
    }
    let spots = &one.raw.condition.routes;
    Some(Why {
        at: first(spots)?,
        why: format!("a request on {} costs nothing, and is not charged", listed(spots)),
        help: "give the route a `cost`, or take the rule away".to_owned(),
    })
}

fn ends_first<'r>(one: &Living<'r>) -> Option<Why<'r>> {
    let (starts, expires) = (one.raw.starts.as_ref()?, one.raw.expires.as_ref()?);
    (one.rule.starts? >= one.rule.expires?).then(|| Why {
        at: &expires.at,
        why: format!("it expires on {}, before it starts on {}", expires.value, starts.value),
        help: "both days are whole days in UTC: let it expire later".to_owned(),
    })
}

fn first<T>(spots: &[Spot<T>]) -> Option<&At> {
    spots.first().map(|spot| &spot.at)
}

fn listed(spots: &[Spot<String>]) -> String {
    joined(spots, " and ")
}

fn either(spots: &[Spot<String>]) -> String {
    joined(spots, " or ")
}

fn joined(spots: &[Spot<String>], last: &str) -> String {
    let all: Vec<_> = spots.iter().map(|spot| format!("`{}`", spot.value)).collect();
    match all.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{}{last}{end}", rest.join(", ")),
        _ => all.concat(),
    }
}
