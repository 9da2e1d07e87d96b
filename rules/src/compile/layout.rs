//! Cells laid out: a slot for each budget, a bitmap pair for each breadth
//! window, for each kind of key.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::ops::RangeInclusive;

use super::Compiler;
use crate::breadth::bits_for;
use crate::cell::{CELL_BOUND, Layout, Window};
use crate::key::{KeyKind, SHARD_ROOM};
use crate::parse::At;
use crate::quota::Quota;
use crate::rule::{Breadth, Budget};
use crate::store::Gate;
use crate::strain::OriginState;

/// The cells of one kind of key, while rules still add to them.
#[derive(Default)]
pub(super) struct Plan {
    budgets: Vec<Quota>,
    windows: Vec<Window>,
    history: bool,
    /// Into how many shards the smallest budget can be split.
    room: Option<u32>,
    rules: Vec<(String, At)>,
    /// Whether a rule asks while the origin is calm.
    calm: bool,
}

/// What a rule asks of the cells of its key.
pub(super) struct Wish<'r> {
    pub(super) id: &'r str,
    pub(super) at: &'r At,
    pub(super) key: KeyKind,
    pub(super) quota: Quota,
    /// What the cheapest and the dearest request cost that it charges.
    pub(super) costs: RangeInclusive<u32>,
    pub(super) breadth: Option<Breadth>,
    pub(super) origin: Option<OriginState>,
    /// The quota of visitors with a history, where the key is a crowd.
    pub(super) floor: Option<Quota>,
}

/// Most kinds of cells that may be read before the origin is asked: while it is
/// calm, and while it is strained. The estimate of its strain comes on top.
const READS: [(OriginState, usize); 2] = [(OriginState::Calm, 2), (OriginState::Strained, 5)];

impl Plan {
    fn place(&mut self, wish: &Wish<'_>, quota: Quota) -> u16 {
        let slot = u16::try_from(self.budgets.len()).unwrap_or(u16::MAX);
        let dearest = (*wish.costs.end()).max(1);
        let room = quota.burst().get() / dearest.saturating_mul(SHARD_ROOM);
        self.room = Some(self.room.map_or(room, |least| least.min(room)));
        self.budgets.push(quota);
        self.rules.push((wish.id.to_owned(), wish.at.clone()));
        self.calm |= wish.origin != Some(OriginState::Strained);
        slot
    }

    /// Rules that ask for breadth over the same period share one window, wide
    /// enough for the largest threshold.
    fn gate(&mut self, breadth: Breadth) -> Gate {
        let threshold = breadth.over.max(breadth.under).unwrap_or_default();
        let bits = bits_for(threshold);
        let found = self.windows.iter().position(|window| window.period_ms == breadth.period_ms);
        let at = found.unwrap_or_else(|| {
            self.windows.push(Window { period_ms: breadth.period_ms, bits });
            self.windows.len() - 1
        });
        if let Some(window) = self.windows.get_mut(at) {
            window.bits = window.bits.max(bits);
        }
        let window = u16::try_from(at).unwrap_or(u16::MAX);
        Gate { window, over: breadth.over, under: breadth.under }
    }
}

/// The cells of every kind of key that rules use.
pub(super) type Plans = BTreeMap<KeyKind, Plan>;

/// Takes a rule's budget in and says where it lies.
pub(super) fn add(plans: &mut Plans, wish: &Wish<'_>) -> Budget {
    let floor = wish.floor.map(|quota| {
        let visitors = plans.entry(KeyKind::Visitor).or_default();
        // A visitor comes to have a history before the strain, so its cell is kept
        // while the origin is calm, too.
        visitors.calm = true;
        visitors.history = true;
        visitors.place(wish, quota)
    });
    let plan = plans.entry(wish.key).or_default();
    let slot = plan.place(wish, wish.quota);
    let gate = wish.breadth.map(|breadth| plan.gate(breadth));
    Budget { key: wish.key, slot, quota: wish.quota, gate, origin: wish.origin, floor }
}

impl Compiler<'_> {
    /// The finished layouts, of the kinds that rules use.
    pub(super) fn layouts(&self, plans: Plans) -> Vec<(KeyKind, Layout)> {
        for (state, most) in READS {
            self.demand_few_reads(&plans, state, most);
        }
        plans
            .into_iter()
            .map(|(kind, plan)| {
                let shards = self.shards(kind, &plan);
                let layout = Layout::new(plan.budgets, plan.windows).sharded(shards);
                let layout = if plan.history { layout.with_history() } else { layout };
                if layout.size() > CELL_BOUND {
                    self.too_large(kind, layout.size(), &plan.rules);
                }
                (kind, layout)
            })
            .collect()
    }

    /// How many shards a key of `kind` is kept in. One, where a cell must know all
    /// that its key asked for, or where the platform counts: it forgets nothing.
    fn shards(&self, kind: KeyKind, plan: &Plan) -> NonZeroU8 {
        let whole = plan.history || !plan.windows.is_empty() || self.is_counted(kind);
        let room = plan.room.filter(|_| !whole).unwrap_or_default();
        let shards = u8::try_from(room).unwrap_or(u8::MAX).min(kind.shards());
        NonZeroU8::new(shards).unwrap_or(NonZeroU8::MIN)
    }

    fn demand_few_reads(&self, plans: &Plans, state: OriginState, most: usize) {
        let read = plans.iter().filter(|(_, plan)| plan.calm || state == OriginState::Strained);
        let read: Vec<_> = read.collect();
        if read.len() <= most {
            return;
        }
        let kinds = read.iter().map(|(kind, plan)| {
            let rules: Vec<_> = plan.rules.iter().map(|(id, _)| format!("`{id}`")).collect();
            format!("{} ({})", kind.name(), rules.join(", "))
        });
        let message = format!(
            "a request would read {} kinds of cells while the origin is {}, of at most {most}",
            read.len(),
            state.name()
        );
        let help = format!(
            "they are {}; drop a kind, or ask for one only with `origin = \"strained\"`",
            kinds.collect::<Vec<_>>().join(", ")
        );
        let last = read.last().and_then(|(_, plan)| plan.rules.last());
        self.context.report(last.map(|(_, at)| at), "too-many-reads", message, Some(help));
    }

    fn too_large(&self, kind: KeyKind, size: usize, rules: &[(String, At)]) {
        let names: Vec<_> = rules.iter().map(|(id, _)| format!("`{id}`")).collect();
        let message = format!(
            "the cell of a {} would be {size} bytes, of at most {CELL_BOUND}",
            kind.name(),
        );
        let help = format!(
            "these rules share it: {}; merge some, or let breadth rules share one `per`",
            names.join(", "),
        );
        let at = rules.last().map(|(_, at)| at);
        self.context.report(at, "cell-too-large", message, Some(help));
    }
}
