//! The schemas are what the description of the language says, and the rule files
//! of the sites are valid by them.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};
use tidegate::schema;
use tidegate_rules::surface::{CASE_FILE, RULE_FILE, Table};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn committed(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_default()
}

#[track_caller]
fn in_step(name: &str, today: &str, command: &str) {
    assert!(committed(name) == today, "{name} is out of date; run\n  {command}");
}

#[test]
fn the_schemas_are_in_step() {
    let command = "cargo run -p tidegate -- schema > rules/rules.schema.json";
    in_step("rules/rules.schema.json", &schema::text(&RULE_FILE), command);
    let command = "cargo run -p tidegate -- schema --cases > rules/cases.schema.json";
    in_step("rules/cases.schema.json", &schema::text(&CASE_FILE), command);
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft7::new(schema).unwrap()
}

fn mistakes(validator: &Validator, text: &str) -> Vec<String> {
    let document: Value = toml::from_str(text).unwrap();
    let told = validator.iter_errors(&document);
    told.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let is_rules = |file: &PathBuf| {
        let name = file.file_name().unwrap();
        name != "Cargo.toml" && name != "clippy.toml"
    };
    let toml = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "toml");
    files.filter(toml).filter(is_rules).collect()
}

#[test]
fn the_rule_files_are_valid_and_name_their_schema() {
    let validator = validator(&schema::schema(&RULE_FILE));
    for (folder, line) in [
        ("rules", "#:schema ./rules.schema.json"),
        ("rules/learned", "#:schema ../rules.schema.json"),
    ] {
        for file in toml_files(folder) {
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(text.lines().next(), Some(line), "{}", file.display());
            assert_eq!(mistakes(&validator, &text), [""; 0], "{}", file.display());
        }
    }
}

#[test]
fn the_files_of_cases_are_valid() {
    let validator = validator(&schema::schema(&CASE_FILE));
    for file in toml_files("rules/cases") {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(mistakes(&validator, &text), [""; 0], "{}", file.display());
    }
}

/// Every example of a key is a value that the schema takes for it.
#[test]
fn the_examples_are_valid() {
    for root in [&RULE_FILE, &CASE_FILE] {
        let whole = schema::schema(root);
        let definitions = &whole["definitions"];
        for table in root.with_all_below() {
            let own = table.name.replace(['[', ']'], "").replace(' ', "-");
            for key in table.all_keys() {
                let property = &definitions[&own]["properties"][key.name];
                assert!(property.is_object(), "{}.{}", table.name, key.name);
                let schema = json!({
                    "properties": { key.name: property },
                    "definitions": definitions,
                });
                assert_eq!(mistakes(&validator(&schema), key.example), [""; 0], "{}", key.example);
            }
        }
    }
}

#[track_caller]
fn refused(root: &'static Table, text: &str) {
    assert_ne!(mistakes(&validator(&schema::schema(root)), text), [""; 0], "{text}");
}

#[test]
fn the_schema_finds_mistakes() {
    refused(&RULE_FILE, "format = 2");
    refused(&RULE_FILE, "format = 1\nfoo = 1");
    refused(&RULE_FILE, "format = 1\ninclude = []");
    let rule = "format = 1\n[[rule]]\nid = \"a\"\nwhy = \"b\"\n";
    refused(&RULE_FILE, rule);
    for wrong in [
        "verdict = \"deny\"",
        "verdict = \"block\"\nkey = \"client\"\nquota = \"q\"",
        "verdict = \"block\"\nexpires = \"2027-13-01\"",
        "verdict = \"block\"\nrollout = 0",
        "verdict = \"block\"\nmatch = { not = { origin = \"calm\" } }",
        "key = \"client\"\nquota = \"q\"\nmatch = { breadth = { per = \"10m\" } }",
        "key = \"client\"\nquota = \"q\"\nmatch = { breadth = { over = 1, per = \"10 m\" } }",
    ] {
        refused(&RULE_FILE, &format!("{rule}{wrong}"));
    }
    let case = "format = 1\nsite = \"a.toml\"\n[[case]]\nname = \"a\"\nwhy = \"b\"\n";
    refused(&CASE_FILE, case);
    refused(&CASE_FILE, &format!("{case}request = {{ path = \"/\" }}\nexpect = {{}}\nstep = []"));
}
