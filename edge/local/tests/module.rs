//! The real module at its edges: what a refusal says, what the cache has, rules
//! that change under it, and headers that imitate the edge.

mod site;

use site::{NOON, PASSED, RULES, Site, THROTTLED};

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_why_and_when_and_a_second_later_it_passes() {
    let site = Site::new(RULES).await;
    let curl = [("accept", "*/*")];
    assert_eq!(site.burst(&curl).await, THROTTLED);
    let refusal = site.send("/builds/1", &curl).await;
    let header = |name: &str| refusal.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("retry-after"), "1");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("ratelimit-policy"), "\"steady\";q=60;w=60");
    let body = String::from_utf8_lossy(refusal.body()).into_owned();
    for part in ["not blocked", "1 second", "A loop is paced.", "Keep the answers.", "rule steady"]
    {
        assert!(body.contains(part), "`{part}` is not in: {body}");
    }
    let later = (NOON + 1_000).to_string();
    let later = [curl[0], ("x-tidegate-door-now", &later)];
    assert_eq!(site.send("/builds/1", &later).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cache_has_is_free() {
    let site = Site::new(RULES).await;
    for _ in 0..20 {
        assert_eq!(site.send("/page", &[]).await.status(), 200);
    }
    assert_eq!(site.send("/page", &[]).await.headers()["x-cache"], "HIT");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_change_without_a_restart() {
    let site = Site::new(RULES).await;
    assert_eq!(site.burst(&[]).await, THROTTLED);
    site.publish(&RULES.replace("burst = 120", "burst = 4_000"));
    assert_eq!(site.burst(&[]).await, PASSED);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mode_is_off() {
    let site = Site::new(RULES).await;
    assert_eq!(site.burst(&[]).await, THROTTLED);
    for mode in [None, Some("off"), Some("enfroce")] {
        site.stores.set_mode(mode).unwrap();
        assert_eq!(site.burst(&[]).await, PASSED, "{mode:?}");
    }
    site.stores.set_mode(Some("enforce")).unwrap();
    assert_eq!(site.send("/builds/1", &[]).await.status(), 429, "back in force");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_imitate_the_edge_change_nothing_and_go_no_further() {
    let site = Site::new(RULES).await;
    let imitations = [
        ("forwarded", "for=198.51.100.1"),
        ("tidegate-tag", "x"),
        ("x-cache", "HIT"),
        ("x-fastly-bot-verified", "true"),
        ("x-forwarded-for", "198.51.100.1"),
        ("x-real-ip", "198.51.100.1"),
        ("x-request-id", "1"),
        ("x-tidegate-client", "x"),
    ];
    assert_eq!(site.burst(&imitations).await, THROTTLED);
    let seen = site.seen(&imitations).await;
    for (name, _) in imitations {
        let line = format!("{name}: ");
        assert!(!seen.lines().any(|seen| seen.starts_with(&line)), "{name} reached the origin");
    }
}
