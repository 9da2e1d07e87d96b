//! Every policy with its thresholds moved, as a table for each kind of crawl.

use std::fmt::Write as _;

use super::{median, nights, percent};
use crate::outcome::Run;
use crate::policies::{POLICIES, Point, SIZES, WHOLE};
use crate::run::CURVED;

pub(super) fn write(page: &mut String, run: &Run) {
    if run.nights.iter().all(|night| night.policies.is_empty()) {
        return;
    }
    page.push_str(
        "## Every policy with its thresholds moved\n\nFrom a 64th of what is proposed or in force \
         today to eight times: the crawl's origin cost that is removed, the median of the seeds, / \
         people's requests that are refused, the most in any of them.\n\n\
         ![Crawl cost removed against people's requests refused](pictures/policies.svg)\n\n",
    );
    for scenario in CURVED {
        if points(run, scenario, POLICIES[0], SIZES[0]).is_empty() {
            continue;
        }
        let _ = writeln!(page, "| {scenario} | {} |", POLICIES.join(" | "));
        let _ = writeln!(page, "| ---: |{}", " ---: |".repeat(POLICIES.len()));
        for size in SIZES {
            let cells = POLICIES.map(|policy| {
                let [removed, refused] = middle(run, scenario, policy, size);
                format!("{} / {}", percent(removed), percent(refused))
            });
            let _ = writeln!(page, "| {} | {} |", times(size), cells.join(" | "));
        }
        page.push('\n');
    }
}

/// What a policy removes of the crawl, the median over the seeds, and what it refuses
/// of people, the most in any seed.
pub(crate) fn middle(run: &Run, scenario: &str, policy: &str, size: u32) -> [f64; 2] {
    let points = points(run, scenario, policy, size);
    let mut removed: Vec<f64> = points.iter().map(|point| point.removed).collect();
    removed.sort_by(f64::total_cmp);
    let refused = points.iter().map(|point| point.refused).fold(0.0, f64::max);
    [median(&removed).unwrap_or_default(), refused]
}

fn points(run: &Run, scenario: &str, policy: &str, size: u32) -> Vec<Point> {
    let policies = nights(run, scenario).flat_map(|night| &night.policies);
    let named = policies.filter(|of| of.name == policy);
    named.flat_map(|policy| policy.points.iter().copied()).filter(|at| at.size == size).collect()
}

/// A size in words.
fn times(size: u32) -> String {
    match size.checked_div(WHOLE).filter(|whole| *whole > 0) {
        Some(whole) => format!("×{whole}"),
        None => format!("×1/{}", WHOLE / size),
    }
}
