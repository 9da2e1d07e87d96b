//! The real module at its edges: what a refusal says, rules that change under
//! it, and everything that may fail inside. Each failure is shown beside the
//! throttling that it must never turn into.

mod site;

use site::{NOON, Site};

/// Three pages of 40 units at once, then one a second.
const RULES: &str = r#"
format = 1
site   = "docs.rs"
policy = "https://docs.rs/about"

[[route]]
name  = "builds"
paths = ["/builds/**"]
cost  = 40
cache = "never"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"

[[quota]]
name  = "reader"
units = 2_400
per   = "1m"
burst = 120

[[rule]]
id     = "steady"
why    = "A loop is paced."
advice = "Keep the answers."
key    = "visitor"
quota  = "reader"
mode   = "enforce"
"#;

/// Beside it, ten pages a second of each client, which the platform counts.
const COUNTED: &str = r#"
[store]
client = "erl"

[[quota]]
name  = "counted"
units = 400
per   = "1s"
burst = 400

[[rule]]
id    = "counted"
why   = "The platform counts."
key   = "client"
quota = "counted"
mode  = "enforce"
"#;

const THROTTLED: [u16; 6] = [200, 200, 200, 429, 429, 429];
const PASSED: [u16; 6] = [200; 6];

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
async fn a_corrupt_pack_leaves_the_last_good_one_in_force() {
    let site = Site::new(RULES).await;
    assert_eq!(site.burst(&[]).await, THROTTLED);
    let garbage = [("pack.0123456789abcdef.0".to_owned(), "bm90IGEgcGFjaw==".to_owned())];
    site.stores.publish(&garbage, "1:0123456789abcdef:1").unwrap();
    for _ in 0..8 {
        assert_eq!(site.send("/builds/1", &[]).await.status(), 429);
    }
}

/// The rules compiled into the module stand in, and only in shadow.
#[tokio::test(flavor = "multi_thread")]
async fn without_any_good_pack_nobody_is_refused() {
    let site = Site::new(RULES).await;
    site.stores.publish(&[], "1:0123456789abcdef:1").unwrap();
    for _ in 0..400 {
        assert_eq!(site.send("/crate/a/1.0.0/builds", &[]).await.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_that_fail_refuse_nobody() {
    let site = Site::new(RULES).await;
    assert_eq!(site.burst(&[]).await, THROTTLED);
    assert_eq!(site.failures(&[]).await, [""; 0]);
    let fault = [("x-tidegate-door-fault", "cells")];
    assert_eq!(site.burst(&fault).await, PASSED);
    assert_eq!(site.failures(&fault).await, ["cells: failure played"]);
}

/// The local runtime has the platform's counters, and they always say 0.
#[tokio::test(flavor = "multi_thread")]
async fn rules_over_counters_pass_where_nothing_is_counted() {
    let generous = RULES.replace("burst = 120", "burst = 4_000");
    let site = Site::new(&format!("{generous}{COUNTED}")).await;
    for _ in 0..20 {
        assert_eq!(site.send("/builds/1", &[]).await.status(), 200);
    }
    assert_eq!(site.failures(&[]).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_store_fails_for_itself() {
    let site = Site::new(&format!("{RULES}{COUNTED}")).await;
    let (cells, erl) = ("cells: failure played", "erl: failure played");
    for (faults, statuses, failures) in [
        ("erl", THROTTLED, &[erl][..]),
        ("cells", PASSED, &[cells]),
        ("cells,erl", PASSED, &[cells, erl]),
    ] {
        let fault = [("x-tidegate-door-fault", faults)];
        assert_eq!(site.burst(&fault).await, statuses, "{faults}");
        assert_eq!(site.failures(&fault).await, failures, "{faults}");
    }
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
