//! What the first request of a sandbox takes, beside those that it serves later.
//!
//! Viceroy has a sandbox serve six requests and hands each request to the one that
//! became free last. So, asked one after another, every sixth request starts a
//! sandbox: it instantiates the module, and Tidegate reads and decodes its rules.

use std::time::{Duration, Instant};

use anyhow::Result;
use tidegate_local::Runtime;

use super::load::{PAGES, ask};
use super::{CLIENTS, median};

/// Longer than a sandbox waits for its next request.
pub(super) const IDLE: Duration = Duration::from_millis(10_500);
/// Requests that Viceroy lets a sandbox serve.
const SERVED: usize = 6;
/// Every so many requests one is for the same page, by another client.
const ALIKE: usize = 2 * PAGES as usize;
/// How long a sandbox may take to come back for more.
const BREATH: Duration = Duration::from_millis(2);

/// What each of a sandbox's requests took, from asking to the last byte of the
/// answer: microseconds, by its place, of every sandbox.
#[derive(Debug, Clone, Default)]
pub(super) struct Starts([Vec<f64>; SERVED]);

impl Starts {
    /// Of a sandbox's first request, and of all others.
    pub(super) fn medians(&self) -> (f64, f64) {
        let [first, later @ ..] = &self.0;
        (median(first.iter().copied()), median(later.iter().flatten().copied()))
    }

    /// The median of each place: where these do not fall after the first one, a
    /// sandbox was not where it was thought to be.
    pub(super) fn by_place(&self) -> [f64; SERVED] {
        self.0.each_ref().map(|place| median(place.iter().copied()))
    }
}

/// Asks so many sandboxes for a page that the cache has, each time as somebody else.
/// No sandbox may be waiting.
pub(super) async fn starts(runtime: &Runtime, sandboxes: u32) -> Result<Starts> {
    let mut starts = Starts::default();
    let mut numbers = (0..).step_by(ALIKE);
    for _ in 0..sandboxes {
        for place in &mut starts.0 {
            let number = numbers.next().unwrap_or_default();
            let asked = Instant::now();
            ask(runtime, CLIENTS, number).await?;
            place.push(asked.elapsed().as_secs_f64() * 1e6);
            tokio::time::sleep(BREATH).await;
        }
    }
    Ok(starts)
}
