//! Files that overlap in time, read side by side: always the one that is furthest
//! behind.
//!
//! A night has a file for each POP and hour. Read one after another, their lines
//! would come an hour late; read like this, they come as late as each file has
//! them. Which file is read next depends on the lines alone, so every run is the
//! same.

use tidegate_rules::Time;

use super::file::{Clock, Found, Opened};
use super::lines::{self, RawLine};
use super::parser::{BadReason, Parsed, Parser};
use super::summary::{Compression, FileSummary};
use super::{IngestError, Options, Place, Progress, Sink, Summary, text};
use crate::basis::Window;

/// Most files that are open at once. Where more overlap in time, the lines of
/// the others come late.
const MOST_OPEN: usize = 200;

/// How far a file is read beyond the next one, in milliseconds, before that one
/// has its turn.
const TURN_MS: u64 = 2_000;

/// How often progress is told, in lines.
const PROGRESS_EVERY: u64 = 8_192;

/// One run over all files.
pub(super) struct Merge<'r> {
    options: &'r Options,
    progress: &'r mut dyn FnMut(Progress<'_>),
    sink: &'r mut dyn Sink,
    bytes_total: Option<u64>,
    /// Bytes of the files that have ended.
    bytes_done: u64,
    lines: u64,
}

impl<'r> Merge<'r> {
    pub(super) fn new(
        options: &'r Options,
        bytes_total: Option<u64>,
        progress: &'r mut dyn FnMut(Progress<'_>),
        sink: &'r mut dyn Sink,
    ) -> Self {
        Self { options, progress, sink, bytes_total, bytes_done: 0, lines: 0 }
    }

    /// Reads all of them, opening each when its time has come.
    pub(super) fn run(mut self, mut found: Vec<Found>) -> Result<Summary, IngestError> {
        // The next one is the last.
        found.sort_by_key(|file| std::cmp::Reverse((file.start, file.place)));
        let files = found.len();
        let mut open: Vec<Opened> = Vec::new();
        let mut ended = Vec::new();
        loop {
            let next = behind(&open);
            let reached = next.and_then(|at| open.get(at)).map(|file| file.clock.reached());
            let is_due = |file: &Found| reached.is_none_or(|reached| file.start <= reached);
            if open.len() < MOST_OPEN
                && let Some(file) = found.pop_if(|file| is_due(file))
            {
                open.push(file.open(files)?);
                continue;
            }
            let Some(at) = next else { break };
            // Whoever cannot be opened yet is not waited for.
            let waiting = found.last().filter(|_| open.len() < MOST_OPEN).map(|file| file.start);
            let others = open.iter().enumerate().filter(|(other, _)| *other != at);
            let others = others.map(|(_, file)| file.clock.reached()).chain(waiting).min();
            let bytes: u64 = open.iter().map(|file| file.lines.taken()).sum();
            let Some(file) = open.get_mut(at) else { break };
            if self.take_turn(file, others, self.bytes_done + bytes)? {
                let file = open.swap_remove(at);
                ended.push((file.place, self.end(file, &open)));
            }
        }
        ended.sort_by_key(|(place, _)| *place);
        Ok(Summary { files: ended.into_iter().map(|(_, summary)| summary).collect() })
    }

    /// Reads a file until it is ahead of the others; whether it has ended.
    fn take_turn(
        &mut self,
        file: &mut Opened,
        others: Option<Time>,
        bytes: u64,
    ) -> Result<bool, IngestError> {
        let bytes_others = bytes - file.lines.taken();
        let until = others.map(|others| Time::from_unix_millis(others.unix_millis() + TURN_MS));
        let Opened { place, lines, parser, summary, clock, .. } = file;
        loop {
            let taken = lines.taken();
            let next = lines.next_line();
            let next =
                next.map_err(|source| IngestError::Read { path: summary.path.clone(), source })?;
            let Some(line) = next else { return Ok(true) };
            self.lines += 1;
            let reached = others.map_or(clock.reached(), |others| others.min(clock.reached()));
            let place = Place { file: *place, line: line.number, reached };
            self.read_line(&line, place, parser, summary, clock);
            if self.lines.is_multiple_of(PROGRESS_EVERY) {
                self.tell(&summary.path, bytes_others + taken);
            }
            if self.sink.is_done() {
                return Ok(true);
            }
            if until.is_some_and(|until| clock.reached() > until) {
                return Ok(false);
            }
        }
    }

    fn read_line(
        &mut self,
        line: &RawLine<'_>,
        place: Place,
        parser: &mut Parser,
        summary: &mut FileSummary,
        clock: &mut Clock,
    ) {
        let (Ok(bytes) | Err(bytes)) = line.text;
        // Nobody writes on in a file that is compressed.
        let may_grow = !line.is_ended && summary.compression == Compression::None;
        if may_grow && !self.sink.takes_unfinished(line.number, bytes) {
            summary.unfinished = !bytes.is_empty();
            return;
        }
        if bytes.is_empty() {
            self.sink.passed(line.number, bytes, &Ok(Parsed::Directive));
            return;
        }
        let text = text::from_bytes(bytes);
        if line.text.is_err() {
            let result = Err(lines::too_long());
            self.sink.passed(line.number, bytes, &result);
            summary.count(line.number, &text, &result, self.options.addresses);
            return;
        }
        let mut is_ahead = false;
        let not_after = self.options.not_after;
        // It stays where it is written, for the same reason as a line that is kept.
        let mut result = parser.parse(&text, &mut |line| {
            let time = line.request.time;
            is_ahead = not_after.is_some_and(|bound| time > bound);
            if !is_ahead {
                summary.sampled = summary.sampled.min(line.sampled);
                clock.note(time);
                self.sink.line(line, place);
            }
        });
        if is_ahead {
            result = Err(BadReason::new("its time lies in the future"));
        }
        self.sink.passed(line.number, bytes, &result);
        summary.count(line.number, &text, &result, self.options.addresses);
    }

    fn end(&mut self, file: Opened, open: &[Opened]) -> FileSummary {
        let mut summary = file.summary;
        summary.bytes = file.lines.taken();
        summary.truncated = file.lines.truncated();
        let (from, to) = (file.start, file.clock.reached());
        summary.window = (summary.read > summary.bad).then_some(Window { from, to });
        self.bytes_done += summary.bytes;
        let bytes: u64 = open.iter().map(|file| file.lines.taken()).sum();
        self.tell(&summary.path, self.bytes_done + bytes);
        summary
    }

    fn tell(&mut self, file: &str, bytes: u64) {
        let (bytes_total, lines) = (self.bytes_total, self.lines);
        (self.progress)(Progress { file, bytes, bytes_total, lines, lines_total: None });
    }
}

/// Place of the file that is furthest behind.
fn behind(open: &[Opened]) -> Option<usize> {
    let files = open.iter().enumerate();
    files.min_by_key(|(_, file)| (file.clock.reached(), file.place)).map(|(at, _)| at)
}
