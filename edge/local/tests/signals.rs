//! Every signal that Fastly gives, through the real module: what comes in is in
//! the record, what does not come in is unknown, and no client can say it.

mod site;

use std::net::IpAddr;

use serde_json::{Value, json};
use site::{CLIENT, ELSEWHERE, Site};

const RULES: &str = r#"
format = 1
site   = "docs.rs"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"
"#;

/// Where a record has a signal, and what it says there.
fn at<'r>(record: &'r Value, pointer: &str) -> &'r Value {
    record.pointer(pointer).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_platform_says_is_recorded_and_else_unknown() {
    let site = Site::new(RULES).await;
    let ja4 = "t13d1516h2_8daaf6152771_b186095e22b6";
    let h2 = "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p";
    for (name, value, pointer) in [
        ("ja4", ja4, "/shown/ja4"),
        ("ja3", "cd08e31494f9531f560d64c695473da9", "/shown/ja3"),
        ("h2", h2, "/shown/h2"),
        ("protocol", "h3", "/shown/protocol"),
        ("tls", "TLSv1.3", "/shown/tls"),
        ("cipher", "TLS_AES_128_GCM_SHA256", "/shown/cipher"),
        ("proxy", "hosting,tor", "/shown/proxy"),
        ("asn", "64496", "/asn"),
        ("country", "DE", "/country"),
        ("pop", "FRA", "/pop"),
    ] {
        let said = value.parse::<u32>().map_or_else(|_| json!(value), |number| json!(number));
        let unsaid = match name {
            "protocol" => json!("h1"),
            "pop" => json!("XXX"),
            _ => Value::Null,
        };
        assert_eq!(*at(&site.record(CLIENT, &[]).await, pointer), unsaid, "{name}");
        let header = format!("x-tidegate-door-{name}");
        let record = site.record(CLIENT, &[(&header, value)]).await;
        assert_eq!(*at(&record, pointer), said, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_a_network_and_a_place() {
    let site = Site::new(RULES).await;
    let record = site.record(ELSEWHERE, &[]).await;
    assert_eq!((at(&record, "/asn"), at(&record, "/country")), (&json!(64_496), &json!("DE")));
    let mut hashes = Vec::new();
    for address in ["192.0.2.7", "192.0.2.8", "2001:db8::1", "2001:db8::2"] {
        let client: IpAddr = address.parse().unwrap();
        let record = site.record(client, &[]).await;
        assert!(!record.to_string().contains(address), "{record}");
        hashes.push((at(&record, "/client").clone(), at(&record, "/network").clone()));
    }
    let [seven, eight, six, other] = &hashes[..] else { unreachable!() };
    assert!(seven.0 != eight.0 && seven.1 == eight.1, "one network: {hashes:?}");
    assert!(six == other && six.1 != seven.1, "one IPv6 /64 is one client: {hashes:?}");
}

/// The order of the names tells software apart; what comes and goes with the page
/// does not, nor what the names are in capitals.
#[tokio::test(flavor = "multi_thread")]
async fn header_names_count_in_their_order() {
    let site = Site::new(RULES).await;
    let [agent, accept, cookie] = [("user-agent", "a"), ("accept", "*/*"), ("cookie", "c")];
    let mut shown = Vec::new();
    for headers in [&[agent, accept][..], &[agent, cookie, accept], &[accept, agent]] {
        shown.push(at(&site.record(CLIENT, headers).await, "/fingerprint").clone());
    }
    assert!(shown[0].is_string() && shown[0] == shown[1] && shown[0] != shown[2], "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_have_ids_of_their_own() {
    let site = Site::new(RULES).await;
    let imitated = [("x-request-id", "1"), ("fastly-request-id", "1")];
    let [first, second] =
        [site.record(CLIENT, &imitated).await, site.record(CLIENT, &imitated).await];
    let id = |record: &Value| at(record, "/request_id").as_str().unwrap().to_owned();
    assert!(id(&first).len() == 32 && id(&first) != id(&second), "{first} {second}");
}

/// Viceroy takes what Fastly's bot management would say from headers.
#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_what_the_platform_calls_it() {
    let site = Site::new(RULES).await;
    let analyzed = ("x-fastly-bot-analyzed", "true");
    let detected = ("x-fastly-bot-detected", "true");
    let name = ("x-fastly-bot-name", "Googlebot");
    let category = ("x-fastly-bot-category", "search-engine-crawler");
    for (headers, bot) in [
        (&[analyzed, detected, name, category][..], json!("Googlebot")),
        (&[analyzed, detected, category], json!("search-engine-crawler")),
        (&[analyzed, category], Value::Null),
        (&[detected, name], Value::Null),
    ] {
        let record = site.record(CLIENT, headers).await;
        assert_eq!(*at(&record, "/shown/bot"), bot, "{headers:?}");
    }
}

/// What a client writes in headers with such names is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn no_client_says_what_the_platform_says() {
    let site = Site::new(RULES).await;
    let plain = site.record(CLIENT, &[]).await;
    let imitations = [
        ("cf-connecting-ip", "198.51.100.7"),
        ("fastly-client-ip", "198.51.100.7"),
        ("fastly-client-ja4", "t13d"),
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-proto", "https"),
        ("x-ja3", "cd08e31494f9531f560d64c695473da9"),
        ("x-ja4", "t13d"),
        ("x-country", "DE"),
        ("x-pop", "FRA"),
    ];
    let imitated = site.record(CLIENT, &imitations).await;
    for pointer in ["/client", "/network", "/fingerprint", "/shown", "/asn", "/country", "/pop"] {
        assert_eq!(at(&imitated, pointer), at(&plain, pointer), "{pointer}");
    }
}
