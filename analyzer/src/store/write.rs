//! Pieces into the store, several at a time, and again where a connection breaks.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clickhouse::Row;
use clickhouse::error::Error;
use serde::Serialize;

use super::piece::Piece;
use super::row::{LineRow, Reading};
use super::{ANSWER, SEND, Store, StoreError};

/// The table of lines.
const LINES_TABLE: &str = "tidegate_lines";

/// The table that says what is stored.
const LOADS_TABLE: &str = "tidegate_loads";

/// A row of `tidegate_loads`: a piece, stored.
#[derive(Debug, Row, Serialize)]
struct LoadRow<'r> {
    site: &'r str,
    content: u128,
    first_line: u64,
    last_line: u64,
    load: u64,
    lines: u64,
    bad: u64,
    requests: u64,
    first_time: Option<i64>,
    last_time: Option<i64>,
    log: &'r str,
    rules: &'r str,
}

/// A piece, and the name of its log.
pub(super) struct Named {
    pub(super) piece: Piece,
    pub(super) log: Arc<str>,
}

/// What writes pieces.
pub(super) struct Writer<'w> {
    pub(super) store: &'w Store,
    pub(super) reading: Reading<'w>,
    /// Version of the rules.
    pub(super) version: &'w str,
    /// The last load.
    pub(super) load: u64,
}

impl Writer<'_> {
    /// Stores pieces: their lines, and then that they are stored.
    ///
    /// Where nobody knows whether lines were stored, since no answer came, they are
    /// sent again as another load, and the first one never counts.
    pub(super) fn write(&mut self, pieces: &[Named]) -> Result<(), StoreError> {
        let mut loads = Vec::new();
        self.store.persist("store lines in", async || {
            loads = pieces.iter().map(|_| self.next_load()).collect();
            self.insert_lines(pieces, &loads).await
        })?;
        let rows: Vec<_> =
            pieces.iter().zip(&loads).map(|(named, load)| self.row(named, *load)).collect();
        // Said twice is as good as once.
        self.store.persist("store what is stored in", async || {
            self.store.insert::<LoadRow<'_>>(LOADS_TABLE, &rows).await
        })
    }

    /// One number for each load, whoever stores what at the same time: the time in
    /// nanoseconds. So loads are in the order in which logs were read.
    fn next_load(&mut self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_nanos()).unwrap_or_default();
        self.load = now.max(self.load + 1);
        self.load
    }

    /// The client's own batches would end when they like, and a broken one's rows
    /// would be gone; these are sent again as a whole.
    async fn insert_lines(&self, pieces: &[Named], loads: &[u64]) -> Result<(), Error> {
        if pieces.iter().all(|named| named.piece.rows() == 0) {
            return Ok(());
        }
        let insert = self.store.client.insert::<LineRow<'_>>(LINES_TABLE).await?;
        let mut insert = insert.with_timeouts(Some(SEND), Some(ANSWER));
        for (named, load) in pieces.iter().zip(loads) {
            for (event, logged) in named.piece.events() {
                let row = LineRow::of(*load, &self.reading, &event, logged);
                insert.write(&row).await?;
            }
        }
        insert.end().await
    }

    fn row<'r>(&'r self, named: &'r Named, load: u64) -> LoadRow<'r> {
        let Named { piece, log } = named;
        let times = || {
            piece.events().filter_map(|(event, _)| i64::try_from(event.time().unix_millis()).ok())
        };
        LoadRow {
            site: &self.reading.rules.site,
            content: piece.content,
            first_line: piece.first,
            last_line: piece.last,
            load,
            lines: piece.read,
            bad: piece.bad,
            requests: piece.rows() as u64,
            first_time: times().min(),
            last_time: times().max(),
            log,
            rules: self.version,
        }
    }
}
