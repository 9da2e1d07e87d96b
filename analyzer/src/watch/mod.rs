//! Watching: logs are followed while they are written, and the last minutes of
//! them analyzed again and again, for bursts that are over before a night is.
//!
//! What a turn sees is what `tidegate analyze` would see of the same lines: they
//! are kept in files of their own for as long as the window is, and read by the
//! same code. Nothing is published from here, and no rule changes.
//!
//! Can't see: what came before the window; what was written while nobody
//! watched, but for the end of each file; what was written between the last look
//! at a file and its being cut, as logrotate's `copytruncate` does.

mod follow;
mod found;
mod kept;
mod look;
mod news;
mod pause;
mod plain;
pub mod report;

use std::io;
use std::path::{Path, PathBuf};

use tidegate_rules::{Learned, Time};

use crate::analysis::Analysis;
use crate::effect::{self, Effect, Records};
use crate::ingest::{FileSummary, Format, IngestError, Input};
use crate::night::{Night, Source};
use crate::propose::respond;

pub use follow::Follow;
pub use kept::Kept;
pub use news::{New, News};
pub use pause::Pause;

/// One look at the window.
#[derive(Debug)]
pub struct Turn {
    /// What was found in it, with proposals.
    pub analysis: Analysis,
    /// What the site's rules did, where the edge's records are among the logs.
    pub effect: Option<Effect>,
    /// What came since the turn before, under the names of its logs, with samples of
    /// the bad lines. Their numbers are not those of the log.
    pub came: Vec<FileSummary>,
}

/// What a look could not read.
#[derive(Debug, Default)]
pub struct Trouble {
    /// What was asked for and cannot be read: told at every look, but that a file is
    /// no log is told once.
    pub failed: Vec<IngestError>,
    /// Files beside the logs of a directory or a glob that are none: told once.
    pub left_out: Vec<PathBuf>,
}

/// Logs that are followed, and their last minutes.
#[derive(Debug)]
pub struct Watch {
    follow: Follow,
    kept: Kept,
}

impl Watch {
    /// Follows `inputs`, which are logs of `format`, or of what their first lines
    /// tell; lines are kept for `window_ms` milliseconds in files below `folder`,
    /// which nobody else may use.
    #[must_use]
    pub fn new(inputs: &[Input], format: Option<Format>, window_ms: u64, folder: &Path) -> Self {
        Self { follow: Follow::new(inputs, format), kept: Kept::new(folder, window_ms) }
    }

    /// Takes what has been written since the last time, as of `now`; tells what
    /// cannot be read, and goes on with the rest.
    ///
    /// # Errors
    ///
    /// Where lines cannot be kept: the disk is full.
    pub fn take(&mut self, now: Time) -> io::Result<Trouble> {
        self.kept.forget(now);
        self.follow.take(&mut self.kept, now)
    }

    /// Analyzes the window as of `now`; `None` where it is empty. Where the night's
    /// lines are does not matter here, and lines of more than a day later are bad.
    ///
    /// # Errors
    ///
    /// Where what was kept cannot be read.
    pub fn look(
        &self,
        night: &Night<'_>,
        learned: &[Learned],
        clients: usize,
        now: Time,
    ) -> Result<Option<Turn>, IngestError> {
        let inputs = self.kept.inputs();
        if inputs.is_empty() {
            return Ok(None);
        }
        let options = night.source.options().written_until(now);
        let night = Night { source: Source::Files { inputs: &inputs, options }, ..*night };
        let (mut analysis, all, passed) = Analysis::of(&night, &mut |_| {})?;
        respond(&night, &mut analysis, &all, now, &mut |_| {})?;
        analysis.list_worst(night.rules, &all, clients);
        let records = Records {
            inputs: &inputs,
            options,
            rules: night.rules,
            learned,
            secret: night.secret,
            beside: night.beside,
        };
        let effect = effect::run(&records, &mut |_| {})?;
        let effect = (effect.records > 0).then_some(effect);
        let came = passed.files.files.into_iter().skip(self.kept.before(now)).collect();
        Ok(Some(Turn { analysis, effect, came }))
    }
}
