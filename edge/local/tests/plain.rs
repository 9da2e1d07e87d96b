//! A service that hands over facts instead of its request gets what any other
//! gets: the same refusals, byte for byte, the same tags and the same records.

mod site;

use serde_json::Value;
use site::{CLIENT, PASSED, RULES, Site, THROTTLED};
use tidegate_local::Flavour;

/// Beside the budget, a path that is closed and a mark for the origin.
const MORE: &str = r#"
[[rule]]
id      = "closed"
why     = "Nothing is here."
match   = { path = "/closed/**" }
verdict = "block"
mode    = "enforce"

[[rule]]
id      = "marked"
why     = "The origin wants to know."
match   = { path = "/page" }
verdict = "tag"
mode    = "enforce"
"#;

async fn sites() -> [Site; 2] {
    let plain = Site::of(Flavour::Plain, |builder| builder).await;
    let usual = Site::built(|builder| builder).await;
    for site in [&plain, &usual] {
        site.publish(&format!("{RULES}{MORE}"));
    }
    [plain, usual]
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_the_same() {
    let [plain, usual] = sites().await;
    let headers = [("accept", "*/*"), ("user-agent", "curl/8.9")];
    assert_eq!(plain.burst(&headers).await, THROTTLED);
    assert_eq!(usual.burst(&headers).await, THROTTLED);
    for path in ["/builds/1", "/closed/a"] {
        let mut answers = Vec::new();
        for site in [&plain, &usual] {
            let answer = site.send(path, &headers).await;
            let told = |name: &str| answer.headers().get(name).cloned();
            let body = String::from_utf8_lossy(answer.body()).into_owned();
            let (body, _id) = body.rsplit_once(", request ").unwrap();
            let names = ["content-type", "cache-control", "tidegate-rule", "retry-after"];
            answers.push((answer.status(), names.map(told), body.to_owned()));
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_and_tags_are_the_same() {
    let [plain, usual] = sites().await;
    let mut records = [plain.record(CLIENT, &[]).await, usual.record(CLIENT, &[]).await];
    let [told, known] = &mut records;
    // It has no cache of its own, and its clock and its ids are the runtime's.
    let own = ["time", "request_id", "cache", "origin_ms", "key", "client", "network", "shown"];
    for record in [&mut *told, &mut *known] {
        for own in own.into_iter().chain(["pop", "user_agent"]) {
            record.as_object_mut().unwrap().remove(own);
        }
    }
    assert_eq!(told, known);
    assert_eq!(told["decision"], Value::from("pass"));
    assert!(plain.seen(&[]).await.contains("tidegate-tag: marked\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn off_is_off() {
    let [plain, _] = sites().await;
    plain.stores.set_mode(Some("off")).unwrap();
    assert_eq!(plain.burst(&[]).await, PASSED);
}
