//! Pictures of the night, each with its table.

use maud::{Markup, PreEscaped, html};
use serde_json::json;
use tidegate_rules::Time;

use super::{Cell, Report, Row, table};
use crate::features::Minute;
use crate::overview::{Part, seconds, told};
use crate::score::Class;
use crate::time;

/// Steps that a picture's table lists: those in which most happened.
const STEPS_LISTED: usize = 24;

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
    html! {
        h2 { "Over time" }
        p.soft {
            "Each step is " (step) ", times are UTC. Dashed lines: the beginning of a finding. "
            "Clients that asked for little are one part, whatever they are."
        }
        (figure(report, "Origin units by class of client", |minute| minute.units))
        (figure(report, "Requests by class of client", |minute| minute.requests))
    }
}

fn figure(report: &Report<'_>, title: &str, of: fn(&Minute) -> u64) -> Markup {
    let overview = report.overview;
    let series = overview.parts.iter().map(|(part, steps)| {
        let values: Vec<u64> = steps.iter().map(of).collect();
        json!({ "name": part.name(), "colour": colour(*part), "values": values })
    });
    let data = json!({
        "times": seconds(&overview.steps),
        "series": series.collect::<Vec<_>>(),
        "marks": marks(report),
    });
    html! {
        figure data-chart {
            figcaption { (title) }
            div.chart role="img" aria-label=(format!("{title}; the table below has the figures")) {}
            script type="application/json" { (PreEscaped(in_script(&data.to_string()))) }
            details {
                summary { "The figures of the steps in which most happened" }
                (steps(report, title, of))
            }
        }
    }
}

/// JSON as it may stand inside a script: nothing in it ends the script.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// From when to when each finding reaches, in seconds since the epoch.
fn marks(report: &Report<'_>) -> Vec<[u64; 2]> {
    let told = |finding: &crate::detect::Finding, key: &str| {
        let text = finding.evidence.get(key)?.as_str()?;
        time::read(text).map(|time: Time| time.unix_millis() / 1_000)
    };
    let findings = report.analysis.findings.iter();
    let mut marks: Vec<_> = findings
        .filter_map(|finding| Some([told(finding, "from")?, told(finding, "to")?]))
        .collect();
    marks.sort_unstable();
    marks.dedup_by_key(|mark| mark[0]);
    marks
}

fn steps(report: &Report<'_>, title: &str, of: fn(&Minute) -> u64) -> Markup {
    let overview = report.overview;
    let total = |at: usize| overview.parts.iter().map(|(_, steps)| of(&steps[at])).sum::<u64>();
    let mut busiest: Vec<usize> = (0..overview.steps.len()).collect();
    busiest.sort_by_key(|at| (std::cmp::Reverse(total(*at)), *at));
    busiest.truncate(STEPS_LISTED);
    busiest.sort_unstable();
    let head: Vec<&str> = ["from", "all"]
        .into_iter()
        .chain(overview.parts.iter().map(|(part, _)| part.name()))
        .collect();
    let rows = busiest.into_iter().map(|at| {
        let parts = overview.parts.iter().map(|(_, steps)| Cell::count(of(&steps[at])));
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
