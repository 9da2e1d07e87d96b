//! A request as a line.

use std::io::Write as _;

use crate::Format;
use crate::site::Page;
use crate::visits::Asked;

/// The first day: the day before every day on which somebody may run this.
const DAY: (u64, [&str; 2]) = (4, ["2025-11-", "/Nov/2025:"]);

const POPS: [&[u8]; 16] = [
    b"FRA", b"MUC", b"AMS", b"LHR", b"CDG", b"IAD", b"BFI", b"CHI", b"DFW", b"SJC", b"LAX", b"NRT",
    b"SIN", b"SYD", b"GRU", b"BOM",
];

/// Writes lines.
pub(crate) struct Writer {
    format: Format,
    path: Vec<u8>,
    referer: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, path: Vec::new(), referer: Vec::new() }
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, to: &mut Vec<u8>, asked: &Asked) {
        self.path.clear();
        asked.page.push(&mut self.path);
        self.referer.clear();
        if let Some(page) = asked.referer {
            self.referer.extend_from_slice(b"https://docs.rs");
            page.push(&mut self.referer);
        }
        match self.format {
            Format::Fastly => self.push_fastly(to, asked),
            Format::Combined => self.push_combined(to, asked),
        }
    }

    fn push_fastly(&self, to: &mut Vec<u8>, asked: &Asked) {
        let pop = POPS[(asked.chance >> 16) as usize % POPS.len()];
        push_number(to, b"{\"bytes\":", bytes(asked));
        to.extend_from_slice(b",\"cache_hit\":");
        to.extend_from_slice(if asked.hit { b"true" } else { b"false" });
        to.extend_from_slice(b",\"content_type\":");
        to.extend_from_slice(content_type(asked));
        to.extend_from_slice(b",\"date_time\":\"");
        push_time(to, asked.millis, self.format);
        to.extend_from_slice(
            b"\",\"ddsource\":\"fastly\",\"ddtags\":\"app:docs.rs,env:prod\",\
              \"edge_location\":\"",
        );
        to.extend_from_slice(pop);
        to.extend_from_slice(
            b"\",\"host\":\"docs.rs\",\"http\":{\"protocol\":\"HTTP/2\",\"referer\":",
        );
        match self.referer.as_slice() {
            [] => to.extend_from_slice(b"null"),
            referer => {
                to.push(b'"');
                to.extend_from_slice(referer);
                to.push(b'"');
            }
        }
        to.extend_from_slice(b",\"useragent\":\"");
        to.extend_from_slice(asked.agent.as_bytes());
        to.extend_from_slice(b"\"},\"ip\":\"");
        push_address(to, asked.client);
        let service = b"\",\"method\":\"GET\",\"service\":\"docs.rs fastly WASM\",\"status\":";
        push_number(to, service, asked.status.into());
        to.extend_from_slice(
            b",\"tls\":{\"cipher\":\"TLS_AES_128_GCM_SHA256\",\"protocol\":\"TLSv1.3\"},\
              \"url\":\"https://docs.rs",
        );
        to.extend_from_slice(&self.path);
        to.extend_from_slice(b"\",\"version\":\"1\"}\n");
    }

    fn push_combined(&self, to: &mut Vec<u8>, asked: &Asked) {
        push_address(to, asked.client);
        to.extend_from_slice(b" - - [");
        push_time(to, asked.millis, self.format);
        to.extend_from_slice(b" +0000] \"GET ");
        to.extend_from_slice(&self.path);
        push_number(to, b" HTTP/2.0\" ", asked.status.into());
        push_number(to, b" ", bytes(asked));
        to.extend_from_slice(b" \"");
        to.extend_from_slice(if self.referer.is_empty() { b"-" } else { &self.referer });
        to.extend_from_slice(b"\" \"");
        to.extend_from_slice(asked.agent.as_bytes());
        to.extend_from_slice(b"\"\n");
    }
}

fn content_type(asked: &Asked) -> &'static [u8] {
    match (asked.status, asked.page) {
        (302 | 304, _) => b"null",
        (_, Page::Asset(0 | 1 | 10)) => b"\"text/css\"",
        (_, Page::Asset(2..=4 | 11)) => b"\"text/javascript\"",
        (_, Page::Asset(_)) => b"\"font/woff2\"",
        (_, Page::Status(_)) => b"\"application/json\"",
        _ => b"\"text/html\"",
    }
}

fn bytes(asked: &Asked) -> u64 {
    if asked.status == 200 { 2_000 + (asked.chance >> 32) % 60_000 } else { 0 }
}

fn push_number(to: &mut Vec<u8>, before: &[u8], number: u64) {
    to.extend_from_slice(before);
    to.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// In UTC, as each format has it; a log of less than 26 days stays within its month.
fn push_time(to: &mut Vec<u8>, millis: u64, format: Format) {
    let (first, [json, combined]) = DAY;
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let day = first + seconds / 86_400;
    match format {
        Format::Fastly => {
            to.extend_from_slice(json.as_bytes());
            push_digits(to, day, b"T");
        }
        Format::Combined => {
            push_digits(to, day, combined.as_bytes());
        }
    }
    push_digits(to, seconds / 3_600 % 24, b":");
    push_digits(to, seconds / 60 % 60, b":");
    push_digits(to, seconds % 60, b"");
    if format == Format::Fastly {
        to.push(b'.');
        to.push(b'0' + (millis / 100) as u8);
        push_digits(to, millis % 100, b"Z");
    }
}

fn push_digits(to: &mut Vec<u8>, number: u64, after: &[u8]) {
    to.extend_from_slice(&[b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]);
    to.extend_from_slice(after);
}

/// An address for each client, of IPv6 every twelfth.
fn push_address(to: &mut Vec<u8>, client: u32) {
    // By an odd number: every client another address, neighbours far apart.
    let scattered = client.wrapping_mul(2_654_435_761) & 0x1ff_ffff;
    if client.is_multiple_of(12) {
        // Writing to memory cannot fail.
        let _ =
            write!(to, "2a02:{:x}:{:x}::{:x}", scattered >> 12, scattered & 0xfff, 1 + client % 9);
        return;
    }
    let [a, b, c, d] = (0x1400_0000 | scattered).to_be_bytes();
    for (part, after) in [(a, "."), (b, "."), (c, "."), (d, "")] {
        push_number(to, b"", part.into());
        to.extend_from_slice(after.as_bytes());
    }
}
