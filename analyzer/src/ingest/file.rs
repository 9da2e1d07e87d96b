//! One file: looked at, then read.
//!
//! Looking takes the first lines, which tell format and start, and lets go of
//! the file: a night may have more files than a process may hold open. What
//! cannot be read again is held.

use tidegate_rules::Time;

use super::blocks::{Block, Blocks};
use super::detect::Head;
use super::lines::Lines;
use super::parser::{Format, Parser};
use super::source::Source;
use super::summary::FileSummary;
use super::{IngestError, Input, Options};

/// Size of the blocks in which a file is looked at, in bytes.
const LOOK_BYTES: usize = 32 << 10;

/// Size of the blocks in which a few files are read, in bytes; of many, four for
/// each may be in memory at once, and they are as small as when looking.
const READ_BYTES: usize = 128 << 10;

/// Files that are few.
const FEW: usize = 16;

/// Most bytes that are looked at: a file of lines without end is no log.
const LOOK_BOUND: usize = 2 << 20;

/// A file that was looked at.
pub(super) struct Found {
    /// Place among the files.
    pub(super) place: usize,
    input: Input,
    summary: FileSummary,
    /// Time of its first requests.
    pub(super) start: Time,
    held: Option<(Blocks, Vec<Block>)>,
}

impl Found {
    pub(super) fn look(
        place: usize,
        input: &Input,
        options: &Options,
    ) -> Result<Self, IngestError> {
        let name = input.to_string();
        let source = open(input)?;
        let mut summary = FileSummary::new(name.clone(), source.compression);
        let mut blocks = Blocks::new(source, LOOK_BYTES);
        let failed = |source| IngestError::Read { path: name.clone(), source };
        let mut first = Vec::new();
        let mut is_all = false;
        let bytes =
            |blocks: &[Block]| blocks.iter().map(|block| block.lines().len()).sum::<usize>();
        while !is_all && bytes(&first) < LOOK_BOUND && !Head::of(&first).is_enough() {
            match blocks.next(Vec::new()).map_err(failed)? {
                Some(block) => first.push(block),
                None => is_all = true,
            }
        }
        let head = Head::of(&first);
        let told = match input {
            Input::Part { format, .. } => Some(*format),
            _ => options.format,
        };
        summary.format = told.or_else(|| head.format());
        // An empty log is no unknown one: nothing has happened yet.
        let is_empty = is_all && head.is_blank() && first.iter().all(|block| !block.is_cut);
        if summary.format.is_none() && !is_empty {
            return Err(IngestError::UnknownFormat { path: name });
        }
        let start = summary.format.map_or(Time::default(), |format| head.start(format));
        let held = (!input.is_lasting()).then_some((blocks, first));
        Ok(Self { place, input: input.clone(), summary, start, held })
    }

    /// Starts to read it, as one of so many files.
    pub(super) fn open(self, files: usize) -> Result<Opened, IngestError> {
        let size = if files > FEW { LOOK_BYTES } else { READ_BYTES };
        let (blocks, held) = match self.held {
            Some(held) => held,
            None => (Blocks::new(open(&self.input)?, size), Vec::new()),
        };
        let blocks = blocks.resized(size);
        let lines = match self.input {
            Input::Text { .. } => Lines::here(blocks),
            _ => Lines::start(blocks, held)
                .map_err(|source| IngestError::Open { path: self.summary.path.clone(), source })?,
        };
        Ok(Opened {
            place: self.place,
            lines,
            // Without a format there is no line.
            parser: Parser::new(self.summary.format.unwrap_or(Format::ALL[0])),
            summary: self.summary,
            clock: Clock { reached: self.start, last: self.start },
            start: self.start,
        })
    }
}

fn open(input: &Input) -> Result<Source, IngestError> {
    Source::open(input).map_err(|source| IngestError::Open { path: input.to_string(), source })
}

/// A file that is being read.
pub(super) struct Opened {
    /// Place among the files.
    pub(super) place: usize,
    pub(super) lines: Lines,
    pub(super) parser: Parser,
    pub(super) summary: FileSummary,
    pub(super) clock: Clock,
    /// Time of its first requests.
    pub(super) start: Time,
}

/// Up to where in time a file has been read.
pub(super) struct Clock {
    reached: Time,
    last: Time,
}

impl Clock {
    pub(super) fn reached(&self) -> Time {
        self.reached
    }

    /// Takes a line's time into account. A single line that is far ahead moves
    /// nothing: the next one has to agree.
    pub(super) fn note(&mut self, time: Time) {
        self.reached = self.reached.max(time.min(self.last));
        self.last = time;
    }
}
