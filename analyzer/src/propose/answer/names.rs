//! Against those who take another's name, where that is contradicted: a tag for
//! the origin, and a pace where they do harm. Of a claim that nothing proves or
//! denies, nothing follows.

use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::key::KeyKind;
use tidegate_rules::record::Verification;

use super::super::draft::{Draft, Limit};
use super::Case;
use super::walkers::{HARM_FLOOR, pace};

/// Fewer requests are not worth a rule.
const REQUESTS: u64 = 20;

const ADVICE: &str = "Your address or signature does not fit the name that your software gives: \
                      give your own name and a way to reach you.";

pub(super) fn drafts(case: &Case<'_>) -> Result<Vec<Draft>, String> {
    let told = |key: &str| case.finding.evidence.get(key);
    let contradicted = Verification::Contradicted.name();
    if told("verification").and_then(serde_json::Value::as_str) != Some(contradicted) {
        return Err(case.finding.todo.clone());
    }
    if told("requests").and_then(serde_json::Value::as_u64).unwrap_or_default() < REQUESTS {
        return Err(format!("Nothing: fewer than {REQUESTS} requests."));
    }
    let why = "The address or the signature contradicts the name that the software gives.";
    let verification = Demand::Verifications([Verification::Contradicted].into_iter().collect());
    if case.finding.harm_score < HARM_FLOOR {
        let id = "learned-spoofed-agent-tag".to_owned();
        let condition = Condition::new([verification]);
        return Ok(vec![case.draft(id, why.to_owned(), "", condition)]);
    }
    let routes = case.own_routes()?;
    let condition = Condition::new([routes.demand(), verification]);
    let id = "learned-spoofed-agent-pace".to_owned();
    let mut draft = case.draft(id, why.to_owned(), ADVICE, condition);
    let quota = pace(routes.dearest).ok_or("Nothing: a page costs too much for a budget.")?;
    draft.limit = Some(Limit::new(KeyKind::Client, quota, routes.dearest));
    Ok(vec![draft])
}
