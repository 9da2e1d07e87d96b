//! A site's cases, decided by its rules: what `check` tells of, and what `publish`
//! demands.

use serde::Serialize;
use tidegate_rules::case::CaseFile;
use tidegate_rules::{Compiled, Diagnostic, Engine, HashKey, Mode, pack};

use crate::time::midnight;

/// What became of the cases; none are decided where the rules are invalid.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Cases {
    pub(super) count: usize,
    pub(super) failed: usize,
}

/// How many cases there are and how many fail; what is wrong with them goes
/// behind what is told already.
///
/// The rules are decided as of today, so that a case which needs a rule that has
/// expired fails, and from midnight on, so that the hour makes no difference. One
/// that has yet to start is taken as started: its case comes with it.
pub(super) fn decide(
    compiled: &Compiled,
    packed: &[u8],
    files: &[CaseFile],
    told: &mut Vec<Diagnostic>,
) -> Cases {
    let mut rules = compiled.rules.clone();
    rules.rules.iter_mut().for_each(|rule| rule.starts = None);
    let (version, secret) = (pack::version(packed), HashKey::default());
    let engine = Engine { rules, version, secret, switch: Mode::Enforce };
    let midnight = midnight();
    let mut cases = Cases::default();
    for case in files.iter().flat_map(|file| &file.cases) {
        let failures = case.run(&engine, midnight);
        cases.count += 1;
        cases.failed += usize::from(!failures.is_empty());
        told.extend(failures);
    }
    cases
}
