//! Which of the drafts is proposed, if any, once all of them were tried.

use tidegate_rules::rule::Rule;
use tidegate_rules::{Mode, Ruleset, Time};

use super::draft::Draft;
use super::trial::Trials;
use super::{Predicted, Proposal};
use crate::backtest::Tried;
use crate::detect::Finding;
use crate::score::count;
use crate::text::percent;
use crate::time::rfc3339;

/// A rule that is there already answers a finding, where a new one would spare
/// the origin no more than this above it.
const NEARLY: f64 = 0.9;

/// Of two drafts that spare nearly as much, the more general one is proposed.
const ALIKE: f64 = 0.95;

/// A crowd's rule that spares so much of what the finding cost does the work: whom
/// of the crowd it hurts nobody can tell, so the gentlest of those is proposed.
const ENOUGH_OF_A_CROWD: f64 = 0.85;

/// A draft that spares less than this share of what the finding cost answers
/// nothing.
const LEAST: f64 = 0.1;

/// What the ids of learned rules begin with.
const LEARNED: &str = "learned-";

/// Days until a proposal expires.
const LIFE_DAYS: i64 = 90;

/// What is to be done about a finding.
pub(super) enum Answer<'t> {
    /// A rule that is there does it.
    InForce(&'t Rule, f64),
    /// A learned rule in shadow would do it.
    InShadow(&'t Rule, f64),
    /// A new rule.
    New(&'t Draft, &'t Tried, f64),
    /// No draft does it without harm; the nearest, and whom it would hurt.
    Harmful(Option<(&'t Draft, &'t Tried)>),
}

/// How much of what a finding cost a trial would have spared, 0 to 1.
fn spared(tried: &Tried, finding: usize) -> f64 {
    let watched = tried.watched.get(finding).copied().unwrap_or_default();
    let units = watched.origin_units;
    count(units.offered - units.admitted) / count(units.offered.max(1))
}

pub(super) fn choose<'t>(
    finding: usize,
    of_crowd: bool,
    drafts: &'t [Draft],
    trials: &'t Trials,
) -> Answer<'t> {
    let own = drafts.iter().zip(&trials.drafts).filter(|(draft, _)| draft.finding == finding);
    let own: Vec<_> = own.filter_map(|(draft, tried)| Some((draft, tried.as_ref()?))).collect();
    let fine = |tried: &Tried| within(tried, of_crowd) && tried.starved == 0;
    let passing = own.iter().filter(|(_, tried)| fine(tried));
    let passing: Vec<_> =
        passing.map(|(draft, tried)| (*draft, *tried, spared(tried, finding))).collect();
    let most = passing.iter().map(|(.., share)| *share).fold(0.0, f64::max);
    let demanded = |near: f64| {
        let near = (near * most).max(LEAST);
        if of_crowd { near.min(ENOUGH_OF_A_CROWD) } else { near }
    };
    let enough = |share: f64| share > 0.0 && share >= demanded(NEARLY);
    if let Some((rule, share)) = in_force(finding, trials).filter(|(_, share)| enough(*share)) {
        return Answer::InForce(rule, share);
    }
    let learned = trials.own.iter().filter(|(rule, tried)| {
        rule.mode == Mode::Shadow && rule.id().starts_with(LEARNED) && fine(tried)
    });
    let learned = learned.map(|(rule, tried)| (rule, spared(tried, finding)));
    let best = learned.max_by(|(_, one), (_, other)| one.total_cmp(other));
    if let Some((rule, share)) = best.filter(|(_, share)| enough(*share)) {
        return Answer::InShadow(rule, share);
    }
    // A tag spares nothing, and hurts nobody.
    let answers = |draft: &Draft, share: f64| draft.limit.is_none() || share >= demanded(ALIKE);
    match passing.into_iter().find(|(draft, _, share)| answers(draft, *share)) {
        Some((draft, tried, share)) => Answer::New(draft, tried, share),
        None => {
            let harmful = own.into_iter().filter(|(_, tried)| !fine(tried));
            Answer::Harmful(harmful.max_by(|(_, one), (_, other)| {
                spared(one, finding).total_cmp(&spared(other, finding))
            }))
        }
    }
}

/// Whether a trial hurts no cohort beyond its budget. Of a crowd nobody can tell who
/// is a person: then it is about those outside.
fn within(tried: &Tried, of_crowd: bool) -> bool {
    if of_crowd { tried.within_budgets_outside() } else { tried.within_budgets() }
}

/// The rules in force together, and the one of them that does most.
fn in_force(finding: usize, trials: &Trials) -> Option<(&Rule, f64)> {
    let own = trials.own.iter().filter(|(rule, _)| rule.mode == Mode::Enforce);
    let shares = own.map(|(rule, tried)| (rule, spared(tried, finding)));
    let (most, _) = shares.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    Some((most, spared(trials.together.as_ref()?, finding)))
}

impl Answer<'_> {
    /// Writes into the finding what to do; the proposal, if that is it.
    pub(super) fn apply(
        &self,
        site: &Ruleset,
        finding: &mut Finding,
        known: &[&str],
        now: Time,
    ) -> Option<Proposal> {
        let of_crowd = finding.crowd.is_some();
        match self {
            Self::InForce(rule, share) => {
                finding.todo = format!(
                    "Nothing: `{}` is in force and refuses {} of what it costs.",
                    rule.id(),
                    percent(*share)
                );
                finding.answered_by = Some(rule.id().to_owned());
                None
            }
            Self::InShadow(rule, share) => {
                finding.todo = format!(
                    "`{}` was learned before, is in shadow and would refuse {} of what it costs: \
                     review that.",
                    rule.id(),
                    percent(*share)
                );
                finding.answered_by = Some(rule.id().to_owned());
                None
            }
            Self::New(draft, tried, share) => {
                let before = known.contains(&&*draft.id).then_some(&draft.id);
                let draft = Draft { id: fresh(&draft.id, known), ..(*draft).clone() };
                let predicted = Predicted::of(tried, of_crowd.then_some(draft.finding));
                let rule = draft.toml(site, finding, &predicted, &expiry(now)).ok()?;
                finding.todo = match draft.limit {
                    None => format!("Review `{}`, which tells the origin.", draft.id),
                    Some(_) => format!(
                        "Review `{}`, which would refuse {} of what it costs; then `promote`.",
                        draft.id,
                        percent(*share)
                    ),
                };
                if let Some(before) = before {
                    finding.todo += &format!(" It takes the place of `{before}`.");
                }
                finding.answered_by = Some(draft.id.clone());
                Some(Proposal { rule, finding: finding.id.clone(), predicted, draft })
            }
            Self::Harmful(nearest) => {
                finding.todo = nearest.map_or_else(
                    || "No rule that was tried would make a difference.".to_owned(),
                    |(draft, tried)| format!("No rule: `{}` {}.", draft.id, hurts(tried, of_crowd)),
                );
                None
            }
        }
    }
}

/// Whom a trial would hurt.
fn hurts(tried: &Tried, of_crowd: bool) -> String {
    let cohorts = if of_crowd { &tried.outside } else { &tried.cohorts };
    let over = cohorts.iter().filter(|cohort| !cohort.within_budget);
    let over = over.flat_map(|cohort| {
        let harms = cohort.harms().into_iter().filter(|harm| harm.is_over);
        harms.map(|harm| {
            format!("{} of {} {} {}", harm.clients, cohort.clients, cohort.name, harm.what)
        })
    });
    let over: Vec<_> = over.collect();
    match &*over {
        [] => format!("would leave {} visitors without any answer for a minute", tried.starved),
        over => format!("would hurt clients beyond their budget ({})", over.join(", ")),
    }
}

/// An id that no rule of the site has: also an expired one is there.
fn fresh(id: &str, known: &[&str]) -> String {
    let more = (2..).map(|number| format!("{id}-{number}"));
    let mut ids = std::iter::once(id.to_owned()).chain(more);
    ids.find(|id| !known.contains(&id.as_str())).unwrap_or_default()
}

fn expiry(now: Time) -> String {
    let day = rfc3339(now);
    let day = day.get(.."2026-01-01".len()).unwrap_or_default();
    day.parse::<jiff::civil::Date>()
        .map(|day| day.saturating_add(jiff::Span::new().days(LIFE_DAYS)).to_string())
        .unwrap_or_default()
}
