//! What a refused client is told, as a response.
//!
//! A tool gets an answer that it can read: why, for how long, what to do
//! instead, and an id to quote. Nothing here challenges anybody, and nothing of
//! it is ever cached.

mod form;
mod words;

use fastly::Response;
use fastly::http::HeaderValue;
use tidegate_rules::Refusal;
use tidegate_rules::agent::Category;

use crate::observe::Observed;
use form::Form;
use words::Words;

/// Longest `Retry-After` for package managers, in seconds: cargo waits no longer
/// than this before it tries again, whatever it is told.
const PATIENCE_S: u64 = 10;

/// The error by which a refusal travels through the host's own `send`.
#[derive(Debug, Clone, Copy)]
pub struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused by tidegate; `Pass::settle` turns this into the answer")
    }
}

impl std::error::Error for Refused {}

/// The answer to a refused client, whose request would have cost `units`.
pub(crate) fn refuse(
    refusal: &Refusal<'_>,
    observed: &Observed,
    category: Option<Category>,
    units: u32,
) -> Response {
    let words = Words::of(refusal, observed);
    let form = Form::of(refusal.errors, &observed.accept);
    let mut response = Response::from_status(words.status())
        .with_header("cache-control", "no-store")
        .with_header("content-type", form.content_type());
    set(&mut response, "tidegate-rule", refusal.rule.id());
    if let Some(seconds) = words.retry_s {
        let patience = match category {
            Some(Category::PackageManager) => PATIENCE_S,
            _ => u64::MAX,
        };
        response.set_header("retry-after", seconds.min(patience).to_string());
    }
    limit_fields(&mut response, refusal, &words, units);
    if observed.method != "HEAD" {
        response.set_body(words.body(form));
    }
    response
}

/// `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-11,
/// counted in requests such as this one, as clients understand them: a budget
/// is in origin cost, of which they know nothing. Where a window earns less than
/// one of them, the window is as long as one takes.
fn limit_fields(response: &mut Response, refusal: &Refusal<'_>, words: &Words<'_>, units: u32) {
    let Some(quota) = refusal.quota else { return };
    let id = refusal.rule.id();
    let (requests, window_s) = match quota.units() / units.max(1) {
        0 => (1, (quota.nanos_per_unit() * u64::from(units)).div_ceil(1_000_000_000)),
        requests => (requests, u64::from(quota.period_ms()).div_ceil(1_000)),
    };
    set(response, "ratelimit-policy", &format!("\"{id}\";q={requests};w={window_s}"));
    let wait_s = words.retry_s.unwrap_or_default();
    set(response, "ratelimit", &format!("\"{id}\";r=0;t={wait_s}"));
}

/// Sets a header that names a rule; none where no header can. The compiler takes no
/// such id, but a pack may come from elsewhere, and is no reason to fail.
fn set(response: &mut Response, name: &str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.set_header(name, value);
    }
}
