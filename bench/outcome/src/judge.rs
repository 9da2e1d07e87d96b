//! What became of whom, side by side, by the truth.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use anyhow::Result;
use tidegate::analysis::{Analysis, ClientRow};
use tidegate::backtest::today::Preset;
use tidegate::backtest::{Against, Answer, Backtest, STARVED_MS, compare};
use tidegate::beside::Beside;
use tidegate::ingest::{Input, Options};
use tidegate::night::{Night, Seen, Source};
use tidegate::propose::{Proposal, respond};
use tidegate_rules::{HashKey, Mode, Ruleset, Time};
use tidegate_traffic::truth::{Truth, actor_of};
use tidegate_traffic::{Class, Kind};

use crate::outcome::{Got, Side};
use crate::promoted;

/// How Tidegate's side is called.
pub const TIDEGATE: &str = "tidegate";

/// What the analyzer makes of a log.
pub struct Read {
    /// Its findings and proposals.
    pub analysis: Analysis,
    /// Every client with its scores.
    pub clients: Vec<ClientRow>,
}

/// Reads a log as `tidegate analyze` does, proposals too where they are wanted.
///
/// # Errors
///
/// Where the log cannot be read.
pub fn analyze(rules: &Ruleset, log: &Path, proposes: bool, now: Time) -> Result<Read> {
    let (inputs, secret) = ([Input::Path(log.to_owned())], promoted::secret());
    let night = night(&inputs, rules, &secret);
    let (mut analysis, clients, _) = Analysis::of(&night, &mut |_| {})?;
    if proposes {
        respond(&night, &mut analysis, &clients, now, &mut |_| {})?;
    }
    let mut listed = analysis.clone();
    listed.list_worst(rules, &clients, usize::MAX);
    Ok(Read { analysis, clients: listed.clients })
}

/// A night of log files.
pub(crate) fn night<'n>(inputs: &'n [Input], rules: &'n Ruleset, secret: &'n HashKey) -> Night<'n> {
    let (options, beside) = (Options::default(), Beside::default());
    Night { source: Source::Files { inputs, options }, rules, secret, beside }
}

/// Replays a log through the rules and the presets, and counts by the truth.
///
/// # Errors
///
/// Where the log cannot be read.
pub fn replay(rules: Ruleset, log: &Path, truth: &Truth, onset: Time) -> Result<Vec<Side>> {
    let (inputs, secret) = ([Input::Path(log.to_owned())], promoted::secret());
    let trial = promoted::engine(rules, Mode::Enforce)?;
    let night = night(&inputs, &trial.rules, &secret);
    let against = Preset::all().map(Against::Preset);
    let mut witness = Witness::new(truth, onset, 1 + against.len());
    let found = compare(&night, &trial, &against, &mut |_| {}, &mut |seen, answers| {
        witness.see(seen, answers);
    })?;
    Ok(witness.sides(&found))
}

/// Whether rules made from part of a log throttle the crawl in all of it.
///
/// # Errors
///
/// Where the rules or the log cannot be read.
pub fn throttle_the_crawl(
    site: tidegate_traffic::Hosted,
    proposals: &[Proposal],
    log: &Path,
    truth: &Truth,
    onset: Time,
) -> Result<bool> {
    if proposals.is_empty() {
        return Ok(false);
    }
    let Ok(rules) = promoted::with_proposals(site, proposals) else { return Ok(false) };
    let sides = replay(rules, log, truth, onset)?;
    Ok(sides.first().is_some_and(|side| side.first_refusal_ms.is_some()))
}

/// Watches a replay and knows who is who.
struct Witness<'t> {
    truth: &'t Truth,
    onset: Time,
    /// What each visitor got from each side.
    got: Vec<HashMap<u32, Account>>,
    first_refusals: Vec<Option<u64>>,
}

/// What a visitor got from one side.
#[derive(Default)]
struct Account {
    got: Got,
    refused_since: Option<Time>,
    /// Whether it came before the onset, or has pulled in assets.
    has_history: bool,
    refused_with_history: u64,
}

impl<'t> Witness<'t> {
    fn new(truth: &'t Truth, onset: Time, sides: usize) -> Self {
        let got = (0..sides).map(|_| HashMap::new()).collect();
        Self { truth, onset, got, first_refusals: vec![None; sides] }
    }

    fn see(&mut self, seen: &Seen<'_>, answers: &[Answer]) {
        let Some(actor) = seen.request.request_id.and_then(actor_of) else { return };
        let Some(visitor) = self.truth.visitor(actor) else { return };
        for (side, answer) in answers.iter().enumerate() {
            let account = self.got[side].entry(actor).or_default();
            account.add(seen, *answer, self.onset);
            if visitor.kind == Kind::Crawler && *answer != Answer::Served {
                let after = seen.request.time.millis_since(self.onset);
                self.first_refusals[side].get_or_insert(after);
            }
        }
    }

    fn sides(&self, found: &Backtest) -> Vec<Side> {
        let crowds: HashSet<_> = self
            .truth
            .visitors()
            .filter(|visitor| visitor.kind == Kind::Crawler)
            .map(|visitor| (visitor.software, visitor.asn))
            .collect();
        let names = found.against.iter().map(|side| (side.name.as_str(), &side.cohorts));
        let names = std::iter::once((TIDEGATE, &found.cohorts)).chain(names);
        let sides = names.zip(&self.got).zip(&self.first_refusals);
        sides
            .map(|(((name, cohorts), accounts), first_refusal_ms)| {
                let over = cohorts.iter().filter(|cohort| !cohort.within_budget);
                let mut side = Side {
                    name: name.to_owned(),
                    first_refusal_ms: *first_refusal_ms,
                    over_budget: over.map(|cohort| cohort.name.clone()).collect(),
                    ..Side::default()
                };
                for visitor in self.truth.visitors() {
                    let Some(account) = accounts.get(&visitor.actor) else { continue };
                    side.count(visitor.class, account);
                    if visitor.kind == Kind::Person {
                        let is_inside = crowds.contains(&(visitor.software, visitor.asn));
                        side.count_person(is_inside, account);
                    }
                }
                side
            })
            .collect()
    }
}

impl Account {
    fn add(&mut self, seen: &Seen<'_>, answer: Answer, onset: Time) {
        let time = seen.request.time;
        let got = &mut self.got;
        got.visitors = 1;
        got.requests += 1;
        got.units += u64::from(seen.units);
        self.has_history |= time < onset;
        if answer == Answer::Served {
            got.units_admitted += u64::from(seen.units);
            self.refused_since = None;
            self.has_history |= seen.derived.asset;
            return;
        }
        got.requests_refused += 1;
        got.throttled |= u64::from(answer == Answer::Throttled);
        got.blocked |= u64::from(answer == Answer::Blocked);
        let since = *self.refused_since.get_or_insert(time);
        got.starved |= u64::from(time.millis_since(since) >= STARVED_MS);
        self.refused_with_history += u64::from(self.has_history);
    }
}

impl Side {
    fn count(&mut self, class: Class, account: &Account) {
        self.classes.entry(class.name()).or_default().add(&account.got);
    }

    fn count_person(&mut self, is_inside: bool, account: &Account) {
        let part = if is_inside { &mut self.inside } else { &mut self.outside };
        part.add(&account.got);
        if account.has_history {
            let refused = account.refused_with_history;
            let throttled = u64::from(refused > 0);
            self.people_with_history.add(&Got {
                throttled,
                requests_refused: refused,
                ..account.got
            });
        }
    }

    /// All of a kind.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> Got {
        let classes = Class::ALL.into_iter().filter(|class| class.kind() == kind);
        let mut sum = Got::default();
        classes.filter_map(|class| self.classes.get(class.name())).for_each(|got| sum.add(got));
        sum
    }
}

/// Clients by what they are and by what the analyzer says they are.
#[must_use]
pub fn classes(
    clients: &[ClientRow],
    kinds: &HashMap<String, Option<(Class, Kind)>>,
) -> BTreeMap<String, BTreeMap<&'static str, u64>> {
    let mut table: BTreeMap<String, BTreeMap<&'static str, u64>> = BTreeMap::new();
    for row in clients {
        let Some((class, _)) = kinds.get(&row.key).copied().flatten() else { continue };
        *table.entry(class.name().to_owned()).or_default().entry(row.class.name()).or_default() +=
            1;
    }
    table
}
