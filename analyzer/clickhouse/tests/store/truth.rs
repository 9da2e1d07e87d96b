//! What all lines of a log say of somebody: slow, with nothing left out, and written
//! by itself, so that it can tell which engine is wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tidegate::features::{Features, GroupKey, Minute, Pauses, SwarmKey};
use tidegate::night::{Night, Seen};
use tidegate::walk::WINDOWS_MS;
use tidegate_rules::Time;
use tidegate_rules::agent::Claim;
use tidegate_rules::record::Verification;

/// One request.
#[derive(Clone)]
pub(crate) struct Asked {
    time: Time,
    client: u64,
    network: Option<u64>,
    page: u64,
    crate_name: Option<u64>,
    referer: Option<u64>,
    referred: Option<bool>,
    route: Option<u16>,
    units: u32,
    missed: bool,
    asset: bool,
    unpopular: bool,
    status: u16,
    claim: Option<Claim>,
    fingerprint: Option<u64>,
    id: Option<String>,
    path: String,
}

/// Everybody's requests, in their order.
#[derive(Default)]
pub(crate) struct Everybody {
    pub(crate) clients: HashMap<String, Vec<Asked>>,
    pub(crate) visitors: HashMap<(String, u128), Vec<Asked>>,
    pub(crate) networks: HashMap<GroupKey, Vec<Asked>>,
    pub(crate) crowds: HashMap<GroupKey, Vec<Asked>>,
    pub(crate) swarms: HashMap<SwarmKey, Vec<Asked>>,
}

impl Everybody {
    /// All who are in a log.
    pub(crate) fn of(night: &Night<'_>) -> Self {
        let (mut times, mut everybody) = (HashMap::new(), Self::default());
        let passed = night.pass(&mut |_| {}, &mut |seen| {
            let before = times.entry(seen.derived.page).or_insert(0);
            *before += 1;
            everybody.add(seen, *before < 4);
        });
        passed.unwrap();
        everybody
    }

    fn add(&mut self, seen: &Seen<'_>, unpopular: bool) {
        let (Some(key), Some(client)) = (seen.key, seen.derived.client) else { return };
        let (derived, key) = (&seen.derived, key.to_string());
        let asked = Asked {
            time: seen.request.time,
            client,
            network: derived.network,
            page: derived.page,
            crate_name: seen.crate_name,
            referer: seen.referer,
            referred: seen.event.referred,
            route: derived.route,
            units: seen.units,
            missed: seen.cache.reached_origin(),
            asset: derived.asset,
            unpopular,
            status: seen.event.status().unwrap_or_default(),
            claim: derived.claim,
            fingerprint: derived.fingerprint,
            id: seen.request.request_id.map(str::to_owned),
            path: seen.request.path.to_owned(),
        };
        if let Some(swarm) = SwarmKey::of(seen) {
            self.swarms.entry(swarm).or_default().push(asked.clone());
        }
        if let Some(hash) = derived.network {
            let network = match seen.request.client {
                Some(tidegate_rules::Client::Address(address)) => GroupKey::network(address),
                _ => GroupKey::Hashed(hash),
            };
            self.networks.entry(network).or_default().push(asked.clone());
            if let Some(shown) = derived.fingerprint {
                let asn = seen.request.asn.map(|asn| GroupKey::Crowd(shown, asn));
                let crowd = asn.unwrap_or(GroupKey::CrowdIn(shown, hash));
                self.crowds.entry(crowd).or_default().push(asked.clone());
            }
        }
        let visitor = derived.visitor.unwrap_or_default();
        self.visitors.entry((key.clone(), visitor)).or_default().push(asked.clone());
        self.clients.entry(key).or_default().push(asked);
    }
}

/// What requests say of whoever sent them.
pub(crate) struct Truth {
    pub(crate) features: Features,
    pub(crate) minutes: Vec<(u64, Minute)>,
    /// Requests for assets in each minute that had any.
    pub(crate) asset_minutes: Vec<(u64, u64)>,
    /// In their order.
    pub(crate) routes: Vec<(Option<u16>, u64)>,
    /// All request ids.
    pub(crate) ids: Vec<String>,
    pub(crate) example: String,
    /// Different clients, and different networks.
    pub(crate) clients: u64,
    pub(crate) networks: u64,
    /// Different pages that are no assets, and requests for unpopular ones.
    pub(crate) own_pages: u64,
    pub(crate) own_unpopular: u64,
    /// The agent of the first claim, and what became of it.
    pub(crate) first_claim: Option<(Option<u16>, Verification)>,
}

impl Truth {
    /// What all of somebody's requests say.
    pub(crate) fn of(all: &[Asked]) -> Self {
        Self::since(all, 0)
    }

    /// What is to be said of requests from a place on: who came before is known.
    pub(crate) fn since(all: &[Asked], from: usize) -> Self {
        let asked = &all[from..];
        let minutes = minutes(asked);
        let mut routes = BTreeMap::new();
        for one in asked.iter().filter(|one| one.units > 0) {
            *routes.entry(one.route).or_insert(0) += u64::from(one.units);
        }
        let mut asset_minutes = BTreeMap::new();
        for one in asked.iter().filter(|one| one.asset) {
            *asset_minutes.entry(one.time.unix_millis() / 60_000).or_insert(0) += 1;
        }
        let own = || asked.iter().filter(|one| !one.asset);
        Self {
            features: features(all, from, &minutes),
            minutes: minutes.into_iter().collect(),
            asset_minutes: asset_minutes.into_iter().collect(),
            routes: routes.into_iter().collect(),
            ids: asked.iter().filter_map(|one| one.id.clone()).collect(),
            example: example(asked),
            clients: different(asked.iter().map(|one| one.client)),
            networks: different(asked.iter().filter_map(|one| one.network)),
            own_pages: different(own().map(|one| one.page)),
            own_unpopular: own().filter(|one| one.unpopular).count() as u64,
            first_claim: asked.iter().find_map(|one| one.claim).map(|c| (c.agent, c.verification)),
        }
    }
}

/// From which of its requests on a pass keeps a client in full; `None` where never.
pub(crate) fn in_full_from(asked: &[Asked]) -> Option<usize> {
    let (mut units, mut pages) = (0, HashSet::new());
    let outgrows = asked.iter().enumerate().map(|(before, one)| {
        units += one.units;
        pages.insert(one.page);
        before > 0 && (before >= 32 || units > 400 || pages.len() > 3)
    });
    outgrows.collect::<Vec<_>>().into_iter().position(|outgrows| outgrows)
}

fn features(all: &[Asked], from: usize, minutes: &BTreeMap<u64, Minute>) -> Features {
    let asked = &all[from..];
    let many = |is: &dyn Fn(&Asked) -> bool| asked.iter().filter(|one| is(one)).count() as u64;
    let breaks = |two: &&[Asked]| two[1].time.millis_since(two[0].time) > 1_800_000;
    let mut statuses = [0; 6];
    for one in asked {
        statuses[usize::from(if one.status < 600 { one.status / 100 } else { 0 })] += 1;
    }
    let claims = || asked.iter().filter_map(|one| one.claim);
    Features {
        requests: asked.len() as u64,
        units: asked.iter().map(|one| u64::from(one.units)).sum(),
        misses: many(&|one| one.missed),
        assets: many(&|one| one.asset),
        told: many(&|one| one.referred.is_some()),
        referred: many(&|one| one.referred == Some(true)),
        chained: chained(asked),
        unpopular: many(&|one| one.unpopular),
        statuses,
        pages: different(asked.iter().map(|one| one.page)),
        crates: different(asked.iter().filter_map(|one| one.crate_name)),
        widest: WINDOWS_MS.map(|window| breadth(asked, u64::from(window) / 2)),
        first: asked[0].time,
        last: asked[asked.len() - 1].time,
        sessions: 1 + asked.windows(2).filter(breaks).count() as u64,
        pauses: pauses(&all[from.saturating_sub(1)..]),
        peak_requests: minutes.values().map(|minute| minute.requests).max().unwrap(),
        peak_units: minutes.values().map(|minute| minute.units).max().unwrap(),
        claim: claims().find(|claim| claim.agent.is_some()).or(claims().next_back()),
        fingerprinted: many(&|one| one.fingerprint.is_some()) > 0,
        robots: many(&|one| one.path == "/robots.txt") > 0,
        forbidden: 0,
        unchanged: many(&|one| one.status == 304),
        probes: many(&is_probe),
        exact: true,
    }
}

fn different<T: Ord>(things: impl Iterator<Item = T>) -> u64 {
    things.collect::<BTreeSet<_>>().len() as u64
}

fn minutes(asked: &[Asked]) -> BTreeMap<u64, Minute> {
    let mut minutes: BTreeMap<u64, Minute> = BTreeMap::new();
    for one in asked {
        let minute = minutes.entry(one.time.unix_millis() / 60_000).or_default();
        minute.requests += 1;
        minute.units += u64::from(one.units);
    }
    minutes
}

/// Requests whose referer is a page that had been asked for before.
fn chained(asked: &[Asked]) -> u64 {
    let mut before = HashSet::new();
    let chained = asked.iter().filter(|one| {
        let chained = one.referer.is_some_and(|page| before.contains(&page));
        before.insert(one.page);
        chained
    });
    chained.count() as u64
}

/// Most different pages within the current and the last half of a window.
fn breadth(asked: &[Asked], half_ms: u64) -> u32 {
    let mut halves: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for one in asked.iter().filter(|one| one.units > 0) {
        halves.entry(one.time.unix_millis() / half_ms).or_default().insert(one.page);
    }
    let with_last = halves.iter().map(|(half, pages)| {
        let last = half.checked_sub(1).and_then(|last| halves.get(&last));
        last.map_or(pages.len(), |last| last.union(pages).count())
    });
    u32::try_from(with_last.max().unwrap_or_default()).unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds within half an hour")]
fn pauses(asked: &[Asked]) -> Pauses {
    let pauses = asked.windows(2).map(|two| two[1].time.millis_since(two[0].time));
    let pauses: Vec<f64> =
        pauses.filter(|pause| *pause <= 1_800_000).map(|pause| pause as f64).collect();
    Pauses {
        count: pauses.len() as u64,
        // A sum of none would be -0.
        sum: pauses.iter().fold(0.0, |sum, pause| sum + pause),
        squares: pauses.iter().fold(0.0, |sum, pause| sum + pause * pause),
    }
}

/// The first path that came twice in a row, or the first of all.
fn example(asked: &[Asked]) -> String {
    let twice = asked.windows(2).find(|two| two[0].page == two[1].page).map(|two| &two[1].path);
    twice.unwrap_or(&asked[0].path).chars().take(80).collect()
}

/// Those that the tests' logs have.
fn is_probe(asked: &Asked) -> bool {
    let path = asked.path.to_ascii_lowercase();
    let probes = ["/.env", "/wp-login", "/.git/", "..%2f", "/../"];
    asked.status / 100 == 4 && probes.iter().any(|probe| path.contains(probe))
}
