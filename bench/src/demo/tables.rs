//! The demo's tables: at most 80 columns.

use std::fmt::Write as _;

use tidegate::analysis::Analysis;
use tidegate::report::{grouped, masked};

use super::Story;
use crate::stage::Night;
use crate::traffic::Class;

// Writing to a string cannot fail, so its results are let go.

/// What was found, and the rule proposed.
pub(super) fn proposal(analysis: &Analysis) -> String {
    let mut text = String::new();
    for finding in &analysis.findings {
        let mut networks: Vec<_> = finding.keys.iter().map(|key| masked(key, false)).collect();
        networks.sort();
        networks.dedup();
        let _ = writeln!(
            text,
            "found {}: {} clients in {} networks, crawler {:.2}, harm {:.1} origin cores",
            finding.id,
            finding.keys.len(),
            networks.len(),
            finding.crawler_score,
            finding.harm_score
        );
    }
    for proposal in &analysis.proposals {
        let _ = write!(text, "\nproposed for {}:\n\n{}", proposal.finding, proposal.rule);
    }
    text
}

/// The end of the story: before and after, by class of client.
#[must_use]
pub fn closing(story: &Story) -> String {
    let mut text = String::from(
        "\nBefore (in shadow) and after (enforced), by what the clients really were.\n\
         Origin cost in seconds of origin time, counted by the origin; refusals from\n\
         the module's own records.\n\n",
    );
    let _ = writeln!(
        text,
        "{:<16} {:>8} {:>10} {:>10} {:>6}  {:>9} {:>7} {:>7}",
        "class", "requests", "cost", "cost", "saved", "throttled", "blocked", "starved"
    );
    let _ = writeln!(text, "{:<16} {:>8} {:>10} {:>10}", "", "after", "before", "after");
    let is_there = |class: &Class| story.after.tally.class(*class).visitors > 0;
    for class in Class::ALL.into_iter().filter(is_there) {
        row(&mut text, story, class);
    }
    let (before, after) = (story.before.origin.total().cost_ms, story.after.origin.total().cost_ms);
    let _ = writeln!(
        text,
        "{:<16} {:>8} {:>10} {:>10} {:>6}",
        "all",
        grouped(story.after.recorded.values().map(|class| class.requests).sum()),
        seconds(before),
        seconds(after),
        saved(before, after)
    );
    let _ = writeln!(text);
    polite(&mut text, &story.after);
    rules(&mut text, &story.after);
    let _ = writeln!(
        text,
        "\nLogs, rules, proposal and report are in {}:\n  \
         report.md, proposal.toml, rules/learned/docs-rs.toml, night-1-access.log, …",
        story.out.display()
    );
    text
}

fn row(text: &mut String, story: &Story, class: Class) {
    let cost = |night: &Night| night.origin.class(Some(class)).cost_ms;
    let (before, after) = (cost(&story.before), cost(&story.after));
    let recorded = story.after.recorded.get(&class).cloned().unwrap_or_default();
    let share = percent(recorded.throttled, recorded.requests);
    let starved = story.after.tally.class(class).visitors_starved;
    let _ = writeln!(
        text,
        "{:<16} {:>8} {:>10} {:>10} {:>6}  {share:>9} {:>7} {starved:>7}",
        class.name(),
        grouped(recorded.requests),
        seconds(before),
        seconds(after),
        saved(before, after),
        grouped(recorded.blocked)
    );
}

/// What a polite tool got, and a rude one.
fn polite(text: &mut String, night: &Night) {
    let polite = night.tally.class(Class::CurlPolite);
    let rude = night.tally.class(Class::CurlLoop);
    let _ = writeln!(
        text,
        "curl that honours Retry-After got {} of {} pages; the curl loop was never\n\
         refused for longer than {:.1} s on end.",
        polite.pages_got,
        polite.pages_wanted,
        seconds_of(rude.longest_run_of_refusals_ms)
    );
}

/// Which rule refused whom.
fn rules(text: &mut String, night: &Night) {
    let mut sums: Vec<(&str, Class, u64)> = Vec::new();
    for (class, recorded) in &night.recorded {
        sums.extend(recorded.rules.iter().map(|(rule, count)| (rule.as_str(), *class, *count)));
    }
    sums.sort_by_key(|(rule, class, count)| (*rule, std::cmp::Reverse(*count), class.index()));
    for (rule, class, count) in sums {
        let _ = writeln!(text, "  {rule} throttled {} of {}", grouped(count), class.name());
    }
}

fn seconds(millis: u64) -> String {
    grouped(millis / 1000)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a night")]
fn seconds_of(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of a night")]
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!("{:.2}%", 100.0 * part as f64 / whole as f64)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a night")]
fn saved(before: u64, after: u64) -> String {
    if before == 0 {
        return "-".to_owned();
    }
    let percent = (100.0 * (1.0 - after as f64 / before as f64)).round();
    // Rounding leaves a sign on zero.
    format!("{:.0}%", percent + 0.0)
}
