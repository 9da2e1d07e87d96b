//! The sites' own cases hold, and a case that fails says so where it stands.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use tidegate_rules::case::{self, CaseFile};
use tidegate_rules::diagnostic::Source;
use tidegate_rules::{Diagnostics, Engine, Time};

use common::text;

/// Midnight UTC.
const START: Time = Time::from_unix_millis(1_767_225_600_000);

fn read(name: &str, text: String) -> Result<CaseFile, Diagnostics> {
    case::read(Source { name: name.to_owned(), text })
}

fn engine(entry: &str) -> Engine {
    common::engine(common::site(entry).rules)
}

/// What is printed of the cases in `text`, against docs.rs's rules.
fn printed(text: &str) -> String {
    let engine = engine("docs-rs.toml");
    let file = read("cases.toml", text.to_owned()).unwrap_or_else(|why| panic!("{why}"));
    let failures: Vec<_> = file.cases.iter().flat_map(|case| case.run(&engine, START)).collect();
    Diagnostics(failures).to_string()
}

/// The names of the files in `cases/`.
fn case_files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".toml")).collect()
}

#[test]
fn the_cases_of_every_site_hold() {
    let mut sites = BTreeSet::new();
    for name in case_files() {
        let file = read(&name, text(&format!("cases/{name}")));
        let file = file.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let site = file.site.strip_prefix("../").unwrap_or_else(|| panic!("{name}: {}", file.site));
        let engine = engine(site);
        let failures: Vec<_> =
            file.cases.iter().flat_map(|case| case.run(&engine, START)).collect();
        assert!(failures.is_empty(), "{}", Diagnostics(failures));
        sites.insert(site.to_owned());
    }
    assert_eq!(Vec::from_iter(sites), ["crates-io.toml", "docs-rs.toml", "generic.toml"]);
}

#[test]
fn a_case_that_fails_says_what_came_instead() {
    insta::assert_snapshot!(printed(
        r#"format = 1
site = "docs-rs.toml"

[[case]]
name    = "a loop"
why     = "It is expected to pass, and does not."
request = { path = "/crate/serde/latest/builds", user_agent = "curl/8.5.0" }
times   = 600
every   = "1ms"
expect  = { action = "pass", route = "source", agent = "wget", throttled = { at_most = 1 } }

[[case]]
name    = "names that nobody has"
why     = "A case must not hold because its names mean nothing."
request = { path = "/", user_agent = "curl/8.5.0" }
expect  = { rule = "steady-visiter", route = "hom", shadow = ["walk-many-crate"] }
"#
    ));
}

#[test]
fn every_mistake_of_a_file_of_cases_at_once() {
    let text = r#"format = 2
[[case]]
why     = "Nothing here is right."
request = { url = "/", client = "192.0.2" }
times   = 0
every   = "soon"
expect  = { action = "trottle", verification = "sure", throttled = { most = 1 } }
"#;
    insta::assert_snapshot!(read("cases.toml", text.to_owned()).unwrap_err());
}
