//! Who got what: by class, and for each visitor.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use serde::Serialize;
use tidegate_rules::{CacheState, Time};

use super::Slice;
use crate::traffic::{Answer, Class, Scenario, Shot};

/// A run of refusals of this length is starvation, in milliseconds.
pub const STARVED_MS: u64 = 60_000;

/// The answers of a replay.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// Sends without an answer; they count as answered with 500.
    pub failed: u64,
    /// The first of them.
    pub first_failure: Option<String>,
    /// Every visitor that sent something, by its number in the scenario.
    pub actors: BTreeMap<u32, ActorTally>,
    #[serde(skip)]
    start: Time,
    #[serde(skip)]
    polite_pages: u32,
}

/// The sum over one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ClassTally {
    /// Requests sent.
    pub requests: u64,
    /// Visitors; people behind one address count each.
    pub visitors: u64,
    /// Distinct addresses.
    pub clients: u64,
    /// Answers below 400.
    pub granted: u64,
    /// Answers from a cache, of the edge or of its shield.
    pub hits: u64,
    /// Answers that the origin made.
    pub origin: u64,
    /// Answers with 429.
    pub throttled: u64,
    /// Answers with 403.
    pub blocked: u64,
    /// Other answers from 400 to 499.
    pub client_errors: u64,
    /// Answers from 500.
    pub server_errors: u64,
    /// Visitors with at least one 429 or 403.
    pub visitors_refused: u64,
    /// Visitors that were refused for [`STARVED_MS`] on end.
    pub visitors_starved: u64,
    /// The longest run of refusals of any of them, in milliseconds.
    pub longest_run_of_refusals_ms: u64,
    /// Distinct URLs that they asked for, each visitor's counted apart; for
    /// polite curls, all that are on their lists.
    pub pages_wanted: u64,
    /// Those of them that were granted at least once.
    pub pages_got: u64,
}

/// One visitor's answers.
#[derive(Debug, Clone, Serialize)]
pub struct ActorTally {
    /// What it is.
    pub class: Class,
    /// Its address.
    pub client: IpAddr,
    /// Requests sent.
    pub requests: u64,
    /// Answers with 429 or 403.
    pub refused: u64,
    /// From the first to the last refusal of the longest run without any other
    /// answer, in simulated milliseconds.
    pub longest_run_of_refusals_ms: u64,
    /// Minute by minute from the scenario's start; ends with its last request.
    pub minutes: Vec<Minute>,
    #[serde(skip)]
    sums: ClassTally,
    #[serde(skip)]
    refused_since: Option<Time>,
    #[serde(skip)]
    wanted: HashSet<u64>,
    #[serde(skip)]
    got: HashSet<u64>,
}

/// One visitor's answers in one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Minute {
    /// Answers below 400.
    pub granted: u32,
    /// Answers with 429 or 403.
    pub refused: u32,
    /// All others.
    pub failed: u32,
}

impl Tally {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            failed: 0,
            first_failure: None,
            actors: BTreeMap::new(),
            start: scenario.start,
            polite_pages: scenario.polite_pages,
        }
    }

    pub(super) fn add(&mut self, slice: &Slice) {
        self.failed += slice.failed;
        if self.first_failure.is_none() {
            self.first_failure.clone_from(&slice.failure);
        }
        for (shot, answer) in &slice.answers {
            let actor = self.actors.entry(shot.actor).or_insert_with(|| ActorTally::new(shot));
            actor.add(shot, answer, self.start);
        }
    }

    /// The sum over one class.
    #[must_use]
    pub fn class(&self, class: Class) -> ClassTally {
        let mut sum = ClassTally::default();
        let mut addresses = HashSet::new();
        for actor in self.actors.values().filter(|actor| actor.class == class) {
            sum.requests += actor.requests;
            sum.visitors += 1;
            sum.clients += u64::from(addresses.insert(actor.client));
            sum.granted += actor.sums.granted;
            sum.hits += actor.sums.hits;
            sum.origin += actor.sums.origin;
            sum.throttled += actor.sums.throttled;
            sum.blocked += actor.sums.blocked;
            sum.client_errors += actor.sums.client_errors;
            sum.server_errors += actor.sums.server_errors;
            sum.visitors_refused += u64::from(actor.refused > 0);
            sum.visitors_starved += u64::from(actor.starved());
            sum.longest_run_of_refusals_ms =
                sum.longest_run_of_refusals_ms.max(actor.longest_run_of_refusals_ms);
            sum.pages_wanted += match class {
                Class::CurlPolite => u64::from(self.polite_pages),
                _ => actor.pages_wanted(),
            };
            sum.pages_got += actor.pages_got();
        }
        sum
    }
}

impl ActorTally {
    fn new(shot: &Shot) -> Self {
        Self {
            class: shot.class,
            client: shot.client,
            requests: 0,
            refused: 0,
            longest_run_of_refusals_ms: 0,
            minutes: Vec::new(),
            sums: ClassTally::default(),
            refused_since: None,
            wanted: HashSet::new(),
            got: HashSet::new(),
        }
    }

    fn add(&mut self, shot: &Shot, answer: &Answer, start: Time) {
        self.requests += 1;
        let page = hash(&shot.path_and_query);
        self.wanted.insert(page);
        match answer.status {
            ..400 => {
                self.sums.granted += 1;
                self.got.insert(page);
            }
            429 => self.sums.throttled += 1,
            403 => self.sums.blocked += 1,
            404..500 | 400..403 => self.sums.client_errors += 1,
            500.. => self.sums.server_errors += 1,
        }
        match answer.cache {
            Some(CacheState::Hit | CacheState::Stale | CacheState::ShieldHit) => {
                self.sums.hits += 1
            }
            Some(CacheState::Miss | CacheState::Pass) => self.sums.origin += 1,
            Some(CacheState::Refused) | None => {}
        }
        self.add_to_run(shot.at, answer.refused());
        self.add_to_minute(shot.at.millis_since(start) / 60_000, answer);
    }

    fn add_to_run(&mut self, at: Time, refused: bool) {
        if !refused {
            self.refused_since = None;
            return;
        }
        self.refused += 1;
        let since = *self.refused_since.get_or_insert(at);
        self.longest_run_of_refusals_ms =
            self.longest_run_of_refusals_ms.max(at.millis_since(since));
    }

    fn add_to_minute(&mut self, number: u64, answer: &Answer) {
        let number = number as usize;
        if self.minutes.len() <= number {
            self.minutes.resize(number + 1, Minute::default());
        }
        let Some(minute) = self.minutes.get_mut(number) else { return };
        if answer.granted() {
            minute.granted += 1;
        } else if answer.refused() {
            minute.refused += 1;
        } else {
            minute.failed += 1;
        }
    }

    /// Whether it was refused for [`STARVED_MS`] on end.
    #[must_use]
    pub const fn starved(&self) -> bool {
        self.longest_run_of_refusals_ms >= STARVED_MS
    }

    /// Distinct URLs that it asked for.
    #[must_use]
    pub fn pages_wanted(&self) -> u64 {
        self.wanted.len() as u64
    }

    /// Those of them that were granted at least once.
    #[must_use]
    pub fn pages_got(&self) -> u64 {
        self.got.len() as u64
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
