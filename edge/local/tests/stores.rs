//! The store files are what Viceroy would read, at every moment.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tidegate_local::stores::{PACKS, SETTINGS, Stores, VALUE_LIMIT, file};

fn read(directory: &Path, store: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(file(directory, store)).unwrap()).unwrap()
}

fn entries(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn new_stores_are_empty_even_over_old_ones() {
    let directory = tempfile::tempdir().unwrap();
    let old = Stores::create(directory.path()).unwrap();
    old.set_mode(Some("enforce")).unwrap();
    Stores::create(directory.path()).unwrap();
    assert_eq!(read(directory.path(), SETTINGS), json!({}));
    assert_eq!(read(directory.path(), PACKS), json!({}));
}

#[test]
fn the_mode_is_set_and_deleted_and_leaves_the_pointer_alone() {
    let directory = tempfile::tempdir().unwrap();
    let stores = Stores::create(directory.path()).unwrap();
    stores.publish(&entries(&[("a.0", "A")]), "a").unwrap();
    stores.set_mode(Some("shadow")).unwrap();
    assert_eq!(read(directory.path(), SETTINGS), json!({"mode": "shadow", "rules": "a"}));
    stores.set_mode(None).unwrap();
    assert_eq!(read(directory.path(), SETTINGS), json!({"rules": "a"}));
}

#[test]
fn the_pack_before_stays_until_the_next_one() {
    let directory = tempfile::tempdir().unwrap();
    let stores = Stores::create(directory.path()).unwrap();
    for name in ["a", "b", "c"] {
        stores.publish(&entries(&[(name, "chunk")]), name).unwrap();
    }
    assert_eq!(read(directory.path(), PACKS), json!({"b": "chunk", "c": "chunk"}));
    assert_eq!(read(directory.path(), SETTINGS), json!({"rules": "c"}));
}

#[test]
fn what_fastly_would_not_hold_is_refused_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let stores = Stores::create(directory.path()).unwrap();
    stores.publish(&entries(&[("a", "A")]), "a").unwrap();

    let long = "é".repeat(VALUE_LIMIT + 1);
    let error = stores.publish(&entries(&[("b", &long)]), "b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value of `b` in the config store `tidegate_packs` has 8001 characters, \
         and Fastly allows 8000; split it into more entries"
    );
    let error = stores.publish(&[], &long).unwrap_err();
    assert!(error.to_string().starts_with("the value of `rules`"));
    let error = stores.publish(&entries(&[("", "B")]), "b").unwrap_err();
    assert!(error.to_string().contains("has 0 characters"), "{error}");
    assert!(stores.set_mode(Some(&long)).is_err());
    let many: Vec<_> = (0..501).map(|n| (n.to_string(), String::new())).collect();
    let error = stores.publish(&many, "many").unwrap_err();
    assert!(error.to_string().contains("would hold 50"), "{error}");

    assert_eq!(read(directory.path(), PACKS), json!({"a": "A"}));
    assert_eq!(read(directory.path(), SETTINGS), json!({"rules": "a"}));
}

#[test]
fn characters_are_counted_and_not_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let stores = Stores::create(directory.path()).unwrap();
    let full = "é".repeat(VALUE_LIMIT);
    stores.publish(&entries(&[("a", &full)]), "a").unwrap();
}

#[test]
fn a_reader_never_sees_half_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let stores = Stores::create(directory.path()).unwrap();
    let value = "x".repeat(VALUE_LIMIT);
    let packs: Vec<_> = (0..20).map(|n| (format!("a.{n}"), value.clone())).collect();
    stores.publish(&packs, "a").unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| (0..50).for_each(|_| stores.publish(&packs, "a").unwrap()));
        while !writing.is_finished() {
            let seen = read(directory.path(), PACKS);
            assert_eq!(seen.as_object().unwrap().len(), packs.len());
        }
    });
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(files.len(), 2, "no draft is left behind");
}
