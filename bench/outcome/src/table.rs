//! The outcome as Markdown, for the repository: medians and ranges over the
//! seeds, and what missed its target.

mod curves;
pub(crate) mod policies;
mod targets;

use std::fmt::Write as _;

use tidegate_traffic::{Class, Kind};

use crate::outcome::{Got, Night, Run, Side};

// Writing to a string cannot fail, so its results are let go.

/// Scenarios whose crawl comes from very many addresses: their targets are
/// about the attacked crowds.
pub const CROWDED: [&str; 2] = ["distributed", "residential"];

const INTRODUCTION: &str = "\
Every scenario of `bench/traffic` with every seed: half an hour of simulated traffic (March 2025: a \
quarter) is played without limits and logged; the analyzer reads the log; its proposals are promoted \
and the very night is replayed through the edge's engine by the backtest, with the limits of today \
beside it on the same requests. Who was a crawler and who a person only the judge knows. \
Odd seeds give the crawl the people's own browsers, even ones software of its own. A cell is the median \
over the seeds, with the least and the greatest in brackets.

The night is the one that the rules were learned from, so this is what a rule does to more of the \
same. The log stays as it was: no client reacts to a refusal, and the origin stays as strained as it \
was without one.
";

/// The whole page.
#[must_use]
pub fn markdown(run: &Run) -> String {
    let mut page =
        format!("# What rules and today's limits make of every scenario\n\n{INTRODUCTION}\n");
    let seeds = run.seeds.len();
    let _ = writeln!(page, "Made by `{}`: {seeds} seeds, {:?} read.\n", run.command, run.log);
    targets::write(&mut page, run);
    removed(&mut page, run);
    people(&mut page, run);
    crowds(&mut page, run);
    curves::write(&mut page, run);
    policies::write(&mut page, run);
    legitimate(&mut page, run);
    times(&mut page, run);
    scores(&mut page, run);
    classes(&mut page, run);
    trouble(&mut page, run);
    page
}

/// The scenarios of a run, each once, in order.
fn scenarios(run: &Run) -> Vec<&'static str> {
    let mut names: Vec<_> = run.nights.iter().map(|night| night.scenario).collect();
    names.dedup();
    names
}

fn nights<'r>(run: &'r Run, scenario: &str) -> impl Iterator<Item = &'r Night> + Clone {
    let scenario = scenario.to_owned();
    run.nights.iter().filter(move |night| night.scenario == scenario)
}

fn sides(run: &Run) -> Vec<&str> {
    let first = run.nights.first();
    first.into_iter().flat_map(|night| &night.sides).map(|side| side.name.as_str()).collect()
}

/// A table with a column for each side.
fn by_side(
    page: &mut String,
    run: &Run,
    first: &str,
    row: impl Fn(&'static str, usize) -> Option<String>,
) {
    let sides = sides(run);
    let _ = writeln!(page, "| {first} | {} |", sides.join(" | "));
    let _ = writeln!(page, "| --- |{}", " ---: |".repeat(sides.len()));
    for scenario in scenarios(run) {
        let cells: Option<Vec<_>> = (0..sides.len()).map(|side| row(scenario, side)).collect();
        if let Some(cells) = cells {
            let _ = writeln!(page, "| {scenario} | {} |", cells.join(" | "));
        }
    }
    page.push('\n');
}

/// What some nights' sides have of something, as a cell.
fn spread(values: impl Iterator<Item = f64>, shown: fn(f64) -> String) -> Option<String> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    let median = shown(median(&values)?);
    let (least, most) = (shown(least), shown(most));
    Some(if least == most { median } else { format!("{median} ({least}–{most})") })
}

/// The middle of sorted values; of an even number, the lower one of two.
fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        _ if percent < 0.01 => "<0.01 %".to_owned(),
        _ if percent < 1.0 => format!("{percent:.2} %"),
        _ => format!("{percent:.1} %"),
    }
}

fn removed(page: &mut String, run: &Run) {
    page.push_str("## The crawl's origin cost that was removed\n\n");
    by_side(page, run, "scenario", |scenario, side| {
        let crawl = nights(run, scenario).map(|night| night.sides[side].kind(Kind::Crawler));
        spread(crawl.filter_map(|got| got.removed()), percent)
    });
    page.push_str("With software of its own (even seeds) and with the people's (odd seeds):\n\n");
    for (odd, clothes) in [(0, "its own"), (1, "the people's")] {
        by_side(page, run, clothes, |scenario, side| {
            let nights = nights(run, scenario).filter(|night| night.seed % 2 == odd);
            let crawl = nights.map(|night| night.sides[side].kind(Kind::Crawler));
            spread(crawl.filter_map(|got| got.removed()), percent)
        });
    }
}

fn people(page: &mut String, run: &Run) {
    page.push_str("## People's requests that were refused\n\n");
    by_side(page, run, "scenario", |scenario, side| {
        let people = nights(run, scenario).map(|night| night.sides[side].kind(Kind::Person));
        spread(people.filter_map(|got| got.refused()), percent)
    });
}

/// People by whether the crawl has their software and system.
fn crowds(page: &mut String, run: &Run) {
    page.push_str(
        "## People inside and outside the attacked crowds\n\nA crowd is a fingerprint in one \
         system. Requests refused by Tidegate, and people with a history who were refused.\n\n\
         | scenario | inside | their requests refused | outside | their requests refused | with a \
         history, refused |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for scenario in scenarios(run) {
        let sides: Vec<&Side> =
            nights(run, scenario).filter_map(|night| night.sides.first()).collect();
        let inside: u64 = sides.iter().map(|side| side.inside.visitors).sum();
        if inside == 0 {
            continue;
        }
        let outside: u64 = sides.iter().map(|side| side.outside.visitors).sum();
        let part = |of: fn(&Side) -> Got| {
            let shares = sides.iter().filter_map(|side| of(side).refused());
            spread(shares, percent).unwrap_or_else(|| "-".to_owned())
        };
        let regulars: u64 = sides.iter().map(|side| side.people_with_history.throttled).sum();
        let (within, without) = (part(|side| side.inside), part(|side| side.outside));
        let _ = writeln!(
            page,
            "| {scenario} | {inside} | {within} | {outside} | {without} | {regulars} |"
        );
    }
    page.push('\n');
}

/// Everybody but the crawl, over all scenarios and seeds.
fn legitimate(page: &mut String, run: &Run) {
    page.push_str(
        "## Everybody else\n\nOver all scenarios and seeds: visitors throttled / starved / \
         blocked. A starved one got nothing but refusals for a minute.\n\n",
    );
    let sides = sides(run);
    let _ = writeln!(page, "| who | visitors | {} |", sides.join(" | "));
    let _ = writeln!(page, "| --- | ---: |{}", " ---: |".repeat(sides.len()));
    for class in Class::ALL.into_iter().filter(|class| class.kind() != Kind::Crawler) {
        let sum = |side: usize| {
            let mut sum = Got::default();
            let all = run.nights.iter().map(|night| &night.sides[side]);
            all.filter_map(|side| side.classes.get(class.name())).for_each(|got| sum.add(got));
            sum
        };
        let visitors = sum(0).visitors;
        let cells: Vec<_> = (0..sides.len())
            .map(sum)
            .map(|got| format!("{} / {} / {}", got.throttled, got.starved, got.blocked))
            .collect();
        if visitors > 0 {
            let _ = writeln!(page, "| {} | {visitors} | {} |", class.name(), cells.join(" | "));
        }
    }
    page.push('\n');
}

fn times(page: &mut String, run: &Run) {
    page.push_str(
        "## From the onset to a rule, and to the crawl's first refusal\n\nMinutes of log after the \
         onset from which the analyzer, asked after 1, 2, 4 and 8 of them, proposes a rule that \
         throttles the crawl; and seconds until each side, once in force, refuses it for the first \
         time. A dash: never.\n\n",
    );
    let sides = sides(run);
    let _ = writeln!(page, "| scenario | minutes to a rule | {} |", sides.join(" | "));
    let _ = writeln!(page, "| --- | ---: |{}", " ---: |".repeat(sides.len()));
    for scenario in scenarios(run) {
        let has_crawl = |night: &Night| night.sides[0].kind(Kind::Crawler).visitors > 0;
        if !nights(run, scenario).any(has_crawl) {
            continue;
        }
        let minutes = nights(run, scenario).map(|night| night.minutes_to_rule.map(|n| n as f64));
        let refusals = |side: usize| {
            let all = nights(run, scenario).map(move |night| night.sides[side].first_refusal_ms);
            known(all.map(|ms| ms.map(|ms| ms as f64 / 1_000.0)))
        };
        let cells: Vec<_> = (0..sides.len()).map(refusals).collect();
        let _ = writeln!(page, "| {scenario} | {} | {} |", known(minutes), cells.join(" | "));
    }
    page.push('\n');
}

/// A spread of what is known, and of how many nights.
fn known(values: impl Iterator<Item = Option<f64>> + Clone) -> String {
    let all = values.clone().count();
    let found = values.clone().flatten().count();
    match spread(values.flatten(), |value| format!("{value:.0}")) {
        None => "-".to_owned(),
        Some(text) if found == all => text,
        Some(text) => format!("{text}, in {found} of {all}"),
    }
}

fn scores(page: &mut String, run: &Run) {
    page.push_str(
        "## How well the crawler score orders clients\n\nArea under the ROC curve: how often, of \
         a crawler and another client, the crawler has the higher score.\n\n\
         | scenario | against people | the same, no User-Agent | against misconfigured tools | the \
         same, no User-Agent |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    let mut row = |name: &str, nights: Vec<&Night>| {
        let area = |of: fn(&Night) -> Option<f64>| {
            let areas = nights.iter().filter_map(|night| of(night));
            spread(areas, |area| format!("{area:.3}"))
        };
        let Some(person) = area(|night| night.scores.person) else { return };
        let cells = [
            area(|night| night.scores.person_nameless),
            area(|night| night.scores.misconfigured),
            area(|night| night.scores.misconfigured_nameless),
        ];
        let cells = cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned()));
        let _ = writeln!(page, "| {name} | {person} | {} |", cells.join(" | "));
    };
    for scenario in scenarios(run) {
        row(scenario, nights(run, scenario).collect());
    }
    row("all", run.nights.iter().collect());
    page.push('\n');
}

/// What the analyzer calls whom.
fn classes(page: &mut String, run: &Run) {
    page.push_str("## What clients are, and what the analyzer calls them\n\n");
    for class in Class::ALL {
        let mut called: Vec<(&str, u64)> = Vec::new();
        let rows = run.nights.iter().filter_map(|night| night.classes.get(class.name()));
        for (name, count) in rows.flatten() {
            match called.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += count,
                None => called.push((name, *count)),
            }
        }
        called.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let called: Vec<_> =
            called.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
        if !called.is_empty() {
            let _ = writeln!(page, "- {}: {}", class.name(), called.join(", "));
        }
    }
    page.push('\n');
}

fn trouble(page: &mut String, run: &Run) {
    let hurt = run.nights.iter().filter_map(|night| night.trouble.as_ref().map(|why| (night, why)));
    for (night, why) in hurt {
        let _ = writeln!(
            page,
            "- `{}` with seed {}: not promoted, since {why}",
            night.scenario, night.seed
        );
    }
}
