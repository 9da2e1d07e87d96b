//! Pictures of the night, each with its table.

use maud::{Markup, PreEscaped, html};
use serde_json::json;
use tidegate_rules::Time;

use super::{Cell, Row, table};
use crate::detect::Finding;
use crate::features::Minute;
use crate::overview::{Overview, Part, seconds, told};
use crate::report::Report;
use crate::score::Class;
use crate::time;

/// Steps that a picture's table lists: those in which most happened.
const STEPS_LISTED: usize = 24;

/// A finding is drawn beside everybody else where its worst step has at least this
/// part of the worst one of all; a smaller one nobody would see.
const BESIDE: u64 = 20;

/// The colour of a finding: the crawlers' own.
const OWN: u8 = colour(Part::Class(Class::Crawler));

/// What one colour of a picture stands for.
struct Series<'s> {
    name: &'s str,
    /// As the style sheet numbers them.
    colour: u8,
    /// Of each step.
    values: Vec<u64>,
}

/// What happened over time, by class.
pub(super) fn over_time(report: &Report<'_>) -> Markup {
    let overview = report.overview;
    if overview.steps.is_empty() {
        return html! {};
    }
    let step = match overview.step {
        1 => "a minute".to_owned(),
        step if step % 60 == 0 => format!("{} h", step / 60),
        step => format!("{step} min"),
    };
    let by_class = |of: fn(&Minute) -> u64| -> Vec<Series<'_>> {
        let parts = overview.parts.iter().map(|(part, steps)| Series {
            name: part.name(),
            colour: colour(*part),
            values: steps.iter().map(of).collect(),
        });
        parts.collect()
    };
    let starts = starts(report.analysis.findings.iter());
    html! {
        h2 id="time" { "Over time" }
        p.soft {
            "Each step is " (step) ", times are UTC. Dashed lines: the beginning of a finding. "
            "Clients that asked for little are one part, whatever they are."
        }
        (figure(overview, "Origin units by class of client", Height::Usual, &by_class(|minute| minute.units), &starts))
        (figure(overview, "Requests by class of client", Height::Usual, &by_class(|minute| minute.requests), &starts))
    }
}

/// What those did whom a finding is about, beside everybody else.
pub(super) fn of_finding(report: &Report<'_>, at: usize, finding: &Finding) -> Markup {
    let overview = report.overview;
    let Some(own) = overview.findings.get(at).filter(|own| !own.is_empty()) else {
        return html! {};
    };
    let own: Vec<u64> = own.iter().map(|minute| minute.units).collect();
    let all = |at: usize| overview.parts.iter().map(|(_, steps)| steps[at].units).sum::<u64>();
    let all: Vec<u64> = (0..own.len()).map(all).collect();
    let beside = own.iter().max() >= all.iter().max().map(|most| most / BESIDE).as_ref();
    let rest = all.iter().zip(&own).map(|(all, own)| all.saturating_sub(*own)).collect();
    let mut series = vec![Series { name: "this finding", colour: OWN, values: own }];
    if beside {
        series.push(Series { name: "everybody else", colour: colour(Part::Few), values: rest });
    }
    let alone = if beside { "" } else { ", alone: beside everybody else one would not see it" };
    let title = format!("Origin units of {}{alone}", finding.id);
    figure(overview, &title, Height::Low, &series, &starts([finding].into_iter()))
}

/// How high a picture is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Height {
    Usual,
    Low,
}

fn figure(
    overview: &Overview,
    title: &str,
    height: Height,
    series: &[Series<'_>],
    starts: &[u64],
) -> Markup {
    let told = series
        .iter()
        .map(|one| json!({ "name": one.name, "colour": one.colour, "values": one.values }));
    let data = json!({
        "times": seconds(&overview.steps),
        "series": told.collect::<Vec<_>>(),
        "marks": starts,
    });
    html! {
        figure data-chart {
            figcaption { (title) }
            div.chart.low[height == Height::Low] role="img" aria-label=(format!("{title}; the table below has the figures")) {}
            script type="application/json" { (PreEscaped(in_script(&data.to_string()))) }
            details {
                summary { "The figures of the steps in which most happened" }
                (steps(overview, title, series))
            }
        }
    }
}

/// JSON as it may stand inside a script: nothing in it ends the script.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// When findings begin, in seconds since the epoch.
fn starts<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<u64> {
    let start = |finding: &Finding| {
        let text = finding.evidence.get("from")?.as_str()?;
        time::read(text).map(|time: Time| time.unix_millis() / 1_000)
    };
    let mut starts: Vec<_> = findings.filter_map(start).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

fn steps(overview: &Overview, title: &str, series: &[Series<'_>]) -> Markup {
    let total = |at: usize| series.iter().map(|one| one.values[at]).sum::<u64>();
    let mut busiest: Vec<usize> = (0..overview.steps.len()).collect();
    busiest.sort_by_key(|at| (std::cmp::Reverse(total(*at)), *at));
    busiest.truncate(STEPS_LISTED);
    busiest.sort_unstable();
    let head: Vec<&str> =
        ["from", "all"].into_iter().chain(series.iter().map(|one| one.name)).collect();
    let rows = busiest.into_iter().map(|at| {
        let parts = series.iter().map(|one| Cell::count(one.values[at]));
        let first = [Cell::text(told(overview.steps[at])), Cell::count(total(at))];
        Row::new(first.into_iter().chain(parts).collect())
    });
    table(title, &head, &rows.collect::<Vec<_>>())
}

/// The colour of a part, as the style sheet numbers them: one class looks the same
/// in every report.
const fn colour(part: Part) -> u8 {
    match part {
        Part::Class(Class::Crawler) => 0,
        Part::Class(Class::Person) => 1,
        Part::Class(Class::Tool) => 2,
        Part::Class(Class::DeclaredBot) => 3,
        Part::Class(Class::Scanner) => 4,
        Part::Class(Class::Poller) => 5,
        Part::Class(Class::Unknown) => 6,
        Part::Few => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_data_ends_a_script() {
        let hostile = json!({ "name": "</script><script>alert(1)</script><!--" }).to_string();
        let inside = in_script(&hostile);
        assert!(!inside.contains('<'));
        let read: serde_json::Value = serde_json::from_str(&inside).unwrap();
        assert_eq!(read["name"], "</script><script>alert(1)</script><!--");
    }
}
