//! Watching: logs are followed while they are written, and the last minutes of
//! them analyzed again and again, for bursts that are over before a night is.
//!
//! What a turn sees is what `tidegate analyze` would see of the same lines: they
//! are kept in files of their own for as long as the window is, and read by the
//! same code. Nothing is published from here, and no rule changes.
//!
//! Can't see: what came before the window; what was written while nobody
//! watched, but for the end of each file.

mod follow;
mod kept;
mod news;
pub mod report;

use std::io;
use std::path::Path;

use tidegate_rules::{Learned, Time};

use crate::analysis::Analysis;
use crate::effect::{self, Effect, Records};
use crate::ingest::{IngestError, Input};
use crate::night::{Night, Passed, Source};
use crate::propose::respond;

pub use follow::Follow;
pub use kept::Kept;
pub use news::{New, News};

/// One look at the window.
#[derive(Debug)]
pub struct Turn {
    /// What was found in it, with proposals.
    pub analysis: Analysis,
    /// What the site's rules did, where the edge's records are among the logs.
    pub effect: Option<Effect>,
    /// Its lines by file, with samples of the bad ones.
    pub passed: Passed,
}

/// Logs that are followed, and their last minutes.
#[derive(Debug)]
pub struct Watch {
    follow: Follow,
    kept: Kept,
}

impl Watch {
    /// Follows `inputs`; lines are kept for `window_ms` milliseconds in files
    /// below `folder`, which nobody else may use.
    #[must_use]
    pub fn new(inputs: &[Input], window_ms: u64, folder: &Path) -> Self {
        Self { follow: Follow::new(inputs), kept: Kept::new(folder, window_ms) }
    }

    /// Takes what has been written since the last time, as of `now`; tells what
    /// cannot be read, and goes on with the rest.
    ///
    /// # Errors
    ///
    /// Where lines cannot be kept: the disk is full.
    pub fn take(&mut self, now: Time) -> io::Result<Vec<IngestError>> {
        self.kept.forget(now);
        self.follow.take(&mut self.kept, now)
    }

    /// Analyzes the window; `None` where it is empty.
    ///
    /// # Errors
    ///
    /// Where what was kept is no log that we know.
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
        let options = night.source.options();
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
        Ok(Some(Turn { analysis, effect, passed }))
    }
}
