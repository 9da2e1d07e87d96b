//! The users' Fastly access log, version 1: one JSON object a line, written by
//! their edge services, with or without a syslog prefix.
//!
//! Two shapes of version 1 exist, one with `cache_hit`, `on_shield` and
//! `request_id`; and lines of 2024 lack `http`, `tls` and `edge_location`.
//! Fields that we do not know are passed over, so that the log may grow. Where
//! `on_shield` is missing, a client that is one of Fastly's own POPs means the
//! same.

use std::borrow::Cow;

use tidegate_rules::{CacheState, Client, Request};

use super::json::{Broken, Json, Kind, Layout, Member, Quotes, unescaped};
use super::parser::{BadReason, Format, Parsed};
use super::syslog::{self, Message};
use super::{Line, proxies, text, time};

/// The version that this module reads.
const VERSION: &str = "1";

/// The fields that we need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Version,
    DateTime,
    Method,
    Url,
    Ip,
    EdgeLocation,
    RequestId,
    /// Nothing is made of it, but it differs from line to line.
    ContentType,
    Protocol,
    Referer,
    UserAgent,
    Bytes,
    Status,
    CacheHit,
    OnShield,
    Http,
    Line,
}

/// Fields that are texts: the first ones.
const TEXTS: usize = Field::UserAgent as usize + 1;

impl Member for Field {
    fn of(name: &str, is_inner: bool) -> Option<Self> {
        Some(match (name, is_inner) {
            ("version", false) => Self::Version,
            ("date_time", false) => Self::DateTime,
            ("method", false) => Self::Method,
            ("url", false) => Self::Url,
            ("ip", false) => Self::Ip,
            ("edge_location", false) => Self::EdgeLocation,
            ("request_id", false) => Self::RequestId,
            ("content_type", false) => Self::ContentType,
            ("bytes", false) => Self::Bytes,
            ("status", false) => Self::Status,
            ("cache_hit", false) => Self::CacheHit,
            ("on_shield", false) => Self::OnShield,
            ("http", false) => Self::Http,
            ("protocol", true) => Self::Protocol,
            ("referer", true) => Self::Referer,
            ("useragent", true) => Self::UserAgent,
            _ => return None,
        })
    }

    fn kind(self) -> Kind {
        match self {
            Self::Bytes | Self::Status | Self::CacheHit | Self::OnShield => Kind::Other,
            Self::Http => Kind::Object,
            Self::Line => Kind::Line,
            _ => Kind::Text,
        }
    }

    fn is_inner(self) -> bool {
        matches!(self, Self::Http | Self::Protocol | Self::Referer | Self::UserAgent)
    }

    fn place(self) -> usize {
        self as usize
    }
}

/// What is remembered of the lines before.
#[derive(Debug, Default)]
pub(super) struct Before {
    layout: Layout<Field>,
    minute: time::Minute,
    site: text::Site,
}

/// What the fields say; nothing where they are null.
#[derive(Default)]
struct Fields<'a> {
    texts: [Option<&'a str>; TEXTS],
    /// Whether some of them have escapes.
    escaped: bool,
    bytes: Option<u64>,
    status: Option<u16>,
    cache_hit: Option<bool>,
    on_shield: Option<bool>,
    /// Whether the client's headers are told: what is null or missing there is what the
    /// edge writes for a header that the client did not send.
    http: bool,
}

pub(super) fn recognises(line: &str) -> bool {
    let json = syslog::split(line).text;
    let version = json.split_once("\"version\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    json.starts_with('{') && version.is_some_and(|(version, _)| is_number(version))
}

impl Before {
    pub(super) fn parse(
        &mut self,
        line: &str,
        sink: &mut dyn FnMut(&Line<'_>),
    ) -> Result<Parsed, BadReason> {
        let Message { host, text: json } = syslog::split(line);
        if !json.starts_with('{') {
            return Err(text::no_json());
        }
        let mut fields = match Fields::of(json, &mut self.layout) {
            Ok(fields) => fields,
            Err(broken) => return Err(why_broken(broken, json, line.len() - json.len())),
        };
        let unescaped = if fields.escaped { fields.unescaped() } else { Vec::new() };
        for (place, text) in &unescaped {
            fields.texts[*place] = Some(text);
        }
        let mut node = [0; 3];
        let node = host.and_then(|host| syslog::pop(host, &mut node));
        sink(&fields.as_line(node, self)?);
        Ok(Parsed::Request)
    }
}

impl<'a> Fields<'a> {
    fn of(json: &'a str, layout: &mut Layout<Field>) -> Result<Self, Broken> {
        let mut fields = Self::default();
        let mut json = Json::new(json, Quotes::Escaped);
        let mut before = Field::Line;
        while let Some(field) = layout.next(&mut json, before)? {
            match field {
                Field::Line => {}
                Field::Bytes => fields.bytes = json.number()?,
                Field::Status => fields.status = json.number()?,
                Field::CacheHit => fields.cache_hit = json.flag()?,
                Field::OnShield => fields.on_shield = json.flag()?,
                Field::Http => fields.http = true,
                _ => fields.texts[field as usize] = Some(json.rest_of_text()?),
            }
            before = field;
        }
        fields.escaped = json.has_escapes();
        json.end().map(|()| fields)
    }

    /// The texts that have escapes, without them, and their places.
    #[cold]
    fn unescaped(&self) -> Vec<(usize, String)> {
        let texts = self.texts.iter().enumerate();
        let escaped =
            texts.filter_map(|(at, text)| Some((at, text.filter(|text| text.contains('\\'))?)));
        escaped.filter_map(|(place, text)| Some((place, unescaped(text)?))).collect()
    }

    fn text(&self, field: Field) -> Option<&'a str> {
        self.texts[field as usize]
    }

    fn as_line<'l>(&self, node: Option<&'l str>, before: &mut Before) -> Result<Line<'l>, BadReason>
    where
        'a: 'l,
    {
        let missing = |name| BadReason::of(format!("no `{name}`"));
        let version = self.text(Field::Version).ok_or_else(|| missing("version"))?;
        if version != VERSION {
            return Err(unknown(version));
        }
        let date_time = self.text(Field::DateTime).ok_or_else(|| missing("date_time"))?;
        let time = before.minute.rfc3339(date_time).ok_or_else(|| {
            BadReason::of(format!("`date_time` is not a time: {}", text::quoted(date_time)))
        })?;
        let url = self.text(Field::Url).ok_or_else(|| missing("url"))?;
        let target = before.site.split_url(url).ok_or_else(|| {
            BadReason::of(format!("`url` is not absolute: {}", text::quoted(url)))
        })?;
        let method = self.text(Field::Method).ok_or_else(|| missing("method"))?;

        let mut line = Line::new(Request::new(time, method, target.path), Format::FastlyAccess);
        line.request.host = target.host;
        line.request.query = target.query;
        line.request.client = self.text(Field::Ip).map(text::client).transpose()?;
        line.request.pop = self.text(Field::EdgeLocation).or(node);
        line.request.request_id = self.text(Field::RequestId);
        if self.http {
            line.request.user_agent = Some(self.text(Field::UserAgent).unwrap_or_default());
            line.referer = Some(self.text(Field::Referer).unwrap_or_default());
            line.request.signals.protocol = self.text(Field::Protocol).and_then(text::protocol);
        }
        line.outcome.status = self.status.map_or(Ok(None), text::checked_status)?;
        line.outcome.cache =
            self.cache_hit.map(|hit| if hit { CacheState::Hit } else { CacheState::Miss });
        line.bytes = self.bytes;
        line.on_shield = self.on_shield.unwrap_or_else(|| is_pop(line.request.client));
        Ok(line)
    }
}

/// Why a line is bad that cannot be read: it may make no sense because it is of another
/// version.
#[cold]
fn why_broken(broken: Broken, json: &str, start: usize) -> BadReason {
    match version_alone(json) {
        Some(version) if version != VERSION => unknown(&version),
        _ => broken.reason(start),
    }
}

fn unknown(version: &str) -> BadReason {
    BadReason::of(format!("unknown version {}", text::quoted(version)))
}

/// Whether one POP asked another.
pub(super) fn is_pop(client: Option<Client>) -> bool {
    matches!(client, Some(Client::Address(address)) if proxies::is_fastly(address))
}

/// The version of a line that cannot be read otherwise.
fn version_alone(json: &str) -> Option<Cow<'_, str>> {
    let mut version = None;
    let read = Json::new(json, Quotes::Escaped).members(|json, name| {
        if name == "version" {
            version = json.text()?;
            return Ok(());
        }
        json.skip()
    });
    read.ok().and(version)
}
