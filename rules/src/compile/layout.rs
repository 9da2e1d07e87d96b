//! Cells laid out: a slot for each budget, a bitmap pair for each breadth
//! window, for each kind of key.

use std::collections::BTreeMap;

use super::Compiler;
use crate::breadth::bits_for;
use crate::cell::{CELL_BOUND, Layout, Window};
use crate::key::KeyKind;
use crate::parse::At;
use crate::quota::Quota;
use crate::rule::{Breadth, Budget};
use crate::store::Gate;

/// The cells of one kind of key, while rules still add to them.
#[derive(Default)]
pub(super) struct Plan {
    budgets: Vec<Quota>,
    windows: Vec<Window>,
    rules: Vec<(String, At)>,
}

impl Plan {
    /// Takes a budget in and says where it lies.
    pub(super) fn add(
        &mut self,
        id: &str,
        at: &At,
        key: KeyKind,
        quota: Quota,
        breadth: Option<Breadth>,
    ) -> Budget {
        let slot = u16::try_from(self.budgets.len()).unwrap_or(u16::MAX);
        self.budgets.push(quota);
        self.rules.push((id.to_owned(), at.clone()));
        let gate = breadth.map(|breadth| self.gate(breadth));
        Budget { key, slot, quota, gate }
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

impl Compiler<'_> {
    /// The finished layouts, of the kinds that rules use.
    pub(super) fn layouts(&self, plans: BTreeMap<KeyKind, Plan>) -> Vec<(KeyKind, Layout)> {
        plans
            .into_iter()
            .map(|(kind, plan)| {
                let layout = Layout::new(plan.budgets, plan.windows);
                if layout.size() > CELL_BOUND {
                    self.too_large(kind, layout.size(), &plan.rules);
                }
                (kind, layout)
            })
            .collect()
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
