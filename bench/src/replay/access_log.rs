//! What a CDN would log of a replay: Fastly access log v1, one JSON object a line.
//!
//! The truth about a request is not in it. Nothing here knows how logs are read.

use std::io::Write;
use std::net::IpAddr;

use anyhow::{Context, Result};
use serde::Serialize;
use tidegate_rules::{CacheState, Time};

use super::Slice;
use crate::traffic::{Answer, Shot};

/// Writes an access log.
#[derive(Debug)]
pub struct AccessLog<W> {
    out: W,
    pop: String,
    line: Vec<u8>,
    lines: u64,
}

impl<W: Write> AccessLog<W> {
    /// A log of the point of presence `pop`, such as `FRA`. Give it a buffered
    /// writer.
    pub fn new(out: W, pop: impl Into<String>) -> Self {
        Self { out, pop: pop.into(), line: Vec::new(), lines: 0 }
    }

    /// Writes the lines of one slice, which come in time order.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn write(&mut self, slice: &Slice) -> Result<()> {
        slice.answers.iter().try_for_each(|(shot, answer)| self.write_line(shot, answer))
    }

    /// Writes one line. The caller keeps the time order.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn write_line(&mut self, shot: &Shot, answer: &Answer) -> Result<()> {
        let made_up;
        let request_id = match &answer.request_id {
            Some(id) => id,
            None => {
                made_up = request_id(shot, self.lines);
                &made_up
            }
        };
        let line = Line::new(shot, answer, &self.pop, request_id)?;
        self.line.clear();
        serde_json::to_writer(&mut self.line, &line).context("cannot write a log line as JSON")?;
        self.line.push(b'\n');
        self.out.write_all(&self.line).context("cannot write to the access log")?;
        self.lines += 1;
        Ok(())
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

#[derive(Serialize)]
struct Line<'a> {
    bytes: Option<u64>,
    cache_hit: bool,
    content_type: Option<&'static str>,
    date_time: String,
    ddsource: &'static str,
    ddtags: &'static str,
    edge_location: &'a str,
    host: &'static str,
    http: Http<'a>,
    ip: IpAddr,
    method: &'static str,
    on_shield: bool,
    request_id: &'a str,
    service: &'static str,
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
        Ok(Self {
            bytes: answer.bytes,
            cache_hit: matches!(answer.cache, Some(CacheState::Hit | CacheState::Stale)),
            content_type: content_type(&shot.path_and_query, answer.status),
            date_time: date_time(shot.at)?,
            ddsource: "fastly",
            ddtags: "app:docs.rs,env:production",
            edge_location: pop,
            host: "docs.rs",
            http: Http {
                protocol: shot.protocol(),
                referer: shot.header("referer"),
                useragent: shot.header("user-agent"),
            },
            ip: shot.client,
            method: shot.method,
            on_shield: false,
            request_id,
            service: "docs.rs fastly WASM",
            status: answer.status,
            tls: Tls { cipher: "TLS_AES_128_GCM_SHA256", protocol: "TLSv1.3" },
            url: format!("https://docs.rs{}", shot.path_and_query),
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

/// An id of the shape of a version 4 UUID, the same in every run.
fn request_id(shot: &Shot, line: u64) -> String {
    let high = shot.at.unix_millis().wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(shot.actor).rotate_left(40);
    let low = line.wrapping_add(1).wrapping_mul(0xbf58_476d_1ce4_e5b9) & 0xffff_ffff_ffff;
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{low:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (line >> 4) & 0xfff
    )
}
