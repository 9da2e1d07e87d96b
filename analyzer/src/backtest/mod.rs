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

mod account;
mod pops;
mod report;
mod result;
mod trials;

use std::collections::HashMap;

use tidegate_rules::cohorts::{Account, Answer, Visitors};
use tidegate_rules::rule::Effect;
use tidegate_rules::{Action, Decision, Engine};

pub use report::{render_markdown, render_text, summary};
pub use result::{BACKTEST_FORMAT, Backtest, ClientResult, OriginUnits, RuleResult};
pub use trials::{HURT_SHOWN, MOST_TRIALS, Side, Tried, Watch, Watched, side_by_side};

pub use tidegate_rules::cohorts::{CohortResult, Harmed, STARVED_MS};

pub(crate) use pops::Pops;

use account::ClientAccount;

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
    let mut replay = Replay::new(trial);
    let passed = night.pass(progress, &mut |seen| replay.take(seen))?;
    Ok(replay.finish(passed))
}

/// One replay on its way.
struct Replay<'e> {
    trial: &'e Engine,
    pops: Pops<'e>,
    totals: Totals,
    rules: Vec<RuleResult>,
    clients: HashMap<ClientKey, ClientAccount>,
    visitors: Visitors<'e, Account>,
}

/// Counts over everybody.
#[derive(Default)]
struct Totals {
    requests: u64,
    throttled: u64,
    blocked: u64,
    units: OriginUnits,
    unknown: u64,
}

impl<'e> Replay<'e> {
    fn new(trial: &'e Engine) -> Self {
        Self {
            trial,
            pops: Pops::new(trial),
            totals: Totals::default(),
            rules: trial.rules.rules.iter().map(|rule| RuleResult::new(rule.id())).collect(),
            clients: HashMap::new(),
            visitors: Visitors::new(&trial.rules),
        }
    }

    fn take(&mut self, seen: &Seen<'_>) {
        let admission = self.pops.decide(seen);
        let answer = Answer::of(admission.decision.action);
        self.totals.add(seen, answer);
        self.note_rules(&admission.decision);
        // Both or none: a visitor is a client and something else.
        match (seen.key, seen.derived.visitor) {
            (Some(client), Some(visitor)) => {
                self.clients.entry(client).or_default().add(seen, answer);
                let (request, derived) = (&seen.request, &admission.derived);
                let answers = self.visitors.add(visitor, request, derived, seen.units > 0);
                answers.add(request.time, answer);
            }
            _ => self.totals.unknown += 1,
        }
    }

    fn note_rules(&mut self, decision: &Decision) {
        let trial = &self.trial.rules;
        for at in decision.rule.iter().chain(&decision.tags) {
            let Some(rule) = self.rules.get_mut(usize::from(*at)) else { continue };
            rule.matched += 1;
            rule.throttled += u64::from(decision.action == Action::Throttle);
            rule.blocked += u64::from(decision.action == Action::Block);
        }
        for at in &decision.shadow {
            let Some(rule) = self.rules.get_mut(usize::from(*at)) else { continue };
            let blocks = trial.rule(*at).is_some_and(|rule| rule.effect == Effect::Block);
            rule.matched += 1;
            rule.shadow_blocked += u64::from(blocks);
            rule.shadow_throttled += u64::from(!blocks);
        }
    }

    fn finish(self, passed: Passed) -> Backtest {
        let mut clients: Vec<_> =
            self.clients.iter().map(|(key, account)| account.result(*key)).collect();
        clients.sort_by_cached_key(|client| client.key.to_string());
        let cohorts = self.visitors.cohorts();
        Backtest {
            format: BACKTEST_FORMAT,
            site: self.trial.rules.site.clone(),
            version: self.trial.version.clone(),
            assumptions: passed.assumptions,
            window: passed.window,
            lines: passed.lines,
            requests: self.totals.requests,
            throttled: self.totals.throttled,
            blocked: self.totals.blocked,
            unknown: self.totals.unknown,
            origin_units: self.totals.units,
            rules: self.rules,
            cohorts,
            clients_total: clients.len() as u64,
            clients,
            files: passed.files,
        }
    }
}

impl Totals {
    fn add(&mut self, seen: &Seen<'_>, answer: Answer) {
        self.requests += 1;
        self.throttled += u64::from(answer == Answer::Throttled);
        self.blocked += u64::from(answer == Answer::Blocked);
        self.units.add(seen.units, answer);
    }
}
