use std::collections::HashSet;
use std::sync::Mutex;

use anyhow::bail;
use tidegate_rules::CacheState;

use super::*;
use crate::traffic::{AccessLog, Class};

/// Caches what docs.rs caches, and does as its function says with the rest.
struct Fake<F> {
    cached: Mutex<HashSet<String>>,
    rule: F,
}

fn fake<F: Fn(&Shot) -> Option<Answer> + Send + Sync>(rule: F) -> Arc<Fake<F>> {
    Arc::new(Fake { cached: Mutex::new(HashSet::new()), rule })
}

impl<F: Fn(&Shot) -> Option<Answer> + Send + Sync> Target for Fake<F> {
    async fn send(&self, shot: &Shot) -> Result<Answer> {
        if let Some(answer) = (self.rule)(shot) {
            if answer.status == 0 {
                bail!("connection reset");
            }
            return Ok(answer);
        }
        let path = &shot.path_and_query;
        let kept = !path.ends_with("/builds") && !path.ends_with(".json") && !path.contains('?');
        let seen = kept && !self.cached.lock().unwrap().insert(path.clone());
        let cache = match (kept, seen) {
            (false, _) => CacheState::Pass,
            (true, false) => CacheState::Miss,
            (true, true) => CacheState::Hit,
        };
        Ok(Answer { cache: Some(cache), bytes: Some(1_234), ..Answer::status(200) })
    }
}

fn short() -> Scenario {
    let mut scenario = Scenario::march_2025(2).scaled(0.05);
    scenario.minutes = 3;
    scenario.crawl.after_seconds = 60;
    scenario.crawl.seconds = 20;
    scenario
}

fn throttled(seconds: u32) -> Answer {
    Answer { retry_after: Some(seconds), cache: Some(CacheState::Refused), ..Answer::status(429) }
}

#[tokio::test]
async fn a_polite_curl_gets_all_its_pages_through_a_throttle() {
    let mut scenario = short();
    scenario.minutes = 15;
    // Every other request of it is refused.
    let count = Mutex::new(0_u32);
    let target = fake(move |shot| {
        (shot.class == Class::CurlPolite).then(|| {
            let mut count = count.lock().unwrap();
            *count += 1;
            if count.is_multiple_of(2) { throttled(3) } else { Answer::status(200) }
        })
    });
    let tally = replay(target, &scenario, 4, |_| Ok(())).await.unwrap();
    let curl = tally.class(Class::CurlPolite);
    assert_eq!((curl.pages_wanted, curl.pages_got), (60, 60));
    assert!(curl.throttled >= 59, "{curl:?}");
    assert_eq!((curl.visitors_refused, curl.visitors_starved), (1, 0));
}

#[tokio::test]
async fn lanes_change_nothing_that_a_client_sees() {
    let scenario = short();
    let mut runs = Vec::new();
    for lanes in [1, 5] {
        let mut shots = Vec::new();
        let target = fake(|shot| (shot.class == Class::CurlLoop).then(|| throttled(1)));
        let tally = replay(target, &scenario, lanes, |slice| {
            shots.extend(slice.answers.iter().map(|(shot, _)| shot.clone()));
            Ok(())
        })
        .await
        .unwrap();
        assert!(shots.is_sorted_by_key(|shot| (shot.at, shot.actor)));
        runs.push((shots, Class::ALL.map(|class| tally.class(class).requests)));
    }
    // `wget` is as fast as its answers, and whether one was cached may depend on
    // another client within a slice; everybody else is exact.
    let exact = |run: &(Vec<Shot>, _)| -> Vec<Shot> {
        run.0.iter().filter(|shot| shot.class != Class::WgetRecursive).cloned().collect()
    };
    assert_eq!(exact(&runs[0]), exact(&runs[1]));
    assert_eq!(runs[0].1, runs[1].1);
}

#[tokio::test]
async fn a_deaf_loop_that_is_always_refused_starves() {
    let target = fake(|shot| (shot.class == Class::CurlLoop).then(|| throttled(1)));
    let tally = replay(target, &short(), 2, |_| Ok(())).await.unwrap();
    let looping = tally.class(Class::CurlLoop);
    assert_eq!(
        (looping.granted, looping.throttled, looping.visitors_starved),
        (0, looping.requests, 1)
    );
    let actor = tally.actors.values().find(|actor| actor.class == Class::CurlLoop).unwrap();
    assert_eq!(actor.minutes.len(), 3);
    assert!(
        actor
            .minutes
            .iter()
            .all(|minute| *minute == Minute { granted: 0, refused: 300, failed: 0 })
    );
    assert_eq!(tally.class(Class::Person).visitors_refused, 0);
}

#[tokio::test]
async fn a_failed_send_is_counted_and_said() {
    let target = fake(|shot| (shot.class == Class::SearchEngine).then(|| Answer::status(0)));
    let tally = replay(target, &short(), 2, |_| Ok(())).await.unwrap();
    let engine = tally.class(Class::SearchEngine);
    assert_eq!((tally.failed, engine.server_errors), (engine.requests, engine.requests));
    assert_eq!(tally.first_failure.unwrap(), "no answer for `/robots.txt`: connection reset");
}

#[tokio::test]
async fn logs_what_a_cdn_would_log() {
    let mut log = AccessLog::of_one_pop(Vec::new(), "FRA");
    let target = fake(|shot| (shot.class == Class::CurlLoop).then(|| throttled(1)));
    let write =
        |slice: &Slice| slice.answers.iter().try_for_each(|(shot, answer)| log.write(shot, answer));
    let tally = replay(target, &short(), 3, write).await.unwrap();
    let (bytes, lines) = log.finish().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let records: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();

    assert_eq!(records.len() as u64, lines);
    assert_eq!(lines, Class::ALL.iter().map(|class| tally.class(*class).requests).sum::<u64>());
    assert!(records.is_sorted_by_key(|record| record["date_time"].as_str().unwrap().to_owned()));
    let ids: HashSet<&str> =
        records.iter().map(|record| record["request_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), records.len());
    assert!(!text.contains("crawler") && !text.contains("x-truth"), "the truth is in the log");

    let curl = records.iter().find(|record| record["http"]["useragent"] == "curl/8.12.1").unwrap();
    let id = curl["request_id"].clone();
    assert_eq!(
        *curl,
        serde_json::json!({
            "bytes": null, "cache_hit": false, "content_type": "application/problem+json",
            "date_time": "2025-03-26T02:00:00.059Z", "ddsource": "fastly", "ddtags": "app:docs.rs,env:production",
            "edge_location": "FRA", "host": "docs.rs",
            "http": {"protocol": "HTTP/2", "referer": null, "useragent": "curl/8.12.1"},
            "ip": "192.0.2.4", "method": "GET", "on_shield": false, "request_id": id,
            "service": "docs.rs fastly WASM", "status": 429,
            "tls": {"cipher": "TLS_AES_128_GCM_SHA256", "protocol": "TLSv1.3"},
            "url": "https://docs.rs/crate/serde/latest/builds", "version": "1"
        })
    );
    assert!(records.iter().any(|record| record["cache_hit"] == true && record["bytes"] == 1_234));
    assert!(records.iter().any(|record| record["http"]["useragent"].is_null()));
}
