//! Log files in, requests out: everything that knows what a log looks like.
//!
//! A [`Line`] is borrowed from the read buffer and handed to a sink, so memory
//! does not grow with the log. A line that cannot be read is counted and
//! sampled, and reading goes on; a file that cannot be read, or that is no log
//! that we know, fails the whole run. Nothing is skipped silently.
//!
//! This module must not judge: what a log does not say stays `None` here. Cache
//! states that are modelled, costs that are declared and lines that origin
//! shielding logged twice are the caller's to settle. Files that overlap in time
//! are read side by side, but their lines are not sorted: that is the caller's
//! too.

mod blocks;
mod cloudfront;
mod combined;
mod detect;
mod error;
mod fastly;
mod file;
pub(crate) mod find;
mod input;
mod json;
mod lines;
mod merge;
mod parser;
mod proxies;
mod record;
mod source;
mod summary;
mod syslog;
mod text;
mod time;
mod vcl;

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use tidegate_rules::{Outcome, Record, Request, Time};

pub use error::IngestError;
pub use input::Input;
pub use parser::{BadReason, Format, Parsed, Parser};
pub use summary::{BadLine, Compression, FileSummary, SAMPLES_PER_FILE, Summary};

use file::Found;
use merge::Merge;

/// One line of a log, borrowed from the read buffer.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<'a> {
    /// What was known when the request arrived. [`Request::time`] is the time
    /// of the line, which some logs take at the end of the answer.
    pub request: Request<'a>,
    /// What became of it, where the log says so.
    pub outcome: Outcome,
    /// The `Referer` header: `Some("")` where the client sent none, `None`
    /// where the log does not say.
    pub referer: Option<&'a str>,
    /// Bytes sent to the client.
    pub bytes: Option<u64>,
    /// Logged by a shield POP on behalf of another POP, whose own line of the
    /// same request says the rest.
    pub on_shield: bool,
    /// Tidegate's own record, where the line is one: what was decided, and why.
    pub decided: Option<&'a Record<'a>>,
    /// The format that the line is of.
    pub format: Format,
    /// Share of client keys whose passes this log keeps, in percent, 0 to 100;
    /// 100 in access logs, which keep everything.
    pub sampled: u8,
}

impl<'a> Line<'a> {
    /// A line of an access log that says no more than the request.
    fn new(request: Request<'a>, format: Format) -> Self {
        Self {
            request,
            outcome: Outcome::default(),
            referer: None,
            bytes: None,
            on_shield: false,
            decided: None,
            format,
            sampled: 100,
        }
    }
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Place of its file among all files, in the order in which they were given.
    pub file: usize,
    /// Its number in the file, counted from one.
    pub line: u64,
    /// All files have been read up to this time: but for disorder within a file,
    /// no earlier line will come.
    pub reached: Time,
}

/// How to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The format of every input; `None` looks at the first lines of each.
    pub format: Option<Format>,
    /// Show full client addresses in samples of bad lines, instead of their
    /// networks.
    pub addresses: bool,
    /// Lines of a later time are bad: some clock was wrong. `None` takes any.
    pub not_after: Option<Time>,
}

impl Options {
    /// The same, for logs that were written until `now`: clocks may be wrong by a
    /// day.
    #[must_use]
    pub fn written_until(self, now: Time) -> Self {
        const DAY_MS: u64 = 24 * 3600 * 1000;
        let tomorrow = Time::from_unix_millis(now.unix_millis() + DAY_MS);
        Self { not_after: Some(tomorrow), ..self }
    }
}

/// How far reading has come, over all inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file being read.
    pub file: &'a str,
    /// Bytes read from all files so far, compressed where the files are.
    pub bytes: u64,
    /// Bytes of all files; `None` where standard input is among them.
    pub bytes_total: Option<u64>,
    /// Lines read so far, bad ones included.
    pub lines: u64,
    /// Lines of all; `None` of files, which nobody has counted.
    pub lines_total: Option<u64>,
}

/// Who is shown what is read.
pub trait Sink {
    /// A request.
    fn line(&mut self, line: &Line<'_>, place: Place);

    /// A line has been read, whatever it was; empty ones count as directives. Comes
    /// after its request. Of a line that is too long, `bytes` are the start.
    fn passed(&mut self, number: u64, bytes: &[u8], result: &Result<Parsed, BadReason>) {
        let _ = (number, bytes, result);
    }

    /// Whether a last line that has no line end is read as any other, although more of
    /// it may come: somebody may be writing it. Asked of plain files only, since a
    /// compressed one is finished; `bytes` as of [`Self::passed`].
    fn takes_unfinished(&mut self, number: u64, bytes: &[u8]) -> bool {
        let _ = (number, bytes);
        true
    }

    /// Whether nothing more is wanted: reading ends where it is.
    fn is_done(&self) -> bool {
        false
    }
}

/// Whoever wants nothing but requests.
struct Requests<'s>(&'s mut dyn FnMut(&Line<'_>, Place));

impl Sink for Requests<'_> {
    fn line(&mut self, line: &Line<'_>, place: Place) {
        (self.0)(line, place);
    }
}

/// The files that inputs stand for, in the order in which they are given.
///
/// # Errors
///
/// Where a directory cannot be read, or an input stands for nothing.
pub fn files(inputs: &[Input]) -> Result<Vec<Input>, IngestError> {
    input::expand(inputs)
}

/// Bytes of files as they lie on the disk; `None` where one cannot say.
#[must_use]
pub fn total_bytes(files: &[Input]) -> Option<u64> {
    input::total_bytes(files)
}

/// The format of a text that may be the lines of a log; `None` where none of the
/// first ones is of a format that is known.
#[must_use]
pub fn format_of(text: &str) -> Option<Format> {
    detect::Head::of_text(text).format()
}

/// Whether a file that begins with these bytes is compressed.
#[must_use]
pub fn is_packed(start: &[u8]) -> bool {
    source::compression_of(start) != Compression::None
}

/// What a file holds, from its beginning, unpacked where it is compressed. The
/// file is at another place afterwards.
pub(crate) fn unpacked(file: &File) -> io::Result<impl Read + use<>> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    source::Source::new(file)
}

/// Reads the requests of every input into `sink`.
///
/// A directory stands for the files below it, hidden ones left out, and a glob
/// for what matches it; a file that comes more than once is read once. All are
/// looked at before any is read. Files that overlap in time are read side by
/// side, see [`Place`]; lines of one file keep their order.
///
/// A compressed file that ends early gives the lines that it holds and is
/// marked in the summary; its cut last line is dropped.
///
/// # Errors
///
/// Where an input cannot be opened, read or recognised. Where one cannot be read
/// to its end, lines have reached the sink by then.
pub fn read(
    inputs: &[Input],
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
    sink: &mut dyn FnMut(&Line<'_>, Place),
) -> Result<Summary, IngestError> {
    read_into(inputs, options, progress, &mut Requests(sink))
}

/// As [`read`], for whoever wants to see more than requests.
///
/// # Errors
///
/// As [`read`].
pub fn read_into(
    inputs: &[Input],
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
    sink: &mut dyn Sink,
) -> Result<Summary, IngestError> {
    let files = input::expand(inputs)?;
    let found = files.iter().enumerate().map(|(place, file)| Found::look(place, file, options));
    let found = found.collect::<Result<_, _>>()?;
    Merge::new(options, input::total_bytes(&files), progress, sink).run(found)
}
