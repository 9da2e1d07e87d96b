//! What runs of all benches came to, one after another, so that the page can say
//! whether another run says the same.
//!
//! Figures of benches are kept once, the last run's; of whole runs each target's
//! figure is kept here, since all that was measured would be megabytes a run.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::targets::{Found, Kept, Row};

/// The name under which they are kept.
const NAME: &str = "repeats";

/// Whole runs that are kept; the oldest goes first.
const MOST: usize = 8;

/// Whole runs, the oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Repeats {
    reports: Vec<Report>,
}

/// What was found for each target that was measured, by what it is about.
pub(crate) type Report = BTreeMap<String, Said>;

/// What one run found for a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) figure: String,
    pub(crate) met: bool,
}

/// Keeps what a whole run came to.
///
/// # Errors
///
/// Where what is kept of those before cannot be read, or this one not be written.
pub(crate) fn keep(kept: &mut Kept<'_>, rows: &[Row]) -> Result<()> {
    let Repeats { mut reports } = read(kept)?;
    reports.push(report(rows));
    let reports = reports.split_off(reports.len().saturating_sub(MOST));
    tidegate_kept::keep(NAME, Repeats { reports })
}

/// What the whole run before the one came to that these rows are of; nothing where
/// there was none.
///
/// # Errors
///
/// Where what is kept cannot be read.
pub(crate) fn before(kept: &mut Kept<'_>, rows: &[Row]) -> Result<Option<Report>> {
    let own = report(rows);
    // No two runs find the same to the last digit.
    Ok(read(kept)?.reports.into_iter().rfind(|report| *report != own))
}

fn read(kept: &mut Kept<'_>) -> Result<Repeats> {
    Ok(kept(NAME)?.map(serde_json::from_value).transpose()?.unwrap_or_default())
}

fn report(rows: &[Row]) -> Report {
    let said = |found: &Found| Said { figure: found.figure.clone(), met: found.is_met };
    rows.iter().filter_map(|row| Some((row.what.to_owned(), said(row.found.as_ref()?)))).collect()
}
