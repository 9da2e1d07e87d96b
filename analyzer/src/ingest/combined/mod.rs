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

use std::net::IpAddr;

use memchr::{memchr_iter, memrchr};
use tidegate_rules::{CacheState, Client, Outcome, Protocol, Request, Signals};

use self::who::{Who, last_client};
use self::words::{Quoted, Words};
use super::find::either;
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
    let mut fields = Fields::default();
    fields.read(text, before)?;
    let unescaped = if fields.has_escapes { fields.unescaped() } else { [None, None, None] };
    for (text, unescaped) in fields.texts.iter_mut().zip(&unescaped) {
        *text = unescaped.as_deref().or(*text);
    }
    fields.show(pop, before, sink).map(|()| Parsed::Request)
}

/// The texts of a line in quotes.
#[derive(Clone, Copy)]
enum Text {
    Request,
    Referer,
    UserAgent,
}

/// A line taken apart.
#[derive(Default)]
struct Fields<'a> {
    virtual_host: Option<&'a str>,
    /// Who asked the server.
    peer: Option<IpAddr>,
    /// The last address of an `X-Forwarded-For` that is no proxy's.
    forwarded: Option<IpAddr>,
    user: &'a str,
    time: &'a str,
    texts: [Option<&'a str>; 3],
    /// Whether the texts have escapes.
    has_escapes: bool,
    status: &'a str,
    bytes: &'a str,
    seconds: Option<&'a str>,
    cache: Option<CacheState>,
}

impl<'a> Fields<'a> {
    fn read(&mut self, line: &'a str, before: &mut time::Before) -> Result<(), BadReason> {
        let (who, time, rest) = split_plain_time(line, before)
            .or_else(|| split_time(line))
            .ok_or(BadReason::new("no `[time] \"request\"` in it"))?;
        self.time = time;
        let who = Who::of(who)?;
        (self.virtual_host, self.user) = (who.virtual_host, who.user);
        (self.peer, self.forwarded) = (who.peer, who.forwarded);
        let mut rest = Words(rest);
        self.take(Text::Request, rest.rest_of_quoted("request")?);
        self.status = rest.bare().ok_or(BadReason::new("no status after the request"))?;
        self.bytes = rest.bare().ok_or(BadReason::new("no size after the status"))?;
        if rest.opens_quoted() {
            self.take(Text::Referer, rest.rest_of_quoted("Referer")?);
            if !rest.opens_quoted() {
                return Err(BadReason::new("no User-Agent after the Referer"));
            }
            self.take(Text::UserAgent, rest.rest_of_quoted("User-Agent")?);
        }
        self.read_extras(rest)
    }

    fn take(&mut self, text: Text, quoted: Quoted<'a>) {
        self.texts[text as usize] = Some(quoted.text);
        self.has_escapes |= quoted.has_escapes;
    }

    /// The texts that have escapes, without them.
    #[cold]
    fn unescaped(&self) -> [Option<String>; 3] {
        self.texts.map(|text| text.filter(|text| text.contains('\\')).map(words::unescaped))
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
            } else if rest.opens_quoted() {
                let Quoted { text, has_escapes } = rest.rest_of_quoted("extra field")?;
                let unescaped = has_escapes.then(|| words::unescaped(text));
                if self.peer.is_some_and(proxies::is_proxy)
                    && let Some(said) = last_client(unescaped.as_deref().unwrap_or(text))
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

    /// Shows what they mean. The line is put together in one place and not moved.
    fn show(
        &self,
        pop: Option<&str>,
        before: &mut time::Before,
        sink: &mut dyn FnMut(&Line<'_>),
    ) -> Result<(), BadReason> {
        let time = before
            .common(self.time)
            .ok_or_else(|| BadReason::of(format!("{} is not a time", text::quoted(self.time))))?;
        let [request, referer, user_agent] = self.texts;
        let (method, target, protocol) = split_request(request.unwrap_or_default())?;
        let client = self.forwarded.or(self.peer);
        let request = Request {
            host: target.host.or(self.virtual_host.map(text::without_port)),
            query: target.query,
            client: client.map(|address| Client::Address(address.to_canonical())),
            user_agent: user_agent.map(absent_as_empty),
            signals: Signals { protocol, ..Signals::default() },
            pop,
            // No user says nothing of cookies, which are not logged.
            credentials: (!matches!(self.user, "-" | "\"-\"")).then_some(true),
            ..Request::new(time, method, target.path)
        };
        let outcome = Outcome {
            status: text::status(self.status)?,
            cache: self.cache,
            origin_ms: self.seconds.and_then(text::millis_of_seconds),
        };
        sink(&Line {
            outcome,
            referer: referer.map(absent_as_empty),
            bytes: Some(size(self.bytes)?),
            on_shield: pop.is_some() && self.peer.is_some_and(proxies::is_fastly),
            ..Line::new(request, Format::Combined)
        });
        Ok(())
    }
}

fn size(bytes: &str) -> Result<u64, BadReason> {
    match bytes {
        "-" => Ok(0),
        _ => bytes
            .parse()
            .map_err(|_| BadReason::of(format!("{} is not a size", text::quoted(bytes)))),
    }
}

/// As [`split_time`], where nothing before the time is odd.
fn split_plain_time<'a>(
    line: &'a str,
    before: &mut time::Before,
) -> Option<(&'a str, &'a str, &'a str)> {
    let (who, rest) = line.split_at_checked(either::<b'[', b'"'>(line.as_bytes())?)?;
    let (time, rest) = rest.strip_prefix('[')?.split_at_checked(time::COMMON)?;
    // A time has neither quotes nor brackets in it.
    before.common(time)?;
    Some((who.strip_suffix(' ')?, time, rest.strip_prefix("] \"")?))
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
    let (target, protocol) = split_protocol(rest);
    let target = match target.bytes().next() {
        Some(b'/' | b'*') => text::split_target(target),
        _ if target.starts_with("http://") || target.starts_with("https://") => {
            text::split_url(target).ok_or_else(junk)?
        }
        _ => return Err(junk()),
    };
    Ok((method, target, protocol))
}

/// The target of a request line, and the HTTP version behind it.
fn split_protocol(rest: &str) -> (&str, Option<Protocol>) {
    if let Some(target) = rest.strip_suffix(" HTTP/1.1") {
        return (target, Some(Protocol::H1));
    }
    if let Some(target) = rest.strip_suffix(" HTTP/2.0") {
        return (target, Some(Protocol::H2));
    }
    // Only HTTP/0.9 has no version; and a target may hold spaces where the
    // client did not encode them.
    let last = memrchr(b' ', rest.as_bytes()).and_then(|at| rest.split_at_checked(at));
    match last {
        Some((target, version)) if version.starts_with(" HTTP/") => {
            (target, text::protocol(version.trim_start()))
        }
        _ => (rest, Some(Protocol::H1)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines, most of which are of this format.
    fn lines() -> impl Strategy<Value = Vec<String>> {
        let part = |parts: &'static [&'static str]| prop::sample::select(parts);
        let who =
            part(&["192.0.2.1 - -", "192.0.2.1 - a [b", "docs.rs:443 ::1 - -", "- [ \" -", ""]);
        let time = part(&[
            "04/Nov/2025:08:15:42 +0000",
            "04/Nov/2025:08:15:43 +0000",
            "04/Nov/2025:08:15:43 +000",
            "04/Nov/2025 [08:15:42 +000",
            "-",
        ]);
        let request = part(&["GET /a?b HTTP/1.1", "GET /a b", "GET /\\x41\\\" HTTP/2.0", "-", ""]);
        let rest = part(&[
            "200 17",
            "200 17 \"-\" \"curl/8.16.0\"",
            "304 - \"https://docs.rs/\" \"a \\\"b\\\"\" 0.017 HIT \"198.51.100.7,\\t10.0.0.1\"",
            "200 17 \"-\"",
            "200 17 \"-",
        ]);
        let line = (who, part(&[" [", "["]), time, part(&["] \"", "]\""]), request, rest);
        let line = line.prop_map(|(who, opens, time, closes, request, rest)| {
            format!("{who}{opens}{time}{closes}{request}\" {rest}")
        });
        prop::collection::vec(line, 1..12)
    }

    fn read(before: &mut time::Before, line: &str) -> Result<String, String> {
        let mut found = String::new();
        let result = parse(line, before, &mut |line| found = format!("{line:?}"));
        result.map(|_| found).map_err(|reason| reason.to_string())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_line_says_the_same_whatever_came_before(lines in lines()) {
            let mut before = time::Before::default();
            for line in &lines {
                let alone = read(&mut time::Before::default(), line);
                prop_assert_eq!(read(&mut before, line), alone, "{}", line);
                if let Some(plain) = split_plain_time(line, &mut before) {
                    prop_assert_eq!(Some(plain), split_time(line), "{}", line);
                }
            }
        }
    }
}
