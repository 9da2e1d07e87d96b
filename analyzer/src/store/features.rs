//! What everybody in a store did, counted there by SQL: only figures come over the
//! wire, and only of those worth a look.
//!
//! Each question is a file in `sql/features/`; `docs/features.md` has the formulas,
//! and a differential test holds both engines to them. What rules made of each line
//! is taken as it was stored.

mod kind;
mod origin;
mod row;
mod swarm;

use std::time::Duration;

use anyhow::Result;
use clickhouse::error::Error;
use clickhouse::query::Query;
use clickhouse::{Row, RowOwned, RowRead};
use serde::Deserialize;
use tidegate_rules::{Ruleset, Time};
use tokio::time::timeout;

use self::kind::Kind;
use self::row::Described;
use super::read::Stored;
use crate::basis::{Lines, Said, Window};
use crate::clients::probes::{LONGEST, PARTS};
use crate::clients::{Clients, HALVING};
use crate::features::Minute;
use crate::night::{Night, Passed};

/// Longest for an answer: everything that is asked for is looked at.
const ANSWER: Duration = Duration::from_secs(3_600);

/// What is asked for is counted, or not, for behind "cannot".
const WHAT: &str = "count in";

/// Questions that are asked: three about each kind, two about those who share a
/// software, three about all.
const STEPS: u64 = 3 * Kind::EACH.len() as u64 + 2 + 3;

/// What the window says of itself.
#[derive(Debug, Row, Deserialize)]
struct SiteRow {
    duplicates: u64,
    unknown: u64,
    clients: u64,
    first: i64,
    last: i64,
    fingerprints: u8,
    durations: u8,
    without_pop: u8,
    modelled: u8,
    origins_own: u8,
}

#[derive(Debug, Row, Deserialize)]
struct MinuteRow {
    minute: i64,
    requests: u64,
    cost: u64,
    assets: u64,
}

/// How often somebody did something.
#[derive(Debug, Row, Deserialize)]
struct CountRow {
    key: String,
    times: u64,
}

/// What was counted.
pub struct Counted {
    /// Those worth a look.
    pub clients: Clients,
    /// How many clients there are.
    pub clients_total: u64,
    /// What the lines themselves are.
    pub passed: Passed,
}

impl Stored<'_> {
    /// Has the store count what everybody did; `progress` is told how many questions
    /// were asked, and how many there are.
    ///
    /// # Errors
    ///
    /// Where the store does not answer.
    pub fn count(&self, night: &Night<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<Counted> {
        let mut step = 0;
        let mut next = || {
            progress(step, STEPS);
            step += 1;
        };
        let mut clients = Clients::new(night);
        next();
        let site: SiteRow = self.one(&self.asked(include_str!("sql/features/site.sql"), None))?;
        next();
        let minutes = self.asked(include_str!("sql/features/minutes.sql"), None);
        let minutes: Vec<MinuteRow> = self.all(&minutes)?;
        next();
        let strain = night.rules.strain.unwrap_or_default();
        let origin = self.asked(include_str!("sql/features/origin.sql"), None);
        origin::put(night.rules, self.all(&origin::asked(origin, &strain))?, &mut clients);
        let halvings = halvings(&minutes);
        clients.minutes = minutes.iter().map(MinuteRow::minute).collect();
        let assets = minutes.iter().filter(|minute| minute.assets > 0);
        clients.asset_minutes = assets.map(|row| (row.minute().0, row.assets)).collect();
        clients.unknown = site.unknown;
        for kind in Kind::EACH {
            let mut found = Described::new(night, kind);
            next();
            let features = self.asked(include_str!("sql/features/features.sql"), Some(kind));
            let features =
                features.param("probes", PARTS.as_slice()).param("longest_probe", LONGEST as u64);
            found.features(self.all(&features)?);
            next();
            let chain = include_str!("sql/features/chain.sql");
            found.chained(self.all(&self.asked(chain, Some(kind)))?);
            next();
            found.unpopular(self.tail(kind, &halvings)?);
            found.put_into(&mut clients);
        }
        next();
        let swarms = include_str!("sql/features/swarms.sql");
        let swarms = self.all(&self.asked(swarms, Some(Kind::Swarm)))?;
        next();
        swarm::put(night, swarms, &self.tail(Kind::Swarm, &halvings)?, &mut clients);
        let passed = self.passed(&site, minutes.iter().map(|minute| minute.requests).sum());
        Ok(Counted { clients, clients_total: site.clients, passed })
    }
}

impl Stored<'_> {
    /// A question with its parts and its parameters in it.
    fn asked(&self, sql: &str, kind: Option<Kind>) -> Query {
        let seen = include_str!("sql/features/seen.sql").trim_end();
        let sql = match kind {
            Some(kind) => kind.filled(sql),
            None => sql.to_owned(),
        };
        let asked = self.ask(&sql.replace("$seen", seen));
        let bounds = kind.into_iter().flat_map(Kind::bounds);
        bounds.fold(asked, |asked, (name, bound)| asked.param(name, bound))
    }

    /// How often each of a kind asked for pages that few ask for.
    fn tail(&self, kind: Kind, halvings: &[i64]) -> Result<Vec<CountRow>> {
        let tail = self.asked(include_str!("sql/features/tail.sql"), Some(kind));
        self.all(&tail.param("halvings", halvings))
    }

    fn one<R: RowOwned + RowRead>(&self, asked: &Query) -> Result<R> {
        let answer = async || {
            let answer = timeout(ANSWER, asked.clone().fetch_one::<R>());
            answer.await.unwrap_or(Err(Error::TimedOut))
        };
        Ok(self.store().retry(WHAT, answer)?)
    }

    fn all<R: RowOwned + RowRead>(&self, asked: &Query) -> Result<Vec<R>> {
        let answer = async || {
            let answer = timeout(ANSWER, asked.clone().fetch_all::<R>());
            answer.await.unwrap_or(Err(Error::TimedOut))
        };
        Ok(self.store().retry(WHAT, answer)?)
    }

    fn passed(&self, site: &SiteRow, requests: u64) -> Passed {
        let (duplicate, bad) = (site.duplicates, self.bad);
        let files = self.summary(requests + duplicate);
        let (late, sampled) = (0, files.sampled());
        let lines = Lines { read: files.read(), bad, duplicate, late, sampled };
        let said = Said {
            modelled: site.modelled > 0,
            origins_own: site.origins_own > 0,
            fingerprints: site.fingerprints > 0,
            durations: site.durations > 0,
            pops: requests > 0 && site.without_pop == 0,
        };
        let window = Window { from: time(site.first), to: time(site.last) };
        let window = Some(window).filter(|_| requests > 0);
        Passed { lines, assumptions: said.assumptions(), window, files }
    }
}

impl MinuteRow {
    fn minute(&self) -> (u64, Minute) {
        let Self { minute, requests, cost, .. } = *self;
        (u64::try_from(minute).unwrap_or_default(), Minute { requests, units: cost })
    }
}

/// When all that came before counts half for the popularity of pages: as often as in a
/// pass, to the minute.
fn halvings(minutes: &[MinuteRow]) -> Vec<i64> {
    let mut halvings = vec![0];
    let mut counted = 0;
    for MinuteRow { minute, requests, .. } in minutes {
        if counted + requests > HALVING {
            halvings.push(minute * 60_000);
            counted = 0;
        }
        counted += requests;
    }
    halvings
}

/// Milliseconds since the epoch.
fn time(millis: i64) -> Time {
    Time::from_unix_millis(u64::try_from(millis).unwrap_or_default())
}

/// The place of the route of a name, where there is one today.
fn route(rules: &Ruleset, name: &str) -> Option<u16> {
    let mut routes = (0..).zip(&rules.routes);
    routes.find(|(_, route)| route.name == name).map(|(at, _)| at)
}
