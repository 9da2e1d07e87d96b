//! Lines in time order, with bounded memory: each waits until no earlier one can
//! come.
//!
//! They wait by the second, in pieces of memory that are used again, and are
//! sorted when their second is over: logs are nearly in order, and to keep every
//! line in its place all the time would cost more than to read it.

use std::collections::VecDeque;

use tidegate_rules::Time;

use crate::event::{Event, Kept};
use crate::ingest::Place;

/// How far out of order lines may be, in milliseconds: a log is written when
/// requests end, some only flush their buffers, and public ones are known whose
/// lines are shuffled within each minute.
pub(crate) const DISORDER_MS: u64 = 60_000;

/// Most bytes that wait; above that the earliest lines go before their time.
const WAITING_BOUND: usize = 96 << 20;

/// Most seconds whose memory is kept to be used again: as many as wait or are looked
/// at where a second has few lines, and few where it has many.
const SPARE_BOUND: usize = 512;
const LARGE_SPARE_BOUND: usize = 64;

/// Bytes of lines from which a second is large.
const LARGE: usize = 32 << 10;

const SECOND_MS: u64 = 1_000;

/// The lines that wait.
#[derive(Default)]
pub(crate) struct Waiting {
    /// In order.
    seconds: VecDeque<(u64, Second)>,
    bytes: usize,
    spare: Vec<Second>,
}

impl Waiting {
    /// Has a line of this time wait, which `keep` keeps.
    pub(crate) fn push(
        &mut self,
        time: Time,
        place: Place,
        keep: impl FnOnce(&mut Kept, &mut String),
    ) {
        let at = time.unix_millis() / SECOND_MS;
        let second = self.second(at);
        let before = second.texts.len();
        second.push(time, place, keep);
        self.bytes += second.texts.len() - before + LINE_BYTES;
    }

    fn second(&mut self, at: u64) -> &mut Second {
        // Nearly always one of the last.
        let later = self.seconds.iter().rev().take(4).position(|(second, _)| *second <= at);
        let place = match later {
            Some(later) => self.seconds.len() - later,
            None => self.seconds.partition_point(|(second, _)| *second <= at),
        };
        let known = place.checked_sub(1).filter(|last| self.seconds[*last].0 == at);
        let place = known.unwrap_or_else(|| {
            self.seconds.insert(place, (at, self.spare.pop().unwrap_or_default()));
            place
        });
        &mut self.seconds[place].1
    }

    /// The earliest second, where everything has been read up to `reached`.
    pub(crate) fn due(&mut self, reached: Time) -> Option<Second> {
        let (earliest, _) = self.seconds.front()?;
        let ends = (earliest + 1) * SECOND_MS + DISORDER_MS;
        if ends > reached.unix_millis() && self.bytes <= WAITING_BOUND {
            return None;
        }
        self.next()
    }

    /// The earliest second.
    pub(crate) fn next(&mut self) -> Option<Second> {
        let (_, mut second) = self.seconds.pop_front()?;
        self.bytes -= second.texts.len() + second.lines.len() * LINE_BYTES;
        second.order.sort_unstable();
        Some(second)
    }

    /// Takes the memory of a second back.
    pub(crate) fn reuse(&mut self, mut second: Second) {
        let large = second.lines.capacity() * size_of::<Kept>() > LARGE;
        if self.spare.len() < if large { LARGE_SPARE_BOUND } else { SPARE_BOUND } {
            second.lines.clear();
            second.texts.clear();
            second.order.clear();
            self.spare.push(second);
        }
    }
}

/// Bytes of a line but for its texts.
const LINE_BYTES: usize = size_of::<Kept>() + size_of::<Turn>();

/// Whose turn it is: the millisecond of the second, the place of the file, and
/// the place among the lines of the second, from the upper bits down, so that lines
/// of one millisecond keep their order in the files.
type Turn = u64;

const FILE_AT: u32 = 32;
const MILLIS_AT: u32 = 54;

/// The lines of one second.
#[derive(Default)]
pub(crate) struct Second {
    lines: Vec<Kept>,
    texts: String,
    order: Vec<Turn>,
}

impl Second {
    fn push(&mut self, time: Time, place: Place, keep: impl FnOnce(&mut Kept, &mut String)) {
        let millis = time.unix_millis() % SECOND_MS;
        // Of more files than there can be, the last are one.
        let file = (place.file as u64).min((1 << (MILLIS_AT - FILE_AT)) - 1);
        self.order.push(millis << MILLIS_AT | file << FILE_AT | self.lines.len() as u64);
        // It is filled where it stays: to copy what was written in pieces just now, the
        // processor would wait until its caches have all of it.
        self.lines.push(Kept::default());
        if let Some(kept) = self.lines.last_mut() {
            keep(kept, &mut self.texts);
        }
    }

    /// How many lines it has.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Its lines, in order.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let place = |turn: &Turn| (turn & ((1 << FILE_AT) - 1)) as usize;
        let lines = self.order.iter().filter_map(move |turn| self.lines.get(place(turn)));
        lines.map(|kept| Event::of(kept, &self.texts))
    }
}
