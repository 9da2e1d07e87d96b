//! The loop through the real module, on docs.rs's March 2025: what people and
//! tools may suffer, and how much of the crawl must go.

use tidegate_bench::demo::{Options, Silent, Story, run};
use tidegate_bench::traffic::Class;

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
