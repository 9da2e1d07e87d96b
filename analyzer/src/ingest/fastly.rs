//! The users' Fastly access log, version 1: one JSON object a line, written by
//! their edge services, with or without a syslog prefix.
//!
//! Two shapes of version 1 exist, one with `cache_hit`, `on_shield` and
//! `request_id`; and lines of 2024 lack `http`, `tls` and `edge_location`.
//! Fields that we do not know are passed over, so that the log may grow. Where
//! `on_shield` is missing, a client that is one of Fastly's own POPs means the
//! same.

use std::borrow::Cow;

use tidegate_rules::{CacheState, Client, Outcome, Request, Signals};

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
        matches!(self, Self::Protocol | Self::Referer | Self::UserAgent)
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

/// What the fields say; null says nothing.
#[derive(Default)]
struct Fields<'a> {
    texts: [Option<&'a str>; TEXTS],
    has_escapes: bool,
    bytes: Option<u64>,
    status: Option<u16>,
    cache_hit: Option<bool>,
    on_shield: Option<bool>,
    /// Whether there is an `http` that names none of the client's headers.
    empty_http: bool,
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
        let mut fields = Fields::default();
        if let Err(broken) = fields.read(json, &mut self.layout) {
            return Err(why_broken(broken, json, line.len() - json.len()));
        }
        let unescaped = if fields.has_escapes { fields.unescaped() } else { Vec::new() };
        for (place, text) in &unescaped {
            fields.texts[*place] = Some(text);
        }
        let mut node = [0; 3];
        let node = host.and_then(|host| syslog::pop(host, &mut node));
        fields.show(node, self, sink).map(|()| Parsed::Request)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self, json: &'a str, layout: &mut Layout<Field>) -> Result<(), Broken> {
        let mut json = Json::new(json, Quotes::Escaped);
        let mut before = Field::Line;
        while let Some(field) = layout.next(&mut json, before)? {
            match field {
                Field::Line => {}
                Field::Bytes => self.bytes = json.number()?,
                Field::Status => self.status = json.number()?,
                Field::CacheHit => self.cache_hit = json.flag()?,
                Field::OnShield => self.on_shield = json.flag()?,
                Field::Http => self.empty_http = true,
                _ => self.texts[field as usize] = Some(json.rest_of_text()?),
            }
            before = field;
        }
        self.has_escapes = json.has_escapes();
        json.end()
    }

    /// The texts that have escapes, without them, and their places.
    #[cold]
    fn unescaped(&self) -> Vec<(usize, String)> {
        let texts = self.texts.iter().enumerate();
        let escaped = texts.filter(|(_, text)| text.is_some_and(|text| text.contains('\\')));
        escaped.filter_map(|(place, text)| Some((place, unescaped((*text)?)?))).collect()
    }

    fn text(&self, field: Field) -> Option<&'a str> {
        self.texts[field as usize]
    }

    /// Shows what they mean. The line is put together in one place and not moved: to
    /// copy it would cost as much as to read it.
    #[inline(always)]
    fn show(
        &self,
        node: Option<&str>,
        before: &mut Before,
        sink: &mut dyn FnMut(&Line<'_>),
    ) -> Result<(), BadReason> {
        let version = self.needed(Field::Version, "version")?;
        if version != VERSION {
            return Err(unknown(version));
        }
        let date_time = self.needed(Field::DateTime, "date_time")?;
        let Some(time) = before.minute.rfc3339(date_time) else {
            return Err(bad("`date_time` is not a time: ", date_time));
        };
        let url = self.needed(Field::Url, "url")?;
        let Some(target) = before.site.split_url(url) else {
            return Err(bad("`url` is not absolute: ", url));
        };
        let method = self.needed(Field::Method, "method")?;
        let headers = [Field::Protocol, Field::Referer, Field::UserAgent];
        let has_headers = self.empty_http || headers.iter().any(|at| self.text(*at).is_some());
        // Where headers are told, null and missing mean that the client did not send it.
        let header = |field| has_headers.then(|| self.text(field).unwrap_or_default());
        let client = self.text(Field::Ip).map(text::client).transpose()?;
        let hit = |hit| if hit { CacheState::Hit } else { CacheState::Miss };
        let signals = Signals {
            protocol: self.text(Field::Protocol).and_then(text::protocol),
            ..Signals::default()
        };
        let request = Request {
            host: target.host,
            query: target.query,
            client,
            user_agent: header(Field::UserAgent),
            signals,
            pop: self.text(Field::EdgeLocation).or(node),
            request_id: self.text(Field::RequestId),
            ..Request::new(time, method, target.path)
        };
        let outcome = Outcome {
            status: self.status.map_or(Ok(None), text::checked_status)?,
            cache: self.cache_hit.map(hit),
            ..Outcome::default()
        };
        sink(&Line {
            outcome,
            referer: header(Field::Referer),
            bytes: self.bytes,
            on_shield: self.on_shield.unwrap_or_else(|| is_pop(client)),
            ..Line::new(request, Format::FastlyAccess)
        });
        Ok(())
    }

    fn needed(&self, field: Field, name: &str) -> Result<&'a str, BadReason> {
        self.text(field).ok_or_else(|| BadReason::of(format!("no `{name}`")))
    }
}

#[cold]
fn bad(what: &str, text: &str) -> BadReason {
    BadReason::of(format!("{what}{}", text::quoted(text)))
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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::{Index, select, subsequence};
    use serde_json::Value;

    use super::*;

    /// Members of a line, and of its `http`, most of which writers write.
    const MEMBERS: [(&str, &[&str]); 14] = [
        ("version", &["\"1\"", "\"1\"", "\"\\u0031\"", "\"2\"", "null"]),
        ("date_time", &["\"2025-11-04T08:15:42.123Z\"", "\"2025-11-04T10:16:07+02:00\""]),
        ("method", &["\"GET\"", "\"HEAD\"", "\"\""]),
        ("url", &["\"https://docs.rs/serde?q#a\"", "\"https:\\/\\/docs.rs:80\\/\"", "\"/\""]),
        ("ip", &["\"192.0.2.1\"", "\"2001:db8::7\"", "\"151.101.1.6\"", "null", "7"]),
        ("edge_location", &["\"FRA\"", "null", "\"\u{fc}\""]),
        ("request_id", &["\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"", "null"]),
        ("content_type", &["\"text/html\"", "\"a\\\"b\"", "null", "{\"ip\":[\"}\"]}"]),
        ("bytes", &["0", "1234567", "null", "-1", "18446744073709551616", "1.5"]),
        ("status", &["200", "404", "null", "007", "70000"]),
        ("cache_hit", &["true", "false", "null", "truer"]),
        ("on_shield", &["true", "false", "null"]),
        ("http", &["null", "{}", "[]"]),
        ("later", &["{\"http\":{\"referer\":\"a\"}}", "\"ip\":", "[1]"]),
    ];
    const HEADERS: [(&str, &[&str]); 4] = [
        ("protocol", &["\"HTTP/2\"", "null"]),
        ("referer", &["\"https://docs.rs/\"", "\"\"", "null", "\"\\q\""]),
        ("useragent", &["\"curl/8.16.0\"", "\"a \\\"b\\\" \\u00fc and so on\"", "null"]),
        ("ip", &["\"192.0.2.2\"", "{}"]),
    ];

    /// An object of some of the members, mostly in order, and each once unless it may be
    /// there twice.
    fn object(
        members: &'static [(&'static str, &'static [&'static str])],
        may_twice: bool,
    ) -> impl Strategy<Value = Vec<(&'static str, String)>> {
        let some = prop_oneof![
            4 => Just(members.to_vec()),
            4 => subsequence(members, members.len() / 2..=members.len()),
            1 => subsequence(members, 0..=members.len()).prop_shuffle(),
            u32::from(may_twice) => vec(select(members), 0..=members.len()),
        ];
        some.prop_flat_map(|some| {
            let member = |(name, values)| (Just(name), select(values).prop_map(str::to_owned));
            some.into_iter().map(member).collect::<Vec<_>>()
        })
    }

    fn written(members: &[(&str, String)], space: &str) -> String {
        let member = |(name, value): &(&str, String)| format!("\"{name}\":{space}{value}{space}");
        format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
    }

    /// Lines as they come, some of them cut or with a character too few.
    fn lines(may_twice: bool) -> impl Strategy<Value = Vec<String>> {
        let spaces = prop_oneof![8 => Just(""), 1 => Just(" ")];
        let damage = option::weighted(0.15, (any::<Index>(), any::<bool>()));
        let line = (
            object(&MEMBERS, may_twice),
            object(&HEADERS, may_twice),
            any::<bool>(),
            spaces,
            damage,
        );
        let line = line.prop_map(|(mut line, headers, has_headers, space, damage)| {
            if let Some((_, http)) = line.iter_mut().find(|(name, _)| *name == "http")
                && has_headers
            {
                *http = written(&headers, space);
            }
            let line = written(&line, space);
            let Some((at, is_cut)) = damage else { return line };
            let at = at.index(line.chars().count());
            let rest = line.chars().skip(at + 1).filter(|_| !is_cut);
            line.chars().take(at).chain(rest).collect()
        });
        vec(line, 1..12)
    }

    fn read(before: &mut Before, line: &str) -> Result<String, String> {
        let mut found = String::new();
        let result = before.parse(line, &mut |line| found = format!("{line:?}"));
        result.map(|_| found).map_err(|reason| reason.to_string())
    }

    /// What the line says, as another reader of JSON has it.
    fn check(line: &Line<'_>, json: &Value) {
        let text = |name: &str| json[name].as_str();
        assert_eq!(Some(line.request.method), text("method"));
        assert_eq!(line.request.pop, text("edge_location"));
        assert_eq!(line.request.request_id, text("request_id"));
        let header = |name: &str| json["http"].is_object().then(|| json["http"][name].as_str());
        let header = |name: &str| header(name).map(Option::unwrap_or_default);
        assert_eq!(line.request.user_agent, header("useragent"));
        assert_eq!(line.referer, header("referer"));
        assert_eq!(line.bytes, json["bytes"].as_u64());
        let hit = line.outcome.cache.map(|cache| cache == CacheState::Hit);
        assert_eq!(hit, json["cache_hit"].as_bool());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_line_says_the_same_whatever_came_before(lines in lines(true)) {
            let mut before = Before::default();
            for line in &lines {
                let alone = read(&mut Before::default(), line);
                prop_assert_eq!(read(&mut before, line), alone, "{}", line);
            }
        }

        #[test]
        fn a_line_says_what_another_reader_of_json_has_it_say(lines in lines(false)) {
            let mut before = Before::default();
            for line in &lines {
                if let Ok(json) = serde_json::from_str(line) {
                    let _ = before.parse(line, &mut |found| check(found, &json));
                }
            }
        }
    }
}
