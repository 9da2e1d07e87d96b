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

impl Taken {
    /// Logs whose last line was left for the next time, since it has no line end.
    #[must_use]
    pub fn left(&self) -> Vec<&str> {
        let left = self.files.files.iter().filter(|file| file.unfinished);
        left.map(|file| file.path.as_str()).collect()
    }
}

/// Stores what logs hold and the store does not.
///
/// A last line without a line end may still be being written: that of a plain log is
/// left for the next time, that of a compressed one is stored.
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

    /// Only one that is stored is taken: such logs were stored compressed, or by
    /// versions that knew no better.
    fn takes_unfinished(&mut self, number: u64, bytes: &[u8]) -> bool {
        self.known.has(number, || self.log.content_with(bytes))
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::io::Write as _;
    use std::path::Path;

    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::*;
    use crate::rule_files;
    use crate::store::piece::Piece;

    fn log(lines: u64) -> String {
        let mut log = String::new();
        for line in 1..=lines {
            let time = "04/Nov/2025:08:15:42 +0000";
            writeln!(log, "192.0.2.7 - - [{time}] \"GET /{line} HTTP/1.1\" 200 5 \"-\" \"curl/8\"")
                .unwrap();
        }
        log
    }

    /// A log that somebody is in the middle of writing: the last of so many lines has
    /// no more than its start.
    fn cut(lines: u64) -> String {
        let mut log = log(lines);
        log.truncate(log.len() - 20);
        log
    }

    fn text(text: &str) -> Input {
        Input::Text { name: "access.log".to_owned(), text: text.into() }
    }

    fn gzip(folder: &Path, text: &str) -> Input {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        let path = folder.join("access.log.1.gz");
        std::fs::write(&path, gzip.finish().unwrap()).unwrap();
        Input::Path(path)
    }

    /// What a store holds.
    #[derive(Default)]
    struct Stored(Vec<Piece>);

    impl Stored {
        fn take(&mut self, input: Input) -> Taken {
            let mut known = Known::default();
            self.0.iter().for_each(|piece| known.add(piece));
            let rules = rule_files::compile_generic(&[]).unwrap().rules;
            let logs = Logs {
                inputs: &[input],
                options: Options::default(),
                rules: &rules,
                version: "",
                secret: &HashKey::from_secret(""),
                beside: Beside::default(),
            };
            let (to, batches) = sync_channel(16);
            let taken = Reader::new(known, to).read(&logs, &mut |_| {}).unwrap();
            self.0.extend(batches.iter().flatten().map(|named| named.piece));
            taken
        }

        /// First and last line of each piece, in the order in which they were stored.
        fn spans(&self) -> Vec<(u64, u64)> {
            self.0.iter().map(|piece| (piece.first, piece.last)).collect()
        }

        /// The numbers of all requests, sorted.
        fn requests(&self) -> Vec<u64> {
            let events = self.0.iter().flat_map(Piece::events);
            let mut numbers: Vec<_> = events.map(|(_, logged)| logged.line).collect();
            numbers.sort_unstable();
            numbers
        }
    }

    /// Lines stored, known, and logs of which something was left.
    fn told(taken: &Taken) -> (u64, u64, usize) {
        (taken.stored, taken.known, taken.left().len())
    }

    #[test]
    fn a_line_without_an_end_is_in_no_piece() {
        let (mut of_cut, mut of_whole) = (Stored::default(), Stored::default());
        let taken = of_cut.take(text(&cut(20_001)));
        assert_eq!((told(&taken), taken.lines, taken.bad), ((20_000, 0, 1), 20_000, 0));
        assert_eq!(told(&of_whole.take(text(&log(20_000)))), (20_000, 0, 0));
        assert_eq!(of_cut.spans(), [(1, 16_384), (16_385, 20_000)]);
        let contents = |stored: &Stored| stored.0.iter().map(|piece| piece.content).collect();
        let [of_cut, of_whole]: [Vec<_>; 2] = [contents(&of_cut), contents(&of_whole)];
        assert_eq!(of_cut, of_whole);
    }

    #[test]
    fn a_log_that_is_given_while_it_is_written_is_stored_once() {
        let mut stored = Stored::default();
        for (lines, now) in [(16_384, 16_383), (16_385, 1), (20_001, 3_616), (20_001, 0)] {
            let taken = stored.take(text(&cut(lines)));
            assert_eq!(told(&taken), (now, lines - 1 - now, 1));
        }
        assert_eq!(told(&stored.take(text(&log(20_010)))), (10, 20_000, 0));
        let spans = [(1, 16_383), (16_384, 16_384), (16_385, 20_000), (20_001, 20_010)];
        assert_eq!(stored.spans(), spans);
        assert!(stored.requests().into_iter().eq(1..=20_010));
    }

    #[test]
    fn it_may_be_cut_at_any_byte() {
        let whole = log(3);
        // A line that is no more than begun may be of no format that is known.
        for at in log(1).len()..=whole.len() {
            let mut stored = Stored::default();
            stored.take(text(&whole[..at]));
            stored.take(text(&whole));
            assert_eq!(stored.requests(), [1, 2, 3], "cut at {at}");
        }
    }

    #[test]
    fn a_compressed_log_is_finished() {
        let folder = TempDir::new().unwrap();
        let unended = log(3).trim_end().to_owned();
        // Whichever comes first, the other one is the same log.
        let mut stored = Stored::default();
        assert_eq!(told(&stored.take(gzip(folder.path(), &unended))), (3, 0, 0));
        assert_eq!(told(&stored.take(text(&unended))), (0, 3, 0));
        assert_eq!(told(&stored.take(text(&log(3)))), (0, 3, 0));
        let mut stored = Stored::default();
        assert_eq!(told(&stored.take(text(&unended))), (2, 0, 1));
        assert_eq!(told(&stored.take(gzip(folder.path(), &unended))), (1, 2, 0));
        assert_eq!(told(&stored.take(text(&unended))), (0, 3, 0));
        assert_eq!(stored.spans(), [(1, 2), (3, 3)]);
    }

    #[test]
    fn what_was_stored_by_earlier_versions_is_known() {
        // Each is the first half of what `sha256sum` says of the lines; where the last
        // one had no end, it was taken for a line.
        let (whole, begun) = (log(2), cut(3));
        let mut stored = Stored::default();
        stored.take(text(&whole));
        assert_eq!(stored.0[0].content, 0x8278_2dac_8d95_19b9_f59f_2b61_6c5b_078c);
        let folder = TempDir::new().unwrap();
        let mut stored = Stored::default();
        stored.take(gzip(folder.path(), &begun));
        assert_eq!(stored.0[0].content, 0x9f25_3285_6a50_d3ec_5a0d_da01_b3de_be2b);
        assert_eq!(told(&stored.take(text(&begun))), (0, 2, 0));
        assert_eq!(stored.spans(), [(1, 3)]);
    }

    #[test]
    fn nothing_but_a_carriage_return_or_zeros_is_no_line_that_is_left() {
        for end in ["\r", "\0\0"] {
            let mut stored = Stored::default();
            assert_eq!(told(&stored.take(text(&format!("{}{end}", log(2))))), (2, 0, 0));
            assert_eq!(stored.spans(), [(1, 2)]);
        }
    }
}
