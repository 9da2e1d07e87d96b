//! Rule and case files in one form, so that a change in one shows only what it
//! changes.
//!
//! White space is all that may differ: comments, quoting, the order of keys and
//! how numbers are written are their author's. What a file says is compared
//! before and after, and a text that would say something else is not handed out.

mod layout;
mod token;
mod tree;

use anyhow::{Result, ensure};
use tidegate_rules::diagnostic::{Place, Severity, Source};
use tidegate_rules::{Diagnostic, Diagnostics};
use toml::Table;
use toml::de::DeTable;

/// Widest line that an array is written on, in characters.
const WIDTH: usize = 100;

/// The text of a file, formatted; `None` where it holds neither rules nor cases,
/// which both start with their `format`: other people's files have other forms.
///
/// # Errors
///
/// [`Diagnostics`] where it is no TOML, with every mistake; another error where
/// formatting would change what it says.
pub fn format(source: &Source) -> Result<Option<String>> {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        let mut mistakes: Vec<_> = errors.iter().map(|error| mistake(source, error)).collect();
        mistakes.sort_by_key(|told| told.place.as_ref().map(|at| (at.line, at.column)));
        return Err(Diagnostics(mistakes).into());
    }
    if !document.get_ref().contains_key("format") {
        return Ok(None);
    }
    let text = layout::lay_out(&tree::read(&token::tokens(&source.text)));
    ensure!(
        meaning(&text).is_some_and(|new| meaning(&source.text) == Some(new)),
        "`{}` is left as it is: formatted, it would say something else",
        source.name
    );
    Ok(Some(text))
}

fn mistake(source: &Source, error: &toml::de::Error) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: "toml-syntax",
        message: error.message().trim().replace('\n', ", "),
        place: Some(Place::new(source, &error.span().unwrap_or(0..0))),
        help: None,
    }
}

/// What a text says. Shown, a value that is no number equals itself and the two
/// zeros differ, which compared they would not.
fn meaning(text: &str) -> Option<String> {
    Some(format!("{:?}", text.parse::<Table>().ok()?))
}
