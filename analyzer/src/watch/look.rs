//! What one look at the followed files has at hand: where lines go, who is there,
//! and what cannot be read.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate_rules::Time;

use super::Trouble;
use super::found::{Found, Identity};
use super::kept::Kept;
use super::plain::Plain;
use crate::ingest::IngestError;

/// One look at all files.
pub(super) struct Look<'l> {
    pub(super) kept: &'l mut Kept,
    pub(super) now: Time,
    pub(super) trouble: Trouble,
    /// How the files begin that were known before.
    pub(super) before: Vec<Begun>,
    /// Files that are where they are looked for.
    pub(super) there: BTreeSet<Identity>,
}

/// How a known file begins.
pub(super) struct Begun {
    pub(super) identity: Identity,
    pub(super) path: PathBuf,
    pub(super) text: Arc<[u8]>,
}

impl Look<'_> {
    /// Keeps the lines that are new in a log; whether there are any. What cannot be
    /// kept is an error, what cannot be read is told.
    pub(super) fn read_on(
        &mut self,
        plain: &mut Plain,
        path: &Path,
        file: &mut File,
    ) -> io::Result<bool> {
        let mut came = false;
        loop {
            match plain.next_lines(file) {
                Ok(lines) if lines.is_empty() => return Ok(came),
                Ok(lines) => {
                    let parts = [&plain.directives[..], &lines];
                    self.kept.keep(path, plain.format, parts, self.now)?;
                    plain.note(&lines);
                    came = true;
                }
                Err(error) => {
                    self.cannot_read(path, error);
                    return Ok(came);
                }
            }
        }
    }

    /// Whether a file has been written to within the window.
    pub(super) fn is_written_to(&self, found: &Found) -> bool {
        found.written.is_none_or(|written| self.kept.is_within(written, self.now))
    }

    pub(super) fn cannot_read(&mut self, path: &Path, source: io::Error) {
        let path = path.display().to_string();
        self.trouble.failed.push(IngestError::Read { path, source });
    }

    /// Tells of a file that is no log. Only one that somebody asked for by name was to
    /// be read.
    pub(super) fn leave_out(&mut self, path: &Path, is_named: bool) {
        if is_named {
            let path = path.display().to_string();
            self.trouble.failed.push(IngestError::UnknownFormat { path });
        } else {
            self.trouble.left_out.push(path.to_owned());
        }
    }
}
