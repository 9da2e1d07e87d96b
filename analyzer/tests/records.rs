//! `docs/records.md` has every field of a record, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tidegate_rules::record::Shown;
use tidegate_rules::request::Protocol;
use tidegate_rules::{Action, CacheState, JudgedBy, Record, Verification};

/// A record of which every field is known: a new one does not compile here until
/// it is written down there.
fn full() -> Record<'static> {
    let text = || Some("x".into());
    Record {
        tidegate: 1,
        time: 1,
        request_id: text(),
        site: "x".into(),
        host: text(),
        method: "GET".into(),
        path: "/".into(),
        query: true,
        key: text(),
        client: Some(1),
        network: Some(1),
        user_agent: text(),
        agent: text(),
        verification: Verification::None,
        judged_by: Some(JudgedBy::Address),
        fingerprint: Some(1),
        shown: Shown {
            protocol: Some(Protocol::H2),
            ja4: text(),
            ja3: text(),
            h2: text(),
            tls: text(),
            cipher: text(),
            bot: text(),
            proxy: text(),
        },
        asn: Some(1),
        country: text(),
        pop: text(),
        route: text(),
        units: 1,
        decision: Action::Throttle,
        rule: text(),
        retry_ms: Some(1),
        shadow: vec!["x".into()],
        notes: vec!["x".into()],
        cache: Some(CacheState::Refused),
        origin_ms: Some(1),
        status: Some(429),
        rules: "x".into(),
        sampled: 100,
    }
}

#[test]
fn every_field_is_written_down() {
    let Ok(Value::Object(record)) = serde_json::to_value(full()) else { panic!("no object") };
    let fields: BTreeSet<String> = record.keys().cloned().collect();
    let shown = record["shown"].as_object().unwrap().keys().cloned();

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/records.md");
    let page = fs::read_to_string(file).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    let quoted = |text: &str| -> Vec<String> {
        text.split('`').map(str::to_owned).filter(|name| !name.is_empty() && name != ", ").collect()
    };
    let told: BTreeSet<String> = rows.clone().flat_map(|(names, _)| quoted(names)).collect();
    assert_eq!(told, fields);
    let (_, row) = rows.clone().find(|(names, _)| *names == "shown`").unwrap();
    for name in shown {
        assert!(row.contains(&format!("`{name}`")), "{name}");
    }
}
