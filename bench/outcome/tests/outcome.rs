//! Every scenario, small: its logs can be read, and the judge counts everybody.

use tidegate_bench_outcome::judge::{TIDEGATE, analyze, replay};
use tidegate_bench_outcome::night::{LogKind, play};
use tidegate_bench_outcome::policies::{WHOLE, policies};
use tidegate_bench_outcome::promoted;
use tidegate_traffic::truth::actor_of;
use tidegate_traffic::{Kind, Scenario};

fn small(name: &str) -> Scenario {
    Scenario::named(name, 2).unwrap().scaled(0.02)
}

#[test]
fn both_logs_of_every_scenario_say_the_same_requests() {
    for name in Scenario::NAMES {
        let (scenario, folder) = (small(name), tempfile::tempdir().unwrap());
        let played = play(&scenario, folder.path()).unwrap();
        let rules = promoted::site_rules(scenario.site).unwrap();
        let sent: u64 = played.truth.visitors().map(|visitor| visitor.requests).sum();
        for kind in [LogKind::Records, LogKind::Access] {
            let read = analyze(&rules, played.log(kind), false, scenario.end()).unwrap();
            let lines = read.analysis.lines;
            assert_eq!((lines.bad, read.analysis.total.requests), (0, sent), "{name}, {kind:?}");
        }
    }
}

#[test]
fn the_judge_counts_every_request_of_every_side() {
    let (scenario, folder) = (small("march-2025"), tempfile::tempdir().unwrap());
    let played = play(&scenario, folder.path()).unwrap();
    let rules = promoted::site_rules(scenario.site).unwrap();
    let log = played.log(LogKind::Records);
    let sides = replay(rules, log, &played.truth, played.onset).unwrap();
    let names: Vec<_> = sides.iter().map(|side| &*side.name).collect();
    assert_eq!(names, [TIDEGATE, "docs-rs-today", "crates-io-today", "nginx"]);
    let sent: u64 = played.truth.visitors().map(|visitor| visitor.requests).sum();
    for side in &sides {
        let counted: u64 = side.classes.values().map(|got| got.requests).sum();
        assert_eq!(counted, sent, "{}", side.name);
        let people = side.kind(Kind::Person);
        assert_eq!(side.inside.visitors + side.outside.visitors, people.visitors);
    }
    // 2,500 requests a minute from each address, of which 700 pass.
    let crawl = sides[1].kind(Kind::Crawler);
    assert_eq!(crawl.throttled, crawl.visitors);
    assert!(crawl.removed().unwrap() > 0.6, "{crawl:?}");
}

/// The limits of today as they are, each counted by two programs.
#[test]
fn a_policy_as_it_is_today_does_what_its_preset_does() {
    let (scenario, folder) = (small("march-2025"), tempfile::tempdir().unwrap());
    let played = play(&scenario, folder.path()).unwrap();
    let log = played.log(LogKind::Records);
    let site = promoted::site_rules(scenario.site).unwrap();
    let sides = replay(site, log, &played.truth, played.onset).unwrap();
    let policies = policies(scenario.site, "format = 1\n", log, &played.truth).unwrap();
    let named = |name| policies.iter().find(|policy| policy.name == name).unwrap();
    for side in &sides {
        let policy = named(if side.name == TIDEGATE { "proposed" } else { side.name.as_str() });
        let today = policy.points.iter().find(|point| point.size == WHOLE).unwrap();
        let (crawl, people) = (side.kind(Kind::Crawler), side.kind(Kind::Person));
        assert!((today.removed - crawl.removed().unwrap()).abs() < 1e-9, "{}", side.name);
        assert_eq!(Some(today.refused), people.refused(), "{}", side.name);
        let hurt = people.throttled as f64 / people.visitors as f64;
        assert_eq!(today.hurt, hurt, "{}", side.name);
        let removed: Vec<_> = policy.points.iter().map(|point| point.removed).collect();
        assert!(removed.is_sorted_by(|tight, loose| tight >= loose), "{}: {removed:?}", side.name);
    }
}

#[test]
fn a_log_says_whose_a_request_is_to_whoever_knows_how() {
    let (scenario, folder) = (small("ordinary"), tempfile::tempdir().unwrap());
    let played = play(&scenario, folder.path()).unwrap();
    let text = std::fs::read_to_string(&played.records).unwrap();
    for line in text.lines() {
        let record: tidegate_rules::Record<'_> = serde_json::from_str(line).unwrap();
        let actor = actor_of(record.request_id.as_deref().unwrap()).unwrap();
        let visitor = played.truth.visitor(actor).expect("somebody of the truth");
        let agent = visitor.user_agent.as_deref().unwrap_or_default();
        assert_eq!(record.user_agent.as_deref(), Some(agent));
    }
}
