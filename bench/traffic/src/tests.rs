use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;

mod named;

/// Plays a scenario, with `answer` for everybody, in one lane.
fn shots_with(scenario: &Scenario, mut answer: impl FnMut(&Shot) -> Answer) -> Vec<Shot> {
    let mut shots = Vec::new();
    for mut lane in Schedule::new(scenario, 1).into_lanes() {
        while let Some(turn) = lane.next_before(Time::MAX) {
            let answer = answer(&turn.shot);
            shots.push(lane.answered(turn, &answer));
        }
    }
    shots
}

fn shots(scenario: &Scenario) -> Vec<Shot> {
    shots_with(scenario, |_| Answer::status(200))
}

fn small(seed: u64) -> Scenario {
    Scenario::march_2025(seed).scaled(0.05)
}

fn only(class: Class, shots: &[Shot]) -> Vec<&Shot> {
    shots.iter().filter(|shot| shot.class == class).collect()
}

fn classes(shots: &[Shot]) -> HashSet<Class> {
    shots.iter().map(|shot| shot.class).collect()
}

#[test]
fn a_seed_gives_the_same_traffic_every_time() {
    let fingerprint = |seed| {
        let mut hasher = DefaultHasher::new();
        for shot in shots(&small(seed)).iter().take(10_000) {
            format!("{shot:?}").hash(&mut hasher);
        }
        hasher.finish()
    };
    assert_eq!(fingerprint(1), fingerprint(1));
    assert_ne!(fingerprint(1), fingerprint(3));
}

#[test]
fn one_visitor_more_changes_nothing_for_the_others() {
    let few = small(5);
    let mut more = few.clone();
    more.crawl.addresses += 2;
    let count = |scenario: &Scenario| {
        shots(scenario).iter().filter(|shot| shot.class == Class::Person).count()
    };
    assert_eq!(count(&few), count(&more));
}

#[test]
fn time_never_runs_backwards_and_stays_within_the_scenario() {
    let scenario = small(4);
    let shots = shots(&scenario);
    assert!(shots.is_sorted_by_key(|shot| shot.at));
    assert!(shots.iter().all(|shot| shot.at >= scenario.start && shot.at < scenario.end()));
}

#[test]
fn every_class_is_there_and_says_what_it_is() {
    let shots = shots(&small(2));
    for class in Class::ALL {
        assert_eq!(Class::from_name(class.name()), Some(class));
    }
    assert_eq!(classes(&shots).len(), 10);
    for shot in &shots {
        assert_eq!(shot.headers.first().map(|(name, _)| *name), Some("host"));
        assert_eq!(
            shot.headers.last().map(|(name, value)| (*name, value.as_ref())),
            Some((TRUTH, shot.class.name()))
        );
    }
}

#[test]
fn the_crawl_has_the_rate_and_the_pass_through_of_the_incident() {
    let scenario = Scenario::march_2025(2).scaled(0.1);
    let shots = shots(&scenario);
    let crawl = only(Class::Crawler, &shots);
    let begin = scenario.start.unix_millis() + 7 * 60_000;
    let mut rates: HashMap<IpAddr, usize> = HashMap::new();
    let (mut seen, mut passed) = (HashSet::new(), 0);
    for shot in &crawl {
        assert!((begin..begin + 61_000).contains(&shot.at.unix_millis()));
        assert!(shot.header("referer").is_none());
        *rates.entry(shot.client).or_default() += 1;
        passed += usize::from(seen.insert(&shot.path_and_query));
    }
    assert_eq!(rates.len(), 8);
    assert!(rates.values().all(|rate| (2_250..=2_750).contains(rate)), "{rates:?}");
    let share = passed * 100 / crawl.len();
    assert!((45..=55).contains(&share), "{share} % of the crawl reach the origin");
    let once: HashSet<_> = crawl.iter().map(|shot| (shot.client, &shot.path_and_query)).collect();
    assert_eq!(once.len(), crawl.len(), "an address asked for a page twice");
    let networks: HashSet<_> = crawl.iter().map(|shot| (shot.asn, shot.country)).collect();
    assert_eq!(networks, HashSet::from([(Some(64500), Some("US")), (Some(64501), Some("JP"))]));
}

#[test]
fn the_crawl_passes_through_evenly() {
    let scenario = Scenario::march_2025(2).scaled(0.1);
    let shots = shots(&scenario);
    let mut seen = HashSet::new();
    let mut passed = [0_u32; 6];
    let mut all = [0_u32; 6];
    let begin = scenario.start.unix_millis() + 7 * 60_000;
    for shot in only(Class::Crawler, &shots) {
        let part = ((shot.at.unix_millis() - begin) / 10_000).min(5) as usize;
        all[part] += 1;
        passed[part] += u32::from(seen.insert(&shot.path_and_query));
    }
    for part in 0..6 {
        assert!((40..=60).contains(&(passed[part] * 100 / all[part])), "{passed:?} of {all:?}");
    }
}

#[test]
fn odd_seeds_hide_the_crawl_among_the_peoples_browsers() {
    let prints = |class, shots: &[Shot]| -> HashSet<_> {
        only(class, shots)
            .iter()
            .map(|shot| (shot.ja4, shot.h2, shot.header("user-agent").map(str::to_owned)))
            .collect()
    };
    let odd = shots(&small(7));
    assert!(prints(Class::Crawler, &odd).is_subset(&prints(
        Class::NatPerson,
        &shots(&Scenario { people: 0, ..Scenario::march_2025(7) })
    )));
    let even = shots(&small(8));
    assert!(prints(Class::Crawler, &even).is_disjoint(&prints(Class::Person, &even)));
    assert_eq!(prints(Class::Crawler, &even).len(), 1);
}

#[test]
fn two_hundred_people_share_the_nat() {
    let scenario = Scenario {
        crawl: Crawl { addresses: 0, ..Scenario::march_2025(3).crawl },
        ..Scenario::march_2025(3)
    };
    let shots = shots(&scenario);
    let nat = only(Class::NatPerson, &shots);
    assert_eq!(nat.iter().map(|shot| shot.client).collect::<HashSet<_>>().len(), 1);
    assert_eq!(nat.iter().map(|shot| shot.actor).collect::<HashSet<_>>().len(), 200);
    let people: HashSet<_> = only(Class::Person, &shots).iter().map(|shot| shot.client).collect();
    assert_eq!(people.len(), 400);
    let old = people.iter().filter(|client| client.is_ipv4()).count();
    assert!((100..=300).contains(&old), "{old} of 400 on IPv4");
}

#[test]
fn a_page_is_followed_by_its_assets_and_kept_ones_are_not_asked_for_again() {
    let scenario = Scenario { people: 60, ..small(6) };
    let shots = shots(&scenario);
    let mut sessions: HashMap<u32, Vec<&Shot>> = HashMap::new();
    for shot in only(Class::Person, &shots) {
        sessions.entry(shot.actor).or_default().push(shot);
    }
    let mut first_loads = Vec::new();
    for session in sessions.values() {
        let (mut page, mut kept) = (None, HashSet::new());
        let mut loads = 0;
        for shot in session {
            if shot.header("sec-fetch-dest") == Some("document") {
                page = Some(format!("https://docs.rs{}", shot.path_and_query));
                continue;
            }
            assert_eq!(shot.header("referer"), page.as_deref(), "an asset without its page");
            loads += 1;
            if shot.path_and_query.starts_with("/-/") {
                assert!(kept.insert(&shot.path_and_query), "`{}` was kept", shot.path_and_query);
            }
        }
        first_loads.push(loads);
    }
    first_loads.sort_unstable();
    assert!(first_loads.last().is_some_and(|most| *most >= 18), "{first_loads:?}");
    assert!(first_loads.iter().filter(|loads| **loads >= 15).count() > 20, "{first_loads:?}");
}

#[test]
fn a_person_reloads_after_retry_after() {
    let scenario = Scenario { people: 30, ..small(6) };
    let mut refused: HashMap<u32, (u64, String)> = HashMap::new();
    let mut reloads = 0;
    let mut count = 0_u32;
    shots_with(&scenario, |shot| {
        if shot.class != Class::Person || shot.path_and_query.starts_with("/-/") {
            return Answer::status(200);
        }
        if let Some((until, page)) = refused.remove(&shot.actor) {
            assert_eq!(shot.path_and_query, page);
            assert!(shot.at.unix_millis() >= until, "came back early");
            reloads += 1;
            return Answer::status(200);
        }
        count += 1;
        if !count.is_multiple_of(10) || shot.header("sec-fetch-dest") != Some("document") {
            return Answer::status(200);
        }
        refused.insert(shot.actor, (shot.at.unix_millis() + 7_000, shot.path_and_query.clone()));
        Answer { retry_after: Some(7), ..Answer::status(429) }
    });
    assert!(reloads > 5, "{reloads} reloads");
}

#[test]
fn tools_keep_their_pace() {
    let shots = shots(&small(2));
    let rate = |class| {
        let mine = only(class, &shots);
        let actors = mine.iter().map(|shot| shot.actor).collect::<HashSet<_>>().len();
        let (first, last) = (mine[0].at, mine[mine.len() - 1].at);
        (mine.len() as u64 * 10_000 / last.millis_since(first), actors)
    };
    // Requests in ten seconds.
    assert_eq!(rate(Class::CurlLoop), (50, 1));
    assert_eq!(rate(Class::NoUserAgent), (10, 1));
    assert_eq!(rate(Class::SearchEngine), (20, 1));
    let (wget, _) = rate(Class::WgetRecursive);
    assert!((180..=220).contains(&wget), "{wget}");
    let (links, _) = rate(Class::LinkChecker);
    assert!((48..=52).contains(&links), "{links}");
}

#[test]
fn well_behaved_programs_ask_for_robots_first_and_scripts_name_nobody() {
    let shots = shots(&small(2));
    for class in [Class::WgetRecursive, Class::SearchEngine] {
        assert_eq!(only(class, &shots)[0].path_and_query, "/robots.txt");
    }
    let engine = only(Class::SearchEngine, &shots);
    assert!(engine.iter().skip(1).all(|shot| shot.path_and_query.contains("/latest/")));
    assert_eq!(
        engine.iter().map(|shot| &shot.path_and_query).collect::<HashSet<_>>().len(),
        engine.len()
    );
    assert!(
        only(Class::NoUserAgent, &shots).iter().all(|shot| shot.header("user-agent").is_none())
    );
}

#[test]
fn the_generator_imports_no_more_than_two_words() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    for folder in [folder.join("scenario"), folder] {
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.is_file() && !file.ends_with("tests.rs") {
                sources.push(std::fs::read_to_string(file).unwrap());
            }
        }
    }
    assert!(sources.len() > 20, "where are the sources?");
    for line in sources.iter().flat_map(|source| source.lines()) {
        if line.contains("tidegate_") && !line.trim_start().starts_with("//") {
            assert!(
                ["use tidegate_rules::Time;", "use tidegate_rules::{CacheState, Time};"]
                    .contains(&line.trim()),
                "`{line}`"
            );
        }
    }
}
