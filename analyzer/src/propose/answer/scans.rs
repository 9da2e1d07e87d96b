//! Against scanners: a pace for the routes on which they guess, for whoever asks
//! for many different pages there that do not exist.

use tidegate_rules::Quota;
use tidegate_rules::condition::Condition;
use tidegate_rules::key::KeyKind;

use super::super::draft::{Draft, Limit};
use super::walkers::HARM_FLOOR;
use super::{Case, TEN_MINUTES_MS, unverified};

/// Thresholds of breadth that are tried.
const THRESHOLDS: [u32; 3] = [20, 40, 80];

/// Guesses in ten minutes that somebody over the threshold still gets.
const PACE: u32 = 60;

const ADVICE: &str = "What you ask for does not exist here. If you look for a page, start from the \
                      site's front page.";

pub(super) fn drafts(case: &Case<'_>) -> Result<Vec<Draft>, String> {
    case.demand_harm(HARM_FLOOR)?;
    let routes = case.own_routes()?;
    let condition = Condition::new([routes.demand(), unverified()]);
    let draft = |over: u32| {
        let units = PACE.checked_mul(routes.dearest)?;
        let quota = Quota::new(units, TEN_MINUTES_MS, 10 * routes.dearest).ok()?;
        let id = format!("learned-scanner-{over}-in-10m");
        let why = format!(
            "More than {over} different pages within 10m where there are hardly any: that is \
             guessing, and each guess reaches the origin."
        );
        let mut draft = case.draft(id, why, ADVICE, condition.clone());
        let limit = Limit::new(KeyKind::Client, quota, routes.dearest);
        draft.limit = Some(limit.over(over, TEN_MINUTES_MS));
        Some(draft)
    };
    Ok(THRESHOLDS.into_iter().filter_map(draft).collect())
}
