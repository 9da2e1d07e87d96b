//! How much more a swarm asked for in bad minutes than its calm rate explains.
//!
//! At the busiest hour of a day everybody comes, so a calm rate is first made as
//! much larger as there were more readers: of them, what pages pull in tells, which
//! a crawl hardly ever asks for. Where too little of that is in a log, as in that of
//! an API, everybody else stands for the readers.

use super::bare;
use crate::detect::Sight;
use crate::features::Swarm;
use crate::score::count;

/// A minute is busy from here on, in medians, where nobody knows how the origin
/// was.
const ABOVE_MEDIAN: u64 = 2;

/// Requests for assets in calm time from which they tell how many readers came.
const TELLING: u64 = 100;

/// Surges above this are all the same: many.
const MOST: f64 = 99.0;

/// How a swarm grew while the origin hurt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surge {
    /// Page requests, in multiples of those that its calm rate explains; at most
    /// 99.
    pub(super) times: f64,
    /// The share of them that it does not explain, 0 to 1.
    pub(super) beyond: f64,
    /// How far those pages went without what they pull in, 0 to 1.
    pub(super) bare: f64,
}

/// Which minutes were bad ones for the origin.
pub(super) struct Hard<'s> {
    pub(super) sight: &'s Sight<'s>,
    bound: u64,
    /// Bad minutes.
    pub(super) hard: u64,
    /// The others from the first to the last of the log, with or without a request.
    pub(super) calm: u64,
    /// How many times as many readers came in bad minutes; `None` where the log
    /// does not tell.
    readers: Option<f64>,
    /// Everybody's requests, in bad minutes and in calm ones.
    all: (u64, u64),
}

impl<'s> Hard<'s> {
    pub(super) fn of(sight: &'s Sight<'s>) -> Self {
        let minutes = &sight.clients.minutes;
        let mut units: Vec<u64> = minutes.values().map(|minute| minute.units).collect();
        units.sort_unstable();
        let bound = units.get(units.len() / 2).copied().unwrap_or_default() * ABOVE_MEDIAN;
        let mut own = Self { sight, bound, hard: 0, calm: 0, readers: None, all: (0, 0) };
        own.hard = minutes.keys().filter(|at| own.is(**at)).count() as u64;
        let span = minutes.last_key_value().zip(minutes.first_key_value());
        let all = span.map_or(0, |((last, _), (first, _))| last - first + 1);
        own.calm = all - own.hard;
        own.all = own.split(minutes.iter().map(|(at, minute)| (*at, minute.requests)));
        let assets = own.split(sight.clients.asset_minutes.iter().map(|(at, few)| (*at, *few)));
        own.readers = (assets.1 >= TELLING).then(|| own.growth(assets)).flatten();
        own
    }

    /// Whether the log says when the origin hurt.
    pub(super) fn is_known(&self) -> bool {
        self.sight.clients.origin.is_known()
    }

    fn is(&self, minute: u64) -> bool {
        match self.is_known() {
            true => self.sight.clients.origin.hurt_in(minute),
            false => {
                let units = self.sight.clients.minutes.get(&minute).map(|minute| minute.units);
                units.is_some_and(|units| units > self.bound)
            }
        }
    }

    /// How the swarm grew; `None` where there was no calm, or nothing else.
    pub(super) fn surge(&self, swarm: &Swarm) -> Option<Surge> {
        let requests = swarm.minutes().iter().map(|(at, minute)| (*at, minute.requests));
        let requests = self.split(requests);
        let assets = self.split(swarm.asset_minutes().iter().copied());
        let others = || {
            let (hard, calm) = self.all;
            self.growth((hard.saturating_sub(requests.0), calm.saturating_sub(requests.1)))
        };
        // There were bad minutes and calm ones, or nothing grew.
        let more = self.readers.or_else(others)?.max(1.0);
        // Of what there would be in bad minutes at the calm rate, and readers.
        let explained = |calm: u64| count(calm) / count(self.calm) * count(self.hard) * more;
        let pages = count(requests.0.saturating_sub(assets.0));
        let usual = explained(requests.1.saturating_sub(assets.1));
        if pages == 0.0 {
            return None;
        }
        let (beyond, beyond_assets) = (pages - usual, count(assets.0) - explained(assets.1));
        Some(Surge {
            times: if usual > 0.0 { (pages / usual).min(MOST) } else { MOST },
            beyond: (beyond / pages).max(0.0),
            bare: if beyond > 0.0 { bare(beyond_assets.max(0.0), beyond) } else { 0.0 },
        })
    }

    /// The rate in bad minutes over that in calm ones, of requests in both.
    fn growth(&self, (hard, calm): (u64, u64)) -> Option<f64> {
        if self.hard == 0 || self.calm == 0 {
            return None;
        }
        let rate = |requests: u64, minutes: u64| count(requests) / count(minutes);
        Some(rate(hard, self.hard) / rate(calm.max(1), self.calm))
    }

    /// Requests while the origin hurt, and in calm.
    fn split(&self, minutes: impl Iterator<Item = (u64, u64)>) -> (u64, u64) {
        minutes.fold((0, 0), |(hard, calm), (at, requests)| match self.is(at) {
            true => (hard + requests, calm),
            false => (hard, calm + requests),
        })
    }
}
