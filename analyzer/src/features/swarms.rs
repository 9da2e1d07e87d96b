//! Swarms: everybody who shares one software in one place, however little each
//! of them asks for. It takes one to see a crawl from a hundred thousand
//! addresses.
//!
//! The software is what a fingerprint shows, or the text of the User-Agent where
//! none is known; the place is an autonomous system, or everywhere where the log
//! does not say. As with groups, only who asked for [`HEAVY`] requests lately
//! gets a record, and where there is no room, the quarter that asked for least
//! is dropped and counted.

use hashbrown::HashMap;
use tidegate_rules::agent::Claim;

use super::groups::HEAVY;
use super::many::of_minute;
use super::{Distinct, Facts, Minute, Popularity, minute};
use crate::night::Seen;

/// Two rows of as many counters, as a power of two, tell who asks for much.
const COUNTER_BITS: u32 = 16;

/// Longest of a User-Agent that is kept, in bytes.
const NAME_BYTES: usize = 120;

/// Sample request ids kept.
const SAMPLES: usize = 5;

/// What they share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SwarmKey {
    /// Their fingerprint, or the hash of their User-Agent.
    pub software: u64,
    /// Whether it is a fingerprint.
    pub shown: bool,
    /// Their autonomous system, where the log says.
    pub asn: Option<u32>,
}

impl SwarmKey {
    /// The swarm that a request belongs to; `None` where nothing is known of its
    /// software.
    #[must_use]
    pub fn of(seen: &Seen<'_>) -> Option<Self> {
        let shown = seen.derived.fingerprint;
        let software = shown.or(seen.named)?;
        Some(Self { software, shown: shown.is_some(), asn: seen.request.asn })
    }
}

/// What a swarm did since it got a record.
#[derive(Debug, Default)]
pub struct Swarm {
    /// Requests.
    pub requests: u64,
    /// Units caused at the origin.
    pub units: u64,
    /// Requests for what pages pull in.
    pub assets: u64,
    /// Requests of which the log says whether they had a referer.
    pub told: u64,
    /// Requests with a referer.
    pub referred: u64,
    /// Requests for pages that few asked for lately.
    pub unpopular: u64,
    /// Different pages, not counting what pages pull in.
    pub pages: Distinct,
    /// Different clients.
    pub clients: Distinct,
    /// Different networks.
    pub networks: Distinct,
    /// What its software says it is: the first claim.
    pub claim: Option<Claim>,
    /// A User-Agent of its, or none.
    pub name: Box<str>,
    /// Minutes since the epoch, in order.
    pub(crate) minutes: Vec<(u64, Minute)>,
    /// The same of requests for what pages pull in, where there were any.
    pub(crate) asset_minutes: Vec<(u64, u64)>,
    /// Units by place of route.
    pub(crate) routes: Vec<(Option<u16>, u64)>,
    /// Ids of some of its requests.
    pub(crate) samples: Vec<Box<str>>,
}

/// Who sent a request, as swarms see it.
#[derive(Debug, Clone, Copy)]
pub struct Member<'m> {
    /// Hash of the client.
    pub client: u64,
    /// Hash of its network.
    pub network: Option<u64>,
    /// Its User-Agent.
    pub name: Option<&'m str>,
}

impl Swarm {
    /// What is kept of a User-Agent.
    pub(crate) fn named(name: &str) -> Box<str> {
        name.get(..NAME_BYTES).unwrap_or(name).into()
    }

    fn add(&mut self, member: &Member<'_>, facts: &Facts<'_>) {
        self.requests += 1;
        self.units += u64::from(facts.units);
        self.assets += u64::from(facts.asset);
        self.told += u64::from(facts.referred.is_some());
        self.referred += u64::from(facts.referred == Some(true));
        self.unpopular += u64::from(facts.unpopular && !facts.asset);
        if !facts.asset {
            self.pages.note(facts.page);
        }
        self.clients.note(member.client);
        if let Some(network) = member.network {
            self.networks.note(network);
        }
        let at = minute(facts.time);
        of_minute(&mut self.minutes, at).add(facts.units);
        if facts.asset {
            *of_minute(&mut self.asset_minutes, at) += 1;
        }
        if facts.units > 0 {
            let units = u64::from(facts.units);
            match self.routes.iter_mut().find(|(route, _)| *route == facts.route) {
                Some((_, sum)) => *sum += units,
                None => self.routes.push((facts.route, units)),
            }
        }
        self.claim = self.claim.or(facts.claim);
        if let Some(id) = facts.id.filter(|_| self.samples.len() < SAMPLES) {
            self.samples.push(id.into());
        }
    }

    /// Requests for pages, not for what pages pull in.
    #[must_use]
    pub const fn page_requests(&self) -> u64 {
        self.requests - self.assets
    }

    /// What happened in each minute in which it was there, in order.
    #[must_use]
    pub fn minutes(&self) -> &[(u64, Minute)] {
        &self.minutes
    }

    /// Requests for what pages pull in, in each minute that had any, in order.
    #[must_use]
    pub fn asset_minutes(&self) -> &[(u64, u64)] {
        &self.asset_minutes
    }

    /// Units by place of route.
    #[must_use]
    pub fn routes(&self) -> &[(Option<u16>, u64)] {
        &self.routes
    }

    /// Ids of some of its requests.
    pub fn samples(&self) -> impl Iterator<Item = &str> {
        self.samples.iter().map(|id| &**id)
    }

    /// Bytes that it takes up, about.
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + [&self.pages, &self.clients, &self.networks].map(Distinct::bytes).iter().sum::<usize>()
            + self.minutes.capacity() * size_of::<(u64, Minute)>()
            + self.asset_minutes.capacity() * size_of::<(u64, u64)>()
            + self.routes.capacity() * size_of::<(Option<u16>, u64)>()
            + self.samples.len() * 3 * size_of::<Box<str>>()
            + self.name.len()
            // What the allocator adds to seven pieces.
            + 7 * 16
    }
}

/// Everybody's swarms.
#[derive(Debug)]
pub struct Swarms {
    lately: Popularity,
    heavy: HashMap<SwarmKey, Box<Swarm>>,
    most_bytes: usize,
    bytes: usize,
    /// Records that were dropped for want of room.
    pub dropped: u64,
}

impl Swarms {
    /// No swarms, and room for records of so many bytes.
    #[must_use]
    pub fn new(most_bytes: usize) -> Self {
        let lately = Popularity::new(COUNTER_BITS);
        Self { lately, heavy: HashMap::new(), most_bytes, bytes: 0, dropped: 0 }
    }

    /// Takes a request into account.
    pub fn add(&mut self, key: SwarmKey, member: &Member<'_>, facts: &Facts<'_>) {
        let place = u64::from(key.asn.unwrap_or_default());
        let swarm = match self.heavy.get_mut(&key) {
            Some(swarm) => swarm,
            None if self.lately.count(key.software.rotate_left(32) ^ place) >= HEAVY => {
                let name = Swarm::named(member.name.unwrap_or_default());
                let swarm = Box::new(Swarm { name, ..Swarm::default() });
                self.bytes += swarm.bytes();
                self.heavy.entry(key).or_insert(swarm)
            }
            None => return,
        };
        let before = swarm.bytes();
        swarm.add(member, facts);
        self.bytes = self.bytes - before + swarm.bytes();
        if self.bytes > self.most_bytes {
            self.make_room();
        }
    }

    /// Takes a swarm in that was counted elsewhere.
    pub(crate) fn put(&mut self, key: SwarmKey, swarm: Swarm) {
        self.bytes += swarm.bytes();
        self.heavy.insert(key, Box::new(swarm));
        if self.bytes > self.most_bytes {
            self.make_room();
        }
    }

    /// Drops the quarter that asked for least.
    fn make_room(&mut self) {
        let mut all: Vec<_> =
            self.heavy.iter().map(|(key, swarm)| (swarm.units, swarm.requests, *key)).collect();
        let quarter = all.len() / 4;
        all.select_nth_unstable(quarter);
        for (.., key) in all.into_iter().take(quarter + 1) {
            self.heavy.remove(&key);
            self.dropped += 1;
        }
        self.bytes = self.heavy.values().map(|swarm| swarm.bytes()).sum();
    }

    /// The swarms that have a record, most units first.
    #[must_use]
    pub fn worst_first(&self) -> Vec<(SwarmKey, &Swarm)> {
        let mut all: Vec<_> = self.heavy.iter().map(|(key, swarm)| (*key, &**swarm)).collect();
        all.sort_by(|(key, swarm), (other_key, other)| {
            let worse = (other.units, other.requests).cmp(&(swarm.units, swarm.requests));
            worse.then_with(|| swarm.name.cmp(&other.name)).then_with(|| key.cmp(other_key))
        });
        all
    }
}
