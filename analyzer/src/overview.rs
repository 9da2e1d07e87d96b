//! The night at a glance: what each class of clients did, in all and over time.
//!
//! Only clients that are kept in full have their minutes. What the others did
//! is the rest of each minute, told as [`Part::Few`]: nobody among them alone
//! was much.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tidegate_rules::{Ruleset, Time};

use crate::clients::{ClientKey, Clients};
use crate::detect::Finding;
use crate::features::{Minute, minute_start};
use crate::score::{self, Class};
use crate::time;

/// Most points of time in a picture: more than a screen tells apart.
const MOST_POINTS: u64 = 720;

/// Lengths of a step that people read easily, in minutes.
const STEPS: [u64; 11] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720];

/// Whose part it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Clients of a class.
    Class(Class),
    /// Clients that asked for little each, and those whom the log does not name.
    Few,
}

impl Part {
    /// The words used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Class(class) => class.name(),
            Self::Few => "few requests each",
        }
    }
}

/// What the clients of one class did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Clients.
    pub clients: u64,
    /// Requests.
    pub requests: u64,
    /// Units caused at the origin.
    pub units: u64,
}

/// A night at a glance.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// What the clients of each class did, those of a few requests among them.
    pub classes: BTreeMap<Class, Sum>,
    /// What the clients of each agent did, by its name; of those that say no
    /// known one, by `unknown`.
    pub agents: BTreeMap<String, Sum>,
    /// Length of a step, in minutes.
    pub step: u64,
    /// Starts of the steps, evenly spaced, the empty ones among them.
    pub steps: Vec<Time>,
    /// What happened in each step.
    pub parts: Vec<(Part, Vec<Minute>)>,
    /// What those did in each step whom each finding is about, as far as their
    /// minutes are known; empty where they are not.
    pub findings: Vec<Vec<Minute>>,
    /// Minutes in which nothing was asked for between the first and the last.
    pub empty_minutes: u64,
}

impl Overview {
    /// Of everybody of a night, and of those whom findings are about.
    #[must_use]
    pub fn of(rules: &Ruleset, clients: &Clients, findings: &[Finding]) -> Self {
        let Some((&first, &last)) =
            clients.minutes.keys().next().zip(clients.minutes.keys().next_back())
        else {
            return Self::default();
        };
        let overview = Self::between(first, last);
        let steps = Steps { start: first / overview.step * overview.step, step: overview.step };
        let empty = || vec![Minute::default(); overview.steps.len()];
        let mut parts = BTreeMap::new();
        let mut rest = empty();
        for (at, minute) in &clients.minutes {
            add(&mut rest, steps.place(*at), *minute);
        }
        let breadths = clients.breadths();
        let (mut classes, mut agents) = (BTreeMap::new(), BTreeMap::new());
        for at in clients.places() {
            let features = clients.features(at);
            let (class, _) = score::classify(rules, &features, breadths.of(at, &features));
            let agent = features.agent(rules).map_or("unknown", |agent| agent.name.as_str());
            let sums: [&mut Sum; 2] = [
                classes.entry(class).or_default(),
                match agents.get_mut(agent) {
                    Some(sum) => sum,
                    None => agents.entry(agent.to_owned()).or_default(),
                },
            ];
            for sum in sums {
                sum.clients += 1;
                sum.requests += features.requests;
                sum.units += features.units;
            }
            let Some(many) = clients.many(at) else { continue };
            let part = parts.entry(Part::Class(class)).or_insert_with(empty);
            for (at, minute) in many.minutes() {
                add(part, steps.place(*at), *minute);
                take(&mut rest, steps.place(*at), *minute);
            }
        }
        parts.insert(Part::Few, rest);
        parts.retain(|_, steps| steps.iter().any(|step| step.requests > 0));
        let empty_minutes = last - first + 1 - clients.minutes.len() as u64;
        let of_finding = |finding| steps.of_finding(clients, finding, empty());
        Self {
            classes,
            agents,
            empty_minutes,
            findings: findings.iter().map(of_finding).collect(),
            parts: parts.into_iter().collect(),
            ..overview
        }
    }

    /// Nothing yet, in steps from one minute to another.
    fn between(first: u64, last: u64) -> Self {
        let span = last - first + 1;
        let fits = |step: &&u64| span.div_ceil(**step) <= MOST_POINTS;
        let step = STEPS.iter().find(fits).copied().unwrap_or(span.div_ceil(MOST_POINTS));
        let steps = (first / step..=last / step).map(|at| minute_start(at * step)).collect();
        Self { step, steps, ..Self::default() }
    }

    /// The step in which the origin had most to do, and its units.
    #[must_use]
    pub fn worst(&self) -> Option<(Time, u64)> {
        let units = |at: usize| self.parts.iter().map(|(_, steps)| steps[at].units).sum::<u64>();
        let steps = self.steps.iter().enumerate().map(|(at, time)| (*time, units(at)));
        steps.max_by_key(|(time, units)| (*units, std::cmp::Reverse(*time)))
    }

    /// The share of the origin's units that clients of a class caused.
    #[must_use]
    pub fn share(&self, class: Class) -> Option<f64> {
        let all: u64 = self.classes.values().map(|sum| sum.units).sum();
        let of = self.classes.get(&class).map_or(0, |sum| sum.units);
        (all > 0).then(|| score::count(of) / score::count(all))
    }
}

/// Where minutes belong.
struct Steps {
    /// The first minute of the first step.
    start: u64,
    /// Minutes of a step.
    step: u64,
}

impl Steps {
    fn place(&self, at: u64) -> usize {
        usize::try_from(at.saturating_sub(self.start) / self.step).unwrap_or_default()
    }

    /// What those did in each step whom a finding is about.
    fn of_finding(
        &self,
        clients: &Clients,
        finding: &Finding,
        mut steps: Vec<Minute>,
    ) -> Vec<Minute> {
        let keys = finding.keys.iter().filter_map(|key| clients.find(ClientKey::named(key)?));
        let keys: BTreeSet<u32> = keys.collect();
        let of_clients = keys.into_iter().filter_map(|at| Some(clients.many(at)?.minutes()));
        let of_crowd = finding.crowd.iter().flat_map(|crowd| {
            let swarms = clients.swarms.worst_first().into_iter();
            swarms.filter(|(key, _)| crowd.has(*key)).map(|(_, swarm)| swarm.minutes())
        });
        for (at, minute) in of_clients.chain(of_crowd).flatten() {
            add(&mut steps, self.place(*at), *minute);
        }
        if steps.iter().all(|step| step.requests == 0) { Vec::new() } else { steps }
    }
}

fn add(steps: &mut [Minute], at: usize, minute: Minute) {
    if let Some(step) = steps.get_mut(at) {
        step.requests += minute.requests;
        step.units += minute.units;
    }
}

fn take(steps: &mut [Minute], at: usize, minute: Minute) {
    if let Some(step) = steps.get_mut(at) {
        step.requests = step.requests.saturating_sub(minute.requests);
        step.units = step.units.saturating_sub(minute.units);
    }
}

/// The steps' times as seconds since the epoch, for pictures.
#[must_use]
pub(crate) fn seconds(steps: &[Time]) -> Vec<u64> {
    steps.iter().map(|time| time.unix_millis() / 1_000).collect()
}

/// A step's start in words.
#[must_use]
pub(crate) fn told(time: Time) -> String {
    time::rfc3339(time).replace('T', " ").replace(":00Z", " UTC")
}
