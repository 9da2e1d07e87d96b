//! Log lines of a site like docs.rs, as many as one likes, faster than anybody
//! reads them: the input of `cargo bench-analyze`.
//!
//! The same options give the same lines. They have the shapes and the skew that
//! cost a reader time: few pages and clients that are asked for or ask for much,
//! many that hardly do, readers with assets and referers, tools that poll,
//! crawlers that ask for everything once. Whether somebody is found out is not
//! the question here; traffic with truth is `tidegate-bench`'s.

mod site;
mod visits;
mod write;

use std::io::{self, Write};

use clap::{Args, ValueEnum};

use visits::Visits;
use write::Writer;

/// Bytes that are written at once.
const CHUNK: usize = 128 << 10;

/// Which lines.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How many.
    #[arg(long, default_value_t = Self::default().lines)]
    pub lines: u64,
    /// How they are written.
    #[arg(long, value_enum, default_value = "fastly")]
    pub format: Format,
    /// Clients there are.
    #[arg(long, default_value_t = Self::default().clients)]
    pub clients: u32,
    /// Lines of a client's visit, in the mean; of 1 every client has one visit
    /// before any has another.
    #[arg(long, default_value_t = Self::default().visit)]
    pub visit: u32,
    /// Hours over which they are spread, at most 600.
    #[arg(long, default_value_t = Self::default().hours)]
    pub hours: u64,
    /// Draws who asks for what.
    #[arg(long, default_value_t = Self::default().seed)]
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lines: 5_000_000,
            format: Format::Fastly,
            clients: 500_000,
            visit: 12,
            hours: 24,
            seed: 1,
        }
    }
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Fastly access log v1 of Rust's edge services: 580 bytes in the mean.
    Fastly,
    /// nginx or Apache combined.
    Combined,
}

/// Writes the lines.
///
/// # Errors
///
/// Where `out` fails.
pub fn write(options: &Options, out: &mut impl Write) -> io::Result<()> {
    let mut visits = Visits::new(options);
    let mut writer = Writer::new(options.format);
    let mut chunk = Vec::with_capacity(2 * CHUNK);
    for number in 0..options.lines {
        let millis = number * (options.hours * 3_600_000) / options.lines;
        writer.push(&mut chunk, &visits.next(millis));
        if chunk.len() >= CHUNK {
            out.write_all(&chunk)?;
            chunk.clear();
        }
    }
    out.write_all(&chunk)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(format: Format, lines: u64, seed: u64) -> String {
        let options = Options { lines, format, seed, ..Options::default() };
        let mut out = Vec::new();
        write(&options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_lines() {
        for format in [Format::Fastly, Format::Combined] {
            let text = lines(format, 500, 1);
            assert_eq!(text, lines(format, 500, 1));
            assert_ne!(text, lines(format, 500, 2));
            assert_eq!(text.lines().count(), 500);
        }
    }

    #[test]
    fn lines_are_json_and_as_long_as_they_should_be() {
        let text = lines(Format::Fastly, 20_000, 1);
        let mut times = Vec::new();
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["version"], "1");
            times.push(line["date_time"].as_str().unwrap().to_owned());
        }
        assert!(times.first() < times.last());
        assert!(times.last().unwrap().starts_with("2025-11-04T23:59"));
        let mean = text.len() / 20_000;
        assert!((570..=590).contains(&mean), "{mean}");
    }
}
