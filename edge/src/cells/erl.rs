//! Budgets in the platform's rate counters: Edge Rate Limiting, which an account
//! must have been given.
//!
//! They are shared by the machines of a POP and lose no update, unlike cells in
//! the cache. What a limit over them means is said in `tidegate_rules::store::erl`.

use std::num::NonZeroU32;

use fastly::erl::{RateCounter, RateWindow};
use tidegate_rules::Counters;
use tidegate_rules::store::erl::Window;

/// The rate counter that holds the entries of every budget.
const COUNTER: &str = "tidegate_rates";

/// The counters; `broken` plays a failure under test.
#[derive(Debug, Default)]
pub(crate) struct ErlCells {
    pub(crate) broken: bool,
}

impl Counters for ErlCells {
    fn rate(&mut self, entry: &str, window: Window) -> Result<u32, &'static str> {
        if self.broken {
            return Err("erl: failure played");
        }
        let window = match window {
            Window::Second => RateWindow::OneSec,
            Window::TenSeconds => RateWindow::TenSecs,
            Window::Minute => RateWindow::SixtySecs,
        };
        RateCounter::open(COUNTER).lookup_rate(entry, window).map_err(|_| "erl: look-up failed")
    }

    fn add(&mut self, entry: &str, units: NonZeroU32) -> Result<(), &'static str> {
        let counter = RateCounter::open(COUNTER);
        counter.increment(entry, units.get()).map_err(|_| "erl: increment failed")
    }
}
