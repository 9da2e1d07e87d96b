//! How the origin was, as the store found it.

use clickhouse::Row;
use clickhouse::query::Query;
use serde::Deserialize;
use tidegate_rules::Ruleset;
use tidegate_rules::strain::{ANSWERS_BOUND, SLOW_BOUND_MS, Strain};

use super::route;
use crate::clients::Clients;
use crate::features::told_apart;

/// A minute and whether the origin hurt in it; or, where the minute is 0, answers of a
/// route that took about as long.
#[derive(Debug, Row, Deserialize)]
pub(super) struct OriginRow {
    minute: i64,
    name: String,
    took: u32,
    hurt: u8,
    answers: u64,
    sum_ms: u64,
}

/// The question, of an origin that hurts as the site says.
pub(super) fn asked(question: Query, strain: &Strain) -> Query {
    question
        .param("half_ms", (strain.period_ms / 2).max(1))
        .param("slow", strain.slow)
        .param("slow_ms", SLOW_BOUND_MS)
        .param("percent", strain.over_percent)
        .param("answers", ANSWERS_BOUND)
        .param("told_apart", told_apart())
}

/// Puts what was found with the clients.
pub(super) fn put(rules: &Ruleset, rows: Vec<OriginRow>, clients: &mut Clients) {
    for OriginRow { minute, name, took, hurt, answers, sum_ms } in rows {
        if minute > 0 {
            clients.origin.put_minute(u64::try_from(minute).unwrap_or_default(), hurt > 0);
        } else if let Some(route) = route(rules, &name) {
            let answers = u32::try_from(answers).unwrap_or(u32::MAX);
            clients.origin.put_times(route).add_all(took, answers, sum_ms);
        }
    }
}
