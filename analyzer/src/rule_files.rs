//! A site's rule files on this machine. The rules crate reads no file itself;
//! this is the one place where the analyzer does it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use tidegate_rules::case::{self, CaseFile};
use tidegate_rules::diagnostic::Source;
use tidegate_rules::{Compiled, Diagnostics, compile_with};

/// The rules for a site of which nothing is known, for whoever has only logs.
const GENERIC: [(&str, &str); 2] = [
    ("generic.toml", include_str!("../../rules/generic.toml")),
    ("agents.toml", include_str!("../../rules/agents.toml")),
];

/// The text of a file, as the compiler asks for it.
///
/// # Errors
///
/// Why it cannot be read, in words for behind its name and a colon.
pub fn read(name: &str) -> std::result::Result<String, String> {
    std::fs::read_to_string(name).map_err(|error| error.to_string())
}

/// Compiles the site whose own file is `entry`, with `extra` files as if it
/// included them: proposals on trial.
///
/// # Errors
///
/// Every mistake of every file.
pub fn compile(entry: &str, extra: &[String]) -> std::result::Result<Compiled, Diagnostics> {
    compile_with(entry, extra, &mut read)
}

/// Compiles the rules for a site of which nothing is known, with `extra` files.
///
/// # Errors
///
/// Every mistake of every file.
pub fn compile_generic(extra: &[String]) -> std::result::Result<Compiled, Diagnostics> {
    compile_with(GENERIC[0].0, extra, &mut read_generic)
}

/// A file of the rules for a site of which nothing is known, or one of this machine.
fn read_generic(name: &str) -> std::result::Result<String, String> {
    let known = GENERIC.iter().find(|(known, _)| *known == name);
    known.map_or_else(|| read(name), |(_, text)| Ok((*text).to_owned()))
}

/// The files of cases about the site whose own file is `entry`: those in the
/// folder `cases` beside it whose `site` is that file, by name.
///
/// # Errors
///
/// Where a file cannot be read, and every mistake of every file of the folder.
pub fn cases(entry: &str) -> Result<Vec<CaseFile>> {
    let folder = Path::new(entry).with_file_name("cases");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let site = Path::new(entry).canonicalize().with_context(|| format!("no file `{entry}`"))?;
    let (mut found, mut mistakes) = (Vec::new(), Vec::new());
    for name in toml_files(&folder)? {
        let shown = name.to_string_lossy().into_owned();
        let text = read(&shown).map_err(|why| anyhow!("cannot read `{shown}`: {why}"))?;
        match case::read(Source { name: shown, text }) {
            Ok(file) => found.push(file),
            Err(more) => mistakes.extend(more.0),
        }
    }
    if !mistakes.is_empty() {
        return Err(Diagnostics(mistakes).into());
    }
    let is_about = |file: &CaseFile| folder.join(&file.site).canonicalize().ok();
    found.retain(|file| is_about(file).is_some_and(|about| about == site));
    Ok(found)
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let what = || format!("cannot read the folder `{}`", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(what)? {
        let name = entry.with_context(what)?.path();
        if name.extension().is_some_and(|extension| extension == "toml") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
