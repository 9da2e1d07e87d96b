//! What was asked, what came of it, and whether that could be right.
//!
//! The account knows from who asked, and what they had before, whether a refusal
//! can be right; from the faults, whether an error can be; and of each request,
//! whether it must have left a record. It asks no rule: what it allows a crawler is
//! an upper bound of what any edition of the rules does.

mod spent;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tidegate_rules::Record;

use super::crowd::{Ask, Who};
use super::faults::{FRESH, Fault, Spans};
use spent::Spent;

/// What the module says where no endpoint takes a record.
const UNWRITTEN: &str = "records: a record could not be written";
/// What it says of the pack that is not there.
const MISSING: &str = "rules: an entry of the pack is missing";
/// Breaches that are told in full.
const EXAMPLES: usize = 20;

/// Something that must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Breach {
    /// No answer, or one of the runtime's own.
    Unanswered,
    /// A 5xx while the origin was there.
    Error,
    /// A status that neither the origin nor the module has.
    Strange,
    /// A refusal that cannot be right.
    WrongRefusal,
    /// No record of a request that was decided.
    LostRecord,
    /// More than one record of a request.
    DoubledRecord,
    /// A record of a request that could have none, or that tells it otherwise.
    FalseRecord,
    /// Decided by rules that were replaced before, or that nobody published.
    OtherRules,
    /// A note of a failure that nobody played, or too few of one.
    Note,
    /// The guest's memory grew.
    Heap,
    /// The soak met too little to say anything.
    Idle,
}

/// What is known of a request.
#[derive(Clone, Copy)]
struct Entry {
    sent: Instant,
    expected: Expected,
    refused: bool,
    records: u8,
    /// Whether the record told a refusal.
    told: bool,
}

/// Whether there must be a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    One,
    /// Off for a while, or about to be: one or none.
    Perhaps,
    None,
}

/// What one class of clients came to.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(super) struct Count {
    pub(super) requests: u64,
    pub(super) refused: u64,
    /// Answered with 5xx, since the origin was not there.
    pub(super) failed: u64,
}

/// The whole account.
pub(super) struct Ledger {
    pub(super) spans: Spans,
    inner: Mutex<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    entries: Vec<Entry>,
    pub(super) classes: BTreeMap<Who, Count>,
    pub(super) under: BTreeMap<Fault, u64>,
    pub(super) records: u64,
    /// Records that no endpoint took, less the notes that said so.
    pub(super) unwritten: i64,
    spent: HashMap<u32, Spent>,
    /// When each version of the rules was replaced.
    editions: HashMap<String, Option<Instant>>,
    /// The largest memory of a guest since it was last asked, in MiB.
    pub(super) memory: u32,
    pub(super) breaches: BTreeMap<Breach, u64>,
    pub(super) examples: Vec<String>,
}

impl Ledger {
    /// An account of at most so many requests.
    pub(super) fn of(requests: usize) -> Self {
        // All of it at once, so that the process does not grow by it.
        let (sent, expected) = (Instant::now(), Expected::None);
        let entry = Entry { sent, expected, refused: false, records: 0, told: false };
        let inner = Inner { entries: vec![entry; requests], ..Inner::default() };
        Self { spans: Spans::default(), inner: Mutex::new(inner) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A version of the rules is about to be published.
    pub(super) fn publishes(&self, version: &str) {
        self.lock().editions.insert(version.to_owned(), None);
    }

    /// It is in force: the ones before it are not.
    pub(super) fn published(&self, version: &str) {
        for (other, replaced) in &mut self.lock().editions {
            if other != version {
                replaced.get_or_insert_with(Instant::now);
            }
        }
    }

    /// A request is about to be sent.
    pub(super) fn sends(&self, number: u64, ask: &Ask) -> Instant {
        let mut inner = self.lock();
        let now = Instant::now();
        inner.entries[index(number)].sent = now;
        if ask.who == Who::Crawler {
            let spent = inner.spent.entry(ask.client);
            spent.or_insert_with(|| Spent::nothing(now)).charge(now);
        }
        now
    }

    /// It was answered with a status, or not.
    pub(super) fn answered(
        &self,
        number: u64,
        ask: &Ask,
        fault: Option<Fault>,
        sent: Instant,
        got: Result<u16, String>,
    ) {
        let mut inner = self.lock();
        let now = Instant::now();
        let touched = |fault| self.spans.touched(fault, sent, now);
        let expected = match fault {
            _ if touched(Fault::SwitchesGone) => Expected::Perhaps,
            Some(Fault::RecordsGone) => Expected::None,
            _ => Expected::One,
        };
        let refused = matches!(got, Ok(403 | 429));
        let failed = matches!(got, Ok(500..));
        let count = inner.classes.entry(ask.who).or_default();
        count.requests += 1;
        count.refused += u64::from(refused);
        count.failed += u64::from(failed);
        if let Some(fault) = fault {
            *inner.under.entry(fault).or_default() += 1;
        }
        if expected == Expected::None {
            inner.unwritten += 1;
        }
        let entry = &mut inner.entries[index(number)];
        (entry.expected, entry.refused) = (expected, refused);
        let origin = touched(Fault::OriginDown) || touched(Fault::OriginResets);
        let off = self.spans.within(Fault::SwitchesGone, sent, now);
        match got {
            Err(why) => inner.breach(Breach::Unanswered, &format!("{}: {why}", ask.path)),
            Ok(status @ 500..) if !origin => {
                inner.breach(Breach::Error, &format!("{status}: {}", ask.path));
            }
            Ok(403 | 429) => {
                let faulty = off || fault == Some(Fault::CellsGone);
                if faulty || !inner.may_be_refused(ask) {
                    let who = ask.who.name();
                    inner.breach(Breach::WrongRefusal, &format!("{who} {}: {fault:?}", ask.path));
                }
                inner.refund(ask);
            }
            Ok(200 | 301 | 302 | 404 | 500..) => {}
            Ok(status) => inner.breach(Breach::Strange, &format!("{status}: {}", ask.path)),
        }
    }

    /// A guest said how much memory it has, in MiB.
    pub(super) fn saw_memory(&self, mib: u32) {
        let mut inner = self.lock();
        inner.memory = inner.memory.max(mib);
    }

    /// A line came to an endpoint.
    pub(super) fn hears(&self, endpoint: &str, line: &str) {
        let mut inner = self.lock();
        match endpoint {
            tidegate_local::RECORDS => inner.record(line),
            tidegate_local::NOTES if line == UNWRITTEN => {
                inner.unwritten -= 1;
            }
            tidegate_local::NOTES if line.starts_with(MISSING) => {}
            other => inner.breach(Breach::Note, &format!("{other}: {line}")),
        }
    }

    /// All is over, and every line has come: what is missing is missing.
    pub(super) fn close(&self, sent: u64) {
        let mut inner = self.lock();
        for number in 0..index(sent) {
            let Entry { expected, refused, records, told, .. } = inner.entries[number];
            match (expected, records) {
                (Expected::One, 0) => {
                    inner.breach(Breach::LostRecord, &format!("request {number}"));
                }
                (Expected::None, 1..) => {
                    inner.breach(Breach::FalseRecord, &format!("request {number} has one"));
                }
                (_, 1..) if refused != told => {
                    inner.breach(Breach::FalseRecord, &format!("request {number} is told wrong"));
                }
                _ => {}
            }
        }
        if inner.unwritten != 0 {
            let untold = format!("{} unwritten records were not told", inner.unwritten);
            inner.breach(Breach::Note, &untold);
        }
    }
}

impl Inner {
    pub(super) fn breach(&mut self, breach: Breach, what: &str) {
        *self.breaches.entry(breach).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{breach:?}: {what}"));
        }
    }

    fn may_be_refused(&mut self, ask: &Ask) -> bool {
        let spent = self.spent.get_mut(&ask.client).filter(|_| ask.who == Who::Crawler);
        spent.is_some_and(|spent| spent.may_be_refused(Instant::now()))
    }

    fn refund(&mut self, ask: &Ask) {
        if let Some(spent) = self.spent.get_mut(&ask.client) {
            spent.refund();
        }
    }

    fn record(&mut self, line: &str) {
        let Ok(record) = serde_json::from_str::<Record<'_>>(line) else {
            return self.breach(Breach::FalseRecord, line);
        };
        let number = record.request_id.as_deref().and_then(|id| id.parse().ok());
        let Some(entry) = number.and_then(|number: usize| self.entries.get_mut(number)) else {
            return self.breach(Breach::FalseRecord, line);
        };
        entry.records = entry.records.saturating_add(1);
        entry.told = record.decision.refuses();
        let (sent, doubled) = (entry.sent, entry.records > 1);
        self.records += 1;
        if doubled {
            self.breach(Breach::DoubledRecord, line);
        }
        let replaced = self.editions.get(&*record.rules);
        let old = replaced.is_none_or(|replaced| replaced.is_some_and(|at| at + FRESH < sent));
        if old {
            self.breach(Breach::OtherRules, line);
        }
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
