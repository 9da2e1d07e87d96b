//! What a budget said, from what its cell held before and after.

use serde::Serialize;

use super::watch::{Account, Asked};
use super::{Said, Told};
use crate::cell::{Cell, Layout};
use crate::gcra::{self, Charged};
use crate::key::CellKey;
use crate::request::Time;
use crate::rule::{Breadth, Budget};
use crate::ruleset::Ruleset;
use crate::store::{Answer, Ask};
use crate::strain::OriginState;
use crate::text::{grouped, span};

/// A budget that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BudgetAsked {
    /// Who shares it: the kind of key.
    pub key: &'static str,
    /// Whether it is the floor of a visitor with a history, which refuses nobody.
    pub floor: bool,
    /// Units that the request asked for.
    pub units: u32,
    /// Units that may be spent at once.
    pub burst: u32,
    /// Units earned each period.
    pub earned: u32,
    /// That period, in milliseconds.
    pub per_ms: u32,
    /// Units that it had before the request.
    pub before: u32,
    /// Units that it had after the answer.
    pub after: u32,
    /// Milliseconds until it has enough, where it had not.
    pub retry_ms: Option<u64>,
    /// Into how many parts the key's budget is split, this being one.
    pub shards: u8,
    /// The breadth that the rule waits for.
    pub breadth: Option<BreadthAsked>,
}

/// A breadth that a rule waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreadthAsked {
    /// Different pages that the key asked the origin for, this one included.
    pub pages: u32,
    /// The rule begins above this.
    pub over: Option<u32>,
    /// The rule ends at this.
    pub under: Option<u32>,
    /// Length of the window, in milliseconds.
    pub per_ms: u32,
}

impl BreadthAsked {
    fn holds(&self) -> bool {
        let Self { pages, over, under, per_ms } = *self;
        Breadth { period_ms: per_ms, over, under }.holds(pages)
    }

    /// What the rule waits for.
    fn waits(&self) -> String {
        let counted = self.counted();
        match (self.over, self.under) {
            (Some(over), _) if self.pages <= over => {
                format!("{counted}; it begins above {}", grouped(over.into()))
            }
            (_, Some(under)) => {
                format!("{counted}; it is for fewer than {}", grouped(under.into()))
            }
            _ => counted,
        }
    }

    /// How many pages there were.
    pub(super) fn counted(&self) -> String {
        let (pages, per) = (grouped(self.pages.into()), span(self.per_ms.into()));
        match self.pages {
            1 => format!("1 page within {per}"),
            _ => format!("{pages} different pages within {per}"),
        }
    }
}

/// What a budget has left after a request, for whoever draws its course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The rule whose budget it is.
    pub rule: u16,
    /// The cell that it lies in.
    pub key: CellKey,
    /// Whether it is a floor.
    pub floor: bool,
    /// Units left.
    pub left: u32,
    /// Units that may be spent at once.
    pub burst: u32,
}

impl Account {
    /// What each budget that was looked at has left at `now`.
    #[must_use]
    pub fn levels(&self, rules: &Ruleset, now: Time) -> Vec<Level> {
        let level = |asked: &Asked, ask: &Ask| {
            let layout = rules.layout(asked.key.kind)?;
            let quota = layout.budget(ask.slot)?;
            let left = available(layout, &asked.after, ask.slot, now)?;
            let burst = quota.burst().get();
            Some(Level { rule: ask.rule, key: asked.key, floor: ask.floor, left, burst })
        };
        let of = |asked: &Asked| asked.asks.iter().filter_map(|ask| level(asked, ask)).collect();
        self.asked.iter().flat_map(|asked| -> Vec<Level> { of(asked) }).collect()
    }
}

/// Units that a budget of a stored cell has at `now`.
fn available(layout: &Layout, stored: &Option<Vec<u8>>, slot: u16, now: Time) -> Option<u32> {
    let arrival = Cell::open(layout, stored.clone()).arrival(slot);
    Some(gcra::available(layout.budget(slot)?, arrival, now))
}

/// One rule with a budget, about the request.
pub(super) struct Asking<'t> {
    pub(super) told: Told<'t>,
    pub(super) at: u16,
    pub(super) budget: &'t Budget,
}

impl Asking<'_> {
    /// What the rule said, why, and what was asked.
    pub(super) fn answer(&self) -> (Said, String, Vec<BudgetAsked>) {
        let budgets = self.asked();
        let (said, because) = self.said(&budgets);
        (said, because, budgets)
    }

    fn said(&self, budgets: &[BudgetAsked]) -> (Said, String) {
        if let Some(why) = self.not_asked() {
            return (Said::Unasked, why);
        }
        let answer = |floor| {
            let mut own = self.told.account.answers.iter();
            own.find(|answer| answer.rule == self.at && answer.floor == floor)
        };
        let own = budgets.iter().find(|asked| !asked.floor);
        let floor = budgets.iter().find(|asked| asked.floor);
        if let (Some(Answer { charged: Charged::Passed { .. }, .. }), Some(floor)) =
            (answer(true), floor)
        {
            let left = grouped(floor.before.into());
            return (
                Said::Within,
                format!("a visitor with a history, whose floor has {left} units"),
            );
        }
        match (answer(false), own) {
            (Some(Answer { charged: Charged::Refused { retry_ms }, .. }), Some(own)) => {
                let (has, needs) = (grouped(own.before.into()), grouped(own.units.into()));
                let (wait, floor) = (span(*retry_ms), self.without_floor());
                (
                    Said::Refuses,
                    format!("{has} of the {needs} units needed, the rest in {wait}{floor}"),
                )
            }
            (Some(_), Some(own)) => {
                let (has, needs) = (grouped(own.before.into()), grouped(own.units.into()));
                (Said::Within, format!("{has} units, {needs} needed{}", self.without_floor()))
            }
            (_, Some(own)) => match own.breadth.as_ref().filter(|breadth| !breadth.holds()) {
                Some(breadth) => (Said::Waits, breadth.waits()),
                None => (Said::Unasked, "its cell could not be read".to_owned()),
            },
            (_, None) => self.without_cell(),
        }
    }

    /// Why the rule's floor, where it has one, did not spare the visitor.
    fn without_floor(&self) -> &'static str {
        let own = |asked: &&Asked| asked.asks.iter().any(|ask| ask.rule == self.at && ask.floor);
        let Some(asked) = self.told.account.asked.iter().find(own) else { return "" };
        let layout = self.told.engine.rules.layout(asked.key.kind);
        let known = layout.zip(asked.strained_since).is_some_and(|(layout, since)| {
            Cell::open(layout, asked.after.clone()).has_history(since)
        });
        if known { "; its own floor is spent" } else { "; without a history it has no floor" }
    }

    /// Why no budget of any rule had a say, where none had.
    fn not_asked(&self) -> Option<String> {
        let Told { admission, .. } = self.told;
        if !admission.counted {
            return Some("a verdict came before every budget".to_owned());
        }
        if admission.derived.units == 0 {
            return Some("the route costs the origin nothing".to_owned());
        }
        (!admission.asked).then(|| "the origin was not asked, so nothing is charged".to_owned())
    }

    /// Why no cell was asked for this rule's budget.
    fn without_cell(&self) -> (Said, String) {
        let (budget, account) = (self.budget, self.told.account);
        match (budget.origin, account.origin) {
            (Some(_), None) => {
                return (Said::Unasked, "how the origin is was not known".to_owned());
            }
            (Some(wanted), Some(origin)) if wanted != origin => {
                let begins = match wanted {
                    OriginState::Calm => "it is for a calm one",
                    OriginState::Strained => "it begins while it is strained",
                };
                return (Said::Waits, format!("the origin is {}; {begins}", origin.name()));
            }
            _ => {}
        }
        (Said::Unasked, format!("its key, `{}`, is not known", budget.key.name()))
    }

    /// What was asked of cells for this rule, the floor first.
    fn asked(&self) -> Vec<BudgetAsked> {
        let cells = self.told.account.asked.iter();
        let own = cells.flat_map(|asked| {
            let asks = asked.asks.iter().filter(|ask| ask.rule == self.at);
            asks.filter_map(|ask| self.budget_asked(asked, ask))
        });
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|budget| !budget.floor);
        own
    }

    fn budget_asked(&self, asked: &Asked, ask: &Ask) -> Option<BudgetAsked> {
        let now = self.told.request.time;
        let layout = self.told.engine.rules.layout(asked.key.kind)?;
        let quota = layout.budget(ask.slot)?;
        let mut answers = self.told.account.answers.iter();
        let answer = answers.find(|answer| answer.rule == self.at && answer.floor == ask.floor);
        // A floor that has nothing to give was not asked any further.
        if ask.floor && answer.is_none() {
            return None;
        }
        Some(BudgetAsked {
            key: asked.key.kind.name(),
            floor: ask.floor,
            units: ask.units.get(),
            burst: quota.burst().get(),
            earned: quota.units(),
            per_ms: quota.period_ms(),
            before: available(layout, &asked.before, ask.slot, now)?,
            after: available(layout, &asked.after, ask.slot, now)?,
            retry_ms: answer.and_then(|answer| match answer.charged {
                Charged::Refused { retry_ms } => Some(retry_ms),
                Charged::Passed { .. } => None,
            }),
            shards: layout.shards().get(),
            breadth: self.breadth(layout, asked, ask),
        })
    }

    /// The breadth that opened the rule's gate or did not, counted as it was then.
    fn breadth(&self, layout: &Layout, asked: &Asked, ask: &Ask) -> Option<BreadthAsked> {
        let (gate, page) = (ask.gate?, asked.page?);
        let window = layout.windows().get(usize::from(gate.window))?;
        let mut cell = Cell::open(layout, asked.before.clone());
        let pages = *cell.mark(page, self.told.request.time).get(usize::from(gate.window))?;
        let (over, under, per_ms) = (gate.over, gate.under, window.period_ms);
        Some(BreadthAsked { pages, over, under, per_ms })
    }
}
