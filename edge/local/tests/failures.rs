//! Everything that may fail inside, or be sent by somebody hostile, through the
//! real module: each of it lets requests through that the same rules otherwise
//! refuse, and none of it ends the module. `docs/deploy.md` has the table for
//! people.

mod site;

use hyper::{Body, Request};
use serde_json::Value;
use site::{CLIENT, NOON, PASSED, RULES, Site, THROTTLED};
use tidegate_local::Builder;
use tidegate_rules::compile;
use tidegate_rules::pack::{self, Entries, PACK_FORMAT};
use tidegate_rules::rule::RuleText;

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

/// Beside it, three pages and no more while the origin is strained.
const STRAINED: &str = r#"
[[quota]]
name  = "few"
units = 2_400
per   = "1m"
burst = 120

[[rule]]
id    = "few"
why   = "The origin is down."
match = { origin = "strained" }
key   = "visitor"
quota = "few"
mode  = "enforce"
"#;

/// Memory of the guest that no traffic may exceed, in MiB.
const MEMORY_BOUND: u32 = 64;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_rules_act_all_the_same() {
    let site = Site::built(Builder::no_hash_key).await;
    site.publish(RULES);
    assert_eq!(site.burst(&[]).await, THROTTLED);
    assert_eq!(site.note().await, "keys: no secret, so records do not say who asked");
}

/// Under the built-in key anybody could tell whose hash it is.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_records_do_not_say_who_asked() {
    for (is_secret, key) in [(true, "a secret"), (false, " "), (false, "")] {
        let change = |builder: Builder| match key {
            "" => builder.no_hash_key(),
            key => builder.hash_key(key),
        };
        let site = Site::built(change).await;
        site.publish(RULES);
        let record = site.record(CLIENT, &[]).await;
        let told = ["client", "network", "key"].map(|field| record.get(field).is_some());
        assert_eq!(told, [is_secret; 3], "{record}");
    }
}

/// In each of these ways, with no good pack before: the compiled-in rules stand
/// in, and only in shadow.
#[tokio::test(flavor = "multi_thread")]
async fn rules_that_cannot_be_read_refuse_nobody() {
    let site = Site::built(|builder| builder).await;
    assert_eq!(site.burst(&[]).await, PASSED, "no pointer");
    let version = "0123456789abcdef";
    let pointer = |format: u8| format!("{format}:{version}:1:0");
    let entry = |value: &str| vec![(format!("pack.{version}.0"), value.to_owned())];
    for (what, pointer, entries) in [
        ("a pointer that is none", "rules".to_owned(), vec![]),
        ("an unknown format", pointer(PACK_FORMAT + 1), vec![]),
        ("more entries than can be read", format!("{PACK_FORMAT}:{version}:900:0"), vec![]),
        ("a missing entry", pointer(PACK_FORMAT), vec![]),
        ("no base64", pointer(PACK_FORMAT), entry("%%%")),
        ("an empty pack", pointer(PACK_FORMAT), entry("")),
        ("a wrong hash", pointer(PACK_FORMAT), entry("VEdQSwMAAAAA")),
    ] {
        site.stores.publish(&entries, &pointer).unwrap();
        assert_eq!(site.burst(&[]).await, PASSED, "{what}");
    }
    site.publish(RULES);
    assert_eq!(site.burst(&[]).await, THROTTLED, "a good pack, at last");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_pack_leaves_the_last_good_one_in_force() {
    let site = Site::new(RULES).await;
    assert_eq!(site.burst(&[]).await, THROTTLED);
    let garbage = [("pack.0123456789abcdef.0".to_owned(), "bm90IGEgcGFjaw==".to_owned())];
    let pointer = format!("{PACK_FORMAT}:0123456789abcdef:1:0");
    site.stores.publish(&garbage, &pointer).unwrap();
    for _ in 0..8 {
        assert_eq!(site.send("/builds/1", &[]).await.status(), 429);
    }
}

/// What came in between is in the POP's cache, and was good as well.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_rollback_the_last_good_pack_is_the_one_that_was_in_force() {
    let site = Site::new(RULES).await;
    assert_eq!(site.burst(&[]).await, THROTTLED);
    site.publish(&RULES.replace("burst = 120", "burst = 4_000"));
    assert_eq!(site.burst(&[]).await, PASSED);
    site.publish(RULES);
    assert_eq!(site.burst(&[]).await, THROTTLED);
    site.stores.publish(&[], "rules").unwrap();
    // More than one sandbox takes.
    for _ in 0..8 {
        assert_eq!(site.send("/builds/1", &[]).await.status(), 429);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_that_is_damaged_in_the_cache_is_read_again() {
    let site = Site::new(RULES).await;
    assert_eq!(site.burst(&[]).await, THROTTLED);
    for _ in 0..8 {
        assert_eq!(site.failures(&[("x-tidegate-door-fault", "pack")]).await, [""; 0]);
    }
}

/// The rules compiled into the module stand in, and only in shadow.
#[tokio::test(flavor = "multi_thread")]
async fn without_any_good_pack_nobody_is_refused() {
    let site = Site::new(RULES).await;
    let pointer = format!("{PACK_FORMAT}:0123456789abcdef:1:0");
    site.stores.publish(&[], &pointer).unwrap();
    for _ in 0..400 {
        assert_eq!(site.send("/crate/a/1.0.0/builds", &[]).await.status(), 200);
    }
}

/// No compiler wrote such a pack, and its checksum is right all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_no_header_carries_is_left_out() {
    let site = Site::built(|builder| builder).await;
    let tag = "[[rule]]\nid = \"tag\"\nwhy = \"A mark.\"\nverdict = \"tag\"\nmode = \"enforce\"";
    let text = format!("{RULES}{tag}");
    let mut rules = compile("rules.toml", &mut |_| Ok(text.clone())).unwrap().rules;
    for rule in &mut rules.rules {
        rule.text = RuleText::new("two\nlines", "A loop is paced.", None);
    }
    let Entries { pointer, entries } = pack::to_entries(&pack::encode(&rules).unwrap()).unwrap();
    site.stores.publish(&entries, &pointer).unwrap();
    assert_eq!(site.burst(&[]).await, THROTTLED);
    let refusal = site.send("/builds/1", &[]).await;
    for header in ["tidegate-rule", "ratelimit", "ratelimit-policy"] {
        assert_eq!(refusal.headers().get(header), None);
    }
    let later = (NOON + 60_000).to_string();
    let seen = site.seen(&[("x-tidegate-door-now", later.as_str())]).await;
    assert!(!seen.contains("tidegate-tag"), "{seen}");
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

#[tokio::test(flavor = "multi_thread")]
async fn records_that_no_endpoint_takes_are_said_and_refuse_nobody() {
    let site = Site::new(RULES).await;
    let fault = [("x-tidegate-door-fault", "records")];
    assert_eq!(site.burst(&fault).await, THROTTLED);
    for _ in THROTTLED {
        assert_eq!(site.note().await, "records: a record could not be written");
    }
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

/// Nobody can be asked there, so that is no answer of the origin's: the record has
/// no status, and after twenty of them it counts as strained all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_cannot_be_reached_is_strained() {
    let site = Site::built(|builder| builder.origin("http://127.0.0.1:1")).await;
    site.publish(&format!("{}{STRAINED}", RULES.replace("burst = 120", "burst = 4_000")));
    let record = site.record(CLIENT, &[]).await;
    assert_eq!((&record["status"], &record["cache"]), (&Value::Null, &"pass".into()), "{record}");
    assert!(record["origin_ms"].is_u64(), "{record}");
    for _ in 1..20 {
        assert_eq!(site.send("/builds/1", &[]).await.status(), 503);
    }
    let mut refused = THROTTLED;
    refused[..3].fill(503);
    assert_eq!(site.burst(&[]).await, refused);
}

/// What was charged since it came is no mistake of the clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waited_gives_no_budget_back() {
    let site = Site::new(RULES).await;
    let now = (NOON + 40_000).to_string();
    let now = [("x-tidegate-door-now", now.as_str())];
    assert_eq!(site.burst(&now).await, THROTTLED);
    let late = site.send("/page", &[("x-tidegate-door-waited", "40000")]).await;
    assert_eq!(
        (late.status().as_u16(), &late.headers()["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    assert_eq!(site.send("/builds/1", &now).await.status(), 429, "as before");
}

/// Whatever is sent is answered, and by the same rules.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_are_decided_as_any_other() {
    let site = Site::new(RULES).await;
    let long = "a".repeat(8 * 1024);
    let bomb = "b".repeat(60 * 1024);
    let paths = ["/builds/%ff%fe%00", "/builds/..%2f..", &format!("/builds/{long}"), "/builds/?"];
    let values: [&[u8]; 4] = [b"\xff\xfe", bomb.as_bytes(), b"", "päge".as_bytes()];
    for path in paths {
        for value in values {
            let request = Request::builder()
                .uri(format!("http://docs.rs{path}"))
                .header("x-tidegate-door-now", NOON.to_string())
                .header("user-agent", value)
                .header("accept", value)
                .header("signature-input", value)
                .header("x-forwarded-for", value)
                .body(Body::empty());
            let status = site.answer(request.unwrap()).await.status().as_u16();
            assert!([200, 429].contains(&status), "{status}: {path}");
        }
    }
    let many =
        (0..2_000).fold(Request::builder(), |request, n| request.header(format!("x-{n}"), "y"));
    let many = many.uri("http://docs.rs/builds/1").body(Body::empty());
    // The origin's own word: it takes a hundred at most, and was asked.
    assert_eq!(site.answer(many.unwrap()).await.status(), 431, "2,000 headers");
}

/// Ten thousand clients within a second leave the guest as small as it was.
#[tokio::test(flavor = "multi_thread")]
async fn many_clients_take_no_memory() {
    let site = Site::new(RULES).await;
    let mut largest = 0;
    for client in 0..10_000_u32 {
        let [.., high, low] = client.to_be_bytes();
        let now = (NOON + u64::from(client / 10)).to_string();
        let headers = [("x-tidegate-door-now", now.as_str())];
        let answer = site.send_from([10, 0, high, low].into(), "/builds/1", &headers).await;
        assert_eq!(answer.status(), 200);
        let memory = answer.headers()["x-tidegate-door-memory-mib"].to_str().unwrap();
        largest = largest.max(memory.parse().unwrap());
    }
    assert!((1..MEMORY_BOUND).contains(&largest), "{largest} MiB");
}
