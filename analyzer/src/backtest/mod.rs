//! The backtest: what a rule set would have done to a night that has been.
//!
//! Every request goes through the edge's own engine, counters included, so that
//! a figure here and a refusal there have one cause. This module must not
//! decide anything itself, and it must not know a rule's insides: it asks
//! [`Engine`] and counts.
//!
//! A replay knows the past only as it was. Three things follow, and reports
//! say so: a client that would have slowed down or come back later still sends
//! what it sent; a cached answer stays cached even where the request that
//! filled the cache is now refused; and what it costs is measured by the
//! night's own rules, so that two trials on one night share their yardstick.
//!
//! [`compare`] has other rules, or the limits that the sites have [`today`],
//! answer the same requests in the same pass.

mod account;
mod against;
mod pops;
mod report;
mod result;
pub mod today;
mod trial;
mod trials;

use std::collections::HashMap;

use tidegate_rules::Engine;

pub use against::{Against, AgainstResult};
pub use report::{render_markdown, render_text, summary};
pub use result::{BACKTEST_FORMAT, Backtest, ClientResult, Hurt, OriginUnits, RuleResult};
pub use tidegate_rules::cohorts::{Answer, CohortResult, Harmed, STARVED_MS};
pub use trials::{HURT_SHOWN, MOST_TRIALS, Side, Tried, Watch, Watched, side_by_side};

pub(crate) use pops::Pops;

use account::ClientAccount;
use against::{Opponent, Totals};
use tidegate_rules::cohorts::{Account, Visitors};
use trial::Trial;

use crate::clients::ClientKey;
use crate::ingest::{IngestError, Progress};
use crate::night::{Night, Passed, Seen};

/// Replays `night` in time order through `trial`, with counters of its own for
/// each POP, as at the edge.
///
/// `night.rules` say what a request cost; `trial` decides by its own rules and
/// names its own cohorts. Both should hash under one secret. A rule in shadow
/// refuses nobody here either: to see what it would do to the cohorts, enforce
/// it in the trial.
///
/// # Errors
///
/// Where a file cannot be opened, read or recognised.
pub fn run(
    night: &Night<'_>,
    trial: &Engine,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Backtest, IngestError> {
    compare(night, trial, &[], progress, &mut |_, _| {})
}

/// As [`run`], with each of `against` beside the trial: their figures are in
/// [`Backtest::against`], in this order.
///
/// `witness` is shown every request and what each side answered, the trial
/// first, for whoever knows more about a request than its log.
///
/// # Errors
///
/// As [`run`].
pub fn compare(
    night: &Night<'_>,
    trial: &Engine,
    against: &[Against<'_>],
    progress: &mut dyn FnMut(Progress<'_>),
    witness: &mut dyn FnMut(&Seen<'_>, &[Answer]),
) -> Result<Backtest, IngestError> {
    let mut replay = Replay::new(night, trial, against);
    let passed = night.pass(progress, &mut |seen| {
        replay.take(seen);
        witness(seen, &replay.answers);
    })?;
    Ok(replay.finish(passed))
}

/// One replay on its way.
struct Replay<'e> {
    trial: Trial<'e>,
    against: Vec<Opponent<'e>>,
    /// What each side answered to the latest request, the trial first.
    answers: Vec<Answer>,
    totals: Totals,
    unknown: u64,
    /// Each client's account with every side.
    clients: HashMap<ClientKey, Box<[ClientAccount]>>,
    /// What each visitor got from every side.
    visitors: Visitors<'e, Vec<Account>>,
}

impl<'e> Replay<'e> {
    fn new(night: &Night<'_>, trial: &'e Engine, against: &[Against<'e>]) -> Self {
        Self {
            trial: Trial::new(night, trial),
            against: against.iter().map(|side| Opponent::new(night, side)).collect(),
            answers: Vec::new(),
            totals: Totals::default(),
            unknown: 0,
            clients: HashMap::new(),
            visitors: Visitors::new(&trial.rules),
        }
    }

    fn take(&mut self, seen: &Seen<'_>) {
        let admission = self.trial.take(seen);
        let answer = Answer::of(admission.decision.action);
        self.totals.add(seen, answer);
        self.answers.clear();
        self.answers.push(answer);
        self.answers.extend(self.against.iter_mut().map(|side| side.take(seen)));
        // Both or none: a visitor is a client and something else.
        match (seen.key, seen.derived.visitor) {
            (Some(client), Some(visitor)) => {
                let sides = self.answers.len();
                let none = || std::iter::repeat_with(ClientAccount::default).take(sides).collect();
                let accounts = self.clients.entry(client).or_insert_with(none);
                for (account, answer) in accounts.iter_mut().zip(&self.answers) {
                    account.add(seen, *answer);
                }
                let (request, derived) = (&seen.request, &admission.derived);
                let accounts = self.visitors.add(visitor, request, derived, seen.units > 0);
                accounts.resize_with(sides, Account::default);
                for (account, answer) in accounts.iter_mut().zip(&self.answers) {
                    account.add(request.time, *answer);
                }
            }
            _ => self.unknown += 1,
        }
    }

    /// What became of every client on one side, by the text of their keys.
    fn clients(&self, side: usize) -> Vec<ClientResult> {
        let accounts = self.clients.iter();
        let results = accounts.filter_map(|(key, all)| Some(all.get(side)?.result(*key)));
        let mut clients: Vec<_> = results.collect();
        clients.sort_by_cached_key(|client| client.key.to_string());
        clients
    }

    fn finish(mut self, passed: Passed) -> Backtest {
        let sides = std::mem::take(&mut self.against).into_iter().enumerate();
        let against: Vec<_> = sides
            .map(|(at, side)| side.finish(self.visitors.cohorts(at + 1), self.clients(at + 1)))
            .collect();
        let (cohorts, clients) = (self.visitors.cohorts(0), self.clients(0));
        Backtest {
            format: BACKTEST_FORMAT,
            site: self.trial.engine.rules.site.clone(),
            version: self.trial.engine.version.clone(),
            assumptions: passed.assumptions,
            window: passed.window,
            lines: passed.lines,
            requests: self.totals.requests,
            throttled: self.totals.throttled,
            blocked: self.totals.blocked,
            unknown: self.unknown,
            origin_units: self.totals.units,
            rules: self.trial.rules,
            cohorts,
            clients_total: clients.len() as u64,
            clients_hurt: Hurt::of(&clients),
            clients,
            against,
            files: passed.files,
        }
    }
}
