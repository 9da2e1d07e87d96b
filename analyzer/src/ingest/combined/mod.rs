//! nginx and Apache access logs: combined and common, with a virtual host or a
//! forwarded address before them, extra fields behind, or a syslog prefix.
//!
//! Such a log is the origin's own, so what it says of no cache went to the
//! origin; but where a node of Fastly's wrote it (their default format is the
//! common one), it has a POP, and nothing is known of the cache.
//!
//! What extra fields mean here, wherever they stand:
//! - The first bare decimal is `$request_time`, also as `rt=` or
//!   `request_time=`.
//! - A bare `HIT`, `MISS` and so on is `$upstream_cache_status`.
//! - A quoted list of addresses is `X-Forwarded-For`. It is what a client says,
//!   so it counts only where the server was asked by a proxy, and where no other
//!   list says otherwise: the last address in it that is no proxy's is the client
//!   then.
//!
//! Where the server logged a host name, the client is unknown.

mod who;
mod words;

use std::borrow::Cow;
use std::net::IpAddr;

use memchr::{memchr_iter, memrchr};
use tidegate_rules::{CacheState, Client, Protocol, Request};

use self::who::{Who, last_client};
use self::words::Words;
use super::parser::{BadReason, Format, Parsed};
use super::syslog::{self, Message};
use super::{Line, proxies, text, time};

pub(super) fn recognises(line: &str) -> bool {
    line.contains("] \"") && line.contains(" [")
}

pub(super) fn parse(
    line: &str,
    before: &mut time::Before,
    sink: &mut dyn FnMut(&Line<'_>),
) -> Result<Parsed, BadReason> {
    let Message { host, text } = syslog::split(line);
    let mut node = [0; 3];
    let pop = host.and_then(|host| syslog::pop(host, &mut node));
    let fields = Fields::of(text)?;
    let mut line = fields.as_line(before)?;
    line.request.pop = pop;
    line.on_shield = pop.is_some() && fields.peer.is_some_and(proxies::is_fastly);
    sink(&line);
    Ok(Parsed::Request)
}

/// A line taken apart; quoted fields have lost their escapes.
struct Fields<'a> {
    virtual_host: Option<&'a str>,
    /// Who asked the server.
    peer: Option<IpAddr>,
    /// The last address of an `X-Forwarded-For` that is no proxy's.
    forwarded: Option<IpAddr>,
    user: &'a str,
    time: &'a str,
    request: Cow<'a, str>,
    status: &'a str,
    bytes: &'a str,
    referer: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    seconds: Option<&'a str>,
    cache: Option<CacheState>,
}

impl<'a> Fields<'a> {
    fn of(line: &'a str) -> Result<Self, BadReason> {
        let (who, time, rest) =
            split_time(line).ok_or(BadReason::new("no `[time] \"request\"` in it"))?;
        let who = Who::of(who)?;
        let (request, rest) = words::quoted(rest, "request")?;
        let mut rest = Words(rest);
        let status = rest.bare().ok_or(BadReason::new("no status after the request"))?;
        let bytes = rest.bare().ok_or(BadReason::new("no size after the status"))?;
        let referer = rest.quoted("Referer")?;
        let user_agent = match referer {
            Some(_) => Some(
                rest.quoted("User-Agent")?
                    .ok_or(BadReason::new("no User-Agent after the Referer"))?,
            ),
            None => None,
        };
        let mut fields = Self {
            virtual_host: who.virtual_host,
            peer: who.peer,
            forwarded: who.forwarded,
            user: who.user,
            time,
            request,
            status,
            bytes,
            referer,
            user_agent,
            seconds: None,
            cache: None,
        };
        fields.read_extras(rest).map(|()| fields)
    }

    fn read_extras(&mut self, mut rest: Words<'a>) -> Result<(), BadReason> {
        if rest.is_empty() {
            return Ok(());
        }
        let mut others = false;
        loop {
            if let Some(word) = rest.bare() {
                let value = word.strip_prefix("rt=").or(word.strip_prefix("request_time="));
                let value = value.unwrap_or(word);
                if self.seconds.is_none() && is_decimal(value) {
                    self.seconds = Some(value);
                } else if self.cache.is_none() {
                    self.cache = cache_state(word);
                }
            } else if let Some(text) = rest.quoted("extra field")? {
                if self.peer.is_some_and(proxies::is_proxy)
                    && let Some(said) = last_client(&text)
                {
                    others |= *self.forwarded.get_or_insert(said) != said;
                }
            } else {
                // Of two that differ, one may be a header that a client made up.
                self.forwarded = self.forwarded.filter(|_| !others);
                return Ok(());
            }
        }
    }

    fn as_line(&self, before: &mut time::Before) -> Result<Line<'_>, BadReason> {
        let time = before
            .common(self.time)
            .ok_or_else(|| BadReason::of(format!("{} is not a time", text::quoted(self.time))))?;
        let (method, target, protocol) = split_request(&self.request)?;
        let mut request = Request::new(time, method, target.path);
        request.host = target.host.or(self.virtual_host.map(text::without_port));
        request.query = target.query;
        let address = self.forwarded.or(self.peer);
        request.client = address.map(|address| Client::Address(address.to_canonical()));
        request.user_agent = self.user_agent.as_deref().map(absent_as_empty);
        request.signals.protocol = protocol;
        // No user says nothing of cookies, which are not logged.
        request.credentials = (!matches!(self.user, "-" | "\"-\"")).then_some(true);

        let mut line = Line::new(request, Format::Combined);
        line.outcome.status = text::status(self.status)?;
        line.outcome.cache = self.cache;
        line.outcome.origin_ms = self.seconds.and_then(text::millis_of_seconds);
        line.referer = self.referer.as_deref().map(absent_as_empty);
        line.bytes =
            match self.bytes {
                "-" => Some(0),
                bytes => Some(bytes.parse().map_err(|_| {
                    BadReason::of(format!("{} is not a size", text::quoted(bytes)))
                })?),
            };
        Ok(line)
    }
}

/// What stands before the time, the time, and what follows the request's first
/// quote.
///
/// The user's name is the client's choice and may hold brackets, but no
/// unescaped quote; so the first `] "` ends the time, and the last ` [` before
/// it begins it.
fn split_time(line: &str) -> Option<(&str, &str, &str)> {
    let before = |quote: usize| line.get(..quote)?.strip_suffix("] ");
    let quote = memchr_iter(b'"', line.as_bytes()).find(|quote| before(*quote).is_some())?;
    let mut head = before(quote)?;
    let mut rest = head;
    loop {
        let bracket = memrchr(b'[', rest.as_bytes())?;
        rest = rest.get(..bracket)?;
        if let Some(who) = rest.strip_suffix(' ') {
            head = head.get(bracket + 1..)?;
            return Some((who, head, line.get(quote + 1..)?));
        }
    }
}

fn absent_as_empty(header: &str) -> &str {
    if header == "-" { "" } else { header }
}

fn cache_state(word: &str) -> Option<CacheState> {
    match word {
        // Of a revalidated copy the origin only said that it is still good.
        "HIT" | "REVALIDATED" => Some(CacheState::Hit),
        "STALE" | "UPDATING" => Some(CacheState::Stale),
        "MISS" | "EXPIRED" => Some(CacheState::Miss),
        "BYPASS" => Some(CacheState::Pass),
        _ => None,
    }
}

fn is_decimal(word: &str) -> bool {
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once('.').is_some_and(|(whole, part)| all_digits(whole) && all_digits(part))
}

/// Method, target and HTTP version of a request line.
fn split_request(request: &str) -> Result<(&str, text::Target<'_>, Option<Protocol>), BadReason> {
    let junk = || BadReason::of(format!("not an HTTP request: {}", text::quoted(request)));
    if request.is_empty() || request == "-" {
        return Err(BadReason::new("no request: the client left before it sent one"));
    }
    let (method, rest) = text::split_at_space(request)
        .filter(|(method, _)| text::is_method(method))
        .ok_or_else(junk)?;
    // Only HTTP/0.9 has no version; and a target may hold spaces where the
    // client did not encode them.
    let last = memrchr(b' ', rest.as_bytes()).and_then(|at| rest.split_at_checked(at));
    let (target, protocol) = match last {
        Some((target, version)) if version.starts_with(" HTTP/") => {
            (target, text::protocol(version.trim_start()))
        }
        _ => (rest, Some(Protocol::H1)),
    };
    let target = match target.bytes().next() {
        Some(b'/' | b'*') => text::split_target(target),
        _ if target.starts_with("http://") || target.starts_with("https://") => {
            text::split_url(target).ok_or_else(junk)?
        }
        _ => return Err(junk()),
    };
    Ok((method, target, protocol))
}
