//! A crowd rule of every size: what more of a crawl's cost it removes, and whom
//! it costs what.
//!
//! Where a crawl has the people's own software and providers, no rule tells a
//! newcomer from it, and its budget is a choice that somebody has to make. So
//! the whole curve is shown, by one rule as a person would write it, whatever
//! the analyzer proposes.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use tidegate_rules::Time;
use tidegate_traffic::truth::Truth;
use tidegate_traffic::{Hosted, Kind};

use crate::judge::replay;
use crate::promoted::with_learned;

/// Units that the newcomers of one crowd share in a minute: from 4 unread pages
/// to 240.
const SIZES: [u32; 6] = [160, 400, 800, 1_600, 3_200, 9_600];

/// What a crowd rule of one size does.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Point {
    /// Units a minute for the newcomers of one crowd.
    pub units: u32,
    /// The share of the crawl's origin cost that it removes, from 0 to 1.
    pub removed: f64,
    /// The share of the requests of people in the attacked crowds that it
    /// refuses; nothing where nobody is in one.
    pub inside: Option<f64>,
    /// The same of all other people.
    pub outside: Option<f64>,
    /// People with a history whom it refuses.
    pub with_history: u64,
}

/// The curve of a night.
///
/// # Errors
///
/// Where the rule is invalid, or the log cannot be read.
pub fn curve(site: Hosted, log: &Path, truth: &Truth, onset: Time) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for units in SIZES {
        let rules = with_learned(site, &crowd_rule(units))?;
        let sides = replay(rules, log, truth, onset)?;
        points.extend(sides.first().map(|side| Point {
            units,
            removed: side.kind(Kind::Crawler).removed().unwrap_or_default(),
            inside: side.inside.refused(),
            outside: side.outside.refused(),
            with_history: side.people_with_history.throttled,
        }));
    }
    Ok(points)
}

fn crowd_rule(units: u32) -> String {
    // Any burst must hold the dearest page.
    let burst = (units / 2).max(80);
    format!(
        r#"format = 1

[[quota]]
name  = "newcomers"
units = {units}
per   = "1m"
burst = {burst}

[[quota]]
name  = "regular"
units = 12_000
per   = "10m"
burst = 6_000

[[rule]]
id       = "crowd"
why      = "The origin is slow, and many addresses with one software ask for it at once."
match    = {{ route = ["rustdoc", "source", "crate"] }}
key      = "crowd"
quota    = "newcomers"
floor    = "regular"
mode     = "enforce"
owner    = "bench"
reviewed = "the bench, 2025-03-27"
"#
    )
}
