//! The users' Fastly access log, version 1: one JSON object a line, written by
//! their edge services, with or without a syslog prefix.
//!
//! Two shapes of version 1 exist, one with `cache_hit`, `on_shield` and
//! `request_id`; and lines of 2024 lack `http`, `tls` and `edge_location`.
//! Fields that we do not know are ignored, so that the log may grow.

use std::borrow::Cow;

use serde::Deserialize;
use tidegate_rules::{CacheState, Request};

use super::parser::{BadReason, Format, Parsed};
use super::text::{self, JsonText};
use super::{Line, time};

/// The fields that we need.
#[derive(Deserialize)]
struct AccessLine<'a> {
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    date_time: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow)]
    ip: Option<JsonText<'a>>,
    bytes: Option<u64>,
    status: Option<u16>,
    #[serde(borrow)]
    edge_location: Option<JsonText<'a>>,
    #[serde(borrow)]
    http: Option<Http<'a>>,
    cache_hit: Option<bool>,
    on_shield: Option<bool>,
    #[serde(borrow)]
    request_id: Option<JsonText<'a>>,
}

#[derive(Deserialize)]
struct Http<'a> {
    #[serde(borrow)]
    protocol: Option<JsonText<'a>>,
    #[serde(borrow)]
    referer: Option<JsonText<'a>>,
    #[serde(borrow)]
    useragent: Option<JsonText<'a>>,
}

/// Read where the rest of a line makes no sense: it may be of another version.
#[derive(Deserialize)]
struct VersionOnly<'a> {
    #[serde(borrow)]
    version: Cow<'a, str>,
}

/// The version that this module reads.
const VERSION: &str = "1";

pub(super) fn recognises(line: &str) -> bool {
    text::json_start(line).is_some() && line.contains("\"version\":\"")
}

pub(super) fn parse(line: &str, sink: &mut dyn FnMut(&Line<'_>)) -> Result<Parsed, BadReason> {
    let start = text::json_start(line).ok_or(BadReason::new(
        "no JSON object at the start of the line or after a syslog prefix `…]: `",
    ))?;
    let json = line.get(start..).unwrap_or_default();
    let fields: AccessLine<'_> =
        serde_json::from_str(json).map_err(|error| why_unreadable(json, start, &error))?;
    if fields.version != VERSION {
        return Err(unknown_version(&fields.version));
    }
    sink(&fields.as_line()?);
    Ok(Parsed::Request)
}

impl AccessLine<'_> {
    fn as_line(&self) -> Result<Line<'_>, BadReason> {
        let time = time::rfc3339(&self.date_time).ok_or_else(|| {
            BadReason::of(format!("`date_time` is not a time: {}", text::quoted(&self.date_time)))
        })?;
        let url = text::split_url(&self.url).ok_or_else(|| {
            BadReason::of(format!("`url` is not absolute: {}", text::quoted(&self.url)))
        })?;

        let mut request = Request::new(time, &self.method, url.path);
        request.host = url.host;
        request.query = url.query;
        request.client = JsonText::of(self.ip.as_ref()).map(text::client).transpose()?;
        request.pop = JsonText::of(self.edge_location.as_ref());
        request.request_id = JsonText::of(self.request_id.as_ref());

        let mut line = Line::new(request, Format::FastlyAccess);
        if let Some(http) = &self.http {
            // Inside `http`, null is what the edge writes for a header that the
            // client did not send.
            line.request.user_agent =
                Some(JsonText::of(http.useragent.as_ref()).unwrap_or_default());
            line.referer = Some(JsonText::of(http.referer.as_ref()).unwrap_or_default());
            line.request.signals.protocol =
                JsonText::of(http.protocol.as_ref()).and_then(text::protocol);
        }
        line.outcome.status = self.status.map_or(Ok(None), text::checked_status)?;
        line.outcome.cache =
            self.cache_hit.map(|hit| if hit { CacheState::Hit } else { CacheState::Miss });
        line.bytes = self.bytes;
        line.on_shield = self.on_shield.unwrap_or_default();
        Ok(line)
    }
}

fn why_unreadable(json: &str, start: usize, error: &serde_json::Error) -> BadReason {
    match serde_json::from_str::<VersionOnly<'_>>(json) {
        Ok(other) if other.version != VERSION => unknown_version(&other.version),
        _ => text::bad_json(error, start),
    }
}

fn unknown_version(version: &str) -> BadReason {
    BadReason::of(format!("unknown version {}", text::quoted(version)))
}
