//! Proposals into learned rules, with the review on record. Works on text:
//! comments and layout of both files stay as people wrote them.

use anyhow::{Context as _, Result, bail, ensure};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// What a reviewer says.
#[derive(Debug, Clone, Copy)]
pub struct Review<'r> {
    /// Who reviewed, and when.
    pub reviewed: &'r str,
    /// Who looks after the rules from now on.
    pub owner: &'r str,
    /// Whether the rules act at once.
    pub enforce: bool,
    /// Only the rule of this id.
    pub only: Option<&'r str>,
}

/// Learned rules with the promoted ones among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promoted {
    /// The new text of the file.
    pub text: String,
    /// The rules that were added or replaced.
    pub ids: Vec<String>,
}

/// Adds reviewed proposals to a file of learned rules. A rule that is there
/// already is replaced, and so is the one that a proposal follows: `walk` by
/// `walk-2`.
///
/// # Errors
///
/// Where one of the texts is no TOML, the reviewer has no name, or there is
/// nothing to promote.
pub fn promote(proposals: &str, learned: &str, review: &Review<'_>) -> Result<Promoted> {
    ensure!(
        !review.reviewed.trim().is_empty() && !review.owner.trim().is_empty(),
        "a review needs a name, and the rules an owner"
    );
    let proposals: DocumentMut = proposals.parse().context("the proposals are no TOML")?;
    let mut learned: DocumentMut = learned.parse().context("the learned rules are no TOML")?;
    let mut ids = Vec::new();
    for rule in tables(&proposals, "rule") {
        let id = name(rule, "id");
        if review.only.is_some_and(|only| only != id) {
            continue;
        }
        let quotas = [name(rule, "quota"), name(rule, "floor")];
        let mut rule = rule.clone();
        rule["reviewed"] = value(review.reviewed);
        rule["owner"] = value(review.owner);
        rule["mode"] = value(if review.enforce { "enforce" } else { "shadow" });
        if let Some(before) = followed(&learned, &id) {
            remove(&mut learned, "rule", "id", &before);
            remove(&mut learned, "quota", "name", &before);
            remove(&mut learned, "quota", "name", &format!("{before}-floor"));
        }
        put(&mut learned, "rule", "id", rule)?;
        let of_rule =
            tables(&proposals, "quota").filter(|table| quotas.contains(&name(table, "name")));
        for quota in of_rule {
            put(&mut learned, "quota", "name", quota.clone())?;
        }
        ids.push(id);
    }
    match review.only {
        Some(only) if ids.is_empty() => bail!("no proposed rule is called `{only}`"),
        _ => ensure!(!ids.is_empty(), "there is no proposed rule to promote"),
    }
    Ok(Promoted { text: learned.to_string(), ids })
}

fn tables<'d>(document: &'d DocumentMut, key: &str) -> impl Iterator<Item = &'d Table> {
    document.get(key).and_then(Item::as_array_of_tables).into_iter().flat_map(ArrayOfTables::iter)
}

fn name(table: &Table, key: &str) -> String {
    table.get(key).and_then(Item::as_str).unwrap_or_default().to_owned()
}

/// The learned rule that one of this id follows.
fn followed(learned: &DocumentMut, id: &str) -> Option<String> {
    let (before, number) = id.rsplit_once('-')?;
    let known = tables(learned, "rule").any(|rule| name(rule, "id") == before);
    (known && number.parse::<u32>().is_ok()).then(|| before.to_owned())
}

fn remove(document: &mut DocumentMut, key: &str, name_key: &str, unwanted: &str) {
    if let Some(all) = document.get_mut(key).and_then(Item::as_array_of_tables_mut) {
        all.retain(|table| name(table, name_key) != unwanted);
    }
}

/// Replaces the table of the same name, or adds it at the end.
fn put(document: &mut DocumentMut, key: &str, name_key: &str, mut table: Table) -> Result<()> {
    let entry = document.entry(key).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(all) = entry.as_array_of_tables_mut() else {
        bail!("`{key}` of the learned rules is not written `[[{key}]]`")
    };
    let wanted = name(&table, name_key);
    let found = all.iter_mut().find(|known| name(known, name_key) == wanted);
    // Without a place of its own a table goes behind those that are there.
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Some(inner) = item.as_table_mut() {
            inner.set_position(None);
        }
    }
    match found {
        Some(known) => *known = table,
        None => all.push(table),
    }
    Ok(())
}
