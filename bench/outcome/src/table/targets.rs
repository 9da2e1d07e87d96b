//! Each target, and whether it was met.

use std::fmt::Write as _;

use tidegate_traffic::{Class, Kind};

use super::{CROWDED, median, nights, percent, scenarios};
use crate::outcome::{Night, Run, Side};

/// What was to be reached, and what was.
struct Target {
    what: String,
    found: String,
    is_met: bool,
}

pub(super) fn write(page: &mut String, run: &Run) {
    let mut targets = Vec::new();
    targets.extend(march(run));
    targets.extend(crowds(run));
    targets.extend(others(run));
    targets.extend(tools(run));
    targets.extend(beside(run));
    let missed = targets.iter().filter(|target| !target.is_met).count();
    let _ = writeln!(page, "## Targets: {missed} of {} missed\n", targets.len());
    page.push_str("| target | found | |\n| --- | --- | --- |\n");
    for Target { what, found, is_met } in targets {
        let mark = if is_met { "met" } else { "**missed**" };
        let _ = writeln!(page, "| {what} | {found} | {mark} |");
    }
    page.push('\n');
}

fn tidegate(night: &Night) -> &Side {
    &night.sides[0]
}

fn middle(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    median(&values)
}

fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

fn crawl_removed<'n>(nights: impl Iterator<Item = &'n Night>, side: usize) -> Option<f64> {
    middle(nights.filter_map(|night| night.sides[side].kind(Kind::Crawler).removed()))
}

fn march(run: &Run) -> Option<Target> {
    let removed = crawl_removed(nights(run, "march-2025"), 0)?;
    Some(Target {
        what: "March 2025: 95 % of the crawl's cost removed".to_owned(),
        found: percent(removed),
        is_met: removed >= 0.95,
    })
}

fn crowds(run: &Run) -> Vec<Target> {
    let mut targets = Vec::new();
    if let Some(removed) = crawl_removed(nights(run, "distributed"), 0) {
        let what = "distributed crawl: 80 % of its cost removed".to_owned();
        targets.push(Target { what, found: percent(removed), is_met: removed >= 0.8 });
    }
    let known: Vec<_> = CROWDED.into_iter().filter(|name| scenarios(run).contains(name)).collect();
    for name in known {
        let sides = || nights(run, name).map(tidegate);
        let outside = most(sides().filter_map(|side| side.outside.refused()));
        let inside = most(sides().filter_map(|side| side.inside.refused()));
        let regulars: u64 = sides().map(|side| side.people_with_history.throttled).sum();
        let target =
            |what: &str, found, is_met| Target { what: format!("{name}: {what}"), found, is_met };
        targets.extend([
            target("people outside the crowds, 0.1 % at most", percent(outside), outside <= 0.001),
            target("people inside them, 5 % at most", percent(inside), inside <= 0.05),
            target("nobody with a history refused", regulars.to_string(), regulars == 0),
        ]);
    }
    targets
}

fn others(run: &Run) -> Vec<Target> {
    let names = scenarios(run).into_iter().filter(|name| !CROWDED.contains(name));
    let targets = names.map(|name| {
        let people = nights(run, name).map(|night| tidegate(night).kind(Kind::Person));
        let refused = most(people.filter_map(|got| got.refused()));
        Target {
            what: format!("{name}: people's requests refused, 0.1 % at most in any seed"),
            found: percent(refused),
            is_met: refused <= 0.001,
        }
    });
    targets.collect()
}

fn tools(run: &Run) -> Vec<Target> {
    let classes = [
        ("well-behaved tools", Kind::Tool),
        ("misconfigured tools", Kind::Misconfigured),
        ("robots that behave", Kind::Bot),
    ];
    let targets = classes.map(|(name, kind)| {
        let hurt: u64 = run
            .nights
            .iter()
            .map(|night| tidegate(night).kind(kind))
            .map(|got| got.starved + got.blocked)
            .sum();
        Target {
            what: format!("{name}: none starved or blocked"),
            found: hurt.to_string(),
            is_met: hurt == 0,
        }
    });
    let named: u64 = Class::ALL
        .into_iter()
        .filter(|class| class.kind() == Kind::Misconfigured)
        .flat_map(|class| {
            run.nights.iter().filter_map(move |night| night.classes.get(class.name()))
        })
        .flat_map(|called| called.iter())
        .filter(|(called, _)| ["crawler", "scanner", "person"].contains(called))
        .map(|(_, count)| count)
        .sum();
    let named = Target {
        what: "misconfigured tools: none taken for a crawler, a scanner or a person".to_owned(),
        found: named.to_string(),
        is_met: named == 0,
    };
    targets.into_iter().chain([named]).collect()
}

/// Never worse than a preset on either side, better at removing.
fn beside(run: &Run) -> Vec<Target> {
    let mut targets = Vec::new();
    for name in scenarios(run) {
        let first = nights(run, name).next();
        let Some(night) = first else { continue };
        for (at, preset) in night.sides.iter().enumerate().skip(1) {
            let people = |side: usize| {
                let got = nights(run, name).map(move |night| night.sides[side].kind(Kind::Person));
                middle(got.filter_map(|got| got.refused())).unwrap_or_default()
            };
            let removed = [0, at].map(|side| crawl_removed(nights(run, name), side));
            let hurts_less = people(0) <= people(at);
            let (found, removes_more) = match removed {
                [Some(own), Some(preset)] => (
                    format!("{} against {} removed; ", percent(own), percent(preset)),
                    own > preset,
                ),
                _ => (String::new(), true),
            };
            let shares = format!("{} against {}", percent(people(0)), percent(people(at)));
            targets.push(Target {
                what: format!("{name}: better than `{}`", preset.name),
                found: format!("{found}people refused {shares}"),
                is_met: hurts_less && removes_more,
            });
        }
    }
    targets
}
