//! From a site's files to a rule set: names resolved, values checked, cells
//! laid out. Reports every mistake of every file in one run.

mod budget;
mod condition;
mod keys;
mod layout;
mod names;
mod rules;
mod site;
mod stores;
mod values;
mod warnings;

use names::Compiler;
pub(crate) use values::{duration, hex_fingerprint};
use warnings::Life;

use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::parse::{Context, RawFile, RawRule, parse};
use crate::request::Time;
use crate::ruleset::Ruleset;

/// A compiled site and the names of the files that it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The rules.
    pub rules: Ruleset,
    /// Every file read, the site's own first.
    pub files: Vec<String>,
    /// What is allowed but hardly meant on any day, in the order of the files.
    pub warnings: Vec<Diagnostic>,
    /// The rules that were learned from logs, in the order of the files.
    pub learned: Vec<Learned>,
    /// The rules that end.
    lives: Vec<Life>,
}

/// What a learned rule's evidence says that whoever watches the rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// The rule's id.
    pub rule: String,
    /// What the rule was expected to do, a sentence each.
    pub predicted: Vec<String>,
}

impl Learned {
    fn of(raw: &RawRule) -> Option<Self> {
        let predicted = raw.evidence.as_ref()?.predicted.iter().map(|told| told.value.clone());
        Some(Self { rule: raw.id.as_ref()?.value.clone(), predicted: predicted.collect() })
    }
}

impl Compiled {
    /// What is allowed but hardly meant on the day of `now`: [`Compiled::warnings`]
    /// and the rules that have expired or will within two weeks.
    #[must_use]
    pub fn warnings_as_of(&self, now: Time) -> Vec<Diagnostic> {
        let ends = self.lives.iter().filter_map(|life| life.warning(now));
        let mut all: Vec<_> = self.warnings.iter().cloned().chain(ends).collect();
        all.sort_by_cached_key(|warning| {
            let place = warning.place.as_ref()?;
            let file = self.files.iter().position(|name| *name == place.file);
            Some((file, place.line, place.column))
        });
        all
    }
}

/// Compiles the site whose own file is called `entry`. `read` gives the text of
/// a file by its name; files named in `include` are looked for beside the file
/// that names them.
///
/// # Errors
///
/// Every mistake of every file.
///
/// ```
/// let text = r#"
/// format = 1
/// site = "docs.rs"
/// "#;
/// let compiled = tidegate_rules::compile("docs-rs.toml", &mut |_| Ok(text.to_owned())).unwrap();
/// assert_eq!(compiled.rules.site, "docs.rs");
/// ```
pub fn compile(
    entry: &str,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Compiled, Diagnostics> {
    compile_with(entry, &[], read)
}

/// Compiles a site as if its own file included `extra` files too, whose names
/// are taken as they are: proposals on trial.
///
/// # Errors
///
/// Every mistake of every file.
pub fn compile_with(
    entry: &str,
    extra: &[String],
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Compiled, Diagnostics> {
    let mut context = Context::default();
    let Some(files) = gather(&mut context, entry, extra, read) else {
        return Err(Diagnostics(context.into_found()));
    };
    let mut compiler = Compiler::new(&context, &files);
    let rules = compiler.ruleset(&files);
    let lists = compiler.lists.take();
    if !context.is_clean() {
        return Err(Diagnostics(context.into_found()));
    }
    let lives = warnings::warn(&context, &files, &rules, &lists);
    let names = context.sources.iter().map(|source| source.name.clone()).collect();
    let learned = files.iter().flat_map(|file| &file.rules).filter_map(Learned::of);
    let learned = learned.collect();
    Ok(Compiled { rules, files: names, warnings: context.into_found(), learned, lives })
}

/// Every file of the site. `None` where one cannot be read: the names that it
/// declares are missing then, and whoever uses them is not to blame.
fn gather(
    context: &mut Context,
    entry: &str,
    extra: &[String],
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Option<Vec<RawFile>> {
    let mut files = Vec::new();
    let mut complete = true;
    let mut waiting: Vec<(String, Option<crate::parse::At>)> =
        extra.iter().rev().map(|name| (name.clone(), None)).collect();
    waiting.push((entry.to_owned(), None));
    while let Some((name, at)) = waiting.pop() {
        if context.sources.iter().any(|source| source.name == name) {
            continue;
        }
        match read(&name) {
            Ok(text) => {
                let Some(raw) = parse(context, Source { name: name.clone(), text }) else {
                    complete = false;
                    continue;
                };
                let included = raw.include.iter().rev();
                waiting.extend(
                    included.map(|spot| (beside(&name, &spot.value), Some(spot.at.clone()))),
                );
                files.push(raw);
            }
            Err(why) => {
                let message = format!("cannot read `{name}`: {why}");
                context.report(at.as_ref(), "unreadable-file", message, None);
                complete = false;
            }
        }
    }
    complete.then_some(files)
}

fn beside(file: &str, included: &str) -> String {
    match file.rfind('/') {
        Some(at) => format!("{}{included}", file.get(..=at).unwrap_or_default()),
        None => included.to_owned(),
    }
}
