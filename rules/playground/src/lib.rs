#![doc = include_str!("../README.md")]

mod check;
mod examples;
mod results;

use tidegate_rules::case::{self, Traffic};
use tidegate_rules::diagnostic::{Severity, Source};
use tidegate_rules::explain::Addresses;
use tidegate_rules::{Compiled, Diagnostic, Diagnostics, Engine, HashKey, Mode, Time, pack};
use wasm_bindgen::prelude::wasm_bindgen;

/// Most requests that are decided at once: more would stop the page for seconds.
const REQUESTS_BOUND: u64 = 100_000;

/// The rules, checked: JSON of the site's name and of every mistake and warning.
/// `today` is any time of the day, in milliseconds since the epoch: rules expire.
#[wasm_bindgen]
#[must_use]
pub fn check(rules: &str, today: f64) -> String {
    json(&check::check(rules, time(today)))
}

/// The requests, decided: JSON of every decision, of what each rule and cohort came
/// to, and of the budgets over time; or of the mistakes.
#[wasm_bindgen]
#[must_use]
pub fn decide(rules: &str, requests: &str, today: f64) -> String {
    let decided = read(rules, requests)
        .map(|(engine, traffic)| results::decide(&engine, &traffic, midnight(today)));
    json(&decided.unwrap_or_else(results::Results::of_mistakes))
}

/// One request's explanation, the text that `tidegate explain` prints; empty where
/// there is no such request or the rules are invalid.
#[wasm_bindgen]
#[must_use]
pub fn explain(rules: &str, requests: &str, today: f64, number: u32) -> String {
    let explained = read(rules, requests).ok().and_then(|(engine, traffic)| {
        let explanation = traffic.explain(&engine, midnight(today), number.into())?;
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

fn read(rules: &str, requests: &str) -> Result<(Engine, Traffic), Mistaken> {
    let engine = engine(rules).map_err(|mistakes| Mistaken { at: "rules", mistakes })?;
    let source = Source { name: "requests.toml".to_owned(), text: requests.to_owned() };
    let traffic = case::read_traffic(source);
    let traffic = traffic.and_then(within_bounds);
    let traffic = traffic.map_err(|mistakes| Mistaken { at: "requests", mistakes })?;
    Ok((engine, traffic))
}

fn within_bounds(traffic: Traffic) -> Result<Traffic, Diagnostics> {
    if traffic.count() <= REQUESTS_BOUND {
        return Ok(traffic);
    }
    Err(Diagnostics(vec![Diagnostic {
        severity: Severity::Error,
        code: "too-many",
        message: format!("{} requests are too many for a page", traffic.count()),
        place: None,
        help: Some(format!(
            "at most {REQUESTS_BOUND}; `tidegate explain --list` and `tidegate backtest` take more"
        )),
    }]))
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
