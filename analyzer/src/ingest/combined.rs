//! nginx and Apache access logs: combined and common, with a virtual host
//! before them or extra fields behind.
//!
//! Such a log is the origin's own, so it says nothing of a cache; the caller
//! declares that. Of extra fields only the first bare decimal is read, as
//! nginx's `$request_time`; a forwarded address is what a client says and is
//! ignored. Where the server logged a host name, the client is unknown.

use std::borrow::Cow;
use std::net::IpAddr;

use memchr::memchr2;
use tidegate_rules::{Client, Protocol, Request};

use super::parser::{BadReason, Format, Parsed};
use super::{Line, text, time};

pub(super) fn recognises(line: &str) -> bool {
    line.contains("] \"") && line.contains(" [")
}

pub(super) fn parse(line: &str, sink: &mut dyn FnMut(&Line<'_>)) -> Result<Parsed, BadReason> {
    let fields = Fields::of(line)?;
    sink(&fields.as_line()?);
    Ok(Parsed::Request)
}

/// A line taken apart; quoted fields have lost their escapes.
struct Fields<'a> {
    virtual_host: Option<&'a str>,
    address: Option<IpAddr>,
    user: &'a str,
    time: &'a str,
    request: Cow<'a, str>,
    status: &'a str,
    bytes: &'a str,
    referer: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    seconds: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(line: &'a str) -> Result<Self, BadReason> {
        // The user's name is the client's choice and may hold brackets, but no
        // unescaped quote; so the first `] "` ends the time, and the last `[`
        // before it begins it.
        let no_time = BadReason::new("no `[time] \"request\"` in it");
        let (head, rest) = line.split_once("] \"").ok_or(no_time.clone())?;
        let (who, time) = head.rsplit_once(" [").ok_or(no_time)?;
        let (virtual_host, address, user) = split_who(who)?;
        let (request, rest) = quoted(rest, "request")?;
        let mut rest = Words(rest);
        let status = rest.bare().ok_or(BadReason::new("no status after the request"))?;
        let bytes = rest.bare().ok_or(BadReason::new("no size after the status"))?;
        let (referer, user_agent) = match rest.quoted("Referer")? {
            Some(referer) => {
                let user_agent = rest.quoted("User-Agent")?;
                (
                    Some(referer),
                    Some(user_agent.ok_or(BadReason::new("no User-Agent after the Referer"))?),
                )
            }
            None => (None, None),
        };
        let seconds = rest.first_decimal()?;
        Ok(Self {
            virtual_host,
            address,
            user,
            time,
            request,
            status,
            bytes,
            referer,
            user_agent,
            seconds,
        })
    }

    fn as_line(&self) -> Result<Line<'_>, BadReason> {
        let time = time::common(self.time)
            .ok_or_else(|| BadReason::of(format!("{} is not a time", text::quoted(self.time))))?;
        let (method, target, protocol) = split_request(&self.request)?;
        let mut request = Request::new(time, method, target.path);
        request.host = target.host.or(self.virtual_host.map(text::without_port));
        request.query = target.query;
        request.client = self.address.map(|address| Client::Address(address.to_canonical()));
        request.user_agent = self.user_agent.as_deref().map(absent_as_empty);
        request.signals.protocol = protocol;
        // No user says nothing of cookies, which are not logged.
        request.credentials = (self.user != "-").then_some(true);

        let mut line = Line::new(request, Format::Combined);
        line.outcome.status = text::status(self.status)?;
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

fn absent_as_empty(header: &str) -> &str {
    if header == "-" { "" } else { header }
}

/// Virtual host, address and user of what stands before the time.
fn split_who(who: &str) -> Result<(Option<&str>, Option<IpAddr>, &str), BadReason> {
    let too_few = BadReason::new("no address, identity and user before the time");
    let (first, rest) = who.split_once(' ').ok_or(too_few.clone())?;
    let (second, user) = rest.split_once(' ').ok_or(too_few)?;
    if let Ok(address) = first.parse() {
        return Ok((None, Some(address), user));
    }
    match (second.parse(), user.split_once(' ')) {
        (Ok(address), Some((_, user))) => Ok((Some(first), Some(address), user)),
        _ => Ok((None, None, user)),
    }
}

/// Method, target and HTTP version of a request line.
fn split_request(request: &str) -> Result<(&str, text::Target<'_>, Option<Protocol>), BadReason> {
    let junk = || BadReason::of(format!("not an HTTP request: {}", text::quoted(request)));
    if request.is_empty() || request == "-" {
        return Err(BadReason::new("no request: the client left before it sent one"));
    }
    let (method, rest) =
        request.split_once(' ').filter(|(method, _)| text::is_method(method)).ok_or_else(junk)?;
    // Only HTTP/0.9 has no version; and a target may hold spaces where the
    // client did not encode them.
    let (target, protocol) = match rest.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => {
            (target, text::protocol(version))
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

/// The words that follow a request.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    /// The next word, where it is not quoted.
    fn bare(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches(' ');
        let end = rest.find(' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() || word.starts_with('"') {
            return None;
        }
        self.0 = after;
        Some(word)
    }

    /// The next word, where it is quoted.
    fn quoted(&mut self, what: &str) -> Result<Option<Cow<'a, str>>, BadReason> {
        let Some(rest) = self.0.trim_start_matches(' ').strip_prefix('"') else { return Ok(None) };
        let (word, after) = quoted(rest, what)?;
        self.0 = after;
        Ok(Some(word))
    }

    /// The first bare word of the form `0.123`.
    fn first_decimal(&mut self) -> Result<Option<&'a str>, BadReason> {
        loop {
            match self.bare() {
                Some(word) if is_decimal(word) => return Ok(Some(word)),
                Some(_) => {}
                None if self.quoted("extra field")?.is_some() => {}
                None => return Ok(None),
            }
        }
    }
}

fn is_decimal(word: &str) -> bool {
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once('.').is_some_and(|(whole, part)| all_digits(whole) && all_digits(part))
}

/// A quoted field without its escapes, from behind its first quote; and what
/// follows its last.
fn quoted<'a>(text: &'a str, what: &str) -> Result<(Cow<'a, str>, &'a str), BadReason> {
    let mut from = 0;
    let mut escapes = false;
    while let Some(at) = memchr2(b'"', b'\\', text.as_bytes().get(from..).unwrap_or_default()) {
        let at = from + at;
        if text.as_bytes().get(at) == Some(&b'\\') {
            escapes = true;
            from = at + 2;
            continue;
        }
        let field = text.get(..at).unwrap_or_default();
        let field = if escapes { Cow::Owned(unescaped(field)) } else { Cow::Borrowed(field) };
        return Ok((field, text.get(at + 1..).unwrap_or_default()));
    }
    Err(BadReason::of(format!("the {what} has no closing quote")))
}

/// Undoes `\"`, `\\`, `\t`, `\n`, `\r` and `\x16`; other escapes stay.
fn unescaped(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    loop {
        let (byte, after) = match rest {
            [b'\\', b'x', high, low, after @ ..] if text::hex_byte(*high, *low).is_some() => {
                (text::hex_byte(*high, *low).unwrap_or_default(), after)
            }
            [b'\\', byte @ (b'"' | b'\\'), after @ ..] => (*byte, after),
            [b'\\', b't', after @ ..] => (b'\t', after),
            [b'\\', b'n', after @ ..] => (b'\n', after),
            [b'\\', b'r', after @ ..] => (b'\r', after),
            [byte, after @ ..] => (*byte, after),
            [] => return text::lossy(bytes),
        };
        bytes.push(byte);
        rest = after;
    }
}
