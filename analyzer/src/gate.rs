//! The gate: no rule goes in that hurts a cohort beyond its budget.
//!
//! Every rule of a site is tried on a log, alone, as if it were in force. For one
//! that does more harm than a cohort's budget allows, changes are tried in a
//! second pass, the nearest first, and those that would pass are told. Nothing is
//! decided here: the engine says what would be refused, the budgets what is too
//! much.

mod change;
mod told;

use change::Variant;
use serde::Serialize;
use tidegate_rules::index::RuleIndex;
use tidegate_rules::rule::{Effect, Rule};
use tidegate_rules::{Engine, Mode, Ruleset, Time};

use crate::backtest::{MOST_TRIALS, Tried, Watch, side_by_side};
use crate::ingest::{IngestError, Progress, Summary};
use crate::night::Night;
use crate::propose::draft::{Draft, batches, site_of};

/// Changes that are told of one rule.
const TOLD: usize = 1;

/// What came of a site's rules on a log.
#[derive(Debug, Clone, Serialize)]
pub struct Gate {
    /// Requests of the log.
    pub requests: u64,
    /// Rules that were tried.
    pub rules: usize,
    /// Rules for which there was no room beside more than a hundred that exempt.
    pub untried: usize,
    /// Rules in force that refuse nothing of the log, which therefore says nothing
    /// of whom they would hurt.
    pub idle: Vec<String>,
    /// Those that hurt a cohort beyond its budget, in file order.
    pub refused: Vec<Refused>,
    /// Harm of the rules in force together, where none of them alone does too
    /// much.
    pub together: Vec<Hurt>,
}

/// A rule that does not pass.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Its id.
    pub rule: String,
    /// Whether it is in force: one in shadow hurts nobody yet.
    pub enforced: bool,
    /// Whom it hurts.
    pub hurt: Vec<Hurt>,
    /// Changes that would pass, the nearest first.
    pub changes: Vec<Change>,
}

/// A cohort that is hurt beyond its budget.
#[derive(Debug, Clone, Serialize)]
pub struct Hurt {
    /// The cohort.
    pub cohort: String,
    /// What happens to its clients: throttled, starved or blocked.
    pub what: &'static str,
    /// To how many.
    pub clients: u64,
    /// Of how many.
    pub of: u64,
    /// The share to whom it may, 0 to 1.
    pub budget: f64,
    /// Some of them.
    pub keys: Vec<String>,
}

/// A change that would pass.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// What it is, in words.
    pub what: String,
    /// Requests of the log that the changed rule refuses.
    pub refuses: u64,
    /// The changed rule, as TOML.
    pub rule: String,
}

impl Gate {
    /// Whether every rule was tried, and those in force pass.
    #[must_use]
    pub fn passes(&self) -> bool {
        let refused = self.refused.iter().any(|refused| refused.enforced);
        self.untried == 0 && self.together.is_empty() && !refused
    }
}

/// Tries the rules that a night is read by on that night, those that have not
/// expired `now`, and changes of those that do not pass.
///
/// # Errors
///
/// Where a file cannot be opened, read or recognised.
pub fn gate(
    night: &Night<'_>,
    now: Time,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Gate, Summary), IngestError> {
    let rules = not_expired(night.rules, now);
    let refuses = |rule: &&Rule| rule.mode != Mode::Off && rule.effect != Effect::Allow;
    let refusing: Vec<&Rule> = rules.iter().filter(refuses).collect();
    let (alone, together, files) = try_all(night, &rules, &refusing, progress)?;
    let is_idle =
        |(rule, tried): &(&&Rule, &Tried)| rule.mode == Mode::Enforce && tried.refused == 0;
    let idle = refusing.iter().zip(&alone).filter(is_idle);
    let idle = idle.map(|(rule, _)| rule.id().to_owned()).collect();
    let failing = refusing.iter().zip(&alone).filter(|(_, tried)| !tried.within_budgets());
    let failing: Vec<(&Rule, &Tried)> = failing.map(|(rule, tried)| (*rule, tried)).collect();
    let mut changes = changes(night, &failing, progress)?.into_iter();
    let refused = failing.iter().map(|(rule, tried)| Refused {
        rule: rule.id().to_owned(),
        enforced: rule.mode == Mode::Enforce,
        hurt: hurt(tried),
        changes: changes.next().unwrap_or_default(),
    });
    let refused: Vec<_> = refused.collect();
    let is_one = refused.iter().any(|refused| refused.enforced);
    let watched = together.as_ref().and_then(|tried| tried.watched.first());
    let gate = Gate {
        requests: watched.map_or(0, |watched| watched.requests),
        rules: alone.len(),
        untried: refusing.len() - alone.len(),
        idle,
        refused,
        together: together.filter(|_| !is_one).map(|tried| hurt(&tried)).unwrap_or_default(),
    };
    Ok((gate, files))
}

/// Tries those that refuse alone, as many in each pass as there is room for, and all
/// rules together. Says the same of each, of all together, and of the files.
fn try_all(
    night: &Night<'_>,
    rules: &[Rule],
    refusing: &[&Rule],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Vec<Tried>, Option<Tried>, Summary), IngestError> {
    let exempts = rules.iter().filter(exempts).count();
    // Beside them, each of the two sides as a whole.
    let room = MOST_TRIALS.saturating_sub(exempts + 2).max(1);
    let mut alone = Vec::new();
    loop {
        let next = refusing.get(alone.len()..).unwrap_or_default();
        let next = next.get(..room).unwrap_or(next);
        let engines = [each_alone(night.rules, rules, next), with(night.rules, rules.to_vec())];
        let engines = engines.map(|rules| engine(night, rules));
        let watch = Watch { groups: 1, crowds: 0, of: &|_| 1 };
        let (sides, passed) = side_by_side(night, &engines, watch, progress)?;
        let mut sides = sides.into_iter();
        let before = alone.len();
        alone.extend(sides.next().into_iter().flat_map(|side| side.rules).skip(exempts));
        if alone.len() == before || alone.len() == refusing.len() {
            return Ok((alone, sides.next().map(|side| side.together), passed.files));
        }
    }
}

/// The site's rules that have not expired, as if they had lived in that night.
fn not_expired(site: &Ruleset, now: Time) -> Vec<Rule> {
    let lives = |rule: &&Rule| rule.expires.is_none_or(|end| now < end);
    let rules = site.rules.iter().filter(lives).cloned();
    rules.map(|rule| Rule { starts: None, expires: None, ..rule }).collect()
}

fn with(site: &Ruleset, rules: Vec<Rule>) -> Ruleset {
    Ruleset { index: RuleIndex::new(&rules), rules, ..site.clone() }
}

/// The site with these rules in shadow, so that each is tried alone, behind those
/// that exempt.
fn each_alone(site: &Ruleset, rules: &[Rule], tried: &[&Rule]) -> Ruleset {
    let shadow = |rule: &&Rule| Rule { mode: Mode::Shadow, rollout: 100, ..(*rule).clone() };
    let exempting = rules.iter().filter(exempts).cloned();
    with(site, exempting.chain(tried.iter().map(shadow)).collect())
}

/// Whether a rule lets pass what others would refuse.
fn exempts(rule: &&Rule) -> bool {
    rule.mode == Mode::Enforce && rule.effect == Effect::Allow
}

fn engine(night: &Night<'_>, rules: Ruleset) -> Engine {
    let (version, secret) = ("trial".to_owned(), night.secret.clone());
    Engine { rules, version, secret, switch: Mode::Enforce }
}

/// Whom a trial hurts beyond the budgets.
fn hurt(tried: &Tried) -> Vec<Hurt> {
    let cohorts = tried.cohorts.iter().zip(&tried.hurt);
    let over = cohorts.flat_map(|(cohort, keys)| {
        let over = cohort.harms().into_iter().filter(|harm| harm.is_over);
        over.map(|harm| Hurt {
            cohort: cohort.name.clone(),
            what: harm.what,
            clients: harm.clients,
            of: cohort.clients,
            budget: harm.budget,
            keys: keys.iter().map(ToString::to_string).collect(),
        })
    });
    over.collect()
}

/// Of each failing rule, the changes that would pass.
fn changes(
    night: &Night<'_>,
    failing: &[(&Rule, &Tried)],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Vec<Change>>, IngestError> {
    let variants: Vec<Variant> = failing
        .iter()
        .enumerate()
        .flat_map(|(at, (rule, tried))| change::variants(night.rules, rule, tried, at))
        .collect();
    if variants.is_empty() {
        return Ok(vec![Vec::new(); failing.len()]);
    }
    let batches = batches(variants.iter().map(|variant| &variant.draft));
    let of_batch = |batch: &Vec<usize>| {
        let drafts: Vec<&Draft> = batch.iter().map(|at| &variants[*at].draft).collect();
        engine(night, site_of(night.rules, &drafts, Mode::Shadow))
    };
    let engines: Vec<_> = batches.iter().take(MOST_TRIALS / 2).map(of_batch).collect();
    let watch = Watch { groups: 0, crowds: 0, of: &|_| 0 };
    let (sides, _) = side_by_side(night, &engines, watch, progress)?;
    let mut passing: Vec<Vec<(usize, Change)>> = vec![Vec::new(); failing.len()];
    for (batch, side) in batches.iter().zip(sides) {
        for (at, tried) in batch.iter().zip(side.rules).filter(|(_, tried)| tried.within_budgets())
        {
            if let Some((of, change)) = variants[*at].change(night.rules, &tried) {
                passing[of].push((*at, change));
            }
        }
    }
    Ok(passing.into_iter().map(nearest).collect())
}

/// The nearest first; those that refuse something before those that do not.
fn nearest(mut passing: Vec<(usize, Change)>) -> Vec<Change> {
    passing.sort_by_key(|(at, change)| (change.refuses == 0, *at));
    passing.into_iter().take(TOLD).map(|(_, change)| change).collect()
}
