//! What a check found, for editors and other tools: a contract, so that the
//! fields of [`Diagnostic`] may change and these may not.

use serde::Serialize;
use tidegate_rules::diagnostic::{Place, Severity};
use tidegate_rules::{Diagnostic, Ruleset};

use super::cases::Cases;
use crate::gate::Gate;

/// The version of this form.
const TOLD_FORMAT: u32 = 1;

/// The result of a check.
#[derive(Debug, Serialize)]
pub(super) struct Told<'t> {
    format: u32,
    /// The site's name; nothing where its rules are invalid.
    site: Option<&'t str>,
    /// Every file that was read; empty where the rules are invalid.
    files: &'t [String],
    diagnostics: Vec<ToldDiagnostic<'t>>,
    cases: Cases,
    /// What logs say of the rules; nothing where none were given.
    backtest: Option<&'t Gate>,
}

#[derive(Debug, Serialize)]
struct ToldDiagnostic<'t> {
    severity: &'static str,
    code: &'static str,
    message: &'t str,
    /// This and the next three: nothing where it is about no place.
    file: Option<&'t str>,
    line: Option<usize>,
    column: Option<usize>,
    width: Option<usize>,
    help: Option<&'t str>,
}

impl<'t> Told<'t> {
    /// Of rules that can be used.
    pub(super) fn of(
        rules: &'t Ruleset,
        files: &'t [String],
        diagnostics: &'t [Diagnostic],
        cases: Cases,
        backtest: Option<&'t Gate>,
    ) -> Self {
        Self { site: Some(&rules.site), files, cases, backtest, ..Self::of_mistakes(diagnostics) }
    }

    /// Of rules that cannot.
    pub(super) fn of_mistakes(diagnostics: &'t [Diagnostic]) -> Self {
        Self {
            format: TOLD_FORMAT,
            site: None,
            files: &[],
            diagnostics: diagnostics.iter().map(ToldDiagnostic::of).collect(),
            cases: Cases::default(),
            backtest: None,
        }
    }
}

impl<'t> ToldDiagnostic<'t> {
    fn of(diagnostic: &'t Diagnostic) -> Self {
        let place = diagnostic.place.as_ref();
        let number = |of: fn(&Place) -> usize| place.map(of);
        Self {
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: diagnostic.code,
            message: &diagnostic.message,
            file: place.map(|place| place.file.as_str()),
            line: number(|place| place.line),
            column: number(|place| place.column),
            width: number(|place| place.width),
            help: diagnostic.help.as_deref(),
        }
    }
}
