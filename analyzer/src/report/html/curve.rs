//! The curve of a proposal, drawn without scripts: above, what each budget would
//! have spared the origin; below, whom it would have refused.

use maud::{Markup, html};

use super::{Cell, Row, table};
use crate::curve::{Curve, Point};
use crate::score::count;
use crate::text::grouped;

/// Where the picture's parts are, in its own units.
const LEFT: f64 = 30.0;
const STEP: f64 = 105.0;
const TOP: f64 = 20.0;
const HEIGHT: f64 = 80.0;
/// Between the baselines of both parts.
const APART: f64 = 110.0;

/// The picture and its table; nothing where no other budget was tried.
pub(super) fn picture(finding: &str, curve: &Curve) -> Markup {
    if curve.points.len() < 2 {
        return html! {};
    }
    let most = curve.points.iter().map(|point| point.hurt).max().unwrap_or_default().max(1);
    let spares = |point: &Point| count(point.origin_units_saved) / count(point.origin_units.max(1));
    let hurts = |point: &Point| count(point.hurt) / count(most);
    let title = format!("Other budgets for the rule of {finding}, in percent of the proposed one");
    html! {
        figure {
            figcaption { (title) }
            svg.curve viewBox="0 0 510 245" role="img"
                aria-label=(format!("{title}; the table below has the figures")) {
                (line(curve, "c1", 0.0, "origin units spared", &spares, &|point| {
                    format!("{:.0} %", spares(point) * 100.0)
                }))
                (line(curve, "c0", APART, "visitors of protected cohorts refused", &hurts, &|point| {
                    grouped(point.hurt)
                }))
                @for (at, point) in curve.points.iter().enumerate() {
                    text x=(x(at)) y=(TOP + HEIGHT + APART + 32.0) { (name(point)) }
                }
            }
            details {
                summary { "The same as a table" }
                (figures(&title, curve))
            }
        }
    }
}

fn x(at: usize) -> f64 {
    LEFT + STEP * count(at as u64)
}

/// One part: its line, each point with its figure.
fn line(
    curve: &Curve,
    colour: &str,
    down: f64,
    what: &str,
    of: &dyn Fn(&Point) -> f64,
    told: &dyn Fn(&Point) -> String,
) -> Markup {
    let y = |point: &Point| TOP + down + HEIGHT * (1.0 - of(point) * 0.6);
    let path = curve.points.iter().enumerate();
    let path: Vec<_> = path.map(|(at, point)| format!("{:.0},{:.1}", x(at), y(point))).collect();
    html! {
        text.what x="0" y=(TOP + down - 6.0) { (what) }
        polyline class=(colour) points=(path.join(" ")) {}
        @for (at, point) in curve.points.iter().enumerate() {
            circle class=(colour) cx=(x(at)) cy=(format!("{:.1}", y(point))) r="3.5" {}
            text x=(x(at)) y=(format!("{:.1}", y(point) - 8.0)) { (told(point)) }
        }
    }
}

fn name(point: &Point) -> String {
    match point.percent {
        100 => "proposed".to_owned(),
        percent => format!("{percent} %"),
    }
}

fn figures(title: &str, curve: &Curve) -> Markup {
    let rows = curve.points.iter().map(|point| {
        let share = count(point.origin_units_saved) / count(point.origin_units.max(1));
        Row {
            marked: !point.over.is_empty(),
            cells: vec![
                Cell::Number(name(point), f64::from(point.percent)),
                Cell::count(point.units.into()),
                Cell::share(Some(share)),
                Cell::count(point.hurt),
                Cell::text(point.told_over()),
            ],
        }
    });
    let head = ["budget", "units", "spared", "refused of cohorts", "over their harm budget"];
    table(title, &head, &rows.collect::<Vec<_>>())
}
