//! Budgets that the platform counts: what is asked of its counters, and what is
//! added to them. What a budget means there is in [`super::erl`].

use std::num::NonZeroU32;

use super::erl::{Limit, Window};
use super::{Answer, Ask, Charge, Verdict};
use crate::gcra::Charged;

/// Counters that count by themselves. Requests that overlap may each pass before
/// the others are counted, but none is forgotten.
pub trait Counters {
    /// The rate at which units were added to `entry` over the window that ends
    /// now, in units per second, rounded down; 0 for an unknown entry.
    ///
    /// # Errors
    ///
    /// What failed, in words for a log.
    fn rate(&mut self, entry: &str, window: Window) -> Result<u32, &'static str>;

    /// Adds units to `entry`, an ASCII text of at most 64 bytes.
    ///
    /// # Errors
    ///
    /// What failed, in words for a log.
    fn add(&mut self, entry: &str, units: NonZeroU32) -> Result<(), &'static str>;
}

/// Entries to add to, unless a budget refused.
pub(super) struct Open(Vec<(String, NonZeroU32)>);

pub(super) fn ask(
    counters: &mut impl Counters,
    charge: &Charge<'_>,
    verdict: &mut Verdict,
) -> Result<Open, &'static str> {
    let mut answers = Vec::with_capacity(charge.asks.len());
    let mut open = Open(Vec::with_capacity(charge.asks.len()));
    for ask in &charge.asks {
        // Counters know no page and no history: the compiler sees to it that no
        // rule asks them for one.
        if ask.gate.is_some() || ask.floor {
            continue;
        }
        let Some(limit) = charge.layout.budget(ask.slot).and_then(Limit::of) else { continue };
        let entry = entry(charge, ask);
        let window = limit.window();
        let spent = window.counted(counters.rate(&entry, window)?);
        let charged = limit.charge(ask.units.get(), spent);
        if matches!(charged, Charged::Passed { .. }) {
            open.0.push((entry, ask.units));
        }
        let Ask { rule, enforced, floor, .. } = *ask;
        answers.push(Answer { rule, charged, enforced, floor });
    }
    verdict.answers.extend(answers);
    Ok(open)
}

/// Adds what was asked for to every counter, whichever fails.
pub(super) fn settle(counters: &mut impl Counters, open: &Open) -> Result<(), &'static str> {
    let added = open.0.iter().map(|(entry, units)| counters.add(entry, *units));
    added.fold(Ok(()), Result::and)
}

/// A budget's own entry. The layout is part of it, so that new rules start
/// afresh here as they do in cells.
fn entry(charge: &Charge<'_>, ask: &Ask) -> String {
    format!("{}-{:08x}-{}", charge.key.text(), charge.layout.id(), ask.slot)
}
