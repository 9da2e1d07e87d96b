//! The curves of every policy as a picture: what is removed of a crawl against what
//! people are refused for it. Up and to the left is good.
//!
//! An SVG of our own, since three plots of lines need no library; its colours
//! follow the reader's light or dark page.

use std::fmt::Write as _;

use crate::outcome::Run;
use crate::policies::{POLICIES, SIZES, WHOLE};
use crate::run::CURVED;
use crate::table::policies::middle;

// Writing to a string cannot fail, so its results are let go.

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 430.0;
/// Where the plots are, from the top.
const TOP: f64 = 62.0;
const PLOT_HEIGHT: f64 = 260.0;
/// Where the first plot is, from the left, and what lies between two.
const LEFT: f64 = 62.0;
const PLOT_WIDTH: f64 = 264.0;
const GAP: f64 = 38.0;

/// Shares of people's requests that the axis names, in percent. Its scale is a
/// square root: what matters is whether few are refused or none, and zero has a
/// place on it.
const REFUSED: [f64; 7] = [0.0, 1.0, 5.0, 15.0, 30.0, 60.0, 100.0];
/// The same of the crawl's cost; evenly.
const REMOVED: [f64; 5] = [0.0, 25.0, 50.0, 75.0, 100.0];

/// How policies are called, in the order of their names.
const TOLD: [&str; 4] = [
    "the proposed rules",
    "nginx, 12 a second and 40 at once",
    "docs.rs today, 700 a minute",
    "crates.io today, 600 in ten minutes",
];

const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 13px } \
.paper { fill: #ffffff } .grid { stroke: #d8dee4; stroke-width: 1 } \
.line { fill: none; stroke-width: 2 } .point { stroke-width: 0 } .now { stroke: #ffffff; stroke-width: 1.5 } \
.p0 { stroke: #0969da } .p1 { stroke: #bc4c00 } .p2 { stroke: #1a7f37 } .p3 { stroke: #8250df } \
.p1 { stroke-dasharray: 7 3 } .p2 { stroke-dasharray: 2 3 } .p3 { stroke-dasharray: 10 3 2 3 } \
.f0 { fill: #0969da } .f1 { fill: #bc4c00 } .f2 { fill: #1a7f37 } .f3 { fill: #8250df } \
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .paper { fill: #0d1117 } \
.grid { stroke: #30363d } .now { stroke: #0d1117 } \
.p0 { stroke: #58a6ff } .p1 { stroke: #f0883e } .p2 { stroke: #56d364 } .p3 { stroke: #d2a8ff } \
.f0 { fill: #58a6ff } .f1 { fill: #f0883e } .f2 { fill: #56d364 } .f3 { fill: #d2a8ff } }";

/// The picture; nothing where no night has curves.
#[must_use]
pub fn svg(run: &Run) -> Option<String> {
    let has_curves = |name: &&str| {
        run.nights.iter().any(|night| night.scenario == *name && !night.policies.is_empty())
    };
    let shown: Vec<_> = CURVED.into_iter().filter(has_curves).collect();
    if shown.is_empty() {
        return None;
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n\
         <title>The crawl's origin cost that each policy removes, against people's requests that it \
         refuses, as its thresholds move</title>\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\n"
    );
    text(&mut svg, [LEFT, 24.0], "start", "title", "Crawl's origin cost removed, %");
    for (at, scenario) in shown.iter().enumerate() {
        let left = LEFT + at as f64 * (PLOT_WIDTH + GAP);
        axes(&mut svg, left, scenario, at == 0);
        for (policy, name) in POLICIES.into_iter().enumerate().rev() {
            let points = SIZES.map(|size| (size, middle(run, scenario, name, size)));
            curve(&mut svg, left, policy, points);
        }
    }
    let middle = LEFT + (shown.len() as f64 * (PLOT_WIDTH + GAP) - GAP) / 2.0;
    let below = TOP + PLOT_HEIGHT + 38.0;
    text(
        &mut svg,
        [middle, below],
        "middle",
        "title",
        "People's requests refused, % (square-root scale)",
    );
    legend(&mut svg);
    svg.push_str("</svg>\n");
    Some(svg)
}

fn text(svg: &mut String, [x, y]: [f64; 2], anchor: &str, class: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
    );
}

/// Where a share of requests refused is, in percent.
fn across(left: f64, percent: f64) -> f64 {
    left + PLOT_WIDTH * (percent / 100.0).sqrt()
}

/// Where a share of the cost removed is, in percent.
fn down(percent: f64) -> f64 {
    TOP + PLOT_HEIGHT * (1.0 - percent / 100.0)
}

fn axes(svg: &mut String, left: f64, scenario: &str, is_first: bool) {
    text(svg, [left + PLOT_WIDTH / 2.0, TOP - 12.0], "middle", "title", told(scenario));
    let line = |svg: &mut String, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]| {
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    };
    for percent in REMOVED {
        let y = down(percent);
        line(svg, [left, y], [left + PLOT_WIDTH, y]);
        if is_first {
            text(svg, [left - 8.0, y + 4.0], "end", "", &percent.to_string());
        }
    }
    for percent in REFUSED {
        let x = across(left, percent);
        line(svg, [x, TOP], [x, TOP + PLOT_HEIGHT]);
        text(svg, [x, TOP + PLOT_HEIGHT + 18.0], "middle", "", &percent.to_string());
    }
}

/// A scenario in words.
fn told(scenario: &str) -> &str {
    match scenario {
        "march-2025" => "March 2025: 80 addresses",
        "distributed" => "Distributed: 3.5 requests each",
        "residential" => "Residential: at people's providers",
        name => name,
    }
}

fn curve(svg: &mut String, left: f64, policy: usize, points: [(u32, [f64; 2]); SIZES.len()]) {
    let place =
        |[removed, refused]: [f64; 2]| (across(left, refused * 100.0), down(removed * 100.0));
    let path = points.map(|(_, point)| {
        let (x, y) = place(point);
        format!("{x:.1},{y:.1}")
    });
    let path = path.join(" ");
    let _ = writeln!(svg, "<polyline class=\"line p{policy}\" points=\"{path}\"/>");
    for (size, point) in points {
        let (x, y) = place(point);
        let (class, radius) = if size == WHOLE { ("now", 6.5) } else { ("point", 2.5) };
        let _ = writeln!(
            svg,
            "<circle class=\"{class} f{policy}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>"
        );
    }
}

/// Two rows below the plots, and what points mean.
fn legend(svg: &mut String) {
    let top = TOP + PLOT_HEIGHT + 66.0;
    for (policy, told) in TOLD.into_iter().enumerate() {
        let (x, y) = (LEFT + 270.0 * (policy % 2) as f64, top + 22.0 * (policy / 2) as f64);
        let _ = writeln!(
            svg,
            "<line class=\"line p{policy}\" x1=\"{x:.0}\" y1=\"{y:.0}\" x2=\"{:.0}\" y2=\"{y:.0}\"/>",
            x + 30.0
        );
        text(svg, [x + 38.0, y + 4.0], "start", "", told);
    }
    let x = LEFT + 566.0;
    let _ = writeln!(svg, "<circle class=\"now f0\" cx=\"{x:.0}\" cy=\"{top:.0}\" r=\"6.5\"/>");
    text(svg, [x + 14.0, top + 4.0], "start", "", "as proposed, or in force today");
    let _ = writeln!(
        svg,
        "<circle class=\"point f0\" cx=\"{x:.0}\" cy=\"{:.0}\" r=\"2.5\"/>",
        top + 22.0
    );
    let sizes = "every doubling, from a 64th of it to eight times";
    text(svg, [x + 14.0, top + 26.0], "start", "", sizes);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::night::LogKind;
    use crate::outcome::{Night, Scores};
    use crate::policies::{Point, Policy};

    fn run(policies: Vec<Policy>) -> Run {
        let night = Night {
            scenario: "distributed",
            seed: 1,
            requests: 0,
            findings: Vec::new(),
            rules: Vec::new(),
            trouble: None,
            minutes_to_rule: None,
            sides: Vec::new(),
            curve: Vec::new(),
            policies,
            scores: Scores::default(),
            classes: BTreeMap::new(),
        };
        let command = "a test".to_owned();
        Run { command, log: LogKind::Records, seeds: vec![1], nights: vec![night] }
    }

    #[test]
    fn a_point_lies_where_its_shares_are() {
        let points = SIZES.map(|size| match size {
            WHOLE => Point { size, removed: 1.0, refused: 0.0, hurt: 0.0 },
            _ => Point { size, removed: 0.0, refused: 1.0, hurt: 1.0 },
        });
        let policy = Policy { name: "proposed", points: points.to_vec() };
        let svg = svg(&run(vec![policy])).unwrap();
        let best = format!("class=\"now f0\" cx=\"{LEFT:.1}\" cy=\"{TOP:.1}\"");
        assert!(svg.contains(&best), "{svg}");
        let (right, bottom) = (LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT);
        let worst = format!("class=\"point f0\" cx=\"{right:.1}\" cy=\"{bottom:.1}\"");
        assert_eq!(svg.matches(&worst).count(), SIZES.len() - 1, "{svg}");
        assert_eq!(svg.matches("Distributed").count(), 1, "what was not played is not shown");
    }

    #[test]
    fn without_curves_there_is_no_picture() {
        assert_eq!(svg(&run(Vec::new())), None);
    }
}
