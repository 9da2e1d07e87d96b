//! What a store keeps of a site, in time order: the rows that a night is made of.
//!
//! A day is asked for at a time, so that the server sorts no more than that, and a
//! connection that breaks is taken up behind the last row that came.

use std::time::Duration;

use anyhow::{Result, bail};
use clickhouse::Row;
use clickhouse::error::Error;
use clickhouse::query::Query;
use serde::Deserialize;
use tidegate_rules::Time;
use tokio::time::timeout;

use super::span::Span;
use super::stored::StoredRow;
use super::{Store, StoreError};
use crate::ingest::{Compression, FileSummary, Place, Progress, Summary};
use crate::time::rfc3339;

/// Longest until a row comes: the server sorts a day before the first.
const ROW: Duration = Duration::from_secs(900);

/// How often progress is told, in rows.
const PROGRESS_EVERY: u64 = 8_192;

const DAY_MS: i64 = 86_400_000;

/// What is asked for is there, or not, for behind "cannot".
const WHAT: &str = "read";

/// A part of what a store keeps of a site.
pub struct Stored<'s> {
    store: &'s Store,
    site: &'s str,
    span: Span,
    days: Vec<DayRow>,
    /// Lines that are no requests.
    pub(super) bad: u64,
    /// By which versions of the rules it was stored.
    rules: Vec<String>,
}

/// A day that has requests.
#[derive(Debug, Clone, Copy, Row, Deserialize)]
struct DayRow {
    /// Since the epoch.
    day: i64,
    lines: u64,
    /// The least share of client keys whose passes a line's log has, in percent.
    sampled: u8,
}

/// What is known of pieces.
#[derive(Row, Deserialize)]
struct PiecesRow {
    bad: u64,
    rules: Vec<String>,
}

/// A site, and from when to when its requests are stored.
#[derive(Row, Deserialize)]
struct SiteRow {
    site: String,
    first: Option<i64>,
    last: Option<i64>,
}

/// The row up to which a day has been read.
#[derive(Clone, Copy)]
struct Position {
    time: i64,
    load: u64,
    line: u64,
}

impl<'s> Stored<'s> {
    /// What `store` keeps of a site and a span.
    ///
    /// # Errors
    ///
    /// Where it keeps nothing of them, or does not answer.
    pub fn find(store: &'s Store, site: &'s str, span: Span) -> Result<Self> {
        let asked = ask(store, include_str!("sql/days.sql"), site, span.millis());
        let days = store.once(WHAT, asked.fetch_all::<DayRow>())?;
        if days.is_empty() {
            let sites = store.client.query(include_str!("sql/sites.sql")).fetch_all::<SiteRow>();
            let there = there(&store.once(WHAT, sites)?);
            bail!("no requests of `{site}` in `{}`{span}; it has {there}", store.location);
        }
        let pieces = ask(store, include_str!("sql/pieces.sql"), site, span.millis());
        let pieces = pieces.param("whole", span.is_whole()).fetch_one::<PiecesRow>();
        let PiecesRow { bad, rules } = store.once(WHAT, pieces)?;
        Ok(Self { store, site, span, days, bad, rules })
    }

    /// Whether all of it was stored by rules of this version.
    #[must_use]
    pub fn is_by(&self, version: &str) -> bool {
        self.rules.iter().all(|rules| rules == version)
    }

    /// Where it is.
    pub(super) const fn store(&self) -> &'s Store {
        self.store
    }

    /// A question about all of it.
    pub(super) fn ask(&self, sql: &str) -> Query {
        ask(self.store, sql, self.site, self.span.millis())
    }

    /// What is known of it, where so many of its lines are requests.
    pub(super) fn summary(&self, requests: u64) -> Summary {
        let path = self.store.location.to_string();
        let (read, bad) = (requests + self.bad, self.bad);
        let sampled = self.days.iter().map(|day| day.sampled).min().unwrap_or(100);
        let file = FileSummary::new(path, Compression::None);
        Summary { files: vec![FileSummary { read, bad, sampled, ..file }] }
    }

    /// Lines that are requests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.days.iter().map(|day| day.lines).sum()
    }

    /// Shows every line to `sink`, in time order.
    pub(crate) fn read(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
        sink: &mut dyn FnMut(&StoredRow<'_>, Place),
    ) -> Result<Summary, StoreError> {
        let path = self.store.location.to_string();
        let total = self.requests();
        let mut lines = 0;
        let mut show = |row: &StoredRow<'_>| {
            lines += 1;
            if lines % PROGRESS_EVERY == 0 {
                let lines_total = Some(total);
                progress(Progress { file: &path, bytes: 0, bytes_total: None, lines, lines_total });
            }
            let file = usize::try_from(row.load).unwrap_or(usize::MAX);
            sink(row, Place { file, line: row.line, reached: row.time() });
        };
        for day in &self.days {
            self.read_day(*day, &mut show)?;
        }
        Ok(self.summary(lines))
    }

    fn read_day(
        &self,
        DayRow { day, .. }: DayRow,
        show: &mut dyn FnMut(&StoredRow<'_>),
    ) -> Result<(), StoreError> {
        let (from, until) = self.span.millis();
        let (from, until) = (from.max(day * DAY_MS), until.min((day + 1) * DAY_MS));
        let mut at = Position { time: from - 1, load: u64::MAX, line: u64::MAX };
        self.store.retry(WHAT, async || {
            let asked = ask(self.store, include_str!("sql/requests.sql"), self.site, (from, until));
            let asked = asked.param("time", at.time).param("load", at.load).param("line", at.line);
            let mut rows = asked.fetch::<StoredRow<'_>>()?;
            while let Some(row) = timeout(ROW, rows.next()).await.unwrap_or(Err(Error::TimedOut))? {
                at = Position { time: row.time, load: row.load, line: row.line };
                show(&row);
            }
            Ok(())
        })
    }
}

fn ask(store: &Store, sql: &str, site: &str, (from, until): (i64, i64)) -> Query {
    store.client.query(sql).param("site", site).param("from", from).param("until", until)
}

/// What there is, for somebody who asked for something else.
fn there(sites: &[SiteRow]) -> String {
    let time = |millis: i64| rfc3339(Time::from_unix_millis(u64::try_from(millis).unwrap_or(0)));
    let told = sites.iter().filter_map(|SiteRow { site, first, last }| {
        Some(format!("`{site}` from {} to {}", time((*first)?), time((*last)?)))
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { "none at all".to_owned() } else { told.join(", ") }
}
