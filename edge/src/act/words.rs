//! What a refusal says, for somebody whose build just broke: that they are not
//! blocked, when it goes on, why, what to do instead, and what to quote.

use fastly::http::StatusCode;
use tidegate_rules::Refusal;

use super::form::Form;
use crate::observe::Observed;

/// All that an answer says.
pub(super) struct Words<'r> {
    /// Seconds until the same request would pass, rounded up; `None` where it
    /// never will.
    pub(super) retry_s: Option<u64>,
    rule: &'r str,
    why: &'r str,
    advice: Option<&'r str>,
    policy: Option<&'r str>,
    bulk: Option<&'r str>,
    request_id: &'r str,
}

impl<'r> Words<'r> {
    pub(super) fn of(refusal: &Refusal<'r>, observed: &'r Observed) -> Self {
        Self {
            retry_s: refusal.retry_ms.map(|ms| ms.div_ceil(1000)),
            rule: refusal.rule.id(),
            why: refusal.rule.why(),
            advice: refusal.rule.advice(),
            policy: refusal.policy,
            bulk: refusal.bulk,
            request_id: observed.request_id.as_deref().unwrap_or("unknown"),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self.retry_s {
            Some(_) => StatusCode::TOO_MANY_REQUESTS,
            None => StatusCode::FORBIDDEN,
        }
    }

    fn title(&self) -> &'static str {
        match self.retry_s {
            Some(_) => "Too many requests, for now",
            None => "This request is not allowed",
        }
    }

    pub(super) fn body(&self, form: Form) -> String {
        match form {
            Form::ApiJson => self.api_json(),
            Form::Problem => self.problem(),
            Form::Html => self.html(),
            Form::Text => self.text(),
        }
    }

    /// What it says, with the name of each part; the first has none.
    fn parts(&self) -> Vec<(&'static str, String)> {
        let mut parts = Vec::new();
        if let Some(seconds) = self.retry_s {
            let wait = if seconds == 1 { "1 second".into() } else { format!("{seconds} seconds") };
            parts.push(("", format!("You are not blocked: the same request passes in {wait}.")));
        }
        parts.push(("Why", self.why.to_owned()));
        parts.extend(self.advice.map(|advice| ("What to do", advice.to_owned())));
        parts.extend(self.bulk.map(|bulk| ("All of it at once", bulk.to_owned())));
        let policy = self.policy.filter(|policy| self.bulk != Some(policy));
        parts.extend(policy.map(|policy| ("Policy and contact", policy.to_owned())));
        let quote = format!("rule {}, request {}", self.rule, self.request_id);
        parts.push(("If this looks wrong, quote", quote));
        parts
    }

    /// A line for each part, as a person reads it in a terminal.
    fn lines(&self) -> Vec<String> {
        let title = format!("{}.", self.title());
        let line = |(name, text): (&str, String)| match name {
            "" => text,
            name => format!("{name}: {text}"),
        };
        std::iter::once(title).chain(self.parts().into_iter().map(line)).collect()
    }

    fn text(&self) -> String {
        self.lines().join("\n") + "\n"
    }

    /// Small, and readable without a style sheet or a script.
    fn html(&self) -> String {
        let part = |(name, text): (&str, String)| match name {
            "" => format!("<p>{}</p>\n", escape(&text)),
            name => format!("<p><b>{name}:</b> {}</p>\n", linked(&text)),
        };
        let parts: String = self.parts().into_iter().map(part).collect();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>:root{{color-scheme:light dark}}\
             body{{font:1.1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}\
             </style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{parts}</main>\n</body>\n</html>\n",
            title = self.title(),
        )
    }

    /// RFC 9457. The members beyond it are ours, but `violated-policies`, which
    /// is of draft-ietf-httpapi-ratelimit-headers-11.
    fn problem(&self) -> String {
        serde_json::json!({
            "type": self.policy.unwrap_or("about:blank"),
            "title": self.title(),
            "status": self.status().as_u16(),
            "detail": self.why,
            "instead": self.advice,
            "bulk": self.bulk,
            "retry_after": self.retry_s,
            "violated-policies": [self.rule],
            "rule": self.rule,
            "request_id": self.request_id,
        })
        .to_string()
    }

    fn api_json(&self) -> String {
        let detail = self.lines().join(" ");
        serde_json::json!({ "errors": [{ "detail": detail }] }).to_string()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page as a link, anything else as it is.
fn linked(text: &str) -> String {
    let shown = escape(text);
    if text.starts_with("https://") && !text.contains(' ') {
        return format!("<a href=\"{shown}\">{shown}</a>");
    }
    shown
}
