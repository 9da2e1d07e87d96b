//! The loop through the real module, on a smaller night: what people and tools
//! may suffer, and how much of the crawl must go.

use tidegate_bench::demo::{Options, Silent, Story, run};
use tidegate_bench::traffic::Class;

async fn story(seed: u64) -> (tempfile::TempDir, Story) {
    let out = tempfile::tempdir().unwrap();
    let options = Options { seed, scale: 0.05, out: out.path().to_owned() };
    let story = run(&options, &Silent).await.unwrap_or_else(|error| panic!("{error:#}"));
    (out, story)
}

/// Half of the seeds draw the crawl's fingerprints from the people's own.
#[tokio::test(flavor = "multi_thread")]
async fn the_crawl_goes_and_nobody_else_is_hurt() {
    let (_out, story) = story(2025).await;
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
