//! Reads files on a thread of its own, so that lines are parsed while those before
//! them are looked at.
//!
//! What comes out does not depend on which of the two is faster: batches go over
//! in the order in which they were read, and which lines are in one depends on the
//! lines alone.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::gather::{Batch, Gatherer};
use crate::ingest::{self, IngestError, Input, Line, Options, Place, Progress, Sink, Summary};
use crate::waiting::Second;

/// Batches that are read ahead.
const AHEAD: usize = 4;

/// What the reading thread says.
enum Message {
    Batch(Batch),
    /// How far it has come.
    Progress {
        file: String,
        bytes: u64,
        bytes_total: Option<u64>,
        lines: u64,
    },
}

/// Reads all inputs; `show` gives the memory of what it has shown back. Says what
/// was read, and how many of the lines origin shielding had logged a second time.
pub(super) fn read(
    inputs: &[Input],
    options: Options,
    progress: &mut dyn FnMut(Progress<'_>),
    show: &mut dyn FnMut(Batch) -> Vec<Second>,
) -> Result<(Summary, u64), IngestError> {
    // A text in memory is there already, and a browser has no threads.
    if inputs.iter().all(|input| matches!(input, Input::Text { .. })) {
        let mut here = Here { gatherer: Gatherer::default(), show };
        let files = ingest::read_into(inputs, &options, progress, &mut here)?;
        (here.show)(here.gatherer.rest());
        return Ok((files, here.gatherer.duplicates));
    }
    let (to_us, messages) = sync_channel(AHEAD);
    let (spent, seconds) = channel();
    thread::scope(|scope| {
        let reading = thread::Builder::new()
            .name("parse".to_owned())
            .spawn_scoped(scope, move || read_ahead(inputs, &options, to_us, seconds))
            .map_err(|source| IngestError::Open { path: name(inputs), source })?;
        for message in messages {
            match message {
                // Where the other side has ended it needs no memory.
                Message::Batch(batch) => drop(spent.send(show(batch))),
                Message::Progress { file, bytes, bytes_total, lines } => {
                    let file = &file;
                    progress(Progress { file, bytes, bytes_total, lines, lines_total: None });
                }
            }
        }
        reading.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// The first input, by which the others are told too.
fn name(inputs: &[Input]) -> String {
    inputs.first().map(ToString::to_string).unwrap_or_default()
}

fn read_ahead(
    inputs: &[Input],
    options: &Options,
    to: SyncSender<Message>,
    spent: Receiver<Vec<Second>>,
) -> Result<(Summary, u64), IngestError> {
    let progress = &mut |progress: Progress<'_>| {
        let Progress { file, bytes, bytes_total, lines, .. } = progress;
        let file = file.to_owned();
        // Whoever has hung up wants to know nothing.
        let _ = to.send(Message::Progress { file, bytes, bytes_total, lines });
    };
    let gatherer = Gatherer::default();
    let mut there = There { gatherer, to: to.clone(), spent, hung_up: false };
    let files = ingest::read_into(inputs, options, progress, &mut there)?;
    let rest = there.gatherer.rest();
    there.send(rest);
    Ok((files, there.gatherer.duplicates))
}

/// Reads and shows in turn.
struct Here<'h> {
    gatherer: Gatherer,
    show: &'h mut dyn FnMut(Batch) -> Vec<Second>,
}

impl Sink for Here<'_> {
    fn line(&mut self, line: &Line<'_>, place: Place) {
        self.gatherer.take(line, place);
        if let Some(batch) = self.gatherer.due(place.reached) {
            self.gatherer.reuse((self.show)(batch));
        }
    }
}

/// Reads, and has another thread show.
struct There {
    gatherer: Gatherer,
    to: SyncSender<Message>,
    spent: Receiver<Vec<Second>>,
    /// Whether the other thread has ended before its time.
    hung_up: bool,
}

impl There {
    fn send(&mut self, batch: Batch) {
        self.hung_up |= self.to.send(Message::Batch(batch)).is_err();
        self.spent.try_iter().for_each(|seconds| self.gatherer.reuse(seconds));
    }
}

impl Sink for There {
    fn line(&mut self, line: &Line<'_>, place: Place) {
        self.gatherer.take(line, place);
        if let Some(batch) = self.gatherer.due(place.reached) {
            self.send(batch);
        }
    }

    fn is_done(&self) -> bool {
        self.hung_up
    }
}
