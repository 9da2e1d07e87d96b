//! Lines until their turn: each is kept until no earlier one can come, and goes on
//! with the others of its second.

use std::mem::take;

use tidegate_rules::Time;

use crate::ingest::{Line, Place};
use crate::shielding::spared;
#[cfg(not(target_family = "wasm"))]
use crate::store::StoredRow;
use crate::waiting::{Second, Waiting};

/// Lines that go on together, at least: to hand over a few costs as much as many.
const LEAST: usize = 512;

/// What goes on together.
#[derive(Default)]
pub(super) struct Batch {
    /// Lines, in time order.
    pub(super) seconds: Vec<Second>,
    /// What shield POPs answered from their cache, when, and by the hash of its id:
    /// all of which was read before these lines went on.
    pub(super) spared: Vec<(Time, u64)>,
    lines: usize,
}

/// The lines that wait.
#[derive(Default)]
pub(super) struct Gatherer {
    waiting: Waiting,
    batch: Batch,
    /// Lines that origin shielding logged a second time.
    pub(super) duplicates: u64,
}

impl Gatherer {
    pub(super) fn take(&mut self, line: &Line<'_>, place: Place) {
        // The line of the POP that the client spoke to says the same and more.
        let request = &line.request;
        if line.on_shield {
            self.duplicates += 1;
            self.batch.spared.extend(spared(request.time, request.request_id, line.outcome));
            return;
        }
        self.waiting.push(request.time, place, |kept, texts| kept.fill(line, texts));
    }

    /// The same of a line that a store has kept.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn take_stored(&mut self, row: &StoredRow<'_>, place: Place) {
        if row.on_shield {
            self.duplicates += 1;
            self.batch.spared.extend(spared(row.time(), row.request_id, row.outcome()));
            return;
        }
        self.waiting.push(row.time(), place, |kept, texts| kept.fill_stored(row, texts));
    }

    /// What goes on, where all has been read up to `reached` and there is enough.
    pub(super) fn due(&mut self, reached: Time) -> Option<Batch> {
        while let Some(second) = self.waiting.due(reached) {
            self.batch.lines += second.len();
            self.batch.seconds.push(second);
        }
        (self.batch.lines >= LEAST).then(|| take(&mut self.batch))
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> Batch {
        self.batch.seconds.extend(std::iter::from_fn(|| self.waiting.next()));
        take(&mut self.batch)
    }

    /// Takes memory back.
    pub(super) fn reuse(&mut self, spent: Vec<Second>) {
        spent.into_iter().for_each(|second| self.waiting.reuse(second));
    }
}
