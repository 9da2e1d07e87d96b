//! What people read of the rules' effect. No client is named here.

use tidegate_rules::Mode;

use super::result::{CohortEffect, Effect, RuleEffect, Verdict};
use crate::interval::Share;
use crate::page::{Form, Page};
use crate::table::{Row, Table};
use crate::text::{grouped, percent};
use crate::time::rfc3339;

/// Renders an effect as text for a terminal.
#[must_use]
pub fn render_text(effect: &Effect, _addresses: bool) -> String {
    render(effect, Form::Text)
}

/// Renders an effect as Markdown.
#[must_use]
pub fn render_markdown(effect: &Effect, _addresses: bool) -> String {
    render(effect, Form::Markdown)
}

fn render(effect: &Effect, form: Form) -> String {
    let mut page =
        Page::new(form, &format!("Effect of the rules of {}, by its records", effect.site));
    facts(effect).iter().for_each(|fact| page.item(fact));
    page.heading("Rules");
    sections(&mut page, effect);
    page.finish()
}

/// All rules, and each of those that acted.
pub(crate) fn sections(page: &mut Page, effect: &Effect) {
    page.table(&rules(effect));
    if effect.rules.is_empty() {
        page.item("No rules.");
    }
    for rule in effect.rules.iter().filter(|rule| rule.verdict != Verdict::Silent) {
        page.heading(&format!("Rule {}", rule.id));
        told(rule).iter().for_each(|sentence| page.item(sentence));
        page.table(&cohorts(rule));
    }
}

fn facts(effect: &Effect) -> Vec<String> {
    let mut facts: Vec<_> = effect.window.iter().map(|window| window.told()).collect();
    let [records, others, bad] = [effect.records, effect.others, effect.bad].map(grouped);
    facts.push(format!("Records: {records}, bad lines: {bad}."));
    if effect.others > 0 {
        facts.push(format!("Lines of other logs, which say nothing of rules: {others}."));
    }
    match effect.sampled {
        None | Some([100, 100]) => {}
        Some([low, high]) => {
            let share = if low == high { format!("{low} %") } else { format!("{low} to {high} %") };
            facts.push(format!(
                "Passes were recorded of {share} of the clients, so that whole numbers are \
                 estimates."
            ));
        }
    }
    for (id, count) in &effect.unknown_rules {
        facts.push(format!(
            "The records name {id} {} times, and the rule files do not.",
            grouped(*count)
        ));
    }
    facts
}

fn rules(effect: &Effect) -> Table<'static> {
    let rows = effect.rules.iter().map(|rule| {
        let known = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
        let cells = vec![
            rule.id.clone(),
            rule.mode.name().to_owned(),
            grouped(rule.refused),
            grouped(rule.would_refuse),
            known(rule.saved.observed.filter(|_| rule.first.is_some())),
            known(rule.saved.predicted),
        ];
        Row::new(rule.verdict == Verdict::Hurts, cells)
    });
    let head = vec!["rule", "mode", "refused", "in shadow", "saves", "predicted"];
    Table { head, rows: rows.collect() }
}

/// What the rule did and what to do about it.
pub(crate) fn told(rule: &RuleEffect) -> Vec<String> {
    let mut told = Vec::new();
    if let (Some(first), Some(last)) = (rule.first, rule.last) {
        told.push(format!("It acted from {} to {}.", rfc3339(first), rfc3339(last)));
    }
    let over = rule.cohorts.iter().filter(|cohort| cohort.too_many);
    told.extend(over.map(|cohort| {
        let verb = if rule.refused > 0 { "refused" } else { "would have refused" };
        let observed = cohort.observed.map_or(0.0, |share| share.share);
        let predicted =
            cohort.predicted.map(|share| format!("{} predicted, ", percent(share.share)));
        format!(
            "It {verb} {} of {} ({}{} allowed).",
            percent(observed),
            cohort.name,
            predicted.unwrap_or_default(),
            percent(cohort.budget)
        )
    }));
    told.push(advice(rule).to_owned());
    told
}

fn advice(rule: &RuleEffect) -> &'static str {
    let enforced = rule.refused > 0 || rule.mode == Mode::Enforce;
    match (rule.verdict, enforced) {
        (Verdict::Hurts, true) => {
            "To do: set `mode = \"shadow\"` and publish; or, where it came with the last change, \
             `tidegate rollback`."
        }
        (Verdict::Hurts, false) => {
            "To do: leave it in shadow, and raise its threshold or narrow its match."
        }
        (Verdict::Little, _) => {
            "It saves less than half of what was predicted: what it was made for may have ended \
             or changed. It may be left to expire."
        }
        (Verdict::AsPredicted, false) => "It keeps to its prediction: it may be enforced.",
        (Verdict::AsPredicted, true) => "It keeps to its prediction.",
        (Verdict::Unpredicted, _) => "No cohort is over its budget; nothing was predicted of it.",
        (Verdict::Silent, _) => "It refused nobody.",
    }
}

fn cohorts(rule: &RuleEffect) -> Table<'static> {
    let rows = rule.cohorts.iter().map(|cohort| {
        let cells = vec![
            cohort.name.clone(),
            grouped(rounded(cohort)),
            grouped(cohort.hurt),
            cohort.observed.map_or_else(|| "-".to_owned(), |share| percent(share.share)),
            range(cohort.observed),
            cohort.predicted.map_or_else(|| "-".to_owned(), |share| percent(share.share)),
            percent(cohort.budget),
        ];
        Row::new(cohort.too_many, cells)
    });
    let head =
        vec!["cohort", "visitors", "refused", "share", "95 % interval", "predicted", "allowed"];
    Table { head, rows: rows.collect() }
}

fn range(share: Option<Share>) -> String {
    share.map_or_else(
        || "-".to_owned(),
        |share| format!("{:.1} to {:.1} %", share.low * 100.0, share.high * 100.0),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of visitors, rounded for people"
)]
fn rounded(cohort: &CohortEffect) -> u64 {
    cohort.visitors.round() as u64
}
