//! The night in a sentence or two: who caused the origin's work, when it was
//! worst, and what to do.

use super::Report;
use crate::detect::Finding;
use crate::overview::told;
use crate::score::{CORE_MINUTE_UNITS, Class, count};
use crate::text::{grouped, percent};

/// Of the origin's work, what is worth a word.
const WORTH_TELLING: f64 = 0.01;

/// What happened, and what to do about it.
pub(super) fn verdict(report: &Report<'_>) -> String {
    if report.analysis.total.requests == 0 {
        return "Nobody asked for anything.".to_owned();
    }
    format!("{}{}. {}", cause(report), worst(report), advice(report))
}

/// Who caused the origin's work: the worst finding, else the crawlers together.
fn cause(report: &Report<'_>) -> String {
    let findings = report.analysis.findings.iter();
    let told = findings.filter_map(|finding| Some((share(finding)?, who(finding)?, finding)));
    let worst = told.max_by(|(one, ..), (other, ..)| one.total_cmp(other));
    if let Some((share, who, finding)) = worst.filter(|(share, ..)| *share >= WORTH_TELLING) {
        let id = &finding.id;
        return format!("{:.0} % of the origin's work came from {who} ({id})", share * 100.0);
    }
    match report.overview.share(Class::Crawler).filter(|share| *share >= WORTH_TELLING) {
        Some(share) => format!("Crawlers caused {} of the origin's work", percent(share)),
        None => "No crawler stood out".to_owned(),
    }
}

/// The share of the origin's work that clients of a finding caused, 0 to 1.
fn share(finding: &Finding) -> Option<f64> {
    finding.evidence.get("share_of_units")?.as_f64()
}

/// Whom a finding is about; `None` where it is about no clients.
fn who(finding: &Finding) -> Option<&'static str> {
    match finding.detector {
        "broad-crawl" => Some("a crawl"),
        "distributed-crawl" => Some("a crawl from many addresses"),
        "spoofed-agent" => Some("clients that claim to be somebody else"),
        "scanner" => Some("a scan for weak spots"),
        "misconfigured-tool" => Some("misconfigured tools"),
        "runaway-poller" => Some("a program that asks too often"),
        _ => None,
    }
}

fn worst(report: &Report<'_>) -> String {
    let overview = report.overview;
    overview.worst().map_or_else(String::new, |(time, units)| {
        let cores = count(units) / (CORE_MINUTE_UNITS * count(overview.step.max(1)));
        format!("; at {}, the worst time, it kept {cores:.1} cores busy", told(time))
    })
}

fn advice(report: &Report<'_>) -> String {
    let analysis = report.analysis;
    let best = analysis.proposals.iter().map(|proposal| &proposal.predicted);
    let Some(best) = best.max_by_key(|predicted| predicted.origin_units_saved) else {
        return match analysis.findings.is_empty() {
            true => "Nothing is to be done.".to_owned(),
            false => "No rule is proposed; each finding says why, and what to do.".to_owned(),
        };
    };
    let saved = count(best.origin_units_saved) / count(best.origin_units.max(1));
    let hurt = match best.protected().iter().map(|cohort| cohort.throttled).sum() {
        0 => "nobody of a protected cohort".to_owned(),
        hurt => format!("{} visitors of protected cohorts", grouped(hurt)),
    };
    format!("The best of the proposed rules saves {} and throttles {hurt}.", percent(saved))
}
