//! The lines of one input, which another thread reads and decompresses ahead, unless
//! they are in memory already.
//!
//! The threads are joined by bounded channels, and every block goes through one
//! of them in order: what comes out does not depend on which is faster.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use memchr::memchr;

use super::blocks::{Block, Blocks, KEPT_OF_LONG, MAX_LINE};
use super::parser::BadReason;
use super::text;

/// Blocks that are read ahead.
const AHEAD: usize = 2;

/// Why a line over the bound is bad.
pub(super) fn too_long() -> BadReason {
    BadReason::new("longer than 1 MiB")
}

/// One line, without its line end.
pub(super) struct RawLine<'a> {
    /// Counted from one, empty lines included.
    pub(super) number: u64,
    /// The bytes, or the start of a line that is too long.
    pub(super) text: Result<&'a [u8], &'a [u8]>,
    /// More of it cannot come: its line end is there, or it is too long already. Only
    /// a last line may lack one.
    pub(super) is_ended: bool,
}

/// What the reading thread says.
enum Message {
    Block(Block),
    End { truncated: bool, taken: u64 },
    Failed(io::Error),
}

/// Who reads.
enum Reader {
    /// Another thread, which takes spent buffers back.
    Ahead { messages: Receiver<Message>, spent: Sender<Vec<u8>> },
    /// This one: a text in memory is there already, and a browser has no threads.
    Here(Box<Blocks>),
}

/// The lines of one input.
pub(super) struct Lines {
    reader: Reader,
    block: Block,
    at: usize,
    number: u64,
    ended: bool,
    truncated: bool,
    taken: u64,
}

impl Lines {
    /// Starts to read; `held` are blocks that were read already.
    pub(super) fn start(blocks: Blocks, held: Vec<Block>) -> io::Result<Self> {
        let (to_us, messages) = sync_channel(AHEAD);
        let (spent, buffers) = channel();
        let thread = thread::Builder::new().name("read".to_owned());
        thread.spawn(move || read(blocks, held, &to_us, &buffers))?;
        Ok(Self::of(Reader::Ahead { messages, spent }))
    }

    /// Starts to read without a thread.
    pub(super) fn here(blocks: Blocks) -> Self {
        Self::of(Reader::Here(Box::new(blocks)))
    }

    fn of(reader: Reader) -> Self {
        Self {
            reader,
            block: Block::default(),
            at: 0,
            number: 0,
            ended: false,
            truncated: false,
            taken: 0,
        }
    }

    /// Whether the input ended before its compressed end.
    pub(super) fn truncated(&self) -> bool {
        self.truncated
    }

    /// Bytes of the file up to about here, compressed where it is.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// The next line; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<RawLine<'_>>> {
        while self.at == self.block.lines().len() {
            if self.ended {
                return Ok(None);
            }
            self.next_block()?;
        }
        let rest = self.block.lines().get(self.at..).unwrap_or_default();
        let end = memchr(b'\n', rest);
        let length = end.unwrap_or(rest.len());
        self.at += (length + 1).min(rest.len());
        self.number += 1;
        let line = rest.get(..length).unwrap_or_default();
        let text = if self.block.is_cut || length > MAX_LINE {
            Err(line.get(..KEPT_OF_LONG).unwrap_or(line))
        } else {
            Ok(text::trim_line(line))
        };
        let is_ended = end.is_some() || text.is_err();
        Ok(Some(RawLine { number: self.number, text, is_ended }))
    }

    fn next_block(&mut self) -> io::Result<()> {
        let message = match &mut self.reader {
            Reader::Here(blocks) => {
                self.at = 0;
                next(blocks, std::mem::take(&mut self.block).into_buffer())
            }
            Reader::Ahead { messages, .. } => messages
                .recv()
                .map_err(|_| io::Error::other("the thread that reads it has died"))?,
        };
        match message {
            Message::Block(block) => {
                self.taken = block.taken;
                let spent = std::mem::replace(&mut self.block, block);
                if let Reader::Ahead { spent: to, .. } = &self.reader {
                    // Where the other side has ended it needs no buffer.
                    let _ = to.send(spent.into_buffer());
                }
                self.at = 0;
            }
            Message::End { truncated, taken } => {
                (self.truncated, self.taken, self.ended) = (truncated, taken, true);
            }
            Message::Failed(error) => return Err(error),
        }
        Ok(())
    }
}

fn next(blocks: &mut Blocks, buffer: Vec<u8>) -> Message {
    match blocks.next(buffer) {
        Ok(Some(block)) => Message::Block(block),
        Ok(None) => Message::End { truncated: blocks.truncated(), taken: blocks.taken() },
        Err(error) => Message::Failed(error),
    }
}

/// Reads until the end, or until nobody listens any longer.
fn read(
    mut blocks: Blocks,
    held: Vec<Block>,
    to: &SyncSender<Message>,
    buffers: &Receiver<Vec<u8>>,
) {
    for block in held {
        if to.send(Message::Block(block)).is_err() {
            return;
        }
    }
    loop {
        let message = next(&mut blocks, buffers.try_recv().unwrap_or_default());
        let is_last = !matches!(message, Message::Block(_));
        if to.send(message).is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::ingest::source::Source;

    /// Gives out at most `step` bytes at once.
    struct Slow(Vec<u8>, usize, usize);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Self(bytes, at, step) = self;
            let length = (*step).min(buffer.len()).min(bytes.len() - *at);
            buffer[..length].copy_from_slice(&bytes[*at..*at + length]);
            *at += length;
            Ok(length)
        }
    }

    fn blocks(bytes: &[u8], step: usize, size: usize) -> Blocks {
        Blocks::new(Source::new(Slow(bytes.to_vec(), 0, step)).unwrap(), size)
    }

    fn all(bytes: &[u8], step: usize, size: usize) -> Vec<(u64, Result<String, usize>)> {
        let found = |mut lines: Lines| {
            let mut found = Vec::new();
            while let Some(line) = lines.next_line().unwrap() {
                let text = line.text.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
                found.push((line.number, text.map_err(<[u8]>::len)));
            }
            found
        };
        let ahead = found(Lines::start(blocks(bytes, step, size), Vec::new()).unwrap());
        assert_eq!(found(Lines::here(blocks(bytes, step, size))), ahead, "whoever reads");
        ahead
    }

    #[test]
    fn both_line_ends_and_a_last_line_without_one() {
        for step in [1, 2, 1 << 20] {
            for size in [1, 4, 1 << 10] {
                let found = all(b"one\r\n\ntwo\nthree", step, size);
                let texts: Vec<_> =
                    found.into_iter().map(|(number, text)| (number, text.unwrap())).collect();
                let expected = [(1, "one"), (2, ""), (3, "two"), (4, "three")];
                assert_eq!(texts, expected.map(|(number, text)| (number, text.to_owned())));
            }
        }
    }

    #[test]
    fn a_line_at_the_bound_is_read_and_one_over_it_is_not() {
        for size in [32 << 10, 128 << 10, 100_000] {
            for (length, expected) in [
                (MAX_LINE, Ok(MAX_LINE)),
                (MAX_LINE + 1, Err(KEPT_OF_LONG)),
                (10 * MAX_LINE, Err(KEPT_OF_LONG)),
            ] {
                let bytes = [b"before\n", &*vec![b'x'; length], b"\nafter\n"].concat();
                let found = all(&bytes, 1 << 16, size);
                assert_eq!(found.len(), 3);
                assert_eq!(found[1].1.as_ref().map(String::len), expected.as_ref().copied());
                assert_eq!(found[2], (3, Ok("after".to_owned())));
            }
        }
    }

    #[test]
    fn a_last_line_may_grow_until_it_is_too_long() {
        for (length, may_grow) in [(0, false), (1, true), (MAX_LINE, true), (MAX_LINE + 1, false)] {
            let bytes = [b"before\n", &*vec![b'x'; length]].concat();
            for size in [32 << 10, 100_000] {
                let mut lines = Lines::start(blocks(&bytes, 1 << 16, size), Vec::new()).unwrap();
                let mut ended = Vec::new();
                while let Some(line) = lines.next_line().unwrap() {
                    ended.push(line.is_ended);
                }
                assert!(ended[0], "its end is there");
                assert_eq!(ended.last() == Some(&false), may_grow, "{length}");
            }
        }
    }

    #[test]
    fn memory_stays_bounded_in_a_line_without_end() {
        let mut blocks = blocks(&vec![b'x'; 16 * MAX_LINE], usize::MAX, 128 << 10);
        let block = blocks.next(Vec::new()).unwrap().unwrap();
        assert!(block.is_cut && block.lines().len() == KEPT_OF_LONG);
        assert!(block.into_buffer().capacity() <= 2 * MAX_LINE);
        assert!(blocks.next(Vec::new()).unwrap().is_none());
    }

    #[test]
    fn what_was_read_before_comes_first() {
        let mut blocks = blocks(b"one\ntwo\nthree\n", 4, 5);
        let held = vec![blocks.next(Vec::new()).unwrap().unwrap()];
        let mut lines = Lines::start(blocks.resized(64), held).unwrap();
        let mut count = 0;
        while lines.next_line().unwrap().is_some() {
            count += 1;
        }
        assert_eq!((count, lines.taken()), (3, 14));
    }
}
