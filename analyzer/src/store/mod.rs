//! A ClickHouse server or cluster that keeps logs, beyond one machine and beyond
//! one night.
//!
//! What a log says is stored line by line, with what rules make of each line. A
//! line is known by what its log holds up to the end of its piece, and its number:
//! `docs/clickhouse.md` says more. Each piece is stored by a *load*, which counts once
//! it is in `tidegate_loads`. What an interrupted load left behind, or one whose
//! answer was lost, is never asked for: questions go to the view
//! `tidegate_requests`, which takes one load of each piece.
//!
//! Nothing is judged here, and nothing is computed that rests on several lines.

mod connect;
mod error;
mod features;
mod known;
mod location;
mod piece;
mod read;
mod row;
mod schema;
mod span;
mod stored;
mod take;
mod write;

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, ensure};
use clickhouse::error::Error;
use clickhouse::{Client, Row, RowWrite};
pub use error::{StoreError, Why};
pub use features::Counted;
use known::{Known, KnownRow};
pub use location::{Location, PASSWORD_VARIABLE};
pub use read::Stored;
pub use schema::{Layout, cluster, told};
use serde::Serialize;
pub use span::{Span, moment};
pub(crate) use stored::StoredRow;
pub use take::{Logs, Taken, take};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

/// Longest for an answer to a question, and for the end of an INSERT.
const ANSWER: Duration = Duration::from_secs(300);

/// Longest for the server to take a part of an INSERT.
const SEND: Duration = Duration::from_secs(60);

/// What is done first, for behind "cannot".
const OPEN: &str = "open the store";

/// How long a server is waited for that does not answer, or has trouble.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Before the second try; each later one waits twice as long.
    pub pause: Duration,
    /// Longest between two tries.
    pub most: Duration,
    /// How often something is tried at most.
    pub tries: u32,
}

impl Default for Patience {
    /// A minute and a half: a server that is restarted is back by then.
    fn default() -> Self {
        Self { pause: Duration::from_millis(500), most: Duration::from_secs(20), tries: 10 }
    }
}

/// A store whose tables are as this version makes them.
pub struct Store {
    client: Client,
    location: Location,
    patience: Patience,
    runtime: Runtime,
}

/// A row of the table of migrations.
#[derive(Row, Serialize)]
struct MigrationRow<'r> {
    version: u32,
    name: &'r str,
    cluster: &'r str,
}

impl Store {
    /// The store at `location`, its tables made or brought up to date.
    ///
    /// # Errors
    ///
    /// Where nobody answers, the user may not do this, or the tables are those of a
    /// later version or of another layout.
    pub fn open(location: &Location, layout: &Layout, patience: Patience) -> Result<Self> {
        // A log of a quiet site has months in one batch.
        let mut client =
            connect::client(location)?.with_setting("max_partitions_per_insert_block", "0");
        if layout.cluster.is_some() {
            // Else a row would count as stored that only waits to be sent on.
            client = client.with_setting("distributed_foreground_insert", "1");
        }
        let store = Self::of(client, location, patience)?;
        store.migrate(layout)?;
        Ok(store)
    }

    /// The store at `location`, to be read: no table is made, and no setting is asked
    /// for, which users who may only read must not.
    ///
    /// # Errors
    ///
    /// Where nobody answers, the user may not do this, or the tables are not those of
    /// this version.
    pub fn open_to_read(location: &Location, patience: Patience) -> Result<Self> {
        let store = Self::of(connect::client(location)?, location, patience)?;
        let version = if store.is_new()? { 0 } else { store.made()?.0 };
        ensure!(
            version > 0,
            "`{location}` has no tables yet: `tidegate ingest --store` makes and fills them"
        );
        store.refuse_later(version)?;
        ensure!(
            version == schema::VERSION,
            "the tables at `{location}` are those of an earlier tidegate (schema {version}, this \
             one knows {}): the next `tidegate ingest` brings them up to date",
            schema::VERSION
        );
        Ok(store)
    }

    fn of(client: Client, location: &Location, patience: Patience) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client, location: location.clone(), patience, runtime })
    }

    /// Has lines deleted so many days after their requests.
    ///
    /// # Errors
    ///
    /// Where the server does not do it.
    pub fn keep_days(&self, layout: &Layout, days: u32) -> Result<(), StoreError> {
        let what = "set how long lines are kept in";
        // Asked for again, it would have every line looked at again.
        let asked = format!(
            "SELECT count() FROM system.tables WHERE database = currentDatabase() AND \
             name LIKE 'tidegate_lines%' AND engine_full LIKE '%toIntervalDay({days})%'"
        );
        if self.once(what, self.client.query(&asked).fetch_one::<u64>())? > 0 {
            return Ok(());
        }
        self.once(what, self.client.query(&layout.keep(&self.location.database, days)).execute())
    }

    /// What is stored of a site.
    fn known(&self, site: &str) -> Result<Known, StoreError> {
        let asked = "SELECT DISTINCT content, last_line FROM tidegate_loads WHERE site = ?";
        let rows = self.client.query(asked).bind(site).fetch_all::<KnownRow>();
        Ok(self.once("ask what is stored in", rows)?.into_iter().collect())
    }

    fn migrate(&self, layout: &Layout) -> Result<()> {
        let is_new = self.is_new()?;
        let from = if is_new { 0 } else { self.made_for(layout)? };
        self.refuse_later(from)?;
        if is_new {
            let ground = layout.ground(&self.location.database);
            self.once(OPEN, self.client.query(&ground).execute())?;
        }
        for migration in layout.migrations(&self.location.database, from) {
            let what = "make the tables of";
            for statement in &migration.statements {
                self.once(what, self.client.query(statement).execute())?;
            }
            let row = MigrationRow {
                version: migration.version,
                name: migration.name,
                cluster: layout.name(),
            };
            self.once(what, self.insert::<MigrationRow<'_>>(schema::MIGRATIONS_TABLE, &[row]))?;
        }
        Ok(())
    }

    /// Whether nothing was ever made.
    fn is_new(&self) -> Result<bool, StoreError> {
        let asked = format!("EXISTS TABLE {}", schema::MIGRATIONS_TABLE);
        Ok(self.once(OPEN, self.client.query(&asked).fetch_one::<u8>())? == 0)
    }

    /// The last migration that was made, and for which cluster.
    fn made(&self) -> Result<(u32, String), StoreError> {
        let asked =
            format!("SELECT max(version), anyLast(cluster) FROM {}", schema::MIGRATIONS_TABLE);
        self.once(OPEN, self.client.query(&asked).fetch_one())
    }

    fn refuse_later(&self, version: u32) -> Result<()> {
        ensure!(
            version <= schema::VERSION,
            "the tables at `{}` are those of a later tidegate (schema {version}, this one knows \
             {}): update this one",
            self.location,
            schema::VERSION
        );
        Ok(())
    }

    /// The last migration that was made for this layout.
    fn made_for(&self, layout: &Layout) -> Result<u32> {
        let (version, cluster) = self.made()?;
        let hint = match &*cluster {
            "" => "leave `--cluster` out".to_owned(),
            name => format!("give `--cluster {name}`"),
        };
        ensure!(
            version == 0 || cluster == layout.name(),
            "the tables at `{}` were made for another layout: {hint}",
            self.location
        );
        Ok(version)
    }

    /// Stores a few rows.
    async fn insert<R: Row + RowWrite>(
        &self,
        table: &str,
        rows: &[R::Value<'_>],
    ) -> Result<(), Error> {
        let insert = self.client.insert::<R>(table).await?;
        let mut insert = insert.with_timeouts(Some(SEND), Some(ANSWER));
        for row in rows {
            insert.write(row).await?;
        }
        insert.end().await
    }

    /// Waits for an answer.
    fn once<T>(
        &self,
        what: &'static str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        let answer = async { timeout(ANSWER, answer).await.unwrap_or(Err(Error::TimedOut)) };
        self.runtime.block_on(answer).map_err(|error| self.failed(what, &error, 1))
    }

    /// Tries until it succeeds, or patience ends.
    fn persist<T>(
        &self,
        what: &'static str,
        mut attempt: impl AsyncFnMut() -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        // What the limits of an INSERT leave open: its beginning.
        self.retry(what, async || {
            timeout(2 * ANSWER, attempt()).await.unwrap_or(Err(Error::TimedOut))
        })
    }

    /// The same, of what knows itself how long it may take.
    fn retry<T>(
        &self,
        what: &'static str,
        mut attempt: impl AsyncFnMut() -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        self.runtime.block_on(async {
            let (mut pause, mut tries) = (self.patience.pause, 1);
            loop {
                let failed = match attempt().await {
                    Ok(done) => return Ok(done),
                    Err(error) => self.failed(what, &error, tries),
                };
                if !failed.why.is_passing() || tries >= self.patience.tries {
                    return Err(failed);
                }
                sleep(pause).await;
                pause = (pause * 2).min(self.patience.most);
                tries += 1;
            }
        })
    }

    fn failed(&self, what: &'static str, error: &Error, tries: u32) -> StoreError {
        StoreError { store: self.location.to_string(), what, why: Why::of(error), tries }
    }
}
