//! `tidegate fmt`.

use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;
use tidegate_rules::Diagnostics;
use tidegate_rules::diagnostic::Source;

use super::shared::print;
use super::{Exit, file};
use crate::fmt::format;

/// How standard input is named.
const STDIN: &str = "-";

/// What form a file had.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The house's.
    House,
    /// Another one.
    Other,
    /// One that is none of our business.
    Foreign,
}

/// Arguments of `tidegate fmt`.
#[derive(Debug, Args)]
pub(super) struct Fmt {
    /// Rule files, case files, or `-`: from standard input to output.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Only name the files that would change; end with 2 if there are any.
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(super) fn run(&self) -> Result<Exit> {
        let (mut mistakes, mut found) = (Vec::new(), Vec::new());
        for name in &self.files {
            // A file that is no TOML is told of when the others are done.
            match self.one(name) {
                Ok(form) => found.push(form),
                Err(error) => mistakes.extend(error.downcast::<Diagnostics>()?.0),
            }
        }
        if !mistakes.is_empty() {
            return Err(Diagnostics(mistakes).into());
        }
        let changes = found.contains(&Form::Other);
        if !changes && (self.check || !self.reads_stdin()) {
            let count = found.iter().filter(|form| **form == Form::House).count();
            let files = if count == 1 { "file is" } else { "files are" };
            print(&format!("{count} {files} formatted"))?;
        }
        Ok(if changes && self.check { Exit::Findings } else { Exit::Fine })
    }

    /// What standard output says of other files would be in the midst of the
    /// result.
    fn reads_stdin(&self) -> bool {
        self.files.iter().any(|name| name == STDIN)
    }

    /// Formats a file; says what form it had.
    fn one(&self, name: &str) -> Result<Form> {
        let text = read(name)?;
        let source = Source { name: name.to_owned(), text };
        let Some(formatted) = format(&source)? else {
            eprintln!("{name}: left as it is, it has no `format` and so no rules or cases");
            if name == STDIN && !self.check {
                write(&source.text)?;
            }
            return Ok(Form::Foreign);
        };
        let changed = formatted != source.text;
        match (self.check, name == STDIN) {
            (true, _) if changed => print(&format!("{name}: not formatted"))?,
            (false, true) => write(&formatted)?,
            (false, false) if changed => {
                file::replace(Path::new(name), formatted)?;
                let said = format!("{name}: formatted");
                if self.reads_stdin() { eprintln!("{said}") } else { print(&said)? }
            }
            _ => {}
        }
        Ok(if changed { Form::Other } else { Form::House })
    }
}

fn read(name: &str) -> Result<String> {
    if name != STDIN {
        return std::fs::read_to_string(name).with_context(|| format!("cannot read `{name}`"));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    Ok(text)
}

/// Writes a result to standard output as it is.
fn write(text: &str) -> Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
