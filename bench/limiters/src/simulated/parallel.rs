//! Eight threads at one budget. Each request takes the next moment of a flood, so
//! what should pass is known, however fast the machine is.
//!
//! At the edge nobody holds a lock between reading a cell and writing it, so two
//! requests may spend the same units. Here neither: cells lie in one memory, of
//! which a read and a write are each done whole, and no more than that.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use governor::RateLimiter;
use governor::clock::FakeRelativeClock;
use tidegate_rules::key::CellKey;
use tidegate_rules::{Admit, Memory, Store, Stored};

use super::{budgets, quota, time};
use crate::Limit;

/// The name of Tidegate's budgets here.
pub const TIDEGATE: &str = "tidegate";
/// The name of governor's limiter here.
pub const GOVERNOR: &str = "governor";

/// Requests let through of `asked` by one key, `every_ms` milliseconds between
/// them, that `threads` threads ask for at once.
///
/// # Errors
///
/// Where no limiter has that name.
pub fn admitted_by(
    name: &str,
    limit: Limit,
    threads: usize,
    asked: u64,
    every_ms: u64,
) -> Result<u64> {
    ensure!([TIDEGATE, GOVERNOR].contains(&name), "no limiter `{name}` is asked by threads");
    let next = AtomicU64::new(0);
    let moments = || {
        let next = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < asked);
        std::iter::from_fn(next).map(|number| number * every_ms)
    };
    if name == TIDEGATE {
        let (site, memory) = (budgets(limit)?, Mutex::new(Memory::default()));
        return Ok(everybody(threads, || {
            let mut cells = Stored(Shared(&memory));
            let passes = |at: &u64| site.ask(&mut cells, 0, time(*at)) == Admit::Pass;
            moments().filter(passes).count()
        }));
    }
    let clock = FakeRelativeClock::default();
    let limiter = RateLimiter::direct_with_clock(quota(limit)?, clock.clone());
    Ok(everybody(threads, || {
        let passes = |_: &u64| {
            clock.advance(Duration::from_millis(every_ms));
            limiter.check().is_ok()
        };
        moments().filter(passes).count()
    }))
}

fn everybody(threads: usize, work: impl Fn() -> usize + Sync) -> u64 {
    let counted = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .sum::<usize>()
    });
    counted as u64
}

/// Cells that many threads read and write, each of which is done whole.
struct Shared<'m>(&'m Mutex<Memory>);

impl Store for Shared<'_> {
    fn load(&mut self, key: &CellKey) -> Result<Option<Vec<u8>>, &'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).load(key)
    }

    fn save(&mut self, key: &CellKey, bytes: Vec<u8>, life_ms: u64) -> Result<(), &'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).save(key, bytes, life_ms)
    }
}
