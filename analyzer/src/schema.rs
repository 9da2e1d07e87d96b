//! The rule language as JSON Schema, so that an editor completes keys and marks
//! mistakes while they are typed.
//!
//! Made from [`tidegate_rules::surface`] alone. Draft 7, which the editors'
//! TOML support reads. It is no second compiler: what takes more than a look at
//! one value, such as whether a route of that name exists, is left to
//! `tidegate check`.

use serde_json::{Map, Value, json};
use tidegate_rules::surface::{Absent, Choice, Count, Key, Kind, Literal, Table};

/// The schema of files whose top is `root`, as it is committed.
#[must_use]
pub fn text(root: &'static Table) -> String {
    let mut text = format!("{:#}", schema(root));
    text.push('\n');
    text
}

/// The schema of files whose top is `root`.
#[must_use]
pub fn schema(root: &'static Table) -> Value {
    let mut definitions = Map::new();
    define(root, &[], &mut definitions);
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": format!("Tidegate {}", root.name),
        "allOf": [reference(root, &[])],
        "definitions": definitions,
    })
}

/// The name of a table without some of its keys, among the definitions.
fn name(table: &Table, without: &[&str]) -> String {
    let plain = table.name.replace(['[', ']'], "").replace(' ', "-");
    match without {
        [] => plain,
        _ => format!("{plain}-without-{}", without.join("-")),
    }
}

fn reference(table: &Table, without: &[&str]) -> Value {
    json!({ "$ref": format!("#/definitions/{}", name(table, without)) })
}

/// Adds a table to the definitions, and all that can be written below it.
fn define(
    table: &'static Table,
    without: &'static [&'static str],
    definitions: &mut Map<String, Value>,
) {
    let name = name(table, without);
    if definitions.contains_key(&name) {
        return;
    }
    // A place for it first: a condition holds a condition.
    definitions.insert(name.clone(), Value::Null);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in table.all_keys().filter(|key| !without.contains(&key.name)) {
        if let Kind::Table(below, without) = key.kind {
            define(below, without, definitions);
        } else if let Kind::Tables(below) = key.kind {
            define(below, &[], definitions);
        }
        properties.insert(key.name.to_owned(), property(key));
        // What another table lends is needed by its choice, not by itself.
        let lent = !table.keys.iter().any(|own| own.name == key.name);
        if matches!(key.absent, Absent::Needed) && !lent {
            required.push(key.name);
        }
    }
    let mut own = json!({
        "type": "object",
        "description": table.about,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        own["required"] = json!(required);
    }
    let sets =
        |sets: &[&[&str]]| -> Value { sets.iter().map(|set| json!({ "required": set })).collect() };
    match table.choice {
        Some(Choice::One(all)) => own["oneOf"] = sets(all),
        Some(Choice::Some(all)) => own["anyOf"] = sets(all),
        None => {}
    }
    definitions.insert(name, own);
}

fn property(key: &Key) -> Value {
    let one = value(key.kind);
    let mut property = match key.count {
        Count::One => one,
        Count::Many => {
            json!({ "anyOf": [one.clone(), { "type": "array", "items": one, "minItems": 1 }] })
        }
        Count::Any => json!({ "anyOf": [one.clone(), { "type": "array", "items": one }] }),
    };
    let unit = key.unit.map(|unit| format!(" In {unit}.")).unwrap_or_default();
    property["description"] = format!("{}{unit}\n\n`{}`", key.reason, key.example).into();
    if let Absent::Default(default) = key.absent {
        property["default"] = match default {
            Literal::Number(number) => number.into(),
            Literal::Flag(flag) => flag.into(),
            Literal::Text(text) => text.into(),
        };
    }
    property
}

fn value(kind: Kind) -> Value {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match kind {
        Kind::Text | Kind::Name(_) | Kind::File | Kind::TextGlob | Kind::Address => {
            json!({ "type": "string" })
        }
        Kind::Number { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Word(words) => json!({ "enum": words() }),
        Kind::Duration => pattern("^0*[1-9][0-9]*[smh]$"),
        Kind::Pause => pattern("^([0-9]+ms|0*[1-9][0-9]*[smh])$"),
        Kind::Day => pattern("^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
        Kind::Share => pattern("^(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?) *%$"),
        Kind::Hours => {
            let time = "([01][0-9]:[0-5][0-9]|2[0-3]:[0-5][0-9]|24:00)";
            pattern(&format!("^{time}-{time}$"))
        }
        Kind::PathGlob => pattern("^(/|\\*\\*)"),
        Kind::Network => pattern("^[0-9a-fA-F:.]+/[0-9]{1,3}$"),
        Kind::Method => pattern("^[A-Z]+$"),
        Kind::Country => pattern("^[A-Z]{2}$"),
        Kind::Fingerprint => pattern("^[0-9a-fA-F]{16}$"),
        Kind::PublicKey => pattern("^[0-9A-Za-z_-]{43}$"),
        Kind::Table(table, without) => json!({ "allOf": [reference(table, without)] }),
        Kind::Tables(table) => json!({ "type": "array", "items": reference(table, &[]) }),
    }
}
