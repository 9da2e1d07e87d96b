//! One line of text to at most one [`Line`], by format.
//!
//! This is the seam where a faster parser of one format can be put in. A parser
//! calls the sink itself, because what it decodes (JSON escapes, percent
//! signs) lives on its stack while the sink runs.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{Line, cloudfront, combined, fastly, record, time, vcl};

/// A log format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The users' Fastly access log, version 1: JSON, with or without a syslog
    /// prefix.
    FastlyAccess,
    /// A Fastly VCL service's log in Datadog's template: JSON, more or less.
    FastlyVcl,
    /// CloudFront standard log: W3C, tab separated.
    CloudFront,
    /// nginx or Apache, combined or common.
    Combined,
    /// Tidegate's own records.
    Record,
}

impl Format {
    /// Every format, in the order in which a tie is decided.
    pub const ALL: [Self; 5] =
        [Self::FastlyAccess, Self::FastlyVcl, Self::CloudFront, Self::Combined, Self::Record];

    /// The name by which a user chooses it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FastlyAccess => "fastly",
            Self::FastlyVcl => "fastly-vcl",
            Self::CloudFront => "cloudfront",
            Self::Combined => "combined",
            Self::Record => "record",
        }
    }

    /// Whether a line means to be of this format, however broken it is.
    pub(super) fn recognises(self, line: &str) -> bool {
        match self {
            Self::FastlyAccess => fastly::recognises(line),
            Self::FastlyVcl => vcl::recognises(line),
            Self::CloudFront => cloudfront::recognises(line),
            Self::Combined => combined::recognises(line),
            Self::Record => record::recognises(line),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FastlyAccess => "Fastly access log v1",
            Self::FastlyVcl => "Fastly VCL log for Datadog",
            Self::CloudFront => "CloudFront standard log",
            Self::Combined => "nginx or Apache combined log",
            Self::Record => "Tidegate record",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let names: Vec<_> =
                Self::ALL.iter().map(|format| format!("`{}`", format.name())).collect();
            format!("unknown log format `{name}`, expected {}", names.join(", "))
        })
    }
}

/// What a line that could be read was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// A request; it has been handed to the sink.
    Request,
    /// A line about the log itself, such as `#Fields`.
    Directive,
}

/// Why a line could not be read: lowercase, no final stop, bounded in length,
/// free of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadReason(Cow<'static, str>);

impl BadReason {
    pub(super) const fn new(reason: &'static str) -> Self {
        Self(Cow::Borrowed(reason))
    }

    /// A reason put together at run time; what it quotes went through
    /// [`super::text::quoted`].
    pub(super) const fn of(reason: String) -> Self {
        Self(Cow::Owned(reason))
    }
}

impl fmt::Display for BadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the lines of one file, one by one.
#[derive(Debug)]
pub struct Parser(Kind);

#[derive(Debug)]
enum Kind {
    Fastly(fastly::Before),
    Vcl,
    CloudFront(cloudfront::Columns),
    Combined(time::Before),
    Record,
}

impl Parser {
    /// A parser at the start of a file.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self(match format {
            Format::FastlyAccess => Kind::Fastly(fastly::Before::default()),
            Format::FastlyVcl => Kind::Vcl,
            Format::CloudFront => Kind::CloudFront(cloudfront::Columns::default()),
            Format::Combined => Kind::Combined(time::Before::default()),
            Format::Record => Kind::Record,
        })
    }

    /// Reads one line, without its line end; a request goes to `sink`.
    ///
    /// # Errors
    ///
    /// Why the line is bad. The parser stays usable.
    pub fn parse(
        &mut self,
        line: &str,
        sink: &mut dyn FnMut(&Line<'_>),
    ) -> Result<Parsed, BadReason> {
        match &mut self.0 {
            Kind::Fastly(before) => before.parse(line, sink),
            Kind::Vcl => vcl::parse(line, sink),
            Kind::CloudFront(columns) => columns.parse(line, sink),
            Kind::Combined(before) => combined::parse(line, before, sink),
            Kind::Record => record::parse(line, sink),
        }
    }
}
