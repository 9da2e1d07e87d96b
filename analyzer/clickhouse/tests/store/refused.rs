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
    engine.ask("ALTER TABLE tidegate_lines MODIFY COLUMN status Nullable(UInt16)");
    engine.ask("ALTER TABLE tidegate_lines DROP COLUMN referer_page");
    insta::assert_snapshot!("older-lines", refused(&engine, &engine.url(), &[]));
    engine.ask("ALTER TABLE tidegate_loads DROP COLUMN last_line");
    insta::assert_snapshot!("dropped-column", refused(&engine, &engine.url(), &[]));
    engine.ask("INSERT INTO tidegate_migrations (version, name) VALUES (99, 'later')");
    insta::assert_snapshot!("later-schema", refused(&engine, &engine.url(), &[]));
}

/// The line that a night ends with that is to come from the store, or is to be counted
/// there.
#[track_caller]
fn unread(engine: &Engine, arguments: &[&str]) -> String {
    let url = engine.url();
    let commands: [&[&str]; 3] = [&["analyze"], &["backtest"], &["analyze", "--count-in", "store"]];
    let told = commands.map(|command| {
        let mut all = vec!["--store", &url];
        // What a backtest needs, the other takes.
        let rules = engine.put("site.toml", "format = 1\nsite = \"docs.example\"\n");
        let rules = rules.display().to_string();
        all.extend(["--rules", &rules]);
        all.extend(arguments);
        let (command, more) = (command[0], &command[1..]);
        all.extend(more);
        let output = engine.run(command, &all);
        assert_eq!(output.status.code(), Some(1));
        trouble(&output).replace(&engine.port.to_string(), "8123")
    });
    // The engine repeats the question.
    let ours = |told: &str| {
        let told = told.replace("cannot count in", "cannot read");
        told.split(": Code:").next().unwrap_or_default().to_owned()
    };
    for other in &told {
        assert_eq!(other.lines().count(), 1, "{other}");
        assert_eq!(ours(other), ours(&told[0]));
    }
    told.into_iter().next().unwrap()
}

#[test]
fn nothing_to_read() {
    let engine = Engine::new();
    insta::assert_snapshot!("no-tables", unread(&engine, &[]));
    engine.put("empty.log", "");
    engine.ingest(&engine.url(), &["empty.log"]).output().unwrap();
    insta::assert_snapshot!("no-requests", unread(&engine, &[]));
    engine.put("access.log", log(1..=10));
    engine.stored(&["access.log"]);
    insta::assert_snapshot!("no-such-site", unread(&engine, &[]));
    let day = ["--from", "2025-02-01", "--until", "2025-02-02"];
    engine.stored(&["--rules", "site.toml", "access.log"]);
    insta::assert_snapshot!("empty-window", unread(&engine, &day));
    engine.ask("ALTER TABLE tidegate_lines RENAME COLUMN path TO url");
    insta::assert_snapshot!("renamed-column-to-read", unread(&engine, &[]));
    engine.ask("DROP TABLE tidegate_requests");
    insta::assert_snapshot!("missing-view", unread(&engine, &[]));
    engine.ask("INSERT INTO tidegate_migrations (version, name) VALUES (99, 'later')");
    insta::assert_snapshot!("later-schema-to-read", unread(&engine, &[]));
}

#[test]
fn another_database_or_layout() {
    let engine = engine();
    let other = engine.url().replace("/logs", "/nowhere");
    insta::assert_snapshot!("no-database", refused(&engine, &other, &[]));
    let cluster = ["--cluster", "night"];
    insta::assert_snapshot!("other-layout", refused(&engine, &engine.url(), &cluster));
}
