//! The part of the reference that lists every key, made from
//! [`tidegate_rules::surface`].

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use tidegate_rules::surface::Table;
use tidegate_rules::surface::{Absent, CASE_FILE, Choice, Count, Key, Kind, Literal, RULE_FILE};

/// The line before what is generated.
const START: &str = "<!-- generated: tidegate schema --into docs/rules.md -->\n";

/// The line after it.
const END: &str = "<!-- end of what is generated -->\n";

/// `text` with its generated part as it is today.
///
/// # Errors
///
/// Where the text has no such part.
pub fn renew(text: &str) -> Result<String> {
    let (before, rest) = text.split_once(START).context("no line says what is generated")?;
    let (_, after) = rest.split_once(END).context("no line ends what is generated")?;
    Ok(format!("{before}{START}\n{}\n{END}{after}", tables()))
}

fn tables() -> String {
    let all = RULE_FILE.with_all_below().into_iter().chain(CASE_FILE.with_all_below());
    all.map(section).collect::<Vec<_>>().join("\n")
}

fn section(table: &Table) -> String {
    let mut text = format!("### {}\n\n{}", title(table), table.about);
    match table.choice {
        Some(Choice::One(sets)) => {
            let _ = write!(text, " Needed is either {}, not both.", choice(sets));
        }
        Some(Choice::Some(sets)) => {
            let _ = write!(text, " Needed is {}, or both.", choice(sets));
        }
        None => {}
    }
    text.push_str("\n\n| key | type | left out | example | why |\n");
    text.push_str("| --- | --- | --- | --- | --- |\n");
    for key in table.keys {
        let Key { name, reason, .. } = key;
        let (kind, absent, example) = (kind(key), absent(key), example(key));
        let _ = writeln!(text, "| `{name}` | {kind} | {absent} | `{example}` | {reason} |");
    }
    if let Some(also) = table.also {
        let _ = writeln!(text, "\nAnd the keys of {}.", title(also));
    }
    text
}

/// A table's name as it is written in TOML, or in words.
fn title(table: &Table) -> String {
    if table.name.contains(' ') { format!("A {}", table.name) } else { format!("`{}`", table.name) }
}

fn choice(sets: &[&[&str]]) -> String {
    let set = |set: &&[&str]| {
        let keys: Vec<_> = set.iter().map(|key| format!("`{key}`")).collect();
        keys.join(" with ")
    };
    sets.iter().map(set).collect::<Vec<_>>().join(" or ")
}

/// An example of a key; of what has a header of its own, that header.
fn example(key: &Key) -> &'static str {
    match key.kind {
        Kind::Table(below, _) | Kind::Tables(below) if below.name.starts_with('[') => below.name,
        _ => key.example,
    }
}

fn absent(key: &Key) -> String {
    match key.absent {
        Absent::Needed => "**needed**".to_owned(),
        Absent::Default(Literal::Number(number)) => format!("`{number}`"),
        Absent::Default(Literal::Flag(flag)) => format!("`{flag}`"),
        Absent::Default(Literal::Text(text)) => format!("`\"{text}\"`"),
        Absent::Means(meaning) => meaning.to_owned(),
    }
}

fn kind(key: &Key) -> String {
    let unit = key.unit.map(|unit| format!(", {unit}")).unwrap_or_default();
    let list = match key.count {
        Count::One => "",
        Count::Many => "; or a list",
        Count::Any => "; or a list, perhaps empty",
    };
    format!("{}{unit}{list}", one(key.kind))
}

fn one(kind: Kind) -> String {
    let said = match kind {
        Kind::Text => "text",
        Kind::Name(what) => return format!("name of a {what}").replace("a agent", "an agent"),
        Kind::File => "name of a file",
        Kind::Number { min, max } => return number(min, max),
        Kind::Flag => "`true` or `false`",
        Kind::Word(words) => {
            let words: Vec<_> = words().iter().map(|word| format!("`\"{word}\"`")).collect();
            return words.join(", ");
        }
        Kind::Duration => "duration, `\"1s\"` to `\"24h\"`",
        Kind::Pause => "duration, from `\"0ms\"` to `\"24h\"`",
        Kind::Day => "day, UTC",
        Kind::Share => "percentage as text",
        Kind::Hours => "two times of the day, UTC",
        Kind::PathGlob => "glob over paths",
        Kind::TextGlob => "glob over text",
        Kind::Network => "network",
        Kind::Address => "address",
        Kind::Method => "method in capitals",
        Kind::Country => "two capitals of ISO 3166-1",
        Kind::Fingerprint => "16 hex digits",
        Kind::PublicKey => "43 characters of base64url",
        Kind::Table(table, without) => return below(table, without),
        Kind::Tables(table) => return format!("any number of {}", title(table)),
    };
    said.to_owned()
}

fn number(min: u32, max: u32) -> String {
    match (min, max) {
        (0, u32::MAX) => "whole number".to_owned(),
        (min, u32::MAX) => format!("whole number from {min}"),
        (min, max) if min == max => format!("the number {min}"),
        (min, max) => format!("whole number from {min} to {max}"),
    }
}

fn below(table: &Table, without: &[&str]) -> String {
    let mut text = format!("table {}", title(table));
    if !without.is_empty() {
        let keys: Vec<_> = without.iter().map(|key| format!("`{key}`")).collect();
        let _ = write!(text, " without {}", keys.join(" and "));
    }
    text
}
