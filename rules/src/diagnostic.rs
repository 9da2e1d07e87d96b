//! What is wrong with a rule file: all of it at once, each with file, line,
//! column, the line itself, and what was expected.

use std::fmt;
use std::ops::Range;

/// One text that rules are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, as people know it: a path.
    pub name: String,
    /// The TOML.
    pub text: String,
}

/// Whether a rule set can be used as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but this is hardly meant.
    Warning,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the rules can be used in spite of it.
    pub severity: Severity,
    /// Stable short name of the kind of mistake, such as `unknown-key`.
    pub code: &'static str,
    /// What is wrong, lowercase, in one line.
    pub message: String,
    /// Where, unless it is about a file as a whole.
    pub place: Option<Place>,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the source.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line itself.
    pub text: String,
    /// Characters that the mistake covers on that line, at least 1.
    pub width: usize,
}

impl Place {
    /// The place of a byte range of a source. A range outside it is its end.
    #[must_use]
    pub fn new(source: &Source, span: &Range<usize>) -> Self {
        let start = floor_boundary(&source.text, span.start);
        let before = source.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = source.text.get(line_start..).unwrap_or_default();
        let text = rest.split(['\n', '\r']).next().unwrap_or_default();
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let end = floor_boundary(&source.text, span.end).min(line_start + text.len());
        let covered = source.text.get(start..end).unwrap_or_default();
        Self {
            file: source.name.clone(),
            line: before.matches('\n').count() + 1,
            column,
            text: text.to_owned(),
            width: covered.chars().count().max(1),
        }
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}[{}]: {}", self.code, self.message)?;
        let mut margin = 0;
        if let Some(place) = &self.place {
            margin = place.line.to_string().len();
            write!(f, "\n{:margin$}--> {}:{}:{}", "", place.file, place.line, place.column)?;
            write!(f, "\n{} | {}", place.line, place.text)?;
            // Tabs stay tabs, so that the marks stand under what they mark.
            let indent: String = place
                .text
                .chars()
                .take(place.column - 1)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            write!(f, "\n{:margin$} | {indent}{}", "", "^".repeat(place.width))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{:margin$} = help: {help}", "")?;
        }
        Ok(())
    }
}

/// Every mistake of a rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.0 {
            writeln!(f, "{diagnostic}\n")?;
        }
        let count = self.0.len();
        write!(f, "{count} {} in the rules", if count == 1 { "mistake" } else { "mistakes" })
    }
}

impl std::error::Error for Diagnostics {}

/// The known word nearest to `word`, where one is near enough to be meant.
pub(crate) fn near_miss<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    let bound = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, known)| known)
}
