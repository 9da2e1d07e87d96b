//! Many rules tried on one night, side by side: what each would have done, had
//! it alone been in force. One pass over the log, however many there are.
//!
//! A rule in shadow is evaluated in full and is a hit where it would have been
//! the one that answers: so many rules are tried as shadows of one engine, and the
//! engine's own word is taken for what each would have refused.
//! What is alike for all of them is kept once: who the visitors are, and which
//! cohorts they belong to. Of a trial, only those are kept whom it refused.
//!
//! That a trial here and a [`super::run`] of its rule in force say the same is a
//! test.

mod bits;
mod harm;
mod running;

use tidegate_rules::Engine;
use tidegate_rules::cohorts::{Answer, CohortResult, Visitors};

use bits::{Bits, bits, has};
use harm::{Harms, Person, Trial};
use running::Running;

use super::result::OriginUnits;
use crate::clients::ClientKey;
use crate::ingest::{IngestError, Progress};
use crate::night::{Night, Passed, Seen};

/// Most trials at once: one for each engine and one for each rule. Those beyond
/// are not tried.
pub const MOST_TRIALS: usize = 128;

/// Most clients that are named of a cohort.
pub const HURT_SHOWN: usize = 5;

/// What a rule would have done, alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// Cohorts, in file order.
    pub cohorts: Vec<CohortResult>,
    /// The same without the visitors of crowds that are watched.
    pub outside: Vec<CohortResult>,
    /// Work at the origin.
    pub origin_units: OriginUnits,
    /// Requests that it would have refused.
    pub refused: u64,
    /// Clients of whom it would have refused any request.
    pub clients_refused: usize,
    /// Visitors who would have starved, but for those of crowds.
    pub starved: u64,
    /// Of each cohort, in file order, clients with members whom it would have
    /// refused, in the order of their keys' texts, at most [`HURT_SHOWN`].
    pub hurt: Vec<Vec<ClientKey>>,
    /// What it would have done to each group that was watched.
    pub watched: Vec<Watched>,
}

/// What came of one engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What its rules in force would have done together.
    pub together: Tried,
    /// Of each rule, in file order: what it would have done, one in shadow alone,
    /// one in force among the others. Shorter where there was no room.
    pub rules: Vec<Tried>,
}

impl Tried {
    /// Whether no cohort would have been over its budget.
    #[must_use]
    pub fn within_budgets(&self) -> bool {
        self.cohorts.iter().all(|cohort| cohort.within_budget)
    }

    /// Whether no cohort would have been over its budget outside of crowds.
    #[must_use]
    pub fn within_budgets_outside(&self) -> bool {
        self.outside.iter().all(|cohort| cohort.within_budget)
    }
}

/// What to watch while rules are tried.
#[derive(Clone, Copy)]
pub struct Watch<'w> {
    /// How many groups of requests, at most [`MOST_TRIALS`].
    pub groups: usize,
    /// The groups that are crowds, a bit each. Nobody can tell who of a crowd is a
    /// person, so that cohorts are counted without them, too.
    pub crowds: u128,
    /// To which groups a request belongs, a bit each.
    pub of: &'w dyn Fn(&Seen<'_>) -> u128,
}

/// A group of requests that somebody watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    /// Its requests.
    pub requests: u64,
    /// Of those, refused.
    pub refused: u64,
    /// Work at the origin.
    pub origin_units: OriginUnits,
    /// Its visitors.
    pub visitors: u64,
    /// Of those, refused any request.
    pub visitors_refused: u64,
}

/// Tries the rules of `engines` on a night.
///
/// The engines are of the night's own site: they have its routes, agents,
/// networks and cohorts.
///
/// # Errors
///
/// Where a file cannot be opened, read or recognised.
pub fn side_by_side(
    night: &Night<'_>,
    engines: &[Engine],
    watch: Watch<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Vec<Side>, Passed), IngestError> {
    let mut trials = Trials::new(night, engines, watch);
    let passed = night.pass(progress, &mut |seen| trials.take(seen))?;
    Ok((trials.finish(), passed))
}

struct Trials<'n, 'e> {
    night: &'n Night<'n>,
    watch: Watch<'n>,
    running: Vec<Running<'e>>,
    people: Visitors<'n, Person>,
    trials: Vec<Trial>,
    units: u64,
    /// Requests and units of each group.
    groups: Vec<(u64, u64)>,
}

impl<'n, 'e> Trials<'n, 'e> {
    fn new(night: &'n Night<'n>, engines: &'e [Engine], watch: Watch<'n>) -> Self {
        let groups = watch.groups;
        let mut first = 0;
        let running = engines.iter().map(|engine| {
            let running = Running::new(engine, first);
            first += 1 + engine.rules.rules.len();
            running
        });
        let running = running.collect();
        let trial = || Trial { watched: vec![(0, 0); groups], ..Trial::default() };
        Self {
            night,
            watch,
            running,
            people: Visitors::new(night.rules),
            trials: (0..first.min(MOST_TRIALS)).map(|_| trial()).collect(),
            units: 0,
            groups: vec![(0, 0); groups],
        }
    }

    fn take(&mut self, seen: &Seen<'_>) {
        self.units += u64::from(seen.units);
        let groups = (self.watch.of)(seen);
        for at in bits(groups) {
            if let Some((requests, units)) = self.groups.get_mut(at) {
                *requests += 1;
                *units += u64::from(seen.units);
            }
        }
        let (mut throttled, mut blocked): (Bits, Bits) = (0, 0);
        for running in &mut self.running {
            let (throttles, blocks) = running.decide(seen);
            throttled |= throttles;
            blocked |= blocks;
        }
        for at in bits(throttled | blocked) {
            if let Some(trial) = self.trials.get_mut(at) {
                trial.refuse(seen, groups);
            }
        }
        if let (Some(client), Some(visitor)) = (seen.key, seen.derived.visitor) {
            self.note((visitor, client), seen, groups, (throttled, blocked));
        }
    }

    /// Takes down what a visitor got, of the trials that refused it now or last
    /// time.
    fn note(
        &mut self,
        (visitor, client): (u128, ClientKey),
        seen: &Seen<'_>,
        groups: Bits,
        (throttled, blocked): (Bits, Bits),
    ) {
        let reached = seen.units > 0;
        let person = self.people.add(visitor, &seen.request, &seen.derived, reached);
        (person.visitor, person.client) = (visitor, Some(client));
        person.requests += 1;
        person.groups |= groups;
        let now = throttled | blocked;
        for at in bits(now | person.refused) {
            let Some(trial) = self.trials.get_mut(at) else { continue };
            let account = trial.accounts.entry(visitor).or_default();
            let answer = match (has(throttled, at), has(blocked, at)) {
                (true, _) => Answer::Throttled,
                (_, true) => Answer::Blocked,
                _ => Answer::Served,
            };
            account.add(seen.request.time, answer);
            if answer != Answer::Served {
                trial.clients.insert(client);
            }
        }
        person.hurt |= now;
        person.refused = now;
    }

    fn finish(self) -> Vec<Side> {
        let Self { night, watch, running, people, trials, units, groups } = self;
        let none: Vec<_> = night.rules.cohorts.iter().map(CohortResult::new).collect();
        let mut everybody = [none.clone(), none.clone()];
        let mut harms: Vec<_> = trials.iter().map(|_| Harms::new(&none, watch.groups)).collect();
        let sides = |person: &Person| if person.groups & watch.crowds > 0 { 1 } else { 2 };
        let hurt = |person: &Person| {
            let visitor = person.visitor;
            let hurt = bits(person.hurt).filter_map(|at| Some((at, trials.get(at)?)));
            hurt.filter_map(move |(at, trial)| Some((at, *trial.accounts.get(&visitor)?)))
                .collect::<Vec<_>>()
        };
        for (at, person) in people.members() {
            for all in everybody.iter_mut().take(sides(person)) {
                all[at].clients += 1;
                all[at].requests += person.requests;
            }
            for (trial, account) in hurt(person) {
                harms[trial].add_member(at, person, &account, sides(person));
            }
        }
        let mut visitors = vec![0; watch.groups];
        for person in people.all() {
            bits(person.groups).for_each(|at| visitors[at] += 1);
            for (trial, account) in hurt(person) {
                harms[trial].add(person, &account, sides(person));
            }
        }
        let groups: Vec<_> = groups.iter().zip(visitors).collect();
        let finish =
            |(trial, harms): (Trial, Harms)| trial.finish(harms.judged(&everybody), units, &groups);
        let mut tried = trials.into_iter().zip(harms).map(finish);
        let side = |running: Running<'_>| {
            let together = tried.next()?;
            let rules = tried.by_ref().take(running.engine.rules.rules.len()).collect();
            Some(Side { together, rules })
        };
        running.into_iter().map_while(side).collect()
    }
}
