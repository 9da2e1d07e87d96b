//! In which form a client reads an answer best.

use tidegate_rules::route::ErrorForm;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// crates.io's `{"errors":[{"detail":…}]}`, which cargo prints.
    ApiJson,
    /// RFC 9457.
    Problem,
    Html,
    Text,
}

impl Form {
    /// What the route's clients expect, else what this one asks for most.
    pub(super) fn of(errors: ErrorForm, accept: &str) -> Self {
        match errors {
            ErrorForm::ApiJson => Self::ApiJson,
            ErrorForm::Negotiated => Self::asked_for(accept),
        }
    }

    /// Whoever takes anything, as curl does, is a tool in a terminal: plain text.
    /// Of equals, the one named first.
    fn asked_for(accept: &str) -> Self {
        let ranges = accept.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let form = Self::of_type(parts.next()?)?;
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            let quality: f32 = quality.map_or(Some(1.0), |quality| quality.parse().ok())?;
            (quality > 0.0).then_some((form, quality))
        });
        let better =
            |best: (Self, f32), next: (Self, f32)| if next.1 > best.1 { next } else { best };
        ranges.reduce(better).map_or(Self::Text, |(form, _)| form)
    }

    fn of_type(media: &str) -> Option<Self> {
        match media.to_ascii_lowercase().as_str() {
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "application/json" | "application/problem+json" => Some(Self::Problem),
            "text/plain" | "text/*" | "*/*" => Some(Self::Text),
            _ => None,
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::ApiJson => "application/json",
            Self::Problem => "application/problem+json",
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}
