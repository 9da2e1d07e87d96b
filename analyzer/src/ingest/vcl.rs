//! The log of a Fastly VCL service in Datadog's template: one JSON object a
//! line, with or without a syslog prefix.
//!
//! The template writes what clients sent between quotes as it came, so a
//! User-Agent with a quote in it makes a line that is no JSON. Such a line is
//! read all the same, by where members begin. A client can write members of its
//! own that way, but not take the template's away: a line that holds the name
//! of one that we read twice is bad, so nobody speaks under another's address.
//!
//! What its words mean here:
//! - The cache state is not logged: `is_cacheable` is false for the hits of a
//!   cluster, too, and an age may be the origin's own.
//! - `request_time_ms` is in microseconds in some templates, and told of hits as
//!   well, so the origin's time is unknown.
//! - A client that is one of Fastly's own POPs means origin shielding.

use std::borrow::Cow;

use tidegate_rules::{Protocol, Request, Time};

use super::fastly::is_pop;
use super::json::{Broken, Json, Quotes, names};
use super::parser::{BadReason, Format, Parsed};
use super::syslog;
use super::{Line, text, time};

/// Names that the template writes once.
const NAMES: [&str; 19] = [
    "http",
    "network",
    "client",
    "geoip",
    "time_start",
    "date",
    "method",
    "url",
    "useragent",
    "referer",
    "protocol",
    "status_code",
    "number",
    "geo_country_code",
    "bytes_written",
    "host",
    "origin_host",
    "is_h2",
    "server_datacenter",
];

/// The members that we need.
#[derive(Default)]
struct Fields<'a> {
    time_start: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    method: Option<Cow<'a, str>>,
    url: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    referer: Option<Cow<'a, str>>,
    protocol: Option<Cow<'a, str>>,
    status: Option<Cow<'a, str>>,
    client: Option<Cow<'a, str>>,
    asn: Option<Cow<'a, str>>,
    country: Option<Cow<'a, str>>,
    bytes: Option<u64>,
    is_h2: bool,
    host: Option<Cow<'a, str>>,
    origin_host: Option<Cow<'a, str>>,
    pop: Option<Cow<'a, str>>,
}

pub(super) fn recognises(line: &str) -> bool {
    let json = syslog::split(line).text;
    json.starts_with('{') && json.contains("\"time_start\"") && json.contains("\"network\"")
}

pub(super) fn parse(line: &str, sink: &mut dyn FnMut(&Line<'_>)) -> Result<Parsed, BadReason> {
    let json = syslog::split(line).text;
    if !json.starts_with('{') {
        return Err(text::no_json());
    }
    if let Some(name) = twice(json) {
        return Err(BadReason::of(format!("`{name}` comes twice: a header may be forging it")));
    }
    // It is no JSON where a client sent a quote.
    let fields = Fields::of(json, Quotes::Escaped).or_else(|_| Fields::of(json, Quotes::Raw));
    let start = line.len() - json.len();
    sink(&fields.map_err(|broken| broken.reason(start))?.as_line()?);
    Ok(Parsed::Request)
}

/// A name that comes twice, wherever it may be: what a header holds can look
/// like anything, but it cannot hide what the template wrote.
fn twice(json: &str) -> Option<&'static str> {
    let mut seen = [false; NAMES.len()];
    names(json).find_map(|found| {
        let (seen, name) = seen.iter_mut().zip(NAMES).find(|(_, name)| *name == found)?;
        std::mem::replace(seen, true).then_some(name)
    })
}

impl<'a> Fields<'a> {
    fn of(json: &'a str, quotes: Quotes) -> Result<Self, Broken> {
        let mut fields = Self::default();
        let mut json = Json::new(json, quotes);
        json.members(|json, name| {
            match name {
                "time_start" => fields.time_start = json.text()?,
                "date" => fields.date = json.text()?,
                "http" => json.members(|json, name| fields.read_http(json, name))?,
                "network" => json.members(|json, name| fields.read_network(json, name))?,
                "host" => fields.host = json.text()?,
                "origin_host" => fields.origin_host = json.text()?,
                "is_h2" => fields.is_h2 = json.flag()?.unwrap_or_default(),
                "server_datacenter" => fields.pop = json.text()?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        json.end().map(|()| fields)
    }

    fn read_http(&mut self, json: &mut Json<'a>, name: &str) -> Result<(), Broken> {
        match name {
            "method" => self.method = json.text()?,
            "url" => self.url = json.text()?,
            "useragent" => self.user_agent = json.text()?,
            "referer" => self.referer = json.text()?,
            "protocol" => self.protocol = json.text()?,
            "status_code" => self.status = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    }

    fn read_network(&mut self, json: &mut Json<'a>, name: &str) -> Result<(), Broken> {
        match name {
            "client" => json.members(|json, name| {
                match name {
                    "ip" => self.client = json.text()?,
                    "number" => self.asn = json.text()?,
                    _ => json.skip()?,
                }
                Ok(())
            }),
            "geoip" => json.members(|json, name| {
                match name {
                    "geo_country_code" => self.country = json.text()?,
                    _ => json.skip()?,
                }
                Ok(())
            }),
            "bytes_written" => {
                self.bytes = json.number()?;
                Ok(())
            }
            _ => json.skip(),
        }
    }

    fn as_line(&self) -> Result<Line<'_>, BadReason> {
        let url = set(&self.url).ok_or(BadReason::new("no `http.url`"))?;
        let target = text::split_url(url).unwrap_or_else(|| text::split_target(url));
        let method = set(&self.method).ok_or(BadReason::new("no `http.method`"))?;
        let client = set(&self.client).ok_or(BadReason::new("no `network.client.ip`"))?;

        let mut request = Request::new(self.time()?, method, target.path);
        let host = set(&self.host).or(set(&self.origin_host)).map(text::without_port);
        request.host = target.host.or(host);
        request.query = target.query;
        request.client = Some(text::client(client)?);
        request.user_agent = self.user_agent.as_ref().map(|_| set(&self.user_agent).unwrap_or(""));
        let protocol = set(&self.protocol).and_then(text::protocol);
        request.signals.protocol = if self.is_h2 { Some(Protocol::H2) } else { protocol };
        request.asn = set(&self.asn).and_then(|asn| asn.parse().ok()).filter(|asn| *asn != 0);
        request.country = set(&self.country).filter(|country| is_country(country));
        request.pop = set(&self.pop);

        let mut line = Line::new(request, Format::FastlyVcl);
        line.outcome.status = set(&self.status).map_or(Ok(None), text::status)?;
        line.referer = self.referer.as_ref().map(|_| set(&self.referer).unwrap_or(""));
        line.bytes = self.bytes;
        line.on_shield = is_pop(line.request.client);
        Ok(line)
    }

    fn time(&self) -> Result<Time, BadReason> {
        let written = set(&self.time_start).or(set(&self.date));
        let written = written.ok_or(BadReason::new("no `time_start`"))?;
        time::rfc3339(written).ok_or_else(|| {
            BadReason::of(format!("`time_start` is not a time: {}", text::quoted(written)))
        })
    }
}

/// A value, where VCL had one.
fn set<'f>(member: &'f Option<Cow<'_, str>>) -> Option<&'f str> {
    member.as_deref().filter(|value| !matches!(*value, "" | "-" | "(null)"))
}

/// Whether a code is a country's: VCL has `**` and the like for unknown ones.
fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}
