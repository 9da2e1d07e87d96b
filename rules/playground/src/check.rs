//! Rules as they are typed, and what is wrong with them.

use serde::Serialize;
use tidegate_rules::diagnostic::Severity;
use tidegate_rules::{Compiled, Diagnostic, Diagnostics, Mode, Time};

/// How the typed rules are called in mistakes.
const ENTRY: &str = "rules.toml";

/// The files that typed rules may include: Tidegate's own.
const FILES: [(&str, &str); 3] = [
    ("agents.toml", include_str!("../../agents.toml")),
    ("learned/docs-rs.toml", include_str!("../../learned/docs-rs.toml")),
    ("learned/crates-io.toml", include_str!("../../learned/crates-io.toml")),
];

/// What a check found.
#[derive(Serialize)]
pub(crate) struct Checked {
    /// What the rules are for and how many there are; nothing where they are invalid.
    summary: Option<String>,
    found: Vec<Found>,
}

/// A mistake or a warning, with its place in the text.
#[derive(Serialize)]
pub(crate) struct Found {
    severity: &'static str,
    code: &'static str,
    message: String,
    help: Option<String>,
    /// From 1, and 0 where it is about no place of the typed text.
    line: usize,
    column: usize,
    width: usize,
    /// As `tidegate check` prints it.
    text: String,
}

/// Compiles typed rules.
pub(crate) fn compile(rules: &str) -> Result<Compiled, Diagnostics> {
    tidegate_rules::compile(ENTRY, &mut |name| {
        if name == ENTRY {
            return Ok(rules.to_owned());
        }
        let known = FILES.iter().find(|(known, _)| *known == name);
        known.map(|(_, text)| (*text).to_owned()).ok_or_else(|| {
            let names: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
            format!("the playground has {} and no other file", names.join(", "))
        })
    })
}

/// Checks typed rules on the day of `today`.
pub(crate) fn check(rules: &str, today: Time) -> Checked {
    match compile(rules) {
        Err(mistakes) => {
            Checked { summary: None, found: mistakes.0.iter().map(Found::of).collect() }
        }
        Ok(compiled) => Checked {
            summary: Some(summary(&compiled)),
            found: compiled.warnings_as_of(today).iter().map(Found::of).collect(),
        },
    }
}

fn summary(compiled: &Compiled) -> String {
    let rules = &compiled.rules;
    let count = |mode| rules.rules.iter().filter(|rule| rule.mode == mode).count();
    format!(
        "{}: rules: {} enforced, {} in shadow, {} off; routes: {}; cohorts: {}",
        rules.site,
        count(Mode::Enforce),
        count(Mode::Shadow),
        count(Mode::Off),
        rules.routes.len(),
        rules.cohorts.len(),
    )
}

impl Found {
    /// A line of a log that is no request.
    pub(crate) fn of_line(line: u64, message: String) -> Self {
        Self {
            severity: "warning",
            code: "bad-line",
            text: format!("line {line}: {message}"),
            message: format!("no request: {message}"),
            help: None,
            line: usize::try_from(line).unwrap_or_default(),
            column: 1,
            width: 1,
        }
    }

    pub(crate) fn of(diagnostic: &Diagnostic) -> Self {
        let typed = |file: &str| !FILES.iter().any(|(name, _)| *name == file);
        let place = diagnostic.place.as_ref().filter(|place| typed(&place.file));
        let (line, column, width) =
            place.map_or((0, 0, 0), |place| (place.line, place.column, place.width));
        Self {
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: diagnostic.code,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            line,
            column,
            width,
            text: diagnostic.to_string(),
        }
    }
}
