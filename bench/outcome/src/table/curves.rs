//! A crowd rule of every size, as a table for each kind of crawl.

use std::fmt::Write as _;

use super::{CROWDED, nights, percent, spread};
use crate::curve::Point;
use crate::outcome::{Night, Run};

pub(super) fn write(page: &mut String, run: &Run) {
    if run.nights.iter().all(|night| night.curve.is_empty()) {
        return;
    }
    page.push_str(
        "### A crowd rule of every size\n\nOne rule as a person would write it, whatever the \
         analyzer proposes: while the origin is strained the newcomers of one crowd share so many \
         units a minute, and whoever has a history spends a budget of its own first. An unread \
         page costs 40 units.\n\n",
    );
    for scenario in CROWDED {
        for (odd, clothes) in [(0, "software of its own"), (1, "the people's software")] {
            let of_seed = |night: &&Night| night.seed % 2 == odd && !night.curve.is_empty();
            let nights: Vec<&Night> = nights(run, scenario).filter(of_seed).collect();
            let Some(first) = nights.first() else { continue };
            let _ = writeln!(
                page,
                "| {scenario}, {clothes}: units a minute | crawl's cost removed | people inside: \
                 requests refused | people outside | with a history, refused |\n\
                 | ---: | ---: | ---: | ---: | ---: |"
            );
            for at in 0..first.curve.len() {
                let points = || nights.iter().filter_map(move |night| night.curve.get(at));
                let cell = |of: fn(&Point) -> Option<f64>| {
                    spread(points().filter_map(of), percent).unwrap_or_else(|| "-".to_owned())
                };
                let regulars: u64 = points().map(|point| point.with_history).sum();
                let _ = writeln!(
                    page,
                    "| {} | {} | {} | {} | {regulars} |",
                    first.curve[at].units,
                    cell(|point| Some(point.removed)),
                    cell(|point| point.inside),
                    cell(|point| point.outside)
                );
            }
            page.push('\n');
        }
    }
}
