//! What a CDN would log of a replay: Fastly access log v1, one JSON object a line.
//!
//! The truth about a request is not in it. Nothing here knows how logs are read.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result};
use serde::Serialize;
use tidegate_rules::{CacheState, Time};

use crate::truth::request_id;
use crate::{Answer, Shot};

/// The shield POP, which asks the origin for all others, and its address.
const SHIELD: (&str, IpAddr) = ("SJC", IpAddr::V4(Ipv4Addr::new(198, 19, 0, 1)));

/// Writes an access log.
#[derive(Debug)]
pub struct AccessLog<W> {
    out: W,
    /// The only POP there is; otherwise each request's own, and a shield.
    only_pop: Option<String>,
    line: Vec<u8>,
    lines: u64,
}

impl<W: Write> AccessLog<W> {
    /// A log of every POP, and of the shield behind them: what an edge cache
    /// could not answer is logged a second time, by the shield. Give it a
    /// buffered writer.
    pub fn new(out: W) -> Self {
        Self { out, only_pop: None, line: Vec::new(), lines: 0 }
    }

    /// A log of the one point of presence `pop`, such as `FRA`, without a shield.
    pub fn of_one_pop(out: W, pop: impl Into<String>) -> Self {
        Self { only_pop: Some(pop.into()), ..Self::new(out) }
    }

    /// Writes what is logged of one request. The caller keeps the time order.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn write(&mut self, shot: &Shot, answer: &Answer) -> Result<()> {
        let made_up;
        let request_id = match &answer.request_id {
            Some(id) => id,
            None => {
                made_up = request_id(shot.actor, self.lines);
                &made_up
            }
        };
        let pop = self.only_pop.as_deref().unwrap_or(shot.pop);
        let line = Line::new(shot, answer, pop, request_id)?;
        write_line(&mut self.out, &mut self.line, &line)?;
        self.lines += 1;
        let asked_shield =
            !matches!(answer.cache, None | Some(CacheState::Hit | CacheState::Stale));
        if self.only_pop.is_none() && asked_shield {
            let cache_hit = answer.cache == Some(CacheState::ShieldHit);
            let (edge_location, ip) = SHIELD;
            let line = Line { cache_hit, edge_location, ip, on_shield: true, ..line };
            write_line(&mut self.out, &mut self.line, &line)?;
            self.lines += 1;
        }
        Ok(())
    }

    /// Lines written so far.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// Flushes and hands back the writer and the number of lines.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn finish(mut self) -> Result<(W, u64)> {
        self.out.flush().context("cannot finish the access log")?;
        Ok((self.out, self.lines))
    }
}

fn write_line(out: &mut impl Write, buffer: &mut Vec<u8>, line: &Line<'_>) -> Result<()> {
    buffer.clear();
    serde_json::to_writer(&mut *buffer, line).context("cannot write a log line as JSON")?;
    buffer.push(b'\n');
    out.write_all(buffer).context("cannot write to the access log")
}

#[derive(Serialize)]
struct Line<'a> {
    bytes: Option<u64>,
    cache_hit: bool,
    content_type: Option<&'static str>,
    date_time: String,
    ddsource: &'static str,
    ddtags: String,
    edge_location: &'a str,
    host: &'a str,
    http: Http<'a>,
    ip: IpAddr,
    method: &'static str,
    on_shield: bool,
    request_id: &'a str,
    service: String,
    status: u16,
    tls: Tls,
    url: String,
    version: &'static str,
}

#[derive(Serialize)]
struct Http<'a> {
    protocol: &'static str,
    referer: Option<&'a str>,
    useragent: Option<&'a str>,
}

#[derive(Serialize)]
struct Tls {
    cipher: &'static str,
    protocol: &'static str,
}

impl<'a> Line<'a> {
    fn new(shot: &'a Shot, answer: &'a Answer, pop: &'a str, request_id: &'a str) -> Result<Self> {
        let host = shot.header("host").unwrap_or_default();
        Ok(Self {
            bytes: answer.bytes,
            cache_hit: matches!(answer.cache, Some(CacheState::Hit | CacheState::Stale)),
            content_type: content_type(&shot.path_and_query, answer.status),
            date_time: date_time(shot.at)?,
            ddsource: "fastly",
            ddtags: format!("app:{host},env:production"),
            edge_location: pop,
            host,
            http: Http {
                protocol: shot.protocol(),
                referer: shot.header("referer"),
                useragent: shot.header("user-agent"),
            },
            ip: shot.client,
            method: shot.method,
            on_shield: false,
            request_id,
            service: format!("{host} fastly WASM"),
            status: answer.status,
            tls: Tls { cipher: "TLS_AES_128_GCM_SHA256", protocol: "TLSv1.3" },
            url: format!("https://{host}{}", shot.path_and_query),
            version: "1",
        })
    }
}

/// RFC 3339 in UTC with milliseconds.
fn date_time(at: Time) -> Result<String> {
    let millis = i64::try_from(at.unix_millis()).context("a time beyond the year 2200")?;
    let time = jiff::Timestamp::from_millisecond(millis).context("a time that no log can carry")?;
    Ok(format!("{time:.3}"))
}

fn content_type(url: &str, status: u16) -> Option<&'static str> {
    let path = url.split('?').next().unwrap_or(url);
    match (status, path.rsplit('.').next()) {
        (429 | 403, _) => Some("application/problem+json"),
        (300..400, _) => None,
        (_, Some("css")) => Some("text/css"),
        (_, Some("js")) => Some("text/javascript"),
        (_, Some("woff2")) => Some("font/woff2"),
        (_, Some("svg")) => Some("image/svg+xml"),
        (_, Some("json")) => Some("application/json"),
        (_, Some("txt")) => Some("text/plain"),
        _ => Some("text/html; charset=utf-8"),
    }
}
