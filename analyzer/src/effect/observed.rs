//! What the records say, counted: by rule, and by the visitors that it refused.

use std::collections::{BTreeMap, HashMap};

use tidegate_rules::cohorts::Visitors;
use tidegate_rules::features::{Derived, derive_for};
use tidegate_rules::{CacheState, Learned, Record, Request, Time};

use super::result::{Count, Effect, RuleEffect, Saved};
use super::{Predicted, Records};
use crate::agents::Agents;
use crate::basis::Window;
use crate::ingest::{Line, Summary};
use crate::interval::Share;

/// What became of one visitor.
#[derive(Default)]
struct Told {
    /// How many visitors it stands for: those like it of whom nothing was kept.
    /// Zero until one of its requests simply passed.
    stands_for: f64,
    /// Places of the rules that refused it, or would have.
    refused_by: Vec<u16>,
}

/// What one rule did.
#[derive(Default)]
struct Acts {
    refused: u64,
    would_refuse: u64,
    first: Option<Time>,
    last: Option<Time>,
    units: f64,
}

/// Everything that the records say.
pub(super) struct Observed<'n> {
    records: &'n Records<'n>,
    agents: Agents,
    visitors: Visitors<'n, Told>,
    places: HashMap<&'n str, u16>,
    rules: Vec<Acts>,
    /// Units that all requests would have cost, refused ones included.
    offered: f64,
    window: Option<Window>,
    count: u64,
    sampled: Option<(u8, u8)>,
    unknown_rules: BTreeMap<String, u64>,
    others: u64,
}

impl<'n> Observed<'n> {
    pub(super) fn new(records: &'n Records<'n>) -> Self {
        let rules = &records.rules.rules;
        let place = |(at, rule): (usize, &'n tidegate_rules::rule::Rule)| {
            Some((rule.id(), u16::try_from(at).ok()?))
        };
        Self {
            records,
            agents: Agents::default(),
            visitors: Visitors::new(records.rules),
            places: rules.iter().enumerate().filter_map(place).collect(),
            rules: rules.iter().map(|_| Acts::default()).collect(),
            offered: 0.0,
            window: None,
            count: 0,
            sampled: None,
            unknown_rules: BTreeMap::new(),
            others: 0,
        }
    }

    /// Takes a line into account; one that is no record says nothing of rules.
    pub(super) fn add(&mut self, line: &Line<'_>) {
        let Some(record) = line.decided else {
            self.others += 1;
            return;
        };
        self.count += 1;
        let (low, high) = self.sampled.unwrap_or((record.sampled, record.sampled));
        self.sampled = Some((low.min(record.sampled), high.max(record.sampled)));
        let mut request = line.request.clone();
        self.note_time(request.time);
        let Records { rules, secret, beside, .. } = self.records;
        beside.place(&mut request);
        let named = |text| self.agents.named(rules, secret, text).agent;
        let agent = request.user_agent.and_then(named);
        let derived = derive_for(rules, secret, &request, agent);
        let refusing = self.refusing(record);
        let weight = weight(record);
        let refused = record.decision.refuses();
        let units = f64::from(if refused { derived.units } else { record.units });
        self.offered += units * weight;
        self.note_rules(record, &refusing, request.time, f64::from(derived.units));
        // Whom the cache's stale copy answered, no rule hurt, nor would another have.
        let hurting = if is_told(record) { refusing } else { Vec::new() };
        self.note_visitor(&request, &derived, weight, hurting, units > 0.0);
    }

    fn note_time(&mut self, time: Time) {
        let window = self.window.get_or_insert(Window { from: time, to: time });
        window.from = window.from.min(time);
        window.to = window.to.max(time);
    }

    /// Places of the rules that refused a request, or would have.
    fn refusing(&mut self, record: &Record<'_>) -> Vec<u16> {
        let decided = record.rule.iter().filter(|_| record.decision.refuses());
        let mut refusing = Vec::new();
        for id in decided.chain(&record.shadow) {
            match self.places.get(&**id) {
                Some(at) => refusing.push(*at),
                None => *self.unknown_rules.entry(id.to_string()).or_default() += 1,
            }
        }
        refusing
    }

    fn note_rules(&mut self, record: &Record<'_>, refusing: &[u16], time: Time, units: f64) {
        for at in refusing {
            let Some(acts) = self.rules.get_mut(usize::from(*at)) else { continue };
            let in_shadow = record.shadow.iter().any(|id| self.places.get(&**id) == Some(at));
            acts.would_refuse += u64::from(in_shadow);
            acts.refused += u64::from(!in_shadow && is_told(record));
            acts.first = Some(acts.first.map_or(time, |first| first.min(time)));
            acts.last = Some(acts.last.map_or(time, |last| last.max(time)));
            acts.units += units;
        }
    }

    fn note_visitor(
        &mut self,
        request: &Request<'_>,
        derived: &Derived,
        weight: f64,
        refusing: Vec<u16>,
        reached: bool,
    ) {
        let Some(visitor) = derived.visitor else { return };
        let told = self.visitors.add(visitor, request, derived, reached);
        if refusing.is_empty() {
            told.stands_for = told.stands_for.max(weight);
        }
        for at in refusing {
            if !told.refused_by.contains(&at) {
                told.refused_by.push(at);
            }
        }
    }

    pub(super) fn finish(self, files: Summary, learned: &[Learned]) -> Effect {
        let cohorts = self.records.rules.cohorts.len();
        let mut all = vec![Count::default(); cohorts];
        let mut hurt = vec![vec![0_u64; cohorts]; self.rules.len()];
        for (cohort, told) in self.visitors.members() {
            if let Some(count) = all.get_mut(cohort) {
                count.seen += 1.0;
                // Whoever never simply passed stands for nobody else.
                count.whole += told.stands_for.max(1.0);
            }
            for at in &told.refused_by {
                let of_rule = hurt.get_mut(usize::from(*at)).and_then(|hurt| hurt.get_mut(cohort));
                if let Some(hurt) = of_rule {
                    *hurt += 1;
                }
            }
        }
        let rules = self.records.rules.rules.iter().zip(&self.rules).zip(&hurt);
        let rules = rules.map(|((rule, acts), hurt)| {
            let told = learned.iter().find(|learned| learned.rule == rule.id());
            let predicted = told.map(|told| Predicted::read(&told.predicted)).unwrap_or_default();
            let observed = (self.offered > 0.0).then(|| acts.units / self.offered);
            RuleEffect {
                first: acts.first,
                last: acts.last,
                refused: acts.refused,
                would_refuse: acts.would_refuse,
                saved: Saved { observed, predicted: predicted.saved },
                ..RuleEffect::of(rule, &self.records.rules.cohorts, hurt, &all, &predicted)
            }
            .judged()
        });
        Effect {
            rules: rules.collect(),
            window: self.window,
            records: self.count,
            others: self.others,
            sampled: self.sampled.map(|(low, high)| [low, high]),
            unknown_rules: self.unknown_rules,
            bad: files.bad(),
            files,
            ..Effect::of(&self.records.rules.site)
        }
    }
}

/// Whether a client saw what was decided. The origin is spared in any case.
fn is_told(record: &Record<'_>) -> bool {
    record.cache != Some(CacheState::Stale)
}

/// How many requests like this one there were, as far as records can say: what
/// did not simply pass is always recorded.
fn weight(record: &Record<'_>) -> f64 {
    let always = record.decision.refuses() || !record.shadow.is_empty() || !record.notes.is_empty();
    if always { 1.0 } else { 100.0 / f64::from(record.sampled.max(1)) }
}

impl Count {
    /// The share of a cohort that was hurt.
    pub(super) fn share(self, hurt: u64) -> Option<Share> {
        Share::among(crate::score::count(hurt) / self.whole.max(1.0), self.seen)
    }
}
