//! The parser reads what is described, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::{Absent, CASE_FILE, Key, Kind, Literal, RULE_FILE, Table};
use crate::case;
use crate::diagnostic::{Diagnostics, Source};
use crate::strain::Strain;

/// A table with the unknown key `zzz`, and every table below it, `depth` deep,
/// with one too. `without` are tables to leave out.
fn inline(table: &'static Table, depth: u32, without: &[&str]) -> String {
    format!("{{ {} }}", entries(table, depth, without).join(", "))
}

fn entries(table: &'static Table, depth: u32, without: &[&str]) -> Vec<String> {
    let below = table.all_keys().filter(|key| depth > 0 && !without.contains(&key.name));
    let below = below.filter_map(|Key { name, kind, .. }| match kind {
        Kind::Table(below, _) => Some(format!("{name} = {}", inline(below, depth - 1, without))),
        Kind::Tables(below) => Some(format!("{name} = [{}]", inline(below, depth - 1, without))),
        _ => None,
    });
    std::iter::once("zzz = 1".to_owned()).chain(below).collect()
}

fn document(table: &'static Table, without: &[&str]) -> String {
    entries(table, 5, without).join("\n")
}

/// The keys that the parser knows, by what it calls their table. A table that
/// is read in several places is read alike in all of them.
fn known_keys(mistakes: &Diagnostics) -> BTreeMap<String, Vec<String>> {
    let mut known = BTreeMap::new();
    for mistake in mistakes.0.iter().filter(|found| found.message == "unknown key `zzz`") {
        let help = mistake.help.as_deref().unwrap();
        let help = help.split_once("? ").map_or(help, |(_, known)| known);
        let (what, keys) = help.split_once(" takes ").unwrap();
        let keys: Vec<_> = keys.split(", ").map(|key| key.trim_matches('`').to_owned()).collect();
        let before = known.insert(what.to_owned(), keys.clone());
        assert!(before.is_none_or(|before| before == keys), "{what} is read in two ways");
    }
    known
}

fn described_keys(root: &'static Table) -> BTreeMap<String, Vec<String>> {
    let sorted = |table: &'static Table| {
        let mut keys: Vec<_> = table.all_keys().map(|key| key.name.to_owned()).collect();
        keys.sort();
        (table.what.to_owned(), keys)
    };
    root.with_all_below().into_iter().map(sorted).collect()
}

#[test]
fn the_parser_reads_the_described_keys_of_a_rule_file() {
    let text = document(&RULE_FILE, &[]);
    let mistakes = crate::compile("site.toml", &mut |_| Ok(text.clone())).unwrap_err();
    assert_eq!(known_keys(&mistakes), described_keys(&RULE_FILE));
}

#[test]
fn the_parser_reads_the_described_keys_of_a_file_of_cases() {
    let read = |without: &[&str]| {
        let text = document(&CASE_FILE, without);
        known_keys(&case::read(Source { name: "cases.toml".to_owned(), text }).unwrap_err())
    };
    let mut known = read(&["step"]);
    // A case of several steps has no keys of its own but its name and reason.
    let stepped = read(&[]);
    assert_eq!(stepped.get("a case").unwrap(), &["name", "step", "why"]);
    known.extend(stepped.into_iter().filter(|(what, _)| what == "a step"));
    assert_eq!(known, described_keys(&CASE_FILE));
}

/// The keys that the parser demands, by what it calls their table.
fn demanded_keys(mistakes: &Diagnostics) -> BTreeSet<(String, String)> {
    let missing = mistakes.0.iter().filter(|mistake| mistake.code == "missing-key");
    let named = missing.filter_map(|mistake| mistake.message.split_once(" has no "));
    let site = ("the file".to_owned(), "site".to_owned());
    let all = named.map(|(what, key)| (what.to_owned(), key.trim_matches('`').to_owned()));
    // Which file has a `site` the compiler knows, not the table.
    all.filter(|found| *found != site).collect()
}

fn needed_keys(root: &'static Table) -> BTreeSet<(String, String)> {
    let needed = |table: &'static Table| {
        let keys = table.all_keys().filter(|key| matches!(key.absent, Absent::Needed));
        keys.map(|key| (table.what.to_owned(), key.name.to_owned()))
    };
    root.with_all_below().into_iter().flat_map(needed).collect()
}

#[test]
fn the_parser_demands_the_keys_that_are_said_to_be_needed() {
    let mut demanded = BTreeSet::new();
    for without in [&[][..], &["harm"]] {
        let text = document(&RULE_FILE, without);
        let mistakes = crate::compile("site.toml", &mut |_| Ok(text.clone())).unwrap_err();
        demanded.extend(demanded_keys(&mistakes));
    }
    assert_eq!(demanded, needed_keys(&RULE_FILE));
    let mut demanded = BTreeSet::new();
    for without in [&["step"][..], &["request", "expect"], &[]] {
        let text = document(&CASE_FILE, without);
        let source = Source { name: "cases.toml".to_owned(), text };
        demanded.extend(demanded_keys(&case::read(source).unwrap_err()));
    }
    // A case needs what a step needs, where it is one.
    let text = "case = [{}]".to_owned();
    let source = Source { name: "cases.toml".to_owned(), text };
    demanded.extend(demanded_keys(&case::read(source).unwrap_err()));
    assert_eq!(demanded, needed_keys(&CASE_FILE));
}

#[test]
fn no_two_tables_or_keys_share_a_name() {
    for root in [&RULE_FILE, &CASE_FILE] {
        let tables = root.with_all_below();
        assert_eq!(described_keys(root).len(), tables.len());
        for table in tables {
            let names: BTreeSet<_> = table.all_keys().map(|key| key.name).collect();
            assert_eq!(names.len(), table.all_keys().count(), "{}", table.name);
        }
    }
}

#[test]
fn examples_are_about_their_keys() {
    let tables = [&RULE_FILE, &CASE_FILE].into_iter().flat_map(|root| root.with_all_below());
    for key in tables.flat_map(Table::all_keys) {
        let example: toml::Table = key.example.parse().unwrap();
        assert_eq!(example.keys().collect::<Vec<_>>(), [key.name]);
    }
}

#[test]
fn the_stated_strain_is_the_one_that_holds() {
    let Strain { slow, over_percent, period_ms } = Strain::default();
    let stated = |name: &str| {
        let key = super::site::STRAIN.keys.iter().find(|key| key.name == name).unwrap();
        match key.absent {
            Absent::Default(Literal::Number(number)) => number.to_string(),
            Absent::Default(Literal::Text(text)) => text.to_owned(),
            _ => String::new(),
        }
    };
    assert_eq!(stated("slow"), slow.to_string());
    assert_eq!(stated("over"), format!("{over_percent}%"));
    assert_eq!(crate::compile::duration(&stated("per")), Some(period_ms));
}
