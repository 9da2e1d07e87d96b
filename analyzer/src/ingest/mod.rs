//! Log files in, requests out: everything that knows what a log looks like.
//!
//! A [`Line`] is borrowed from the read buffer and handed to a sink, so memory
//! does not grow with the log. A line that cannot be read is counted and
//! sampled, and reading goes on; a file that cannot be read, or that is no log
//! that we know, fails the whole run. Nothing is skipped silently.
//!
//! This module must not judge: what a log does not say stays `None` here. Cache
//! states that are modelled, costs that are declared and lines that origin
//! shielding logged twice are the caller's to settle. Files are read in the
//! order given; ordering lines in time is the caller's too.

mod cloudfront;
mod combined;
mod detect;
mod error;
mod fastly;
mod input;
mod json;
mod lines;
mod parser;
mod proxies;
mod record;
mod summary;
mod syslog;
mod text;
mod time;
mod vcl;

use tidegate_rules::{Outcome, Record, Request};

pub use error::IngestError;
pub use input::Input;
pub use parser::{BadReason, Format, Parsed, Parser};
pub use summary::{BadLine, Compression, FileSummary, SAMPLES_PER_FILE, Summary};

use input::Source;
use lines::{Lines, RawLine};

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

/// How to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The format of every input; `None` looks at the first lines of each.
    pub format: Option<Format>,
    /// Show full client addresses in samples of bad lines, instead of their
    /// networks.
    pub addresses: bool,
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
}

/// How often progress is told, in lines.
const PROGRESS_EVERY: u64 = 8_192;

/// Reads every line of every input, in the order given, into `sink`.
///
/// A directory stands for the files below it, sorted by name, hidden ones left
/// out. A compressed file that ends early gives the lines that it holds and is
/// marked in the summary; its cut last line is dropped.
///
/// # Errors
///
/// Where an input cannot be opened, read or recognised. Lines that came before
/// it have reached the sink by then.
pub fn read(
    inputs: &[Input],
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
    sink: &mut dyn FnMut(&Line<'_>),
) -> Result<Summary, IngestError> {
    let files = input::expand(inputs)?;
    let mut run = Run {
        options,
        progress,
        sink,
        bytes_total: input::total_bytes(&files),
        summary: Summary::default(),
    };
    for file in &files {
        run.read_file(file)?;
    }
    Ok(run.summary)
}

/// One call of [`read`].
struct Run<'r> {
    options: &'r Options,
    progress: &'r mut dyn FnMut(Progress<'_>),
    sink: &'r mut dyn FnMut(&Line<'_>),
    bytes_total: Option<u64>,
    summary: Summary,
}

impl Run<'_> {
    fn read_file(&mut self, input: &Input) -> Result<(), IngestError> {
        let name = input.to_string();
        let source = Source::open(input)
            .map_err(|source| IngestError::Open { path: name.clone(), source })?;
        let bytes_before = self.summary.bytes();
        let mut file = FileSummary::new(name.clone(), source.compression);
        let mut lines = Lines::new(source.reader);
        let failed = |source| IngestError::Read { path: name.clone(), source };

        let (head, is_all) = lines.head().map_err(failed)?;
        file.format = self.options.format.or_else(|| detect::detect(head));
        // An empty log is no unknown one: nothing has happened yet.
        if file.format.is_none() && !(is_all && detect::is_blank(head)) {
            return Err(IngestError::UnknownFormat { path: name });
        }
        let mut parser = file.format.map(Parser::new);
        while let (Some(parser), Some(line)) = (&mut parser, lines.next_line().map_err(failed)?) {
            let number = line.number;
            self.read_line(&line, parser, &mut file);
            if number.is_multiple_of(PROGRESS_EVERY) {
                self.tell(&file, bytes_before + source.bytes_read.get());
            }
        }
        file.bytes = source.bytes_read.get();
        file.truncated = lines.truncated();
        self.tell(&file, bytes_before + file.bytes);
        self.summary.files.push(file);
        Ok(())
    }

    fn read_line(&mut self, line: &RawLine<'_>, parser: &mut Parser, file: &mut FileSummary) {
        let (text, result) = match line.text {
            Ok([]) => return,
            Ok(bytes) => {
                let text = text::from_bytes(bytes);
                let result = parser.parse(&text, self.sink);
                (text, result)
            }
            Err(start) => (String::from_utf8_lossy(start), Err(lines::too_long())),
        };
        file.count(line.number, &text, result, self.options.addresses);
    }

    fn tell(&mut self, file: &FileSummary, bytes: u64) {
        let lines = self.summary.read() + file.read;
        (self.progress)(Progress { file: &file.path, bytes, bytes_total: self.bytes_total, lines });
    }
}
