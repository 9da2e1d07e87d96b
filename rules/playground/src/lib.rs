#![doc = include_str!("../README.md")]

mod check;
mod examples;
mod requests;
mod results;

use tidegate_rules::explain::Addresses;
use tidegate_rules::{Compiled, Diagnostics, Engine, HashKey, Mode, Time, pack};
use wasm_bindgen::prelude::wasm_bindgen;

use requests::Requests;

/// The rules, checked: JSON of the site's name and of every mistake and warning.
/// `today` is any time of the day, in milliseconds since the epoch: rules expire.
#[wasm_bindgen]
#[must_use]
pub fn check(rules: &str, today: f64) -> String {
    json(&check::check(rules, time(today)))
}

/// The requests, written down or logged, decided: JSON of every decision, of what each rule and cohort came
/// to, and of the budgets over time; or of the mistakes.
#[wasm_bindgen]
#[must_use]
pub fn decide(rules: &str, requests: &str, today: f64) -> String {
    let decided = read(rules, requests, today)
        .and_then(|(engine, requests)| results::decide(&engine, &requests, midnight(today)));
    json(&decided.unwrap_or_else(results::Results::of_mistakes))
}

/// One request's explanation, the text that `tidegate explain` prints; empty where
/// there is no such request or the rules are invalid.
#[wasm_bindgen]
#[must_use]
pub fn explain(rules: &str, requests: &str, today: f64, number: u32) -> String {
    let explained = read(rules, requests, today).ok().and_then(|(engine, requests)| {
        let explanation = requests.explain(&engine, midnight(today), number.into())?;
        Some(explanation.text(Addresses::Whole))
    });
    explained.unwrap_or_default()
}

/// Rules and requests to begin with: JSON of their names and texts.
#[wasm_bindgen]
#[must_use]
pub fn examples() -> String {
    json(&examples::EXAMPLES)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    // No map in it has keys that are no texts, so this cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn read(rules: &str, requests: &str, today: f64) -> Result<(Engine, Requests), Mistaken> {
    let engine = engine(rules).map_err(|mistakes| Mistaken { at: "rules", mistakes })?;
    let requests = Requests::read(requests, time(today));
    let requests = requests.map_err(|mistakes| Mistaken { at: "requests", mistakes })?;
    Ok((engine, requests))
}

/// What stands in the way of deciding, and in which of the two texts.
struct Mistaken {
    at: &'static str,
    mistakes: Diagnostics,
}

fn engine(rules: &str) -> Result<Engine, Diagnostics> {
    let Compiled { rules, .. } = check::compile(rules)?;
    let version = pack::encode(&rules).map(|packed| pack::version(&packed.rules));
    let (version, secret) = (version.unwrap_or_default(), HashKey::default());
    Ok(Engine { rules, version, secret, switch: Mode::Enforce })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "JavaScript has no other number; what is out of range is cut to the range"
)]
fn time(millis: f64) -> Time {
    Time::from_unix_millis(millis as u64)
}

/// The start of the day, in UTC, as `tidegate explain` takes it.
fn midnight(today: f64) -> Time {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let now = time(today).unix_millis();
    Time::from_unix_millis(now - now % DAY_MS)
}
