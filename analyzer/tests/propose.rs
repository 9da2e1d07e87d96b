//! From a night to rules: what is proposed for which finding, and that it does to
//! the night what was predicted.

#[path = "detect/night.rs"]
mod night;

use night::{ASK, Ask, CURL, FIREFOX, Log, SITE, read, site};
use tidegate::analysis::Analysis;
use tidegate::backtest::run;
use tidegate::promote::{Review, promote};
use tidegate::propose::{file_text, respond};
use tidegate_rules::{Engine, HashKey, Mode, Time, compile_with};

const MINUTE: u64 = 60_000;

/// 2025-03-12.
const NOW: Time = Time::from_unix_millis(night::MIDNIGHT_MS + 86_400_000);

/// The analysis of a night of [`SITE`] with more rules, its findings answered.
fn answered(log: &Log, more: &str) -> Analysis {
    let rules = site(&[SITE, more].concat());
    read(log, &rules, |night| {
        let (mut analysis, clients, _) = Analysis::of(night, &mut |_| {}).unwrap();
        respond(night, &mut analysis, &clients, NOW, &mut |_| {}).unwrap();
        analysis
    })
}

#[track_caller]
fn todo<'a>(analysis: &'a Analysis, finding: &str) -> &'a str {
    let found = analysis.findings.iter().find(|one| one.id == finding);
    &found.unwrap_or_else(|| panic!("no {finding} in {:?}", analysis.findings)).todo
}

/// The one proposal for a finding.
#[track_caller]
fn rule_for<'a>(analysis: &'a Analysis, finding: &str) -> &'a str {
    let rules: Vec<_> =
        analysis.proposals.iter().filter(|proposal| proposal.finding == finding).collect();
    let [proposal] = rules[..] else { panic!("{finding}: {}", todo(analysis, finding)) };
    &proposal.rule
}

/// Whether a rule has a line with this key and value, however it is laid out.
fn says(rule: &str, key: &str, value: &str) -> bool {
    let mut lines = rule.lines().filter_map(|line| line.split_once('='));
    lines.any(|(known, said)| known.trim() == key && said.trim() == value)
}

/// Each proposal in force alone does to the night what it was predicted to do.
#[track_caller]
fn as_predicted(log: &Log, analysis: &Analysis) {
    for proposal in &analysis.proposals {
        let file = file_text(std::slice::from_ref(proposal));
        let extra = "proposal.toml".to_owned();
        let compiled = compile_with("site.toml", std::slice::from_ref(&extra), &mut |name| {
            Ok(if name == extra { file.clone() } else { SITE.to_owned() })
        });
        let mut rules = compiled.unwrap_or_else(|wrong| panic!("{wrong}\n{file}")).rules;
        for rule in &mut rules.rules {
            assert_eq!(rule.mode, Mode::Shadow);
            // The night is older than the proposal.
            (rule.mode, rule.expires) = (Mode::Enforce, None);
        }
        let replayed = read(log, &rules, |night| {
            let (version, secret) = (String::new(), HashKey::default());
            let engine = Engine { rules: rules.clone(), version, secret, switch: Mode::Enforce };
            run(night, &engine, &mut |_| {}).unwrap()
        });
        let units = replayed.origin_units;
        let predicted = &proposal.predicted;
        assert_eq!(predicted.origin_units_saved, units.offered - units.admitted, "{file}");
        assert!(predicted.within_budgets, "{file}");
        // A crawl that takes a browser's name is in the browsers' cohort.
        assert!(predicted.crowd.is_some() || replayed.within_budgets(), "{file}");
        let throttled = replayed.clients.iter().filter(|client| client.throttled > 0).count();
        assert_eq!(predicted.clients_throttled, throttled, "{file}");
    }
}

fn crowded() -> Log {
    let mut log = Log::default();
    log.readers(600, 0, 40 * MINUTE, 40);
    log.readers(200, 40 * MINUTE, 10 * MINUTE, 900);
    log.crowd(1_500, 40 * MINUTE, 10 * MINUTE, 0xbad);
    log
}

#[test]
fn a_crowd_gets_one_budget_while_the_origin_is_strained() {
    let log = crowded();
    let analysis = answered(&log, "");
    let rule = rule_for(&analysis, "distributed-crawl-1");
    for (key, value) in [("key", "\"crowd\""), ("mode", "\"shadow\""), ("owner", "\"\"")] {
        assert!(says(rule, key, value), "{key} in\n{rule}");
    }
    assert!(rule.contains("floor "), "{rule}");
    let predicted = &analysis.proposals[0].predicted;
    let share = predicted.origin_units_saved * 100 / predicted.origin_units;
    assert!(share > 50, "{share} % saved\n{rule}");
    let crowd = predicted.crowd.as_ref().unwrap();
    let people = crowd.outside.iter().find(|cohort| cohort.name == "people").unwrap();
    assert!(people.clients >= 400 && people.clients < 1_500, "{}", people.clients);
    assert_eq!(people.throttled, 0);
    assert!(crowd.visitors >= 1_450 && crowd.throttled > 1_000, "{crowd:?}");
    as_predicted(&log, &analysis);
}

/// A service that asks ten times a second for a page that is never cached.
fn polled() -> Log {
    let mut log = Log::default();
    log.readers(600, 0, 20 * MINUTE, 40);
    log.every(100, 9_000, Ask { path: "/serde/status.json", ..ASK });
    // Three that do as one should.
    for client in 20..23 {
        log.every(30_000, 30, Ask { client, path: "/serde/status.json", ..ASK });
    }
    log
}

#[test]
fn a_misconfigured_tool_is_paced_with_an_explanation_and_never_starved() {
    let log = polled();
    let analysis = answered(&log, "");
    let rule = rule_for(&analysis, "misconfigured-tool-1");
    assert!(says(rule, "key", "\"visitor\""), "{rule}");
    assert!(rule.contains("agent = { name = \"curl\" }"), "{rule}");
    assert!(rule.contains("Keep each answer for a minute"), "{rule}");
    assert!(!rule.contains("verdict"), "{rule}");
    as_predicted(&log, &analysis);
}

#[test]
fn a_tool_that_does_little_harm_gets_advice_and_no_rule() {
    let mut log = Log::default();
    log.every(2_000, 600, Ask { path: "/serde/status.json", ..ASK });
    let analysis = answered(&log, "");
    assert_eq!(analysis.proposals.len(), 0);
    let todo = todo(&analysis, "misconfigured-tool-1");
    assert!(todo.starts_with("Tell the owner: ") && todo.contains("of an origin core"), "{todo}");
}

fn scanned() -> Log {
    let mut log = Log::default();
    log.readers(600, 0, 20 * MINUTE, 40);
    for n in 0..20_000 {
        let path = format!("/guess-{n}");
        let scan = Ask { client: 9, status: 404, agent: FIREFOX, ..ASK };
        log.ask(&Ask { millis: n * 50, path: &path, ..scan });
    }
    log
}

#[test]
fn a_scan_is_paced_where_it_guesses() {
    let log = scanned();
    let analysis = answered(&log, "");
    let rule = rule_for(&analysis, "scanner-1");
    assert!(rule.contains("route = \"other\"") && says(rule, "key", "\"client\""), "{rule}");
    as_predicted(&log, &analysis);
}

#[test]
fn who_takes_a_name_is_tagged_and_an_unproven_claim_is_left_alone() {
    let mut log = Log::default();
    let bot = Ask { agent: "Goodbot/1.0", ..ASK };
    log.every(MINUTE, 30, Ask { client: 1, verification: "contradicted", ..bot });
    let analysis = answered(&log, "");
    let rule = rule_for(&analysis, "spoofed-agent-1");
    assert!(says(rule, "verdict", "\"tag\""), "{rule}");
    assert!(rule.contains("verification = \"contradicted\""), "{rule}");
    let mut log = Log::default();
    log.every(20_000, 150, Ask { client: 2, verification: "none", ..bot });
    assert_eq!(answered(&log, "").proposals.len(), 0);
}

const IN_FORCE: &str = r#"
[[quota]]
name  = "few"
units = 400
per   = "1m"
burst = 400

[[rule]]
id    = "guesses"
why   = "Nobody guesses that often."
match = { route = "other" }
key   = "client"
quota = "few"
mode  = "enforce"
"#;

#[test]
fn what_a_rule_in_force_answers_is_not_proposed_again() {
    let analysis = answered(&scanned(), IN_FORCE);
    assert_eq!(analysis.proposals.len(), 0);
    let told = todo(&analysis, "scanner-1");
    assert!(told.starts_with("Nothing: `guesses` is in force and refuses"), "{told}");
    let found = analysis.findings.iter().find(|one| one.id == "scanner-1").unwrap();
    assert_eq!(found.answered_by.as_deref(), Some("guesses"));
}

/// What was proposed for a scan, as a learned rule that ends on a day.
fn learned(expires: &str) -> (String, String) {
    let analysis = answered(&scanned(), "");
    let rule = rule_for(&analysis, "scanner-1").to_owned();
    let line = |key: &str| rule.lines().find(|line| line.starts_with(key)).unwrap();
    let id = line("id ").split('"').nth(1).unwrap().to_owned();
    let rule = rule.replace(line("expires"), &format!("expires = \"{expires}\""));
    (rule, id)
}

#[test]
fn what_was_learned_before_is_to_be_reviewed_and_not_proposed_again() {
    let (rule, id) = learned("2025-04-01");
    let analysis = answered(&scanned(), &rule);
    assert_eq!(analysis.proposals.len(), 0);
    let told = todo(&analysis, "scanner-1");
    assert!(told.starts_with(&format!("`{id}` was learned before")), "{told}");
}

#[test]
fn an_expired_rule_is_followed_by_another() {
    let (rule, id) = learned("2025-03-11");
    let analysis = answered(&scanned(), &rule);
    let next = rule_for(&analysis, "scanner-1");
    assert!(says(next, "id", &format!("\"{id}-2\"")), "{next}");
    assert!(todo(&analysis, "scanner-1").ends_with(&format!("takes the place of `{id}`.")));
    let review = Review { reviewed: "name, 2025-03-12", owner: "docs", enforce: false, only: None };
    let learned = format!("format = 1\n\n{rule}");
    let promoted = promote(&file_text(&analysis.proposals), &learned, &review).unwrap();
    assert!(!promoted.text.contains(&format!("\"{id}\"")), "{}", promoted.text);
    assert_eq!(promoted.text.matches("[[rule]]").count(), 1, "{}", promoted.text);
}

#[test]
fn one_night_with_many_findings_gets_one_file_that_compiles() {
    let mut log = crowded();
    log.0.append(&mut polled().0);
    log.0.append(&mut scanned().0);
    log.walk(150, 2_000, Ask { client: 11, agent: FIREFOX, fingerprint: Some(0xf9), ..ASK });
    log.every(1_000, 100, Ask { client: 12, agent: CURL, ..ASK });
    let analysis = answered(&log, "");
    let findings: Vec<_> = analysis.proposals.iter().map(|one| one.finding.as_str()).collect();
    assert_eq!(
        findings,
        ["broad-crawl-1", "distributed-crawl-1", "scanner-1", "misconfigured-tool-1"],
        "{:?}",
        analysis.findings
    );
    let file = file_text(&analysis.proposals);
    let extra = "proposal.toml".to_owned();
    let compiled = compile_with("site.toml", std::slice::from_ref(&extra), &mut |name| {
        Ok(if name == extra { file.clone() } else { SITE.to_owned() })
    });
    assert!(compiled.is_ok(), "{}\n{file}", compiled.err().unwrap());
    as_predicted(&log, &analysis);
}
