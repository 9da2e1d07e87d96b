//! Who was refused by a trial, and what that makes of cohorts.

use std::collections::{BTreeMap, HashMap, HashSet};

use tidegate_rules::cohorts::{Account, CohortResult};

use super::bits::{Bits, bits};
use super::{HURT_SHOWN, Tried, Watched};
use crate::backtest::result::OriginUnits;
use crate::clients::ClientKey;
use crate::night::Seen;

/// A visitor of the night.
#[derive(Default)]
pub(super) struct Person {
    pub(super) visitor: u128,
    pub(super) client: Option<ClientKey>,
    pub(super) requests: u64,
    /// The groups that it belongs to.
    pub(super) groups: Bits,
    /// The trials that refused it ever, and those whose last word was a refusal.
    pub(super) hurt: Bits,
    pub(super) refused: Bits,
}

/// What one trial did.
#[derive(Default)]
pub(super) struct Trial {
    pub(super) accounts: HashMap<u128, Account>,
    pub(super) clients: HashSet<ClientKey>,
    pub(super) refused: u64,
    pub(super) units_refused: u64,
    pub(super) watched: Vec<(u64, u64)>,
}

impl Trial {
    pub(super) fn refuse(&mut self, seen: &Seen<'_>, groups: Bits) {
        self.refused += 1;
        self.units_refused += u64::from(seen.units);
        for at in bits(groups) {
            if let Some((refused, units)) = self.watched.get_mut(at) {
                *refused += 1;
                *units += u64::from(seen.units);
            }
        }
    }

    pub(super) fn finish(self, harms: Harms, units: u64, groups: &[(&(u64, u64), u64)]) -> Tried {
        let of = |offered: u64, refused: u64| OriginUnits { offered, admitted: offered - refused };
        let refused = self.watched.iter().zip(harms.visitors);
        let watched = groups.iter().zip(refused);
        let watched = watched.map(|(((requests, units), visitors), (refused, people))| Watched {
            requests: *requests,
            refused: refused.0,
            origin_units: of(*units, refused.1),
            visitors: *visitors,
            visitors_refused: people,
        });
        let [cohorts, outside] = harms.cohorts;
        let clients = harms.clients.into_iter().map(BTreeMap::into_values);
        Tried {
            cohorts,
            outside,
            hurt: clients.map(Iterator::collect).collect(),
            origin_units: of(units, self.units_refused),
            refused: self.refused,
            clients_refused: self.clients.len(),
            starved: harms.starved,
            watched: watched.collect(),
        }
    }
}

/// What a trial did to visitors.
pub(super) struct Harms {
    /// To all members of each cohort, and to those outside of crowds.
    pub(super) cohorts: [Vec<CohortResult>; 2],
    pub(super) clients: Vec<BTreeMap<String, ClientKey>>,
    pub(super) starved: u64,
    /// Visitors of each group whom it refused.
    pub(super) visitors: Vec<u64>,
}

impl Harms {
    pub(super) fn new(none: &[CohortResult], groups: usize) -> Self {
        Self {
            cohorts: [none.to_vec(), none.to_vec()],
            clients: none.iter().map(|_| BTreeMap::new()).collect(),
            starved: 0,
            visitors: vec![0; groups],
        }
    }

    /// Counts a member of a cohort; `sides` is 1 for one of a crowd.
    pub(super) fn add_member(
        &mut self,
        cohort: usize,
        person: &Person,
        account: &Account,
        sides: usize,
    ) {
        for cohorts in self.cohorts.iter_mut().take(sides) {
            cohorts[cohort].hurt(account);
        }
        if let Some(client) = person.client {
            let clients = &mut self.clients[cohort];
            clients.insert(client.to_string(), client);
            if clients.len() > HURT_SHOWN {
                clients.pop_last();
            }
        }
    }

    /// Counts a visitor.
    pub(super) fn add(&mut self, person: &Person, account: &Account, sides: usize) {
        self.starved += u64::from(sides == 2 && account.starved());
        bits(person.groups).for_each(|at| self.visitors[at] += 1);
    }

    pub(super) fn judged(mut self, everybody: &[Vec<CohortResult>; 2]) -> Self {
        for (cohorts, all) in self.cohorts.iter_mut().zip(everybody) {
            for (cohort, all) in cohorts.iter_mut().zip(all) {
                (cohort.clients, cohort.requests) = (all.clients, all.requests);
                cohort.judge();
            }
        }
        self
    }
}
