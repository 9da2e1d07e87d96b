//! For tools that ask for the same again and again: at most a pace, with an
//! explanation, and never so that one starves. It meets only who asks for few
//! pages, so that no crawl and no reader is meant.

use tidegate_rules::Quota;
use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::key::KeyKind;

use super::super::draft::{Draft, Limit};
use super::{Case, TEN_MINUTES_MS, unverified};

/// Pages a minute that are tried, the fewest first. The fewest are one every five
/// seconds: whoever asks at any pace gets an answer well within a minute.
const PAGES: [u32; 3] = [12, 30, 60];

/// Whoever asks for so many different pages is somebody else.
const FEW: u32 = 10;

/// Below this share of one origin core in the worst minute a word to the owner
/// is enough.
const HARM_FLOOR: f64 = 0.05;

const KEEP: &str = "Keep each answer for a minute at least, wait as long as Retry-After says, and \
                    ask with If-None-Match whether what you have is still good.";

pub(super) fn drafts(case: &Case<'_>) -> Result<Vec<Draft>, String> {
    let owner = &case.finding.todo;
    case.demand_harm(HARM_FLOOR).map_err(|why| format!("{owner} {why}"))?;
    let routes = case.own_routes()?;
    let advice = case.finding.evidence.get("advice").and_then(serde_json::Value::as_str);
    let advice = advice.map(capitalised);
    let mut agents: Vec<Option<u16>> = case
        .suspects()
        .map(|at| case.clients.features(at).claim.and_then(|claim| claim.agent))
        .collect();
    agents.sort_unstable();
    agents.dedup();
    // Of an agent that nobody knows, a rule cannot say the name.
    let agents: Option<Vec<u16>> = agents.into_iter().collect();
    let agents = Demand::Agents(agents.into_iter().flatten().collect());
    let condition = Condition::new([routes.demand(), agents, unverified()]);
    let draft = |pages: u32| {
        let units = pages.checked_mul(routes.dearest)?;
        let quota = Quota::new(units, 60_000, units).ok()?;
        let id = format!("learned-{}-{pages}-a-minute", case.finding.detector);
        let why = format!(
            "The same few pages over and over, up to {pages} at once and one every {} seconds \
             from then on: their answers do not change faster.",
            60 / pages
        );
        let mut draft = case.draft(id, why, advice.as_deref().unwrap_or(KEEP), condition.clone());
        let limit = Limit::new(KeyKind::Visitor, quota, routes.dearest);
        draft.limit = Some(limit.under(FEW, TEN_MINUTES_MS));
        Some(draft)
    };
    Ok(PAGES.into_iter().filter_map(draft).collect())
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
