//! The loop through the real module, on docs.rs's March 2025: what people and
//! tools may suffer, and how much of the crawl must go.

use std::collections::HashMap;
use std::path::Path;

use tidegate::backtest::{self, Answer};
use tidegate::beside::Beside;
use tidegate::explain;
use tidegate::ingest::{self, Input};
use tidegate::night::{Night, Seen, Source};
use tidegate::rule_files;
use tidegate_bench::demo::{Options, Silent, Story, run};
use tidegate_bench::stage::{SECRET, Stage};
use tidegate_bench::traffic::{Class, Scenario};
use tidegate_rules::case::Played;
use tidegate_rules::{Action, Engine, HashKey, Mode, Record};

async fn story(seed: u64, scale: f64) -> (tempfile::TempDir, Story) {
    let out = tempfile::tempdir().unwrap();
    let options = Options { seed, scale, out: out.path().to_owned() };
    let story = run(&options, &Silent).await.unwrap_or_else(|error| panic!("{error:#}"));
    (out, story)
}

/// An odd seed: the crawl has the people's own browsers and fingerprints.
#[tokio::test(flavor = "multi_thread")]
async fn the_crawl_goes_and_nobody_else_is_hurt() {
    let (_out, story) = story(2025, 1.0).await;
    keeps_the_bounds(&story);
}

/// An even seed: the crawl's fingerprint is its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_crawl_in_its_own_clothes_goes_too() {
    let (_out, story) = story(2024, 0.2).await;
    keeps_the_bounds(&story);
}

fn keeps_the_bounds(story: &Story) {
    let (before, after) = (&story.before, &story.after);
    assert_eq!((before.tally.failed, after.tally.failed), (0, 0));
    assert_eq!((before.strangers, after.strangers), (0, 0), "every record names a known client");
    assert_eq!(before.notes, [""; 0]);
    assert_eq!(after.notes, [""; 0]);

    let throttled_in_shadow: u64 = before.recorded.values().map(|class| class.throttled).sum();
    assert_eq!(throttled_in_shadow, 0);

    let cost = |class| {
        let class = Some(class);
        (before.origin.class(class).cost_ms, after.origin.class(class).cost_ms)
    };
    let (offered, admitted) = cost(Class::Crawler);
    assert!(admitted * 10 <= offered, "crawl: {admitted} of {offered} ms are left");

    for class in [Class::Person, Class::NatPerson, Class::SearchEngine] {
        let recorded = &after.recorded[&class];
        let share = recorded.throttled as f64 / recorded.requests as f64;
        assert!(share <= 0.001, "{}: {share} of the requests throttled", class.name());
    }
    for (class, recorded) in &after.recorded {
        assert_eq!(recorded.blocked, 0, "{}", class.name());
        let seen = after.tally.class(*class).throttled;
        assert_eq!(recorded.throttled, seen, "{}: records and clients agree", class.name());
    }

    let polite = after.tally.class(Class::CurlPolite);
    assert_eq!(polite.pages_got, polite.pages_wanted);
    for actor in after.tally.actors.values().filter(|actor| actor.class == Class::CurlLoop) {
        assert!(!actor.starved());
        assert!(actor.refused > 0, "the loop is paced");
        let silent = actor.minutes.iter().filter(|m| m.granted == 0 && m.refused > 0).count();
        assert_eq!(silent, 0, "an answer in every minute");
    }
}

/// The module's decisions and those of a backtest of its records: one engine,
/// one POP, one request after the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_decides_each_request_as_the_module_did() {
    let out = tempfile::tempdir().unwrap();
    let site = enforced_rules(out.path());
    let stage = Stage::set(out.path()).await.unwrap();
    stage.publish(&site).unwrap();
    stage.switch("enforce").unwrap();
    let scenario = Scenario::march_2025(2024).scaled(0.1);
    let night = stage.play_in(1, "serial", &scenario, |_| {}).await.unwrap();
    assert_eq!(night.notes, [""; 0]);

    let text = std::fs::read_to_string(&night.records).unwrap();
    let records: Vec<Record<'_>> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers = backtested(&site, &night.records);
    assert_eq!(answers.len(), records.len());
    let mut refused = 0;
    for record in &records {
        let answer = answers[record.request_id.as_deref().unwrap()];
        let decided = match record.decision {
            Action::Pass | Action::Allow => Answer::Served,
            Action::Throttle => Answer::Throttled,
            Action::Block => Answer::Blocked,
        };
        refused += u64::from(decided != Answer::Served);
        assert_eq!(answer, decided, "{record:?}");
    }
    assert!(refused > 1_000, "{refused} refusals show little");
    explanations_have_the_numbers_of(&records, &site, &night.records);
}

/// What `tidegate explain` would say of each request, against its record.
fn explanations_have_the_numbers_of(records: &[Record<'_>], site: &Path, log: &Path) {
    let mut explained = HashMap::new();
    replayed(site, log, |night, engine| {
        let sink = &mut |played: Played<'_>| {
            let decision = &played.admission.decision;
            let rule = decision.rule.and_then(|at| engine.rules.rule(at)).map(|rule| rule.id());
            let told = (decision.action, rule.map(str::to_owned), decision.retry_ms);
            explained.insert(played.request.request_id.unwrap().to_owned(), told);
        };
        explain::play(night, engine, |_| true, &mut |_| {}, sink).unwrap();
    });
    for record in records {
        let rule = record.rule.as_deref().map(str::to_owned);
        let told = (record.decision, rule, record.retry_ms);
        assert_eq!(explained[record.request_id.as_deref().unwrap()], told, "{record:?}");
    }
}

/// docs.rs's own rules, those in shadow enforced.
fn enforced_rules(out: &Path) -> std::path::PathBuf {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let own = out.join("rules");
    std::fs::create_dir_all(own.join("learned")).unwrap();
    std::fs::copy(rules.join("agents.toml"), own.join("agents.toml")).unwrap();
    std::fs::write(own.join("learned/docs-rs.toml"), "format = 1\n").unwrap();
    let text = std::fs::read_to_string(rules.join("docs-rs.toml")).unwrap();
    let site = own.join("docs-rs.toml");
    std::fs::write(&site, text.replace("\"shadow\"", "\"enforce\"")).unwrap();
    site
}

/// What each request got, by its id: they are replayed in time order, and
/// recorded in that of their answers.
fn backtested(site: &Path, records: &Path) -> HashMap<String, Answer> {
    let mut answers = HashMap::new();
    replayed(site, records, |night, engine| {
        let mut witness = |seen: &Seen<'_>, all: &[Answer]| {
            answers.insert(seen.request.request_id.unwrap().to_owned(), all[0]);
        };
        backtest::compare(night, engine, &[], &mut |_| {}, &mut witness).unwrap();
    });
    answers
}

/// Shows the records as a night, and an engine with the module's own secret.
fn replayed(site: &Path, records: &Path, show: impl FnOnce(&Night<'_>, &Engine)) {
    let rules = rule_files::compile(&site.to_string_lossy(), &[]).unwrap().rules;
    let (inputs, secret) = ([Input::Path(records.to_owned())], HashKey::from_secret(SECRET));
    let (options, beside) = (ingest::Options::default(), Beside::default());
    let source = Source::Files { inputs: &inputs, options };
    let night = Night { source, rules: &rules, secret: &secret, beside };
    let version = "0123456789abcdef".to_owned();
    let (rules, secret) = (rules.clone(), secret.clone());
    let engine = Engine { rules, version, secret, switch: Mode::Enforce };
    show(&night, &engine);
}
