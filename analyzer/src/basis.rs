//! What every figure of a night rests on: from when to when the log reaches,
//! which of its lines count, and what was assumed where it says nothing.
//!
//! Analysis and backtest carry the same fields and say them in the same words,
//! so that their figures can be compared.

use serde::Serialize;
use tidegate_rules::Time;

use crate::text::grouped;
use crate::time::{self, rfc3339};

/// The first and the last request of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The first one's time.
    #[serde(serialize_with = "time::serialize")]
    pub from: Time,
    /// The last one's time.
    #[serde(serialize_with = "time::serialize")]
    pub to: Time,
}

impl Window {
    /// The window in a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        format!("From {} to {}.", rfc3339(self.from), rfc3339(self.to))
    }
}

/// Lines of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// Those read, bad ones included.
    pub read: u64,
    /// Those that could not be understood.
    pub bad: u64,
    /// Those that origin shielding had logged twice.
    pub duplicate: u64,
    /// Requests so far out of order that later ones had been shown before them:
    /// they count, but budgets and breadth saw them at the wrong time.
    pub late: u64,
    /// Share of clients whose passes the log has, in percent; 100 but for records
    /// that leave some out.
    pub sampled: u8,
}

impl Lines {
    /// The lines in a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        let [read, bad, duplicate] = [self.read, self.bad, self.duplicate].map(grouped);
        let late = match self.late {
            0 => String::new(),
            late => format!(", {} out of order", grouped(late)),
        };
        let sampled = match self.sampled {
            100.. => String::new(),
            share => format!(
                " Passes are those of {share} % of the clients alone, and sums are of those; \
                 refusals are all there."
            ),
        };
        format!("Lines: {read} read, {bad} bad, {duplicate} logged twice{late}.{sampled}")
    }
}

/// What the log did not say, and what was taken instead. Printed beside every
/// figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Assumptions {
    /// Where cache states come from.
    pub cache: CacheSource,
    /// Where costs come from.
    pub cost: CostSource,
    /// Where POPs come from.
    pub pops: PopSource,
    /// Where the origin's strain comes from.
    pub strain: StrainSource,
    /// What tells the visitors of one client apart.
    pub visitor: VisitorSource,
}

impl Assumptions {
    /// The assumptions in a sentence, in the words of the JSON form.
    #[must_use]
    pub fn told(&self) -> String {
        let words = serde_json::to_value(self).unwrap_or_default();
        let words = words.as_object().into_iter().flatten();
        let words: Vec<_> =
            words.map(|(what, word)| format!("{what} {}", word.as_str().unwrap_or("?"))).collect();
        format!("Assumed: {}.", words.join(", "))
    }
}

/// What a log was seen to say, for what was assumed: what holds of any request is
/// said of all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    /// Some cache state is modelled.
    pub(crate) modelled: bool,
    /// Some line is the origin's own.
    pub(crate) origins_own: bool,
    /// Some request has a fingerprint.
    pub(crate) fingerprints: bool,
    /// Of some request it is known how long the origin took.
    pub(crate) durations: bool,
    /// There are requests, and each has a POP.
    pub(crate) pops: bool,
}

impl Said {
    pub(crate) fn assumptions(self) -> Assumptions {
        let cache = if self.modelled {
            CacheSource::Modelled
        } else if self.origins_own {
            CacheSource::Origin
        } else {
            CacheSource::Logged
        };
        Assumptions {
            cache,
            cost: CostSource::Declared,
            pops: if self.pops { PopSource::Logged } else { PopSource::Assumed },
            strain: if self.durations { StrainSource::Logged } else { StrainSource::None },
            visitor: match self.fingerprints {
                true => VisitorSource::Fingerprint,
                false => VisitorSource::UserAgent,
            },
        }
    }
}

/// Where cache states come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheSource {
    /// The log says.
    Logged,
    /// A page is a hit where its route's cache class and what was seen before
    /// at the same POP make it one.
    Modelled,
    /// The log is the origin's own: every line reached it.
    Origin,
}

/// Where costs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CostSource {
    /// From the rule file's routes.
    Declared,
}

/// Where POPs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PopSource {
    /// The log says.
    Logged,
    /// One is assumed.
    Assumed,
}

/// Where the origin's strain comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrainSource {
    /// The log says how long the origin took.
    Logged,
    /// Nowhere: it is taken as calm.
    None,
}

/// What tells the visitors of one client apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VisitorSource {
    /// Their fingerprints.
    Fingerprint,
    /// Their User-Agents.
    UserAgent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_lines_are_told_where_there_are_any() {
        let mut lines = Lines { read: 1_200, bad: 3, duplicate: 20, late: 0, sampled: 100 };
        assert_eq!(lines.told(), "Lines: 1,200 read, 3 bad, 20 logged twice.");
        lines.late = 1_000;
        assert_eq!(lines.told(), "Lines: 1,200 read, 3 bad, 20 logged twice, 1,000 out of order.");
        (lines.late, lines.sampled) = (0, 5);
        assert_eq!(
            lines.told(),
            "Lines: 1,200 read, 3 bad, 20 logged twice. Passes are those of 5 % of the clients \
             alone, and sums are of those; refusals are all there."
        );
    }
}
