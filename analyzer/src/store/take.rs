//! Logs into the store: read here, written by another thread.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Result, anyhow};
use serde::Serialize;
use tidegate_rules::{HashKey, Ruleset};

use super::known::Known;
use super::piece::{Log, PIECE_LINES};
use super::row::Reading;
use super::write::{Named, Writer};
use super::{Store, StoreError};
use crate::beside::Beside;
use crate::crates::Crates;
use crate::ingest::{
    self, BadReason, IngestError, Input, Line, Options, Parsed, Place, Progress, Sink, Summary,
};

/// Rows that are enough for one INSERT: each one makes a part of a table for each
/// day, and servers like few large ones.
const ENOUGH_ROWS: usize = 65_536;

/// Bytes of texts that are enough.
const ENOUGH_BYTES: usize = 64 << 20;

/// Logs of one site, and what is needed to read them.
pub struct Logs<'l> {
    /// The files.
    pub inputs: &'l [Input],
    /// How to read them.
    pub options: Options,
    /// The site's rules: routes, costs and agents come from them.
    pub rules: &'l Ruleset,
    /// Version of the rules.
    pub version: &'l str,
    /// The secret under which keys are hashed.
    pub secret: &'l HashKey,
    /// What is known beside the logs.
    pub beside: Beside<'l>,
}

/// What became of logs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Taken {
    /// Lines that are or should be requests.
    pub lines: u64,
    /// Those of them that are not.
    pub bad: u64,
    /// Requests that were stored now.
    pub stored: u64,
    /// Requests that had been stored before.
    pub known: u64,
    /// Every file, with samples of its bad lines.
    #[serde(skip)]
    pub files: Summary,
}

/// Stores what logs hold and the store does not.
///
/// # Errors
///
/// Where a log cannot be read or the store does not take it. What had been stored
/// by then stays, and the same call does the rest.
pub fn take(
    store: &Store,
    logs: &Logs<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Taken> {
    let known = store.known(&logs.rules.site)?;
    thread::scope(|scope| {
        let (to, batches) = sync_channel(1);
        let writer = scope.spawn(move || write(store, logs, &batches));
        let read = Reader::new(known, to).read(logs, progress);
        let written = writer.join().map_err(|_| anyhow!("the thread that stores has died"))?;
        // Where it cannot store, reading ends early.
        written?;
        Ok(read?)
    })
}

/// Stores batches until no more come.
fn write(store: &Store, logs: &Logs<'_>, batches: &Receiver<Vec<Named>>) -> Result<(), StoreError> {
    let &Logs { rules, secret, version, beside, .. } = logs;
    let reading = Reading { rules, secret, beside, crates: Crates::new(rules) };
    let mut writer = Writer { store, reading, version, load: 0 };
    batches.iter().try_for_each(|batch| writer.write(&batch))
}

/// Pieces that wait to be stored.
#[derive(Default)]
struct Batch {
    pieces: Vec<Named>,
    rows: usize,
    bytes: usize,
}

/// What reads logs.
struct Reader {
    known: Known,
    to: SyncSender<Vec<Named>>,
    name: Arc<str>,
    log: Log,
    batch: Batch,
    taken: Taken,
    /// Nobody stores any longer.
    is_done: bool,
}

impl Reader {
    fn new(known: Known, to: SyncSender<Vec<Named>>) -> Self {
        Self {
            known,
            to,
            name: Arc::default(),
            log: Log::default(),
            batch: Batch::default(),
            taken: Taken::default(),
            is_done: false,
        }
    }

    /// Reads all logs, and sends what there is of them: also where one cannot be read.
    fn read(
        mut self,
        logs: &Logs<'_>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Taken, IngestError> {
        let read = self.read_each(logs, progress);
        self.send();
        read?;
        self.taken.lines = self.taken.files.read();
        self.taken.bad = self.taken.files.bad();
        Ok(self.taken)
    }

    /// Reads one log after the other: the store sorts by itself.
    fn read_each(
        &mut self,
        logs: &Logs<'_>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), IngestError> {
        let files = ingest::files(logs.inputs)?;
        let bytes_total = ingest::total_bytes(&files);
        let (mut bytes, mut lines) = (0, 0);
        for file in &files {
            self.name = file.to_string().into();
            let mut told = |seen: Progress<'_>| {
                let (bytes, lines) = (bytes + seen.bytes, lines + seen.lines);
                progress(Progress { bytes, bytes_total, lines, ..seen });
            };
            let file = std::slice::from_ref(file);
            let read = ingest::read_into(file, &logs.options, &mut told, self)?;
            if self.is_done {
                break;
            }
            self.end();
            bytes += read.bytes();
            lines += read.read();
            self.taken.files.files.extend(read.files);
        }
        Ok(())
    }

    /// The log has ended.
    fn end(&mut self) {
        if !self.log.is_cut() {
            self.cut();
        }
        self.log = Log::default();
    }

    /// Puts a piece with those that wait.
    fn cut(&mut self) {
        let piece = self.log.cut();
        self.known.add(&piece);
        self.taken.stored += piece.rows() as u64;
        self.batch.rows += piece.rows();
        self.batch.bytes += piece.bytes();
        self.batch.pieces.push(Named { piece, log: Arc::clone(&self.name) });
        if self.batch.rows >= ENOUGH_ROWS || self.batch.bytes >= ENOUGH_BYTES {
            self.send();
        }
    }

    fn send(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.is_done |= !batch.pieces.is_empty() && self.to.send(batch.pieces).is_err();
    }
}

impl Sink for Reader {
    fn line(&mut self, line: &Line<'_>, place: Place) {
        self.log.push(line, place);
    }

    fn passed(&mut self, number: u64, bytes: &[u8], result: &Result<Parsed, BadReason>) {
        self.log.pass(number, bytes, result);
        if self.known.has(number, || self.log.content()) {
            self.taken.known += self.log.cut().rows() as u64;
        } else if number.is_multiple_of(PIECE_LINES) {
            self.cut();
        }
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}
