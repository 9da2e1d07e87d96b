//! What came of the gate, for people.

use super::{Gate, Hurt, Refused};
use crate::page::{Form, Page};
use crate::text::{grouped, masked, percent};

impl Gate {
    /// What came of it, for people: at most 80 columns, but for the TOML. Clients
    /// appear as their networks, or as the hashes that they are named by.
    #[must_use]
    pub fn told(&self) -> String {
        let mut page = Page::new(Form::Text, "Backtest of each rule");
        let (rules, requests) = (grouped(self.rules as u64), grouped(self.requests));
        page.item(&format!("{rules} rules tried on {requests} requests."));
        if self.untried > 0 {
            page.item(&format!(
                "{} rules were not tried: there is no room beside so many that exempt.",
                self.untried
            ));
        }
        if !self.idle.is_empty() {
            let idle: Vec<_> = self.idle.iter().map(|rule| format!("`{rule}`")).collect();
            page.item(&format!(
                "In force, but without anything to refuse in this log, so it says nothing of \
                 whom they hurt: {}.",
                idle.join(", ")
            ));
        }
        self.refused.iter().for_each(|refused| refused.tell(&mut page));
        if !self.together.is_empty() {
            page.item("No rule alone, but those in force together hurt clients beyond a budget:");
            self.together.iter().for_each(|hurt| hurt.tell(&mut page));
        }
        if self.refused.is_empty() && self.together.is_empty() {
            page.item("No cohort is hurt beyond its budget.");
        }
        page.finish()
    }
}

impl Refused {
    fn tell(&self, page: &mut Page) {
        page.heading(&match self.enforced {
            true => format!("`{}` hurts clients beyond a budget", self.rule),
            false => format!("`{}`, in shadow, would hurt clients beyond a budget", self.rule),
        });
        self.hurt.iter().for_each(|hurt| hurt.tell(page));
        if self.changes.is_empty() {
            page.item("Nothing that was tried would pass: narrow its `match`, or let it go.");
        }
        for change in &self.changes {
            let refuses = match change.refuses {
                0 => "and refuse nothing of this log".to_owned(),
                refuses => format!("and refuse {} requests of this log", grouped(refuses)),
            };
            page.item(&format!("This would pass {refuses}: {}.", change.what));
            page.code(&change.rule);
        }
    }
}

impl Hurt {
    fn tell(&self, page: &mut Page) {
        page.item(&format!(
            "{}: {} of {} clients {}; at most {} may be.",
            self.cohort,
            grouped(self.clients),
            grouped(self.of),
            self.what,
            percent(self.budget)
        ));
        let mut keys: Vec<_> = self.keys.iter().map(|key| masked(key, false)).collect();
        keys.dedup();
        page.detail(&format!("among them {}", keys.join(", ")));
    }
}
