use serde_json::{Map, json};
use tidegate_rules::agent::Category;
use tidegate_rules::condition::Demand;
use tidegate_rules::record::Verification;
use tidegate_rules::{Compiled, compile_with};

use super::*;
use crate::propose::{CohortEffect, Proposal, file_text};
use crate::rule_files;

/// A site without rules of its own: what it compiles to beside a proposal is
/// the proposal's.
const SITE: &str = r#"
format = 1
site   = "docs.example"
hosts  = ["docs.example"]

[[route]]
name  = "search"
paths = ["/search"]
cost  = 120
cache = "never"

[[route]]
name  = "page \"of\" docs"
paths = ["/**"]
cost  = 40
cache = "long"
"#;

const EXPIRES: &str = "2026-12-31";

fn finding(samples: &[&str]) -> Finding {
    let mut evidence = Map::new();
    evidence.insert("from".into(), json!("2025-03-11T00:00:00Z"));
    evidence.insert("to".into(), json!("2025-03-11T00:10:00Z"));
    evidence.insert("requests".into(), json!(9_600));
    evidence.insert("units".into(), json!(384_000));
    evidence.insert("samples".into(), json!(samples));
    Finding {
        id: "broad-crawl-1".to_owned(),
        detector: "broad-crawl",
        what: String::new(),
        todo: String::new(),
        keys: vec!["192.0.2.7".to_owned()],
        crawler_score: 1.0,
        harm_score: 0.8,
        evidence,
        answered_by: None,
        crowd: None,
    }
}

fn predicted() -> Predicted {
    let cohort = |name: &str| CohortEffect { name: name.to_owned(), clients: 9, throttled: 1 };
    Predicted {
        cohorts: vec![cohort("curl"), cohort("odd \"name\" \\ \u{1b}[31m\u{7f}\u{202e}\n")],
        origin_units: 400_000,
        origin_units_saved: 300_000,
        clients_throttled: 2,
        within_budgets: true,
        crowd: None,
    }
}

fn draft(routes: &[u16], category: Option<Category>, limit: Option<Limit>) -> Draft {
    let verified =
        Condition::new([Demand::Verifications([Verification::Verified].into_iter().collect())]);
    Draft {
        finding: 0,
        id: "learned-broad-crawl-40-in-10m".to_owned(),
        why: "More than 40 different pages within 10m.".to_owned(),
        advice: "Slow down.".to_owned(),
        condition: Condition::new([
            Demand::Routes(routes.iter().copied().collect()),
            Demand::Categories(category.into_iter().collect()),
            Demand::Not(verified),
        ]),
        limit,
    }
}

fn limit(key: KeyKind) -> Limit {
    Limit::new(key, Quota::new(7_200, 600_000, 2_400).unwrap(), 120)
}

/// The draft's file of proposals, compiled as an extra file of a site.
fn compiled(
    draft: &Draft,
    samples: &[&str],
    site: &str,
    read: fn(&str) -> Result<String, String>,
) -> Compiled {
    let rules = compile_with(site, &[], &mut |name| read(name)).unwrap().rules;
    let finding = finding(samples);
    let rule = draft.toml(&rules, &finding, &predicted(), EXPIRES).unwrap();
    let (finding, draft) = (finding.id, draft.clone());
    let proposal = Proposal { rule, finding, predicted: predicted(), draft };
    let file = file_text(&[proposal]);
    let extra = "proposal.toml".to_owned();
    let compiled = compile_with(site, std::slice::from_ref(&extra), &mut |name| {
        if name == extra { Ok(file.clone()) } else { read(name) }
    });
    compiled.unwrap_or_else(|wrong| panic!("{wrong}\n{file}"))
}

/// One draft of each kind that answers make.
fn kinds() -> Vec<Draft> {
    let walks = [(20, 10_000), (60, 60_000), (250, 600_000)];
    let mut limits: Vec<_> = walks
        .into_iter()
        .map(|(over, window_ms)| limit(KeyKind::Visitor).over(over, window_ms))
        .collect();
    limits.push(limit(KeyKind::Network).over(400, 600_000));
    limits.push(limit(KeyKind::Visitor).under(10, 600_000));
    limits.push(limit(KeyKind::Client));
    let floor = Quota::new(6_000, 600_000, 6_000).ok();
    let budget = |key, burst| Limit::new(key, Quota::new(48_000, 60_000, burst).unwrap(), 120);
    for burst in [2_400, 24_000] {
        limits.push(budget(KeyKind::Crowd, burst).while_strained(floor));
        limits.push(budget(KeyKind::Fingerprint, burst).while_strained(None));
        limits.push(budget(KeyKind::Asn, burst).while_strained(None));
    }
    let of = |limit| {
        [None, Some(Category::Browser)].map(|category| draft(&[1, 0], category, Some(limit)))
    };
    let mut all: Vec<_> = limits.into_iter().flat_map(of).collect();
    all.push(draft(&[], None, None));
    all
}

#[test]
fn what_is_written_is_what_was_tried() {
    let site = |_: &str| Ok(SITE.to_owned());
    let empty = compile_with("site.toml", &[], &mut |name| site(name)).unwrap().rules;
    for draft in kinds() {
        for samples in [&["id-1", "id \"2\"\u{7f}"][..], &[]] {
            let written = compiled(&draft, samples, "site.toml", site).rules;
            let mut tried = site_of(&empty, &[&draft], Mode::Shadow);
            let [rule] = &mut tried.rules[..] else { panic!("one rule") };
            // A trial is about one night, a proposal ends on a day.
            assert_eq!(rule.expires, None);
            rule.expires = written.rules[0].expires;
            assert!(rule.expires.is_some());
            assert_eq!(written, tried);
        }
    }
}

#[test]
fn a_proposal_reads_as_people_write_it() {
    let site = compile_with("site.toml", &[], &mut |_| Ok(SITE.to_owned())).unwrap().rules;
    let walk = limit(KeyKind::Visitor).over(40, 600_000);
    let draft = draft(&[1, 0], Some(Category::Browser), Some(walk));
    let finding = finding(&["id-1", "id \"2\""]);
    insta::assert_snapshot!(draft.toml(&site, &finding, &predicted(), EXPIRES).unwrap());
}

#[test]
fn beside_a_sites_own_rules_it_means_the_same() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/docs-rs.toml");
    let site = rule_files::compile(own, &[]).unwrap().rules;
    let walk = limit(KeyKind::Visitor).over(40, 600_000);
    let draft = draft(&[1, 0], Some(Category::Browser), Some(walk));
    let written = compiled(&draft, &["id-1"], own, rule_files::read).rules;
    let tried = site_of(&site, &[&draft], Mode::Enforce);
    let learned = written.rules.last().unwrap();
    assert_eq!(learned.condition, tried.rules[0].condition);
    // The cell has budgets and windows of other rules too, so that places in it
    // differ; what lies there must not.
    let meaning = |rules: &Ruleset| {
        let Effect::Throttle(budget) = &rules.rules.last().unwrap().effect else {
            panic!("a budget")
        };
        let layout = rules.layout(budget.key).unwrap();
        let gate = budget.gate.unwrap();
        let window = layout.windows()[usize::from(gate.window)].period_ms;
        let kept = layout.budget(budget.slot).copied();
        (budget.key, budget.quota, kept, gate.over, gate.under, window)
    };
    assert_eq!(meaning(&written), meaning(&tried));
}

/// What a rule predicts is read again when it has been at the edge.
#[test]
fn what_is_predicted_is_what_effect_compares_with() {
    let site = |_: &str| Ok(SITE.to_owned());
    let draft = draft(&[1, 0], None, Some(limit(KeyKind::Visitor).over(40, 600_000)));
    let learned = compiled(&draft, &["id-1"], "site.toml", site).learned;
    let [rule] = &learned[..] else { panic!("{learned:?}") };
    let read = crate::effect::Predicted::read(&rule.predicted);
    assert_eq!(read.saved, Some(0.75));
    let names: Vec<_> = read.cohorts.keys().map(String::as_str).collect();
    let written = predicted().cohorts;
    assert_eq!(names, written.iter().map(|cohort| cohort.name.as_str()).collect::<Vec<_>>());
    for share in read.cohorts.values() {
        assert_eq!(share.share, 1.0 / 9.0);
    }
}
