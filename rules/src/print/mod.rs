//! Rules back to the TOML that an author would have written.
//!
//! What was tried and what is written down must be one thing, so whoever makes a
//! rule without an author makes the rule and has its text printed here. Compiled
//! again beside the same site, the text is the same rule.
//!
//! Nothing is guessed: what no author could have written is not printed either,
//! and what the compiled rule no longer knows is said in a comment.

mod condition;
mod networks;
mod table;

use std::fmt;

pub use table::Table;

use crate::cell::Layout;
use crate::key::KeyKind;
use crate::quota::Quota;
use crate::request::Time;
use crate::rule::{Breadth, Budget, Effect, Mode, Rule, Verdict};
use crate::ruleset::Ruleset;
use crate::strain::OriginState;
use condition::Counted;

/// What stands for the window of a rule that is off: its cells were never laid
/// out.
const FORGOTTEN_MS: u32 = 600_000;

/// How the quotas of a rule are called. A rule set keeps no names of quotas;
/// no two quotas of a site may have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaNames {
    /// The quota of the budget.
    pub budget: String,
    /// The quota of visitors with a history.
    pub floor: String,
}

impl QuotaNames {
    /// Names made from a rule's id. Those of different rules differ, whatever
    /// their ids.
    #[must_use]
    pub fn of(rule: &Rule) -> Self {
        Self { budget: format!("{}-budget", rule.id()), floor: format!("{}-floor", rule.id()) }
    }
}

/// A rule as text, before it is put together: whoever prints it may add keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The quotas that the rule names.
    pub quotas: Vec<Table>,
    /// The rule.
    pub rule: Table,
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for quota in &self.quotas {
            writeln!(f, "{quota}")?;
        }
        write!(f, "{}", self.rule)
    }
}

/// Why a rule has no text: no author can have written it. The message fits
/// behind a colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unprintable(pub(crate) &'static str);

impl fmt::Display for Unprintable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unprintable {}

/// One of `rules`' rules as text.
///
/// # Errors
///
/// Where the rule says what no rule file can: places that the site does not
/// have, times that are no days, durations that are not whole seconds.
///
/// ```
/// use tidegate_rules::{compile, print};
///
/// let text = r#"
/// format = 1
/// site   = "docs.rs"
///
/// [[rule]]
/// id      = "closed"
/// why     = "The old feed is gone."
/// match   = { path = "/feed" }
/// verdict = "block"
/// "#;
/// let rules = compile("docs-rs.toml", &mut |_| Ok(text.to_owned())).unwrap().rules;
/// let rule = &rules.rules[0];
/// let printed = print::rule(&rules, rule, &print::QuotaNames::of(rule)).unwrap();
/// assert!(printed.to_string().contains(r#"match   = { path = "/feed" }"#));
/// ```
pub fn rule(rules: &Ruleset, rule: &Rule, names: &QuotaNames) -> Result<Printed, Unprintable> {
    let mut table = Table::new("[[rule]]");
    table.text("id", rule.id());
    table.text("why", rule.why());
    let quotas = match &rule.effect {
        Effect::Throttle(budget) => throttle(rules, rule, budget, names, &mut table)?,
        Effect::Allow => verdict(rules, rule, Verdict::Allow, &mut table)?,
        Effect::Block => verdict(rules, rule, Verdict::Block, &mut table)?,
        Effect::Tag => verdict(rules, rule, Verdict::Tag, &mut table)?,
    };
    if let Some(advice) = rule.advice() {
        table.text("advice", advice);
    }
    table.text("mode", rule.mode.name());
    match (rule.rollout, rule.mode) {
        (100, _) => {}
        (share @ 1..100, Mode::Enforce) => table.number("rollout", share.into()),
        _ => return Err(Unprintable("only an enforced rule is rolled out, to some of the keys")),
    }
    if let Some(starts) = rule.starts {
        table.text("starts", &day_at(starts.unix_millis())?);
    }
    if let Some(expires) = rule.expires {
        let start = expires.unix_millis().checked_sub(DAY_MS);
        table.text("expires", &day_at(start.ok_or(NO_DAY)?)?);
    }
    Ok(Printed { quotas, rule: table })
}

fn verdict(
    rules: &Ruleset,
    rule: &Rule,
    verdict: Verdict,
    table: &mut Table,
) -> Result<Vec<Table>, Unprintable> {
    if let Some(inline) = condition::inline(rules, &rule.condition, &Counted::default())? {
        table.value("match", inline);
    }
    table.text("verdict", verdict.name());
    Ok(Vec::new())
}

fn throttle(
    rules: &Ruleset,
    rule: &Rule,
    budget: &Budget,
    names: &QuotaNames,
    table: &mut Table,
) -> Result<Vec<Table>, Unprintable> {
    let off = rule.mode == Mode::Off;
    let counted = Counted { breadth: breadth(rules, budget, off)?, origin: origin(budget)? };
    if off && counted.breadth.is_some() {
        table.comment("The rule is off, and its breadth's own `per` is not known any more.");
    }
    if let Some(inline) = condition::inline(rules, &rule.condition, &counted)? {
        table.value("match", inline);
    }
    table.text("key", budget.key.name());
    table.text("quota", &names.budget);
    let mut quotas = vec![quota(&names.budget, &budget.quota)?];
    if let Some(slot) = budget.floor {
        if off {
            table.comment("The rule is off, and its own floor is not known any more.");
        }
        table.text("floor", &names.floor);
        let known = rules.layout(KeyKind::Visitor).and_then(|layout| layout.budget(slot));
        let floor = if off { Some(&budget.quota) } else { known };
        quotas.push(quota(&names.floor, floor.ok_or(Unprintable("its floor is in no cell"))?)?);
    }
    Ok(quotas)
}

/// The breadth that opens the gate of a budget.
fn breadth(rules: &Ruleset, budget: &Budget, off: bool) -> Result<Option<Breadth>, Unprintable> {
    let Some(gate) = budget.gate else { return Ok(None) };
    let windows = rules.layout(budget.key).map(Layout::windows).unwrap_or_default();
    let known = windows.get(usize::from(gate.window)).map(|window| window.period_ms);
    let period_ms = if off { Some(FORGOTTEN_MS) } else { known };
    let period_ms = period_ms.ok_or(Unprintable("its breadth is in no cell"))?;
    Ok(Some(Breadth { period_ms, over: gate.over, under: gate.under }))
}

/// For a crowd the state goes without saying, and no other can be said.
fn origin(budget: &Budget) -> Result<Option<OriginState>, Unprintable> {
    match (budget.key, budget.origin) {
        (KeyKind::Crowd, Some(OriginState::Strained)) => Ok(None),
        (KeyKind::Crowd, _) => Err(Unprintable("a crowd has no budget while the origin is calm")),
        (_, told) => Ok(told),
    }
}

fn quota(name: &str, quota: &Quota) -> Result<Table, Unprintable> {
    let mut table = Table::new("[[quota]]");
    table.text("name", name);
    table.number("units", quota.units().into());
    table.text("per", &duration(quota.period_ms())?);
    table.number("burst", quota.burst().get().into());
    Ok(table)
}

/// A duration as rule files write it: `10m`.
///
/// # Errors
///
/// Where it is none of whole seconds.
pub fn duration(millis: u32) -> Result<String, Unprintable> {
    match (millis / 1_000, millis % 1_000) {
        (seconds @ 1.., 0) if seconds % 3_600 == 0 => Ok(format!("{}h", seconds / 3_600)),
        (seconds @ 1.., 0) if seconds % 60 == 0 => Ok(format!("{}m", seconds / 60)),
        (seconds @ 1.., 0) => Ok(format!("{seconds}s")),
        _ => Err(Unprintable("it has a duration that is not of whole seconds")),
    }
}

const DAY_MS: u64 = 24 * 3600 * 1000;

const NO_DAY: Unprintable = Unprintable("it starts or expires within a day");

/// The day that starts at a time, in UTC.
fn day_at(millis: u64) -> Result<String, Unprintable> {
    if !millis.is_multiple_of(DAY_MS) || millis > Time::MAX.unix_millis() {
        return Err(NO_DAY);
    }
    let at = i64::try_from(millis).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    let start = at.map(|at| jiff::tz::Offset::UTC.to_datetime(at));
    start.map(|start| start.date().to_string()).ok_or(NO_DAY)
}
