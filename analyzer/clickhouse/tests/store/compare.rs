//! Two engines and the truth, feature by feature.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use tidegate::clients::Clients;
use tidegate::features::{EXACT, Features, Group, GroupKey, Many, Minute, Swarm};

use crate::truth::{Asked, Everybody, Truth, in_full_from};

/// Three standard errors of a count in the store, of 4,096 registers, and in a pass, of
/// 1,024.
const THERE: f64 = 0.049;
const HERE: f64 = 0.098;

/// Requests of a group of which a pass says nothing.
const LIGHT: usize = 31;

/// What differs by more than it may, for people to read.
#[derive(Default)]
pub(crate) struct Differences(Vec<String>);

impl Differences {
    pub(crate) fn same<T: PartialEq + Debug>(&mut self, of: &str, what: &str, is: &T, truth: &T) {
        if is != truth {
            self.0.push(format!("{of}: {what} is {is:?} and not {truth:?}"));
        }
    }

    /// Both are counts of different things: exact below a bound, and near above it.
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn near(&mut self, of: &str, what: &str, is: u64, truth: u64, share: f64) {
        let bound = if truth <= EXACT as u64 { 0.0 } else { share * truth as f64 };
        if is.abs_diff(truth) as f64 > bound {
            self.0.push(format!("{of}: {what} is {is} and not near {truth}"));
        }
    }

    fn within(&mut self, of: &str, what: &str, is: u64, least: u64, most: u64) {
        if !(least..=most).contains(&is) {
            self.0.push(format!("{of}: {what} is {is} and not from {least} to {most}"));
        }
    }

    fn missing(&mut self, of: &str) {
        self.0.push(format!("{of}: is missing"));
    }

    #[track_caller]
    pub(crate) fn none(self) {
        assert!(self.0.is_empty(), "{} differences:\n{}", self.0.len(), self.0.join("\n"));
    }

    /// What is exact in any record, whenever it began.
    fn always(&mut self, of: &str, is: &Features, truth: &Features) {
        let claims = [is, truth].map(|of| of.claim.map(|claim| (claim.agent, claim.verification)));
        self.same(of, "claim", &claims[0], &claims[1]);
        for (what, is, truth) in [
            ("requests", is.requests, truth.requests),
            ("units", is.units, truth.units),
            ("misses", is.misses, truth.misses),
            ("assets", is.assets, truth.assets),
            ("referred", is.referred, truth.referred),
            ("unpopular", is.unpopular, truth.unpopular),
            ("first", is.first.unix_millis(), truth.first.unix_millis()),
            ("last", is.last.unix_millis(), truth.last.unix_millis()),
            ("sessions", is.sessions, truth.sessions),
            ("peak_requests", is.peak_requests, truth.peak_requests),
            ("peak_units", is.peak_units, truth.peak_units),
            ("fingerprinted", is.fingerprinted.into(), truth.fingerprinted.into()),
            ("robots", is.robots.into(), truth.robots.into()),
        ] {
            self.same(of, what, &is, &truth);
        }
    }

    /// What is exact where everything was counted from some request on.
    fn since(&mut self, of: &str, is: &Features, truth: &Features) {
        self.same(of, "unchanged", &is.unchanged, &truth.unchanged);
        self.same(of, "probes", &is.probes, &truth.probes);
        let pauses = |of: &Features| format!("{} {:.9e}", of.pauses.count, of.pauses.sum);
        self.same(of, "pauses", &pauses(is), &pauses(truth));
        let irregularity = |of: &Features| of.pauses.irregularity().map(|cv| format!("{cv:.6}"));
        self.same(of, "irregularity", &irregularity(is), &irregularity(truth));
    }

    /// Everything that an engine says which left nothing out.
    fn whole(&mut self, of: &str, is: &Features, truth: &Features, share: f64) {
        self.always(of, is, truth);
        self.since(of, is, truth);
        self.same(of, "told", &is.told, &truth.told);
        self.same(of, "statuses", &is.statuses, &truth.statuses);
        self.near(of, "pages", is.pages, truth.pages, share);
        self.near(of, "crates", is.crates, truth.crates, share);
        // Pages in it are told apart by 20 bits.
        for (is, truth) in is.widest.into_iter().zip(truth.widest) {
            let least = if share == THERE { truth } else { truth.saturating_sub(1) };
            self.within(of, "breadth", is.into(), least.into(), truth.into());
        }
        // A pass knows the last 64 pages.
        if share == THERE || truth.pages <= EXACT as u64 {
            self.same(of, "chained", &is.chained, &truth.chained);
        }
    }

    /// What else there is to say of a record.
    fn rest(&mut self, of: &str, is: &Many, truth: &Truth) {
        let from = is.minutes().first().map_or(0, |(at, _)| *at);
        let minutes: Vec<_> = truth.minutes.iter().copied().filter(|(at, _)| *at >= from).collect();
        self.same(of, "minutes", &is.minutes().to_vec(), &minutes);
        self.same(of, "routes", &in_order(is.routes()), &truth.routes);
        let samples: Vec<_> = is.samples().map(str::to_owned).collect();
        self.same(of, "samples", &samples, &truth.ids.iter().take(3).cloned().collect());
        self.same(of, "example", &is.example(), &truth.example.as_str());
    }

    /// Somebody in the store.
    fn there(&mut self, of: &str, is: &Features, many: Option<&Many>, asked: &[Asked]) {
        let truth = Truth::of(asked);
        self.whole(of, is, &truth.features, THERE);
        match many {
            Some(many) => self.rest(of, many, &truth),
            None => self.missing(&format!("{of}, in full")),
        }
    }

    /// Somebody in a pass: what it says of the time when little was kept is less.
    fn here(&mut self, of: &str, is: &Features, many: Option<&Many>, asked: &[Asked]) {
        let truth = Truth::of(asked).features;
        self.always(of, is, &truth);
        let full = in_full_from(asked);
        self.same(of, "whether it is kept in full", &many.is_some(), &full.is_some());
        let (Some(many), Some(from)) = (many, full) else { return };
        let late = Truth::since(asked, from);
        self.since(of, is, &late.features);
        self.near(of, "pages", is.pages, truth.pages, HERE);
        // Three crates of the time before share sixteen bits with those that come later.
        if truth.crates <= EXACT as u64 {
            self.within(of, "crates", is.crates, truth.crates.saturating_sub(3), truth.crates);
        }
        // What came before counts as if it had come just then.
        for (is, truth) in is.widest.into_iter().zip(truth.widest) {
            self.within(
                of,
                "breadth",
                is.into(),
                truth.saturating_sub(1).into(),
                u64::from(truth) + 3,
            );
        }
        if truth.pages <= EXACT as u64 {
            self.same(of, "chained", &is.chained, &truth.chained);
        }
        let minutes = Truth::of(asked).minutes;
        self.rest(of, many, &Truth { minutes, ..late });
    }

    /// Everybody in the store or in a pass, in `clients`.
    pub(crate) fn clients(&mut self, clients: &Clients, everybody: &Everybody, is_there: bool) {
        for at in clients.places() {
            let key = clients.key(at).to_string();
            let of = format!("{} {key}", place(is_there));
            let (features, many) = (clients.features(at), clients.many(at));
            let asked = &everybody.clients[&key];
            match is_there {
                true => self.there(&of, &features, many, asked),
                false => self.here(&of, &features, many, asked),
            }
        }
        self.visitors(clients, everybody, is_there);
    }

    /// Visitors are told apart by when they came first.
    fn visitors(&mut self, clients: &Clients, everybody: &Everybody, is_there: bool) {
        let mut by_first: HashMap<(&str, u64), Vec<&[Asked]>> = HashMap::new();
        for ((client, _), asked) in &everybody.visitors {
            let first = Truth::of(asked).features.first.unix_millis();
            by_first.entry((client, first)).or_default().push(asked);
        }
        for visitor in clients.visitors() {
            let (key, features) = (clients.key(visitor.client).to_string(), visitor.features());
            let of = format!("{} visitor of {key} at {:?}", place(is_there), features.first);
            match by_first.get(&(key.as_str(), features.first.unix_millis())).map(Vec::as_slice) {
                Some([asked]) if is_there => self.there(&of, &features, visitor.many(), asked),
                Some([asked]) => self.here(&of, &features, visitor.many(), asked),
                // At the same millisecond: any of them.
                Some(_) => {}
                None => self.missing(&of),
            }
        }
    }

    pub(crate) fn groups(
        &mut self,
        groups: &[(GroupKey, &Group)],
        everybody: &HashMap<GroupKey, Vec<Asked>>,
        is_there: bool,
    ) {
        let heavy = everybody.iter().filter(|(_, asked)| asked.len() > LIGHT);
        let found: BTreeMap<_, _> = groups.iter().copied().collect();
        for (key, asked) in heavy {
            let of = format!("{} {key}", place(is_there));
            let Some(group) = found.get(key) else {
                self.missing(&of);
                continue;
            };
            let (asked, share) =
                if is_there { (&asked[..], THERE) } else { (&asked[LIGHT..], HERE) };
            let truth = Truth::of(asked);
            self.whole(&of, &group.features(), &truth.features, share);
            self.near(&of, "clients", group.clients(), truth.clients, share);
        }
        let most = everybody.values().filter(|asked| asked.len() > LIGHT).count();
        self.same(place(is_there), "number of groups", &found.len(), &most);
    }

    pub(crate) fn swarms(&mut self, clients: &Clients, everybody: &Everybody, is_there: bool) {
        let found: HashMap<_, _> = clients.swarms.worst_first().into_iter().collect();
        let heavy = everybody.swarms.iter().filter(|(_, asked)| asked.len() > LIGHT);
        let mut most = 0;
        for (key, asked) in heavy {
            most += 1;
            let of = format!("{} swarm {key:?}", place(is_there));
            let Some(swarm) = found.get(key) else {
                self.missing(&of);
                continue;
            };
            let (asked, share) =
                if is_there { (&asked[..], THERE) } else { (&asked[LIGHT..], HERE) };
            self.swarm(&of, swarm, asked, share);
        }
        self.same(place(is_there), "number of swarms", &found.len(), &most);
    }

    fn swarm(&mut self, of: &str, is: &Swarm, asked: &[Asked], share: f64) {
        let truth = Truth::of(asked);
        let features = &truth.features;
        for (what, is, truth) in [
            ("requests", is.requests, features.requests),
            ("units", is.units, features.units),
            ("assets", is.assets, features.assets),
            ("told", is.told, features.told),
            ("referred", is.referred, features.referred),
            ("unpopular", is.unpopular, truth.own_unpopular),
        ] {
            self.same(of, what, &is, &truth);
        }
        self.near(of, "pages", is.pages.count(), truth.own_pages, share);
        self.near(of, "clients", is.clients.count(), truth.clients, share);
        self.near(of, "networks", is.networks.count(), truth.networks, share);
        let claim = is.claim.map(|claim| (claim.agent, claim.verification));
        self.same(of, "claim", &claim, &truth.first_claim);
        self.same(of, "minutes", &is.minutes().to_vec(), &truth.minutes);
        self.same(of, "asset minutes", &is.asset_minutes().to_vec(), &truth.asset_minutes);
        self.same(of, "routes", &in_order(is.routes()), &truth.routes);
        let samples: Vec<_> = is.samples().map(str::to_owned).collect();
        self.same(of, "samples", &samples, &truth.ids.iter().take(5).cloned().collect());
    }

    /// How the origin was, in both.
    pub(crate) fn origin(&mut self, there: &Clients, here: &Clients) {
        let hurts = |clients: &Clients| -> Vec<(u64, bool)> {
            here.minutes.keys().map(|at| (*at, clients.origin.hurt_in(*at))).collect()
        };
        self.same("the origin", "when it hurt", &hurts(there), &hurts(here));
        self.same("the origin", "is known", &there.origin.is_known(), &here.origin.is_known());
        let times = |clients: &Clients| -> Vec<String> {
            let routes = clients.origin.routes().iter();
            let told = routes.map(|(route, times)| {
                let quantiles = [0.1, 0.5, 0.9, 0.99].map(|share| times.quantile_ms(share));
                format!("{route}: {} {:.6} {quantiles:?}", times.answers, times.mean_ms())
            });
            told.collect()
        };
        self.same("the origin", "times", &times(there), &times(here));
    }
}

const fn place(is_there: bool) -> &'static str {
    if is_there { "in the store," } else { "in a pass," }
}

fn in_order(routes: &[(Option<u16>, u64)]) -> Vec<(Option<u16>, u64)> {
    let mut routes = routes.to_vec();
    routes.sort_unstable();
    routes
}

/// Requests and units of minutes, for people to read.
pub(crate) fn told(minutes: &BTreeMap<u64, Minute>) -> Vec<(u64, u64, u64)> {
    minutes.iter().map(|(at, minute)| (*at, minute.requests, minute.units)).collect()
}
