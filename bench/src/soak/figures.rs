//! What a soak came to, to be kept and to be read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::Options;
use super::crowd::{CLIENTS, Who};
use super::faults::Fault;
use super::ledger::{Breach, Count, Ledger};
use super::world::{Memory, World};

/// Everything that is kept.
#[derive(Debug, Serialize)]
pub struct Figures {
    command: String,
    seconds: u64,
    rate: u32,
    clients: u32,
    requests: u64,
    classes: BTreeMap<&'static str, Count>,
    records: u64,
    /// Rule sets that were published.
    editions: u32,
    faults: BTreeMap<&'static str, Faults>,
    breaches: BTreeMap<Breach, u64>,
    /// Breaches in words, the first ones.
    pub examples: Vec<String>,
    memory: Vec<Memory>,
    /// What [`Self::told`] says.
    table: String,
}

#[derive(Debug, Serialize)]
struct Faults {
    /// How often it was in force.
    times: usize,
    /// Requests that were sent while it was.
    requests: u64,
}

impl Figures {
    pub(super) fn of(
        options: &Options,
        ledger: &Ledger,
        world: &World,
        memory: Vec<Memory>,
    ) -> Self {
        let inner = ledger.lock();
        let faults = Fault::ALL.into_iter().map(|fault| {
            let requests = inner.under.get(&fault).copied().unwrap_or_default();
            (fault.name(), Faults { times: ledger.spans.times(fault), requests })
        });
        let classes: BTreeMap<_, _> =
            inner.classes.iter().map(|(who, count)| (who.name(), *count)).collect();
        let command = match options.seconds {
            Some(seconds) => format!("cargo bench-soak --seconds {seconds}"),
            None => format!("cargo bench-soak --minutes {}", options.minutes),
        };
        let mut figures = Self {
            command,
            seconds: options.length().as_secs(),
            rate: options.rate,
            clients: CLIENTS,
            requests: classes.values().map(|count| count.requests).sum(),
            classes,
            records: inner.records,
            editions: world.editions,
            faults: faults.collect(),
            breaches: inner.breaches.clone(),
            examples: inner.examples.clone(),
            memory,
            table: String::new(),
        };
        figures.table = figures.told();
        figures
    }

    /// In words, for a terminal.
    #[must_use]
    pub fn told(&self) -> String {
        let mut text = format!(
            "{} requests within {} s by {} clients, {} records, {} rule sets\n\n",
            self.requests, self.seconds, self.clients, self.records, self.editions
        );
        let _ = writeln!(text, "| who | requests | refused | 5xx |\n| --- | ---: | ---: | ---: |");
        for who in Who::ALL {
            let count = self.classes.get(who.name()).copied().unwrap_or_default();
            let Count { requests, refused, failed } = count;
            let _ = writeln!(text, "| {} | {requests} | {refused} | {failed} |", who.name());
        }
        let _ = writeln!(text, "\n| fault | times | requests |\n| --- | ---: | ---: |");
        for fault in Fault::ALL {
            if let Some(Faults { times, requests }) = self.faults.get(fault.name()) {
                let _ = writeln!(text, "| {} | {times} | {requests} |", fault.name());
            }
        }
        let breaches: u64 = self.breaches.values().sum();
        let quarter = self.memory.get(self.memory.len() / 4);
        let ends = quarter.zip(self.memory.last());
        if let Some((from, to)) = ends {
            let guest = self.memory.iter().map(|at| at.guest_mib).max().unwrap_or_default();
            let _ = writeln!(
                text,
                "\nguest: {guest} MiB at most; the whole process: {} MB after a quarter, {} MB at \
                 the end",
                from.resident_mb, to.resident_mb
            );
        }
        let _ = writeln!(text, "breaches: {breaches}");
        text
    }
}
