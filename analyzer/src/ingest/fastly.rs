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

use super::json::{Broken, Json, Layout, Quotes};
use super::parser::{BadReason, Format, Parsed};
use super::syslog::{self, Message};
use super::{Line, proxies, text, time};

/// The version that this module reads.
const VERSION: &str = "1";

/// The fields that we need.
#[derive(Debug, Clone, Copy)]
enum Field {
    Version,
    DateTime,
    Method,
    Url,
    Ip,
    Bytes,
    Status,
    EdgeLocation,
    Http,
    CacheHit,
    OnShield,
    RequestId,
}

/// The fields in `http` that we need.
#[derive(Debug, Clone, Copy)]
enum Header {
    Protocol,
    Referer,
    UserAgent,
}

fn field(name: &str) -> Option<Field> {
    Some(match name {
        "version" => Field::Version,
        "date_time" => Field::DateTime,
        "method" => Field::Method,
        "url" => Field::Url,
        "ip" => Field::Ip,
        "bytes" => Field::Bytes,
        "status" => Field::Status,
        "edge_location" => Field::EdgeLocation,
        "http" => Field::Http,
        "cache_hit" => Field::CacheHit,
        "on_shield" => Field::OnShield,
        "request_id" => Field::RequestId,
        _ => return None,
    })
}

fn header(name: &str) -> Option<Header> {
    Some(match name {
        "protocol" => Header::Protocol,
        "referer" => Header::Referer,
        "useragent" => Header::UserAgent,
        _ => return None,
    })
}

/// Where they stood in the line before, and when that was.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    line: Layout<Field>,
    http: Layout<Header>,
    minute: time::Minute,
}

/// What they say.
#[derive(Default)]
struct Fields<'a> {
    version: Option<Cow<'a, str>>,
    date_time: Option<Cow<'a, str>>,
    method: Option<Cow<'a, str>>,
    url: Option<Cow<'a, str>>,
    ip: Option<Cow<'a, str>>,
    bytes: Option<u64>,
    status: Option<u16>,
    edge_location: Option<Cow<'a, str>>,
    /// The client's headers: where there is an `http`, null or missing in it is
    /// what the edge writes for a header that the client did not send.
    http: Option<Http<'a>>,
    cache_hit: Option<bool>,
    on_shield: Option<bool>,
    request_id: Option<Cow<'a, str>>,
}

#[derive(Default)]
struct Http<'a> {
    protocol: Option<Cow<'a, str>>,
    referer: Option<Cow<'a, str>>,
    useragent: Option<Cow<'a, str>>,
}

pub(super) fn recognises(line: &str) -> bool {
    let json = syslog::split(line).text;
    let version = json.split_once("\"version\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    json.starts_with('{') && version.is_some_and(|(version, _)| is_number(version))
}

impl Layouts {
    pub(super) fn parse(
        &mut self,
        line: &str,
        sink: &mut dyn FnMut(&Line<'_>),
    ) -> Result<Parsed, BadReason> {
        let Message { host, text: json } = syslog::split(line);
        if !json.starts_with('{') {
            return Err(text::no_json());
        }
        let fields = Fields::of(json, self);
        let version = match &fields {
            Ok(fields) => fields.version.as_deref().map(Cow::Borrowed),
            // The rest may make no sense because it is of another version.
            Err(_) => version_alone(json),
        };
        if let Some(version) = version.filter(|version| *version != VERSION) {
            return Err(BadReason::of(format!("unknown version {}", text::quoted(&version))));
        }
        let fields = fields.map_err(|broken| broken.reason(line.len() - json.len()))?;
        let mut node = [0; 3];
        let node = host.and_then(|host| syslog::pop(host, &mut node));
        sink(&fields.as_line(node, &mut self.minute)?);
        Ok(Parsed::Request)
    }
}

impl<'a> Fields<'a> {
    fn of(json: &'a str, layouts: &mut Layouts) -> Result<Self, Broken> {
        let mut fields = Self::default();
        let mut json = Json::new(json, Quotes::Escaped);
        let Layouts { line, http, .. } = layouts;
        json.known_members(line, field, |json, field| fields.read(json, field, http))?;
        json.end().map(|()| fields)
    }

    #[inline(always)]
    fn read(
        &mut self,
        json: &mut Json<'a>,
        field: Field,
        layout: &mut Layout<Header>,
    ) -> Result<(), Broken> {
        match field {
            Field::Version => self.version = json.text()?,
            Field::DateTime => self.date_time = json.text()?,
            Field::Method => self.method = json.text()?,
            Field::Url => self.url = json.text()?,
            Field::Ip => self.ip = json.text()?,
            Field::Bytes => self.bytes = json.number()?,
            Field::Status => self.status = json.number()?,
            Field::EdgeLocation => self.edge_location = json.text()?,
            Field::Http if json.null() => {}
            Field::Http => {
                let http = self.http.insert(Http::default());
                json.known_members(layout, header, |json, header| http.read(json, header))?;
            }
            Field::CacheHit => self.cache_hit = json.flag()?,
            Field::OnShield => self.on_shield = json.flag()?,
            Field::RequestId => self.request_id = json.text()?,
        }
        Ok(())
    }

    fn as_line<'l>(
        &'l self,
        node: Option<&'l str>,
        minute: &mut time::Minute,
    ) -> Result<Line<'l>, BadReason> {
        if self.version.is_none() {
            return Err(BadReason::new("no `version`"));
        }
        let date_time = self.date_time.as_deref().ok_or(BadReason::new("no `date_time`"))?;
        let time = minute.rfc3339(date_time).ok_or_else(|| {
            BadReason::of(format!("`date_time` is not a time: {}", text::quoted(date_time)))
        })?;
        let url = self.url.as_deref().ok_or(BadReason::new("no `url`"))?;
        let target = text::split_url(url).ok_or_else(|| {
            BadReason::of(format!("`url` is not absolute: {}", text::quoted(url)))
        })?;
        let method = self.method.as_deref().ok_or(BadReason::new("no `method`"))?;

        let mut request = Request::new(time, method, target.path);
        request.host = target.host;
        request.query = target.query;
        request.client = self.ip.as_deref().map(text::client).transpose()?;
        request.pop = self.edge_location.as_deref().or(node);
        request.request_id = self.request_id.as_deref();

        let mut line = Line::new(request, Format::FastlyAccess);
        if let Some(http) = &self.http {
            line.request.user_agent = Some(http.useragent.as_deref().unwrap_or_default());
            line.referer = Some(http.referer.as_deref().unwrap_or_default());
            line.request.signals.protocol = http.protocol.as_deref().and_then(text::protocol);
        }
        line.outcome.status = self.status.map_or(Ok(None), text::checked_status)?;
        line.outcome.cache =
            self.cache_hit.map(|hit| if hit { CacheState::Hit } else { CacheState::Miss });
        line.bytes = self.bytes;
        line.on_shield = self.on_shield.unwrap_or_else(|| is_pop(line.request.client));
        Ok(line)
    }
}

impl<'a> Http<'a> {
    #[inline(always)]
    fn read(&mut self, json: &mut Json<'a>, header: Header) -> Result<(), Broken> {
        match header {
            Header::Protocol => self.protocol = json.text()?,
            Header::Referer => self.referer = json.text()?,
            Header::UserAgent => self.useragent = json.text()?,
        }
        Ok(())
    }
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
