//! The house's floors: what the engine must not reach for, and which package may
//! import which. What is absent on purpose stays absent.

use std::path::{Path, PathBuf};

/// What would give the engine a clock, randomness, threads or input of its own.
const FORBIDDEN: [&str; 14] = [
    "std::fs",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::sync",
    "std::os",
    "SystemTime",
    "Instant::now",
    "TcpStream",
    "UdpSocket",
    "async fn",
    "fastly::",
    "rand::",
];

/// Packages by their folders, each with those of the house that it may import.
const FLOORS: [(&str, &[&str]); 16] = [
    ("rules", &[]),
    ("rules/playground", &["tidegate", "tidegate-rules"]),
    ("rules/playground/build", &[]),
    ("edge", &["tidegate-rules"]),
    ("analyzer", &["tidegate-rules"]),
    ("analyzer/clickhouse", &["tidegate"]),
    ("edge/local", &["tidegate-rules"]),
    (
        "bench",
        &[
            "tidegate",
            "tidegate-bench-engine",
            "tidegate-kept",
            "tidegate-local",
            "tidegate-rules",
            "tidegate-traffic",
        ],
    ),
    ("bench/engine", &["tidegate-kept", "tidegate-rules"]),
    ("bench/kept", &[]),
    ("bench/limiters", &["tidegate-kept", "tidegate-rules"]),
    ("bench/lines", &["tidegate-kept"]),
    ("bench/outcome", &["tidegate", "tidegate-kept", "tidegate-rules", "tidegate-traffic"]),
    ("bench/report", &["tidegate-kept"]),
    ("bench/store", &["tidegate", "tidegate-bench-lines", "tidegate-kept", "tidegate-rules"]),
    ("bench/traffic", &["tidegate-rules"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[expect(clippy::disallowed_methods, reason = "a test may read files")]
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A file without its tests and its comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    code.filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn the_engine_reaches_for_nothing() {
    let mut files = Vec::new();
    sources(&root().join("rules/src"), &mut files);
    assert!(files.len() > 40, "where are the sources?");
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = text(file);
        for (word, line) in FORBIDDEN.iter().flat_map(|word| code(&text).map(move |l| (word, l))) {
            assert!(!line.contains(word), "{}: `{word}` in `{}`", file.display(), line.trim());
        }
    }
}

#[test]
fn a_package_imports_lower_floors_only() {
    for (folder, allowed) in FLOORS {
        let manifest: toml::Table =
            text(&root().join(folder).join("Cargo.toml")).parse().expect("a manifest is TOML");
        for section in ["dependencies", "build-dependencies"] {
            let names = manifest.get(section).and_then(toml::Value::as_table);
            let own = names.into_iter().flat_map(toml::Table::keys);
            for name in own.filter(|name| name.starts_with("tidegate")) {
                assert!(allowed.contains(&name.as_str()), "{folder} may not import {name}");
            }
        }
    }
}

/// A panic on the decision path would be a lost request.
#[test]
fn the_engine_and_the_edge_deny_panics() {
    for crate_root in ["rules/src/lib.rs", "edge/src/lib.rs"] {
        let text = text(&root().join(crate_root));
        for lint in ["expect_used", "indexing_slicing", "panic", "string_slice", "unwrap_used"] {
            assert!(text.contains(&format!("clippy::{lint}")), "{crate_root} lacks {lint}");
        }
    }
}
