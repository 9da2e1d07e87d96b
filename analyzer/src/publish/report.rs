//! What people read before rules are put in force: what is, what changes, and
//! the steps.

use tidegate_rules::pack::PackError;
use tidegate_rules::{Mode, Ruleset};

use super::diff::{Change, Diff, KeyChange, by_mode};
use super::plan::{Plan, version};
use super::store::{MODE, StoredPack, Switches};
use crate::page::{Form, Page};
use crate::text::{cut, width};

/// Most rules whose change is told.
const CHANGES_SHOWN: usize = 30;

/// Most characters of a value that changes.
const VALUE_SHOWN: usize = 80;

/// All that is told before it is done.
pub struct Preview<'p> {
    /// What it is, such as "Publish".
    pub what: &'p str,
    /// What the store of switches holds.
    pub switches: &'p Switches,
    /// The rules in force; nothing where no pointer is set.
    pub in_force: Option<&'p Result<StoredPack, PackError>>,
    /// The rules to be put in force.
    pub rules: &'p Ruleset,
    /// Their version.
    pub version: &'p str,
    /// Further facts, one sentence each.
    pub facts: &'p [String],
    /// What a backtest found, one sentence each.
    pub backtest: &'p [String],
    /// What will be done.
    pub plan: &'p Plan,
}

/// The preview for a terminal, at most 80 columns.
#[must_use]
pub fn preview(preview: &Preview<'_>) -> String {
    let Preview { what, switches, rules, facts, backtest, plan, .. } = preview;
    let mut page = Page::new(Form::Text, &format!("{what} {}", rules.site));
    page.item(&replaces(preview));
    page.item(&mode(switches));
    page.item(&counts(rules));
    facts.iter().for_each(|fact| page.item(fact));
    if switches.history_is_lost {
        page.item("The history in the store cannot be read; it starts anew.");
    }
    changes(&mut page, preview);
    if !backtest.is_empty() {
        page.heading("Backtest");
        backtest.iter().for_each(|found| page.item(found));
    }
    page.heading("Steps");
    plan.told().iter().for_each(|step| page.item(step));
    if plan.is_empty() {
        page.item("None: these rules are in force, and nothing is left over.");
    }
    page.finish()
}

fn replaces(preview: &Preview<'_>) -> String {
    let new = preview.version;
    match preview.switches.pointer.as_deref().map(version) {
        None => format!("Rules: {new}; no pointer is set yet."),
        Some(old) if old == new => format!("Rules: {new}, which are in force."),
        Some(old) => format!("Rules: {new} in place of {old}."),
    }
}

/// The site's mode in a sentence, with what it means.
pub(super) fn mode(switches: &Switches) -> String {
    match (switches.mode(), &switches.mode) {
        (Mode::Enforce, _) => "Mode: enforce.".to_owned(),
        (Mode::Shadow, _) => "Mode: shadow, so no rule acts.".to_owned(),
        (Mode::Off, None) => format!("Mode: off, since there is no entry `{MODE}`."),
        (Mode::Off, Some(word)) if Mode::from_word(word.trim()).is_none() => {
            format!("Mode: off, since `{}` is no mode.", cut(word, VALUE_SHOWN))
        }
        (Mode::Off, Some(_)) => "Mode: off, so nothing is inspected.".to_owned(),
    }
}

/// How many rules there are, in a sentence.
pub(super) fn counts(rules: &Ruleset) -> String {
    let [enforced, shadow, off] = by_mode(rules);
    format!("Rules by mode: {enforced} enforced, {shadow} in shadow, {off} off.")
}

fn changes(page: &mut Page, preview: &Preview<'_>) {
    page.heading("Changes");
    let older = match preview.in_force {
        None => return page.item("Everything: there are no rules in force to compare with."),
        Some(Err(error)) => {
            return page.item(&format!("Unknown: the rules in force cannot be read ({error})."));
        }
        Some(Ok(pack)) => &pack.rules,
    };
    let diff = Diff::between(older, preview.rules);
    for one in diff.rules.iter().take(CHANGES_SHOWN) {
        change(page, one, preview.switches.mode());
    }
    let more = diff.rules.len().saturating_sub(CHANGES_SHOWN);
    if more > 0 {
        page.item(&format!("... and {more} more rules."));
    }
    if !diff.others.is_empty() {
        page.item(&format!("Also: {}.", diff.others.join("; ")));
    }
    if diff.is_empty() {
        page.item("None.");
    }
}

fn change(page: &mut Page, change: &Change, site: Mode) {
    let mark = match (change.was, change.is) {
        (None, _) => '+',
        (_, None) => '-',
        _ => '~',
    };
    page.item(&format!("{mark} {}: {}", change.id, change.told(site)));
    // The mode is told already.
    for KeyChange { key, was, is } in change.keys.iter().filter(|change| change.key != "mode") {
        let (was, is) = (was.as_deref(), is.as_deref());
        let shared = shared(was.unwrap_or_default(), is.unwrap_or_default());
        let shown = |value: Option<&str>| match value {
            Some(value) => shown(value, shared),
            None => "nothing".to_owned(),
        };
        page.detail(&format!("{key}: {} -> {}", shown(was), shown(is)));
    }
}

/// Bytes that two values begin with alike.
fn shared(was: &str, is: &str) -> usize {
    let alike = was.chars().zip(is.chars()).take_while(|(was, is)| was == is);
    alike.map(|(one, _)| one.len_utf8()).sum()
}

/// A value, or of a long one what stands around its byte `at`.
fn shown(value: &str, at: usize) -> String {
    if width(value) <= VALUE_SHOWN {
        return value.to_owned();
    }
    let (before, after) = value.split_at(at);
    let skipped = width(before).saturating_sub(VALUE_SHOWN / 4);
    let before: String = before.chars().skip(skipped).collect();
    let mark = if skipped > 0 { "…" } else { "" };
    cut(&format!("{mark}{before}{after}"), VALUE_SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_value_the_difference_is_shown() {
        let value = |middle| format!("{}{middle}{}", "ä".repeat(200), "z".repeat(200));
        let (was, is) = (value("one"), value("two"));
        let shown = shown(&was, shared(&was, &is));
        assert_eq!(width(&shown), VALUE_SHOWN);
        assert!(shown.starts_with('…') && shown.contains("one") && shown.ends_with("z…"));
        assert_eq!(super::shown("short", shared("short", "sharp")), "short");
    }
}
