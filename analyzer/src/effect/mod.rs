//! Effect: what each rule has done since it is at the edge, beside what was
//! predicted of it.
//!
//! The edge's own records say what was decided and by which rule; nothing is
//! decided again here. Whom a rule refused is looked at cohort by cohort, and a
//! rule that hurts more than its prediction or a cohort's budget, beyond doubt,
//! is to go back to shadow. Whoever reads that decides: nothing is published.
//!
//! Can't see: harm to clients of whom the records keep nothing, which are those
//! that passed and whose share is not `sampled`. Shares are of the estimated
//! whole.

mod observed;
mod predicted;
pub(crate) mod report;
mod result;

use tidegate_rules::{HashKey, Learned, Ruleset};

use crate::beside::Beside;
use crate::ingest::{self, IngestError, Input, Options, Progress};

pub use predicted::Predicted;
pub use report::{render_markdown, render_text};
pub use result::{CohortEffect, EFFECT_FORMAT, Effect, RuleEffect, Saved, Verdict};

use observed::Observed;

/// The records of one site, and what is needed to read them.
pub struct Records<'n> {
    /// The files.
    pub inputs: &'n [Input],
    /// How to read them.
    pub options: Options,
    /// The site's rules: cohorts and costs come from them.
    pub rules: &'n Ruleset,
    /// What the learned ones among them were expected to do.
    pub learned: &'n [Learned],
    /// The secret under which keys are hashed on this machine.
    pub secret: &'n HashKey,
    /// What is known beside the records.
    pub beside: Beside<'n>,
}

/// Reads the records and compares.
///
/// # Errors
///
/// Where a file cannot be opened, read or recognised.
pub fn run(
    records: &Records<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Effect, IngestError> {
    let mut observed = Observed::new(records);
    let files = ingest::read(records.inputs, &records.options, progress, &mut |line, _| {
        observed.add(line);
    })?;
    Ok(observed.finish(files, records.learned))
}
