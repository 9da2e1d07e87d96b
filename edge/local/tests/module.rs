//! The real module at its edges: what a refusal says, what the cache has, rules
//! that change under it, and headers that imitate the edge.

mod site;

use hyper::{Body, Request};
use serde_json::Value;
use site::{CLIENT, ELSEWHERE, NOON, PASSED, RULES, Site, THROTTLED};
use tidegate_rules::request::IMITATIONS;

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

/// The rule acts and the client is answered all the same: the record says both.
#[tokio::test(flavor = "multi_thread")]
async fn a_stale_copy_for_whom_a_rule_refuses_is_called_one() {
    let site = Site::new(RULES).await;
    assert_eq!(site.send("/page", &[]).await.status(), 200);
    let later = (NOON + 600_000).to_string();
    let later = [("x-tidegate-door-now", later.as_str()), ("x-tidegate-door-fault", "stale")];
    assert_eq!(site.burst(&later).await, THROTTLED);
    let record = site.record(CLIENT, &later).await;
    let told = ["decision", "rule", "cache", "status", "origin_ms"].map(|field| &record[field]);
    let known: [Value; 5] =
        ["throttle".into(), "steady".into(), "stale".into(), 200.into(), Value::Null];
    assert_eq!(told, known.each_ref());
    assert_eq!(record["units"], 0);
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
async fn nobody_purges_the_cache() {
    let site = Site::new(RULES).await;
    assert_eq!(site.send("/page", &[]).await.status(), 200);
    let purge = Request::builder().method("PURGE").uri("http://docs.rs/page").body(Body::empty());
    let answer = site.answer(purge.unwrap()).await;
    assert_eq!(answer.status(), 405);
    assert!(answer.headers().contains_key("allow"));
    assert_eq!(site.recorded().await.len(), 1, "it is not looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_imitate_the_edge_change_nothing_and_go_no_further() {
    let site = Site::new(RULES).await;
    let cold = [("x-tidegate-door-cache", "another")];
    let plain = site.record(ELSEWHERE, &[]).await;
    // A name that ends in `-` stands for all that start so.
    let name = |name: &str| if name.ends_with('-') { format!("{name}x") } else { name.to_owned() };
    let names = IMITATIONS.map(name);
    let imitations: Vec<_> = names.iter().map(|name| (name.as_str(), "198.51.100.1")).collect();
    assert_eq!(site.burst(&imitations).await, THROTTLED);
    let mut imitated = site.record(ELSEWHERE, &[&cold, &imitations[..]].concat()).await;
    assert_ne!(imitated["request_id"], "198.51.100.1");
    // What differs from request to request, whoever sends it.
    for own in ["request_id", "origin_ms"] {
        imitated[own] = plain[own].clone();
    }
    assert_eq!(imitated, plain);
    let later = (NOON + 600_000).to_string();
    let later = [("x-tidegate-door-now", later.as_str())];
    let seen = site.seen(&[&later[..], &imitations].concat()).await;
    assert!(seen.contains("host: ") && !seen.contains("198.51.100.1"), "{seen}");
}
