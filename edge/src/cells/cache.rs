//! Cells in the POP-local core cache.
//!
//! Full GCRA and breadth, and soft state: the cache has no compare-and-swap, so
//! requests of one key that overlap may each see the budget before the other's
//! charge. A cell is written as soon as it is charged, before the origin is
//! asked, to keep that overlap to the time of two cache operations; and the hot
//! keys come in shards. The README has what is left of it, measured.
//!
//! The bytes live in the object's metadata: one look-up, no body to stream.

use std::time::Duration;

use fastly::cache::core;
use tidegate_rules::Store;
use tidegate_rules::key::CellKey;

/// The store; `broken` plays a failure under test.
#[derive(Debug, Default)]
pub(crate) struct CacheCells {
    pub(crate) broken: bool,
}

impl Store for CacheCells {
    fn load(&mut self, key: &CellKey) -> Result<Option<Vec<u8>>, &'static str> {
        if self.broken {
            return Err("cells: failure played");
        }
        let found =
            core::lookup(key.text().into()).execute().map_err(|_| "cells: look-up failed")?;
        Ok(found.filter(core::Found::is_usable).map(|found| found.user_metadata().to_vec()))
    }

    fn save(&mut self, key: &CellKey, bytes: Vec<u8>, life_ms: u64) -> Result<(), &'static str> {
        let body = core::insert(key.text().into(), Duration::from_millis(life_ms.max(1_000)))
            // A node's own copy would hide what other nodes of the POP write.
            .deliver_node_max_age(Duration::ZERO)
            .known_length(0)
            .user_metadata(bytes.into())
            .execute()
            .map_err(|_| "cells: insert failed")?;
        body.finish().map_err(|_| "cells: insert not finished")
    }
}
