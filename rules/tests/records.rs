//! Which requests are recorded, and under which name their clients are.

use std::collections::BTreeSet;

use tidegate_rules::{Admission, Client, Engine, HashKey, Mode, Outcome, Request, Time, compile};

const NOON: Time = Time::from_unix_millis(1_743_000_000_000);

/// A site that samples so many clients, and blocks what is closed.
fn site(sampled: &str, mode: &str) -> Engine {
    let text = format!(
        "format = 1\nsite = \"docs.example\"\nsampled = \"{sampled}\"\n\
         [[rule]]\nid = \"closed\"\nwhy = \"a test\"\nmatch = {{ path = \"/closed/**\" }}\n\
         verdict = \"block\"\nmode = \"{mode}\"\n"
    );
    let compiled = compile("site.toml", &mut |_| Ok(text.clone()));
    let rules = compiled.unwrap_or_else(|mistakes| panic!("{mistakes}")).rules;
    Engine { rules, version: String::new(), secret: HashKey::default(), switch: Mode::Enforce }
}

fn request(client: u32, path: &str) -> Request<'_> {
    let client = Some(Client::Address(std::net::Ipv4Addr::from_bits(client).into()));
    Request { client, ..Request::new(NOON, "GET", path) }
}

fn screen(engine: &Engine, request: &Request<'_>) -> Admission {
    engine.screen(request).into_admission()
}

fn is_recorded(engine: &Engine, client: u32, path: &str) -> bool {
    let request = request(client, path);
    let admission = screen(engine, &request);
    let record = engine.record(&request, &admission, &Outcome::default());
    record.is_some_and(|record| record.sampled == engine.rules.sampled)
}

#[test]
fn a_client_is_recorded_whole_or_not_at_all() {
    let engine = site("5%", "enforce");
    let sampled = (0..10_000).filter(|client| is_recorded(&engine, *client, "/a")).count();
    assert!((400..600).contains(&sampled), "{sampled} of 10,000");
    for client in 0..1_000 {
        let lines: BTreeSet<_> =
            ["/a", "/b", "/c"].map(|path| is_recorded(&engine, client, path)).into();
        assert_eq!(lines.len(), 1, "client {client}");
    }
}

#[test]
fn what_did_not_simply_pass_is_always_recorded() {
    let [enforced, shadow] = ["enforce", "shadow"].map(|mode| site("0%", mode));
    for client in 0..100 {
        assert!(!is_recorded(&enforced, client, "/a"));
        assert!(is_recorded(&enforced, client, "/closed/a"));
        assert!(is_recorded(&shadow, client, "/closed/a"));
    }
    let request = request(1, "/a");
    let mut admission = screen(&enforced, &request);
    admission.decision.failures.push("cells: unavailable");
    assert!(enforced.record(&request, &admission, &Outcome::default()).is_some());
}

#[test]
fn whoever_is_unknown_is_recorded() {
    let (engine, request) = (site("0%", "enforce"), Request::new(NOON, "GET", "/a"));
    let admission = screen(&engine, &request);
    let record = engine.record(&request, &admission, &Outcome::default()).unwrap();
    assert_eq!((record.client, record.key), (None, None));
}

#[test]
fn a_client_has_another_name_in_the_next_month_and_the_same_budget() {
    let engine = site("100%", "enforce");
    let told = |time| {
        let request = Request { time, ..request(1, "/a") };
        let admission = screen(&engine, &request);
        let record = engine.record(&request, &admission, &Outcome::default()).unwrap();
        let key = record.key.unwrap().into_owned();
        (key, record.client.unwrap(), admission.derived.client)
    };
    let month = 31 * 24 * 3_600_000;
    let [now, then] = [NOON, Time::from_unix_millis(NOON.unix_millis() + month)].map(told);
    assert_eq!([&now.0[..7], &then.0[..7]], ["2025-03", "2025-04"]);
    assert_ne!(now.1, then.1);
    assert_eq!(now.2, then.2);
}
