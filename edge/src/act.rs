//! What a refused client is told.
//!
//! A tool gets an answer that it can read: why, for how long, what to do
//! instead, and an id to quote. Nothing here challenges anybody, and nothing of
//! it is ever cached.

use fastly::Response;
use fastly::http::StatusCode;
use tidegate_rules::Refusal;
use tidegate_rules::agent::Category;
use tidegate_rules::route::ErrorForm;

use crate::observe::Observed;

/// Longest `Retry-After` for package managers, in seconds: cargo honours it, up
/// to this.
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

/// The answer to a refused client.
pub(crate) fn refuse(
    refusal: &Refusal<'_>,
    observed: &Observed,
    category: Option<Category>,
) -> Response {
    let told = Told::of(refusal, observed, category);
    let (body, content_type) = told.body(refusal.errors, &observed.accept);
    let mut response = Response::from_status(told.status)
        .with_header("cache-control", "no-store")
        .with_header("tidegate-rule", refusal.rule.id())
        .with_header("content-type", content_type);
    if let Some(seconds) = told.retry_s {
        response.set_header("retry-after", seconds.to_string());
    }
    if let Some(quota) = refusal.quota {
        let id = refusal.rule.id();
        let window = quota.period_ms().div_ceil(1000);
        response.set_header("ratelimit-policy", format!("\"{id}\";q={};w={window}", quota.units()));
        let wait = told.retry_s.unwrap_or_default();
        response.set_header("ratelimit", format!("\"{id}\";r=0;t={wait}"));
    }
    if observed.method != "HEAD" {
        response.set_body(body);
    }
    response
}

struct Told<'r> {
    status: StatusCode,
    title: &'static str,
    retry_s: Option<u64>,
    rule: &'r str,
    why: &'r str,
    advice: Option<&'r str>,
    policy: Option<&'r str>,
    request_id: &'r str,
}

impl<'r> Told<'r> {
    fn of(refusal: &Refusal<'r>, observed: &'r Observed, category: Option<Category>) -> Self {
        let patience = match category {
            Some(Category::PackageManager) => PATIENCE_S,
            _ => u64::MAX,
        };
        let (status, title) = match refusal.retry_ms {
            Some(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many requests, for now"),
            None => (StatusCode::FORBIDDEN, "Refused"),
        };
        Self {
            status,
            title,
            retry_s: refusal.retry_ms.map(|ms| ms.div_ceil(1000).min(patience)),
            rule: refusal.rule.id(),
            why: refusal.rule.why(),
            advice: refusal.rule.advice(),
            policy: refusal.policy,
            request_id: observed.request_id.as_deref().unwrap_or("unknown"),
        }
    }

    fn body(&self, form: ErrorForm, accept: &str) -> (String, &'static str) {
        match form {
            ErrorForm::ApiJson => (self.api_json(), "application/json"),
            ErrorForm::Negotiated if accept.contains("json") => {
                (self.problem(), "application/problem+json")
            }
            ErrorForm::Negotiated if accept.contains("text/html") => {
                (self.html(), "text/html; charset=utf-8")
            }
            ErrorForm::Negotiated => (self.text(), "text/plain; charset=utf-8"),
        }
    }

    /// One sentence a line, as a person reads it in a terminal.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}.", self.title)];
        if let Some(seconds) = self.retry_s {
            let plural = if seconds == 1 { "" } else { "s" };
            lines.push(format!("You are not blocked: try again in {seconds} second{plural}."));
        }
        lines.push(format!("Why: {}", self.why));
        lines.extend(self.advice.map(|advice| format!("What to do instead: {advice}")));
        lines.extend(self.policy.map(|policy| format!("Policy: {policy}")));
        lines.push(format!(
            "Think this is wrong? Quote rule `{}` and request id `{}`.",
            self.rule, self.request_id
        ));
        lines
    }

    fn text(&self) -> String {
        self.lines().join("\n") + "\n"
    }

    fn html(&self) -> String {
        let lines: Vec<_> =
            self.lines().iter().map(|line| format!("<p>{}</p>", escape(line))).collect();
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title></head>\n\
             <body>\n{}\n</body></html>\n",
            escape(self.title),
            lines.join("\n"),
        )
    }

    /// RFC 9457.
    fn problem(&self) -> String {
        serde_json::json!({
            "type": self.policy.unwrap_or("about:blank"),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.why,
            "instead": self.advice,
            "retry_after": self.retry_s,
            "rule": self.rule,
            "request_id": self.request_id,
        })
        .to_string()
    }

    /// crates.io's own form, which cargo prints.
    fn api_json(&self) -> String {
        let detail = self.lines().join(" ");
        serde_json::json!({ "errors": [{ "detail": detail }] }).to_string()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
