//! Log lines, back with the endpoint that they were written to.
//!
//! Viceroy writes all endpoints into one stream, one line per entry, each as
//! `endpoint :: text`, with line feeds inside an entry escaped. This takes the
//! stream apart again. It must not keep lines back: a line is handed over
//! before the guest's write returns, so nothing is queued and nothing is lost.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The endpoint of records: one JSON object per line.
pub const RECORDS: &str = "tidegate_records";
/// The endpoint of notes about failures inside the module: plain lines.
pub const NOTES: &str = "tidegate_notes";

/// Takes one complete line with the name of its endpoint.
///
/// The guest's own output arrives under `stdout` and `stderr`. The call is
/// made while the guest waits and one at a time, so it should be quick; it
/// must not panic and must not use the runtime that the line came from.
pub type LogSink = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// What Viceroy puts between an endpoint's name and the text.
const DELIMITER: &str = " :: ";
/// An unfinished line is handed over in parts of this size, in bytes.
const PART: usize = 1 << 20;

/// The stream that Viceroy writes to.
pub(crate) struct Splitter {
    sink: LogSink,
    last_words: LastWords,
    unfinished: Vec<u8>,
}

impl Splitter {
    pub(crate) fn new(sink: LogSink, last_words: LastWords) -> Self {
        Self { sink, last_words, unfinished: Vec::new() }
    }

    fn hand_over(&self, entry: &[u8]) {
        let entry = String::from_utf8_lossy(entry);
        let (endpoint, line) = entry.split_once(DELIMITER).unwrap_or(("", &entry));
        if endpoint == "stderr" {
            self.last_words.hear(line);
        }
        (self.sink)(endpoint, line);
    }
}

impl Write for Splitter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(entry) if self.unfinished.is_empty() => self.hand_over(entry),
                Some(end) => {
                    self.unfinished.extend_from_slice(end);
                    self.flush()?;
                }
                None => {
                    self.unfinished.extend_from_slice(piece);
                    if self.unfinished.len() >= PART {
                        self.flush()?;
                    }
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.unfinished.is_empty() {
            let entry = std::mem::take(&mut self.unfinished);
            self.hand_over(&entry);
        }
        Ok(())
    }
}

/// The last lines that guests wrote to their standard error: a trap itself
/// does not say what the panic message was.
#[derive(Clone, Default)]
pub(crate) struct LastWords(Arc<Mutex<VecDeque<String>>>);

impl LastWords {
    const LINES: usize = 8;
    const LENGTH: usize = 2_000;

    fn hear(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == Self::LINES {
            lines.pop_front();
        }
        // Viceroy escaped the line feeds; a panic message has them.
        let line = line.replace("\\n", "\n");
        lines.push_back(line.chars().take(Self::LENGTH).collect());
    }

    /// Takes what was heard, so that the next trap does not quote it again.
    pub(crate) fn take(&self) -> String {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.drain(..).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the sink hears when `writes` are made one after the other.
    fn heard(writes: &[&[u8]]) -> Vec<(String, String)> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        let sink: LogSink = Arc::new(move |endpoint: &str, line: &str| {
            into.lock().unwrap().push((endpoint.to_owned(), line.to_owned()));
        });
        let mut splitter = Splitter::new(sink, LastWords::default());
        for bytes in writes {
            splitter.write_all(bytes).unwrap();
        }
        drop(splitter);
        Arc::into_inner(heard).unwrap().into_inner().unwrap()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(endpoint, line)| ((*endpoint).to_owned(), (*line).to_owned())).collect()
    }

    #[test]
    fn a_line_goes_with_its_endpoint() {
        assert_eq!(
            heard(&[b"tidegate_records :: {\"a\":1}\n", b"tidegate_notes :: b\n"]),
            pairs(&[(RECORDS, "{\"a\":1}"), (NOTES, "b")])
        );
    }

    #[test]
    fn only_the_first_delimiter_counts() {
        assert_eq!(heard(&[b"tidegate_notes :: x :: y\n"]), pairs(&[(NOTES, "x :: y")]));
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        assert_eq!(
            heard(&[b"a :: on", b"e\nb :: two\nc ", b":: three\n"]),
            pairs(&[("a", "one"), ("b", "two"), ("c", "three")])
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_not_lost() {
        assert_eq!(heard(&[b"a :: \xff!\n"]), pairs(&[("a", "\u{fffd}!")]));
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let long = vec![b'x'; PART];
        let heard = heard(&[b"a :: ", &long]);
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].1.len(), PART);
    }

    #[test]
    fn last_words_are_few_and_quoted_once() {
        let words = LastWords::default();
        for number in 0..20 {
            words.hear(&number.to_string());
        }
        assert_eq!(words.take(), "12\n13\n14\n15\n16\n17\n18\n19");
        assert_eq!(words.take(), "");
    }
}
