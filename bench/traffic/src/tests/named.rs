//! The named scenarios are what they are calibrated on.

use super::*;

fn crawl_of(name: &str, seed: u64, factor: f64) -> Vec<Shot> {
    let scenario = Scenario::named(name, seed).unwrap().scaled(factor);
    let shots = shots(&scenario);
    shots.into_iter().filter(|shot| shot.class == Class::Crawler).collect()
}

fn asns<'s>(shots: impl IntoIterator<Item = &'s Shot>) -> HashSet<Option<u32>> {
    shots.into_iter().map(|shot| shot.asn).collect()
}

#[test]
fn every_name_is_a_scenario_and_no_other_is() {
    for name in Scenario::NAMES {
        let scenario = Scenario::named(name, 3).unwrap();
        assert_eq!((scenario.name, scenario.seed), (name, 3));
    }
    assert_eq!(Scenario::named("nobody", 1), None);
}

#[test]
fn a_distributed_crawl_has_the_shape_of_the_wikis() {
    let crawl = crawl_of("distributed", 2, 0.2);
    let addresses: HashSet<_> = crawl.iter().map(|shot| shot.client).collect();
    let each = crawl.len() as f64 / addresses.len() as f64;
    assert!((3.2..=3.8).contains(&each), "{each} requests an address");
    let browsers = crawl.iter().filter(|shot| {
        let agent = shot.header("user-agent").unwrap();
        agent.starts_with("Mozilla/5.0") && !agent.contains("bot")
    });
    let share = browsers.count() * 100 / crawl.len();
    assert!((82..=88).contains(&share), "{share} % browsers");
    let networks: HashSet<_> = addresses
        .iter()
        .filter_map(|address| match address {
            IpAddr::V4(v4) => Some(v4.to_bits() >> 8),
            IpAddr::V6(_) => None,
        })
        .collect();
    assert!(networks.len() > 1_000, "{} networks", networks.len());
    assert_eq!(asns(&crawl).len(), 40);
    let pages: HashSet<_> = crawl.iter().map(|shot| &shot.path_and_query).collect();
    assert_eq!(pages.len(), crawl.len(), "the addresses part the pages among themselves");
}

#[test]
fn a_residential_crawl_comes_from_the_peoples_providers_and_no_persons_address() {
    let scenario = Scenario::named("residential", 1).unwrap().scaled(0.05);
    let shots = shots(&scenario);
    let (crawl, others): (Vec<_>, Vec<_>) =
        shots.iter().partition(|shot| shot.class == Class::Crawler);
    // A few people are not with every provider: all of them are.
    let all = super::shots(&Scenario::named("ordinary", 1).unwrap());
    let people = all.iter().filter(|shot| shot.class.kind() == Kind::Person);
    assert!(asns(crawl.iter().copied()).is_subset(&asns(people)));
    let clients = |shots: &[&Shot]| shots.iter().map(|shot| shot.client).collect::<HashSet<_>>();
    assert!(clients(&crawl).is_disjoint(&clients(&others)));
}

#[test]
fn rotating_crawls_stay_in_their_network_and_repeat_no_client() {
    let first = |name| {
        let crawl = crawl_of(name, 1, 0.05);
        let clients: HashSet<IpAddr> = crawl.iter().map(|shot| shot.client).collect();
        assert!(clients.len() > 900, "{}", clients.len());
        clients
    };
    for client in first("rotating-v4") {
        assert!(client.to_string().starts_with("100.70."), "{client}");
    }
    let mut nets = HashSet::new();
    for client in first("rotating-v6") {
        let IpAddr::V6(v6) = client else { panic!("{client}") };
        assert_eq!(v6.segments()[..2], [0x3fff, 0xabc]);
        assert!(nets.insert(v6.to_bits() >> 64), "{client} shares its /64");
    }
}

#[test]
fn a_polite_crawler_waits_as_it_is_told() {
    let scenario = Scenario::named("polite-ai", 1).unwrap().scaled(0.1);
    let mut last: HashMap<u32, u64> = HashMap::new();
    shots_with(&scenario, |shot| {
        if shot.class != Class::PoliteCrawler {
            return Answer::status(200);
        }
        let now = shot.at.unix_millis();
        if let Some(before) = last.insert(shot.actor, now) {
            assert!(now - before >= 9_000, "came back after {} ms", now - before);
        }
        Answer { retry_after: Some(9), ..Answer::status(429) }
    });
    assert!(!last.is_empty());
}

#[test]
fn a_conference_is_one_address_and_three_crates() {
    let scenario = Scenario::named("conference", 1).unwrap().scaled(0.2);
    let shots = shots(&scenario);
    let listeners = only(Class::NatPerson, &shots);
    assert_eq!(listeners.iter().map(|shot| shot.client).collect::<HashSet<_>>().len(), 1);
    let crates: HashSet<_> = listeners
        .iter()
        .filter(|shot| shot.path_and_query.contains("/latest/"))
        .map(|shot| shot.path_and_query.split('/').nth(1).unwrap().to_owned())
        .filter(|name| name != "crate")
        .collect();
    assert!(crates.len() <= 3, "{crates:?}");
}

#[test]
fn the_api_is_swept_once() {
    let crawl = crawl_of("api-sweep", 2, 0.5);
    assert!(crawl.iter().all(|shot| shot.path_and_query.starts_with("/api/v1/crates/")));
    assert!(crawl.iter().all(|shot| shot.header("host") == Some("crates.io")));
    let pages: HashSet<_> = crawl.iter().map(|shot| &shot.path_and_query).collect();
    assert_eq!(pages.len(), crawl.len());
}

#[test]
fn a_cold_pop_has_nothing_and_the_shield_behind_it_has() {
    use tidegate_rules::CacheState::{Hit, ShieldHit};

    let scenario = Scenario::named("cold-pop", 1).unwrap().scaled(0.1);
    let mut world = World::of(&scenario);
    let (mut cold, mut warm) = ([0_u32; 2], [0_u32; 2]);
    shots_with(&scenario, |shot| {
        let answer = world.answer(shot);
        if shot.class == Class::Person && shot.path_and_query.contains("/latest/") {
            let counts = if shot.pop == "BOM" { &mut cold } else { &mut warm };
            counts[0] += u32::from(answer.cache == Some(Hit));
            counts[1] += u32::from(answer.cache == Some(ShieldHit));
        }
        answer
    });
    // What one reader fetched, the next one finds there.
    let share = |[hits, shield]: [u32; 2]| f64::from(shield) / f64::from((hits + shield).max(1));
    assert!(share(cold) > share(warm), "hits and shield hits: {cold:?}, elsewhere {warm:?}");
}
