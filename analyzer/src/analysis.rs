//! A night of logs, analyzed: clients with their scores, findings, proposals.
//! The machine form is a contract; other tools read it.

mod list;
mod row;

use serde::Serialize;
use tidegate_rules::Ruleset;

use crate::basis::{Assumptions, Lines, Window};
use crate::clients::Clients;
use crate::detect::{Finding, detect};
use crate::features::{Groups, Kept};
use crate::ingest::{IngestError, Progress};
use crate::night::{Night, Passed};
use crate::propose::Proposal;
#[cfg(not(target_family = "wasm"))]
use crate::store::Counted;
use crate::text::grouped;

pub use list::Listed;
pub use row::{AgentRow, ClientRow, FeaturesRow, GroupRow};

/// The format of the machine output written by this version.
pub const OUTPUT_FORMAT: u8 = 1;

/// Networks and crowds that are listed.
const GROUPS_LISTED: usize = 20;

/// What was found in a night of logs. `C` is how its clients are listed: in
/// memory, or as [`Listed`], read off as they are written.
#[derive(Debug, Clone, Serialize)]
pub struct Analysis<C = Vec<ClientRow>> {
    /// [`OUTPUT_FORMAT`].
    pub format: u8,
    /// First and last request; `None` where there was none.
    pub window: Option<Window>,
    /// Lines of the log.
    pub lines: Lines,
    /// What the log did not say.
    pub assumptions: Assumptions,
    /// Requests and origin units of the whole site.
    pub total: Total,
    /// Clients, listed or not.
    pub clients_total: usize,
    /// How exactly is known what they did.
    pub detail: Detail,
    /// Clients in key order, or the worst ones, worst first.
    pub clients: C,
    /// The networks that cost the origin most, of those that asked for much.
    pub networks: Vec<GroupRow>,
    /// The crowds that did.
    pub crowds: Vec<GroupRow>,
    /// What the detectors saw.
    pub findings: Vec<Finding>,
    /// Rules made from findings, with what they would have done.
    pub proposals: Vec<Proposal>,
    /// Why no rule was tried, where none was.
    #[serde(skip)]
    pub untried: Option<&'static str>,
}

/// The whole site.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Total {
    /// Requests.
    pub requests: u64,
    /// Origin units.
    pub origin_units: u64,
    /// Requests whose client the log does not say.
    pub without_client: u64,
}

/// How many are kept how; see `docs/features.md`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Detail {
    /// Clients.
    pub clients: Kept,
    /// Visitors of clients that have more than one.
    pub visitors: Kept,
    /// Requests of visitors who were not told apart for want of room.
    pub merged: u64,
    /// Networks and crowds that were forgotten for want of room.
    pub groups_dropped: u64,
}

impl Detail {
    fn of(clients: &Clients) -> Self {
        let (kept, visitors) = clients.kept();
        let groups_dropped = clients.networks.dropped + clients.crowds.dropped;
        Self { clients: kept, visitors, merged: clients.merged, groups_dropped }
    }

    /// What was lost for want of room, in a sentence; `None` where nothing was.
    pub(crate) fn told(&self) -> Option<String> {
        let parts = [
            (self.clients.demoted + self.visitors.demoted, "clients counted in less detail"),
            (self.merged, "requests of visitors not told apart"),
            (self.groups_dropped, "networks or crowds forgotten"),
        ];
        let lost = parts.iter().filter(|(count, _)| *count > 0);
        let lost: Vec<_> =
            lost.map(|(count, what)| format!("{} {what}", grouped(*count))).collect();
        (!lost.is_empty()).then(|| format!("For want of room: {}.", lost.join(", ")))
    }
}

impl Analysis {
    /// Why no rule is proposed, where none is.
    #[must_use]
    pub fn unproposed(&self) -> &'static str {
        self.untried.unwrap_or("no finding asks for one that would hurt nobody")
    }

    /// Reads a night and looks for crawlers; lists no client and proposes nothing
    /// yet.
    ///
    /// # Errors
    ///
    /// Where a file cannot be opened, read or recognised.
    pub fn of(
        night: &Night<'_>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(Self, Clients, Passed), IngestError> {
        let mut clients = Clients::new(night);
        let passed = night.pass_together(progress, &mut |some| clients.add_all(some))?;
        Ok((Self::made(night.rules, &clients, &passed), clients, passed))
    }

    #[cfg(not(target_family = "wasm"))]
    /// Looks for crawlers among those whom a store has counted; lists no client and
    /// proposes nothing yet.
    #[must_use]
    pub fn of_counted(rules: &Ruleset, counted: &Counted) -> Self {
        let mut analysis = Self::made(rules, &counted.clients, &counted.passed);
        let total = counted.clients_total;
        // Nothing is known of the others.
        analysis.detail.clients.short += total.saturating_sub(counted.clients.len() as u64);
        analysis.clients_total = usize::try_from(total).unwrap_or(usize::MAX);
        analysis.untried = Some("the store counted, and rules are tried on each line");
        analysis
    }

    fn made(rules: &Ruleset, clients: &Clients, passed: &Passed) -> Self {
        let total = Total {
            requests: clients.minutes.values().map(|minute| minute.requests).sum(),
            origin_units: clients.minutes.values().map(|minute| minute.units).sum(),
            without_client: clients.unknown,
        };
        let groups = |groups: &Groups| {
            let worst = groups.worst_first().into_iter().take(GROUPS_LISTED);
            worst.map(|(key, group)| GroupRow::of(key, group, clients.robots_known)).collect()
        };
        Self {
            format: OUTPUT_FORMAT,
            window: passed.window,
            lines: passed.lines,
            assumptions: passed.assumptions,
            total,
            clients_total: clients.len(),
            detail: Detail::of(clients),
            clients: Vec::new(),
            networks: groups(&clients.networks),
            crowds: groups(&clients.crowds),
            findings: detect(rules, clients),
            proposals: Vec::new(),
            untried: None,
        }
    }

    /// Lists the `count` clients that did most harm, worst first.
    pub fn list_worst(&mut self, rules: &Ruleset, clients: &Clients, count: usize) {
        self.clients = list::worst(rules, clients, count);
    }

    /// With all clients listed in key order, none of them in memory.
    #[must_use]
    pub fn listed<'c>(&self, rules: &'c Ruleset, clients: &'c Clients) -> Analysis<Listed<'c>> {
        let Self { findings, proposals, networks, crowds, .. } = self.clone();
        Analysis {
            format: self.format,
            window: self.window,
            lines: self.lines,
            assumptions: self.assumptions,
            total: self.total,
            clients_total: self.clients_total,
            detail: self.detail,
            clients: Listed { rules, clients },
            networks,
            crowds,
            findings,
            proposals,
            untried: self.untried,
        }
    }
}
