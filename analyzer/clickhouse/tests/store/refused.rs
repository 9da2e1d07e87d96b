//! What the engine refuses, in one line that says what to do.

use crate::engine::{Engine, log, trouble};

/// The line that an ingest ends with; addresses that differ are replaced.
fn refused(engine: &Engine, store: &str, arguments: &[&str]) -> String {
    let output = engine.ingest(store, arguments).arg("access.log").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = trouble(&output);
    assert_eq!(told.lines().count(), 1, "{told}");
    told.replace(&engine.port.to_string(), "8123")
}

fn engine() -> Engine {
    let engine = Engine::new();
    engine.put("access.log", log(1..=10));
    engine.stored(&["access.log"]);
    engine.put("access.log", log(1..=20));
    engine
}

#[test]
fn a_missing_table() {
    let engine = engine();
    engine.ask("DROP TABLE tidegate_lines");
    insta::assert_snapshot!("missing-lines", refused(&engine, &engine.url(), &[]));
    engine.ask("DROP TABLE tidegate_loads");
    insta::assert_snapshot!("missing-loads", refused(&engine, &engine.url(), &[]));
    // As the line says.
    engine.ask("DROP TABLE tidegate_migrations");
    engine.stored(&["access.log"]);
    engine.has_all(20);
}

#[test]
fn another_schema() {
    let engine = engine();
    engine.ask("ALTER TABLE tidegate_lines RENAME COLUMN path TO url");
    insta::assert_snapshot!("renamed-column", refused(&engine, &engine.url(), &[]));
    engine.ask("ALTER TABLE tidegate_lines RENAME COLUMN url TO path");
    engine.ask("ALTER TABLE tidegate_lines MODIFY COLUMN status Nullable(String)");
    insta::assert_snapshot!("other-type", refused(&engine, &engine.url(), &[]));
    engine.ask("ALTER TABLE tidegate_loads DROP COLUMN last_line");
    insta::assert_snapshot!("dropped-column", refused(&engine, &engine.url(), &[]));
    engine.ask("INSERT INTO tidegate_migrations (version, name) VALUES (99, 'later')");
    insta::assert_snapshot!("later-schema", refused(&engine, &engine.url(), &[]));
}

#[test]
fn another_database_or_layout() {
    let engine = engine();
    let other = engine.url().replace("/logs", "/nowhere");
    insta::assert_snapshot!("no-database", refused(&engine, &other, &[]));
    let cluster = ["--cluster", "night"];
    insta::assert_snapshot!("other-layout", refused(&engine, &engine.url(), &cluster));
}
