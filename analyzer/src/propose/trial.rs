//! All drafts of all findings, and the rules in force, tried on the night in one
//! pass.

use std::collections::{HashMap, HashSet};

use tidegate_rules::index::RuleIndex;
use tidegate_rules::rule::Rule;
use tidegate_rules::{Engine, Mode, Ruleset, Time};

use super::draft::{Draft, batches, site_of};
use crate::backtest::{self, MOST_TRIALS, Tried, Watch, side_by_side};
use crate::clients::{ClientKey, Clients};
use crate::detect::{Crowd, Finding};
use crate::features::SwarmKey;
use crate::ingest::{IngestError, Progress};
use crate::night::{Night, Seen};

/// What came of the trials.
pub(super) struct Trials {
    /// Of each draft; `None` of those for which there was no room.
    pub(super) drafts: Vec<Option<Tried>>,
    /// Of the site's own rules in force, together.
    pub(super) together: Option<Tried>,
    /// Of the site's own rules that live now.
    pub(super) own: Vec<(Rule, Tried)>,
}

/// Tries drafts, and the site's own rules beside them. What is watched are the
/// findings that are asked about: what came of each has its place among all.
pub(super) fn run(
    night: &Night<'_>,
    clients: &Clients,
    (findings, asked): (&[Finding], &[usize]),
    drafts: &[Draft],
    now: Time,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Trials, IngestError> {
    let own = in_force(night.rules, now);
    // The site last: there is room for its rules in force together, however many
    // they are.
    let batches = batches(drafts);
    let of_batch = |batch: &Vec<usize>| {
        let drafts: Vec<&Draft> = batch.iter().map(|at| &drafts[*at]).collect();
        site_of(night.rules, &drafts, Mode::Shadow)
    };
    let sites = batches.iter().map(of_batch).chain([own.clone()]);
    let engines: Vec<_> = sites.map(|rules| engine(night, rules)).collect();
    let looked_at: Vec<&Finding> =
        asked.iter().map(|at| &findings[*at]).take(MOST_TRIALS).collect();
    let watched = Watched::new(clients, &looked_at);
    let crowds = looked_at.iter().enumerate();
    let crowds = crowds.filter(|(_, finding)| finding.crowd.is_some());
    let crowds = crowds.fold(0, |all, (at, _)| all | 1 << at);
    let watch = Watch { groups: looked_at.len(), crowds, of: &|seen| watched.of(seen) };
    let (mut sides, _) = side_by_side(night, &engines, watch, progress)?;
    for tried in sides.iter_mut().flat_map(|side| side.rules.iter_mut().chain([&mut side.together]))
    {
        let mut all = vec![backtest::Watched::default(); findings.len()];
        asked.iter().zip(&tried.watched).for_each(|(at, watched)| all[*at] = *watched);
        tried.watched = all;
    }
    let mut sides = sides.into_iter();
    let mut of_drafts = vec![None; drafts.len()];
    for (batch, side) in batches.iter().zip(sides.by_ref()) {
        for (at, tried) in batch.iter().zip(side.rules) {
            of_drafts[*at] = Some(tried);
        }
    }
    let site = sides.next();
    let (together, of_rules) = site.map(|side| (side.together, side.rules)).unzip();
    let own = own.rules.into_iter().zip(of_rules.unwrap_or_default()).collect();
    Ok(Trials { drafts: of_drafts, together, own })
}

fn engine(night: &Night<'_>, rules: Ruleset) -> Engine {
    let (version, secret) = ("trial".to_owned(), night.secret.clone());
    Engine { rules, version, secret, switch: Mode::Enforce }
}

/// The site's rules that live now, as if they had lived in that night.
fn in_force(site: &Ruleset, now: Time) -> Ruleset {
    let lives = site.rules.iter().filter(|rule| rule.lives(now)).cloned();
    let rules: Vec<_> = lives.map(|rule| Rule { starts: None, expires: None, ..rule }).collect();
    Ruleset { index: RuleIndex::new(&rules), rules, ..site.clone() }
}

/// Which findings a request belongs to.
struct Watched<'f> {
    clients: HashMap<ClientKey, u128>,
    crowds: Vec<(u128, &'f Crowd)>,
}

impl<'f> Watched<'f> {
    fn new(clients: &Clients, findings: &[&'f Finding]) -> Self {
        let mut watch = Self { clients: HashMap::new(), crowds: Vec::new() };
        for (at, finding) in findings.iter().enumerate() {
            let keys = finding.keys.iter().filter_map(|key| clients.find(ClientKey::named(key)?));
            for key in keys.map(|place| clients.key(place)).collect::<HashSet<_>>() {
                *watch.clients.entry(key).or_default() |= 1 << at;
            }
            watch.crowds.extend(finding.crowd.iter().map(|crowd| (1 << at, crowd)));
        }
        watch
    }

    fn of(&self, seen: &Seen<'_>) -> u128 {
        let client = seen.key.and_then(|key| self.clients.get(&key)).copied();
        let swarm = if self.crowds.is_empty() { None } else { SwarmKey::of(seen) };
        let crowds =
            self.crowds.iter().filter(|(_, crowd)| swarm.is_some_and(|key| crowd.has(key)));
        crowds.fold(client.unwrap_or_default(), |all, (bit, _)| all | bit)
    }
}
