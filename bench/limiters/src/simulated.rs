//! Limiters that are told what time it is, so that a trace takes no time.

mod parallel;

use std::time::Duration;

use anyhow::{Context as _, Result};
use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use tidegate_rules::store::erl::Window;
use tidegate_rules::{Admit, Memory, Stored, Time};

use crate::Limit;
use crate::erl::play::{Edge, START};
use crate::erl::pop::Traits;
use crate::judge::{Got, Told, judge};
use crate::site::Site;
use crate::trace::Trace;

pub use parallel::{GOVERNOR, TIDEGATE, admitted_by};

/// The seed of the counters' losses. With exact counters nothing is drawn.
const SEED: u64 = 1;

/// A limiter by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simulated {
    /// Its name in tables and figures.
    pub name: &'static str,
    /// What it is.
    pub told: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Budget,
    Governor,
    Counters,
    PenaltyBox,
}

/// Every simulated limiter.
pub const SIMULATED: [Simulated; 4] = [
    Simulated {
        name: "tidegate",
        told: "a budget of each client, its cells in memory, by the engine's own decisions",
        kind: Kind::Budget,
    },
    Simulated {
        name: "governor",
        told: "governor's keyed limiter, on a clock that is set",
        kind: Kind::Governor,
    },
    Simulated {
        name: "tidegate-erl",
        told: "a budget of each client in Fastly's rate counters over a second, by the model",
        kind: Kind::Counters,
    },
    Simulated {
        name: "fastly-erl",
        told: "Fastly's `check_rate` over a second and its penalty box, by the model",
        kind: Kind::PenaltyBox,
    },
];

impl Simulated {
    /// Asks a fresh limiter for each request of a trace.
    ///
    /// # Errors
    ///
    /// Where it cannot have that limit.
    pub fn play(self, limit: Limit, trace: &Trace) -> Result<Got> {
        let asked = |admits: &mut dyn FnMut(u32, u64) -> bool| {
            let arrivals = trace.arrivals.iter();
            let told =
                arrivals.map(|arrival| Told::at_once(*arrival, admits(arrival.key, arrival.at_ms)));
            judge(limit, &told.collect::<Vec<_>>())
        };
        let passes = |admit: Admit| admit == Admit::Pass;
        Ok(match self.kind {
            Kind::Budget => {
                let (site, mut cells) = (budgets(limit)?, Stored::<Memory>::default());
                asked(&mut |key, at_ms| passes(site.ask(&mut cells, key, time(at_ms))))
            }
            Kind::Governor => {
                let (clock, mut now_ms) = (FakeRelativeClock::default(), 0);
                let limiter = RateLimiter::hashmap_with_clock(quota(limit)?, clock.clone());
                asked(&mut |key, at_ms| {
                    clock.advance(Duration::from_millis(at_ms - now_ms));
                    now_ms = at_ms;
                    limiter.check_key(&key).is_ok()
                })
            }
            Kind::Counters => {
                let site = counters(limit)?;
                let mut edge = Edge::new(&site, 1, &Traits::exact(), SEED);
                asked(&mut |key, at_ms| passes(edge.ask(0, key, time(at_ms))))
            }
            Kind::PenaltyBox => {
                let site = counters(limit)?;
                let mut edge = Edge::new(&site, 1, &Traits::exact(), SEED);
                asked(&mut |key, at_ms| edge.check_rate(0, key, time(at_ms)))
            }
        })
    }
}

/// The site whose budgets are the limit.
fn budgets(limit: Limit) -> Result<Site> {
    Site::with_burst("cache", Window::Second, limit.per_second, limit.burst)
}

/// The site whose counters are the limit: they know of no burst.
fn counters(limit: Limit) -> Result<Site> {
    Site::new("erl", Window::Second, limit.per_second)
}

/// So long after the start.
const fn time(at_ms: u64) -> Time {
    Time::from_unix_millis(START + at_ms)
}

fn quota(limit: Limit) -> Result<Quota> {
    let (rate, burst) = (limit.per_second.try_into(), limit.burst.try_into());
    let (rate, burst) = rate.ok().zip(burst.ok()).context("a limit of nothing")?;
    Ok(Quota::per_second(rate).allow_burst(burst))
}
