//! The state kept for one key, as bytes that any store can hold.
//!
//! A cell is a layout id, the arrival time of each budget, a bitmap pair for each
//! breadth window and, where a crowd's budget spares visitors with a history,
//! that history. The compiler computes the layout for each kind of key;
//! a cell of another layout counts as empty, so that new rules start afresh
//! instead of reading old state wrongly.

use std::num::NonZeroU8;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::breadth;
use crate::quota::Quota;
use crate::request::Time;

/// Most bytes that a cell may have.
pub const CELL_BOUND: usize = 512;

const ID_BYTES: usize = 4;
const BUDGET_BYTES: usize = 8;
const HALF_BYTES: usize = 4;
/// The second in which the cell was first written, and whether assets were asked
/// for.
const HISTORY_BYTES: usize = 5;

/// How long a visitor's history is kept, in milliseconds.
pub const HISTORY_MS: u64 = 6 * 3600 * 1000;

/// What the cells of one kind of key hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    id: u32,
    budgets: Vec<Quota>,
    windows: Vec<Window>,
    history: bool,
    shards: NonZeroU8,
}

/// One breadth window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Length in milliseconds.
    pub period_ms: u32,
    /// Bits of each of its two bitmaps.
    pub bits: u32,
}

impl Window {
    fn bitmap_bytes(self) -> usize {
        self.bits as usize / 8
    }

    fn bytes(self) -> usize {
        HALF_BYTES + 2 * self.bitmap_bytes()
    }
}

impl Layout {
    /// A layout of these budgets and windows.
    #[must_use]
    pub fn new(budgets: Vec<Quota>, windows: Vec<Window>) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        for quota in &budgets {
            hasher.update(&quota.nanos_per_unit().to_le_bytes());
            hasher.update(&quota.burst().get().to_le_bytes());
        }
        for window in &windows {
            hasher.update(b"w");
            hasher.update(&window.period_ms.to_le_bytes());
            hasher.update(&window.bits.to_le_bytes());
        }
        let shards = NonZeroU8::MIN;
        Self { id: hasher.finalize(), budgets, windows, history: false, shards }
    }

    /// The same layout for each of the shards that a key is kept in, with its
    /// part of every budget; the layout itself where a budget has no such part.
    #[must_use]
    pub fn sharded(self, shards: NonZeroU8) -> Self {
        match self.budgets.iter().map(|quota| quota.part(shards)).collect() {
            Some(parts) => Self { shards, ..Self::new(parts, self.windows) },
            None => self,
        }
    }

    /// The same layout with a history.
    #[must_use]
    pub fn with_history(self) -> Self {
        // Any other id will do: what matters is that it is another.
        Self { id: !self.id, history: true, ..self }
    }

    /// Tells the layout from others.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// How many shards a key is kept in.
    #[must_use]
    pub const fn shards(&self) -> NonZeroU8 {
        self.shards
    }

    /// Whether cells hold a history.
    #[must_use]
    pub const fn has_history(&self) -> bool {
        self.history
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.budgets.is_empty() && self.windows.is_empty()
    }

    /// Size of a cell, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let windows: usize = self.windows.iter().map(|window| window.bytes()).sum();
        let history = if self.history { HISTORY_BYTES } else { 0 };
        ID_BYTES + self.budgets.len() * BUDGET_BYTES + windows + history
    }

    /// The quota of budget `slot`.
    #[must_use]
    pub fn budget(&self, slot: u16) -> Option<&Quota> {
        self.budgets.get(usize::from(slot))
    }

    /// The breadth windows, in order.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// Milliseconds after which an untouched cell says nothing any more: every
    /// budget is full and every window has rolled.
    #[must_use]
    pub fn life_ms(&self) -> u64 {
        let budgets = self.budgets.iter().map(|quota| quota.span_nanos().div_ceil(1_000_000));
        let windows = self.windows.iter().map(|window| u64::from(window.period_ms));
        let history = self.history.then_some(HISTORY_MS);
        budgets.chain(windows).chain(history).max().unwrap_or(0)
    }
}

/// One cell, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'l> {
    layout: &'l Layout,
    bytes: Vec<u8>,
    /// Whether the bytes are others than the stored ones.
    changed: bool,
}

impl<'l> Cell<'l> {
    /// Opens stored bytes, or a fresh cell where there are none of this layout.
    #[must_use]
    pub fn open(layout: &'l Layout, stored: Option<Vec<u8>>) -> Self {
        let id = layout.id.to_le_bytes();
        let bytes = stored
            .filter(|bytes| bytes.len() == layout.size() && bytes.starts_with(&id))
            .unwrap_or_else(|| {
                let mut bytes = vec![0; layout.size()];
                bytes.iter_mut().zip(id).for_each(|(byte, id)| *byte = id);
                bytes
            });
        Self { layout, bytes, changed: false }
    }

    /// The bytes to store.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The bytes to store; `None` where the store has them already. A history is
    /// always written again, so that it is kept for as long as its visitor comes.
    #[must_use]
    pub fn into_news(self) -> Option<Vec<u8>> {
        (self.changed || self.layout.history).then_some(self.bytes)
    }

    /// Arrival time of budget `slot` in nanoseconds since the epoch; 0 where it
    /// is fresh.
    #[must_use]
    pub fn arrival(&self, slot: u16) -> u64 {
        let bytes = self.budget_at(slot).and_then(|at| self.bytes.get(at));
        bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
    }

    /// Sets the arrival time of budget `slot`.
    pub fn set_arrival(&mut self, slot: u16, tat: u64) {
        if let Some(bytes) = self.budget_at(slot).and_then(|at| self.bytes.get_mut(at)) {
            self.changed |= *bytes != tat.to_le_bytes();
            bytes.copy_from_slice(&tat.to_le_bytes());
        }
    }

    /// Marks `page` in every window and returns each one's count.
    pub fn mark(&mut self, page: u64, now: Time) -> Vec<u32> {
        let start = ID_BYTES + self.layout.budgets.len() * BUDGET_BYTES;
        let mut rest = self.bytes.get_mut(start..).unwrap_or_default();
        let mut counts = Vec::with_capacity(self.layout.windows.len());
        for window in &self.layout.windows {
            let Some((own, others)) = rest.split_at_mut_checked(window.bytes()) else { break };
            let (count, changed) = mark_window(own, *window, page, now);
            counts.push(count);
            self.changed |= changed;
            rest = others;
        }
        counts
    }

    /// Remembers that the visitor was here at `now`, and whether it asked for an
    /// asset.
    pub fn remember(&mut self, now: Time, asset: bool) {
        let Some((first, flag)) = self.history_mut() else { return };
        if first.iter().all(|byte| *byte == 0) {
            let seconds = u32::try_from(now.unix_millis() / 1_000).unwrap_or(u32::MAX);
            first.copy_from_slice(&seconds.to_le_bytes());
        }
        *flag |= u8::from(asset);
    }

    /// Whether the visitor has a history: it was here before `since`, or asked
    /// for an asset.
    #[must_use]
    pub fn has_history(&self, since: Time) -> bool {
        let Some(at) = self.history_at() else { return false };
        let Some([first @ .., flag]) = self.bytes.get(at..) else { return false };
        let first = first.try_into().map_or(0, u32::from_le_bytes);
        let before = first != 0 && u64::from(first) * 1_000 < since.unix_millis();
        before || flag & 1 == 1
    }

    fn history_mut(&mut self) -> Option<(&mut [u8], &mut u8)> {
        let at = self.history_at()?;
        self.bytes.get_mut(at..)?.split_last_mut().map(|(flag, first)| (first, flag))
    }

    /// Where the history lies, at the end, if the layout has one.
    fn history_at(&self) -> Option<usize> {
        self.layout.history.then(|| self.bytes.len().checked_sub(HISTORY_BYTES))?
    }

    /// Where the arrival time of a budget lies, if the layout has it.
    fn budget_at(&self, slot: u16) -> Option<Range<usize>> {
        let slot = usize::from(slot);
        let at = ID_BYTES + slot * BUDGET_BYTES;
        (slot < self.layout.budgets.len()).then_some(at..at + BUDGET_BYTES)
    }
}

/// What a window counts after `page`, and whether that page changed it.
fn mark_window(bytes: &mut [u8], window: Window, page: u64, now: Time) -> (u32, bool) {
    let Some((half_bytes, bitmaps)) = bytes.split_at_mut_checked(HALF_BYTES) else {
        return (0, false);
    };
    let Some((current, last)) = bitmaps.split_at_mut_checked(window.bitmap_bytes()) else {
        return (0, false);
    };
    let stored = (&*half_bytes).try_into().map_or(0, u32::from_le_bytes);
    let mut half = stored;
    let now_half = breadth::half_window(now, window.period_ms);
    // A half-window far ahead was not written by a clock like ours: forget it,
    // or the bitmap would never roll again.
    if half > now_half.saturating_add(2) {
        half = 0;
    }
    let known = breadth::holds(current, page);
    let count = breadth::mark(&mut half, current, last, now_half, page);
    half_bytes.copy_from_slice(&half.to_le_bytes());
    (count, !known || half != stored)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layout() -> Layout {
        let quota = Quota::new(60, 60_000, 10).unwrap();
        Layout::new(vec![quota, quota], vec![Window { period_ms: 600_000, bits: 128 }])
    }

    fn at(minute: u64) -> Time {
        Time::from_unix_millis(1_700_000_000_000 + minute * 60_000)
    }

    #[test]
    fn keeps_what_was_written() {
        let layout = layout();
        let mut cell = Cell::open(&layout, None);
        cell.set_arrival(1, 42);
        assert_eq!(cell.mark(7, at(0)), [1]);
        assert_eq!(cell.mark(8, at(1)), [2]);
        let mut again = Cell::open(&layout, Some(cell.into_bytes()));
        assert_eq!((again.arrival(0), again.arrival(1)), (0, 42));
        assert_eq!(again.mark(7, at(2)), [2]);
    }

    #[test]
    fn a_cell_of_another_layout_is_empty() {
        let old = layout();
        let mut cell = Cell::open(&old, None);
        cell.set_arrival(0, 42);
        let quota = Quota::new(61, 60_000, 10).unwrap();
        let new = Layout::new(vec![quota, quota], old.windows().to_vec());
        assert_eq!(new.size(), old.size());
        assert_eq!(Cell::open(&new, Some(cell.into_bytes())).arrival(0), 0);
    }

    #[test]
    fn slots_that_do_not_exist_are_harmless() {
        let layout = layout();
        let mut cell = Cell::open(&layout, None);
        cell.mark(7, at(0));
        let marked = cell.clone();
        cell.set_arrival(2, u64::MAX);
        cell.set_arrival(9, u64::MAX);
        assert_eq!(cell, marked);
        for slot in [2, 3, 9, u16::MAX] {
            assert_eq!(cell.arrival(slot), 0, "no bitmap is read as a time");
        }
    }

    #[test]
    fn a_half_window_from_the_future_is_forgotten() {
        let layout = layout();
        let mut cell = Cell::open(&layout, None);
        cell.mark(7, at(1_000_000));
        assert_eq!(cell.mark(8, at(0)), [1]);
    }

    #[test]
    fn a_history_is_an_earlier_visit_or_an_asset() {
        let plain = layout();
        let layout = layout().with_history();
        assert_ne!(layout.id, plain.id);
        let mut cell = Cell::open(&layout, None);
        assert!(!cell.has_history(at(9)));
        cell.remember(at(5), false);
        cell.remember(at(8), false);
        assert_eq!(
            [at(4), at(5), at(6)].map(|since| cell.has_history(since)),
            [false, false, true]
        );
        cell.remember(at(9), true);
        let mut kept = Cell::open(&layout, Some(cell.into_bytes()));
        assert!(kept.has_history(at(1)));
        assert_eq!(kept.mark(7, at(9)), [1], "it is no part of a bitmap");
        let mut without = Cell::open(&plain, None);
        without.remember(at(5), true);
        assert!(!without.has_history(at(9)));
    }

    proptest! {
        #[test]
        fn foreign_bytes_are_an_empty_cell(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let layout = layout();
            prop_assume!(!bytes.starts_with(&layout.id.to_le_bytes()));
            prop_assert_eq!(Cell::open(&layout, Some(bytes)), Cell::open(&layout, None));
        }

        /// Whatever a cell of this layout holds, the page counts and the rest of
        /// the cell stays as it is.
        #[test]
        fn damaged_cells_are_cells(
            rest in prop::collection::vec(any::<u8>(), 52),
            page in any::<u64>(),
        ) {
            let layout = layout();
            let bytes = [&layout.id.to_le_bytes()[..], &rest].concat();
            let mut cell = Cell::open(&layout, Some(bytes));
            let before = (cell.arrival(0), cell.arrival(1));
            let counts = cell.mark(page, at(0));
            prop_assert!(counts.len() == 1 && counts[0] >= 1);
            prop_assert_eq!(cell.mark(page, at(0)), counts);
            prop_assert_eq!((cell.arrival(0), cell.arrival(1)), before);
            let kept = Cell::open(&layout, Some(cell.clone().into_bytes()));
            prop_assert_eq!(kept.into_bytes(), cell.into_bytes());
        }

        /// What is not worth writing is what the store has.
        #[test]
        fn no_news_are_the_bytes_that_were_read(
            before in prop::collection::vec((0_u64..20, 0_u64..400), 0..20),
            page in 0_u64..20,
            minute in 0_u64..20,
            tat in 0_u64..3,
        ) {
            let layout = layout();
            let mut cell = Cell::open(&layout, None);
            for (page, minute) in before {
                cell.mark(page, at(minute / 20));
                cell.set_arrival(0, minute % 3);
            }
            let stored = cell.into_bytes();
            let mut cell = Cell::open(&layout, Some(stored.clone()));
            cell.mark(page, at(minute));
            cell.set_arrival(0, tat);
            prop_assert_eq!(cell.clone().into_news().is_none(), cell.into_bytes() == stored);
        }
    }
}
