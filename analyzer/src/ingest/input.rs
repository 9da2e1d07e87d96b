//! What to read: from arguments to files.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::MatchOptions;

use super::{Format, IngestError};

/// Where a log comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file; a directory, which stands for the files below it; or a glob such as
    /// `logs/*/2025-*.gz`, which stands for the files that match.
    Path(PathBuf),
    /// A text in memory: log lines that somebody pasted.
    Text {
        /// How it is called.
        name: String,
        /// The lines.
        text: Arc<str>,
    },
    /// Lines of a log that lie elsewhere meanwhile.
    Part {
        /// How the log is called.
        name: String,
        /// The file in which they lie.
        path: PathBuf,
        /// The log's format: few lines may not tell it.
        format: Format,
    },
    /// Standard input.
    Stdin,
}

impl Input {
    /// An argument as a user writes it: `-` is standard input.
    #[must_use]
    pub fn from_argument(argument: &OsStr) -> Self {
        if argument == "-" { Self::Stdin } else { Self::Path(argument.into()) }
    }

    /// Whether it can be read again: a pipe cannot.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        match self {
            // What is no file yet stands for files.
            Self::Path(path) => {
                fs::metadata(path).map_or(true, |data| data.is_file() || data.is_dir())
            }
            Self::Text { .. } | Self::Part { .. } => true,
            Self::Stdin => false,
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Text { name, .. } | Self::Part { name, .. } => f.write_str(name),
            Self::Stdin => f.write_str("-"),
        }
    }
}

/// The inputs with each directory replaced by its files, and each glob by what
/// matches, sorted by name. A file that comes more than once is read once.
pub(super) fn expand(inputs: &[Input]) -> Result<Vec<Input>, IngestError> {
    let mut files = Vec::new();
    for input in inputs {
        match input {
            Input::Path(path) if path.exists() => take(path, &mut files)?,
            Input::Path(path) if is_glob(path) => take_matches(path, &mut files)?,
            // It will fail as what it is.
            Input::Path(_) | Input::Text { .. } | Input::Part { .. } | Input::Stdin => {
                files.push(input.clone());
            }
        }
    }
    let mut seen = HashSet::new();
    files.retain(|file| match file {
        Input::Path(path) => fs::canonicalize(path).map_or(true, |path| seen.insert(path)),
        Input::Text { .. } | Input::Part { .. } => true,
        Input::Stdin => seen.insert(PathBuf::from("-")),
    });
    Ok(files)
}

/// A file, or those of a directory.
fn take(path: &Path, files: &mut Vec<Input>) -> Result<(), IngestError> {
    if !path.is_dir() {
        files.push(Input::Path(path.to_owned()));
        return Ok(());
    }
    let before = files.len();
    walk(path, files)?;
    if files.len() == before {
        return Err(IngestError::EmptyDirectory { path: path.display().to_string() });
    }
    Ok(())
}

fn is_glob(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

fn take_matches(pattern: &Path, files: &mut Vec<Input>) -> Result<(), IngestError> {
    // As in a shell.
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let text = pattern.to_string_lossy();
    let no_match = || IngestError::NoMatch { pattern: text.clone().into_owned() };
    let before = files.len();
    for found in glob::glob_with(&text, options).map_err(|_| no_match())? {
        let path = found.map_err(|error| {
            let path = error.path().display().to_string();
            IngestError::Open { path, source: error.into() }
        })?;
        take(&path, files)?;
    }
    if files.len() == before { Err(no_match()) } else { Ok(()) }
}

fn walk(directory: &Path, files: &mut Vec<Input>) -> Result<(), IngestError> {
    let failed = |source| IngestError::Open { path: directory.display().to_string(), source };
    let mut entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // A link to a directory is not followed: it may lead round in a circle.
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(&entry.path(), files)?;
        } else if entry.path().is_file() {
            files.push(Input::Path(entry.path()));
        }
    }
    Ok(())
}

/// Bytes of all files as they lie on the disk; `None` where one cannot say.
pub(super) fn total_bytes(files: &[Input]) -> Option<u64> {
    let length = |file: &Input| match file {
        Input::Path(path) | Input::Part { path, .. } => {
            fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|data| data.len())
        }
        Input::Text { text, .. } => Some(text.len() as u64),
        Input::Stdin => None,
    };
    files.iter().map(length).sum()
}
