//! A site's rules, and the same with what an analysis proposed, promoted as
//! `tidegate promote` does it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use tidegate::promote::{Review, promote};
use tidegate::propose::{Proposal, file_text};
use tidegate::rule_files;
use tidegate_rules::{Engine, HashKey, Mode, Ruleset, pack};
use tidegate_traffic::Hosted;

use crate::night::rule_file;

/// The secret under which addresses are hashed.
const SECRET: &str = "outcome";

/// The secret under which addresses are hashed.
#[must_use]
pub fn secret() -> HashKey {
    HashKey::from_secret(SECRET)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

/// A site's rules without what was learned from other nights.
///
/// # Errors
///
/// Every mistake in them.
pub fn site_rules(site: Hosted) -> Result<Ruleset> {
    with_learned(site, "format = 1\n")
}

/// A site's rules with every proposal promoted and in force.
///
/// # Errors
///
/// Where a proposal cannot be promoted, or makes the rules invalid.
pub fn with_proposals(site: Hosted, proposals: &[Proposal]) -> Result<Ruleset> {
    with_learned(site, &learned(proposals)?)
}

/// The text of learned rules: every proposal promoted and in force.
///
/// # Errors
///
/// Where a proposal cannot be promoted.
pub fn learned(proposals: &[Proposal]) -> Result<String> {
    const NOTHING: &str = "format = 1\n";
    if proposals.is_empty() {
        return Ok(NOTHING.to_owned());
    }
    let review =
        Review { reviewed: "the bench, 2025-03-27", owner: "bench", enforce: true, only: None };
    Ok(promote(&file_text(proposals), NOTHING, &review)?.text)
}

/// A site's rules with `learned` in place of its learned ones.
///
/// # Errors
///
/// Every mistake in them.
pub fn with_learned(site: Hosted, learned: &str) -> Result<Ruleset> {
    let own = tempfile::tempdir().context("cannot make a folder for rules")?;
    let entry = rule_file(site);
    for name in [entry, "agents.toml"] {
        std::fs::copy(folder().join(name), own.path().join(name))
            .with_context(|| format!("cannot copy `rules/{name}`"))?;
    }
    let learned_file = own.path().join("learned").join(entry);
    std::fs::create_dir_all(own.path().join("learned"))?;
    std::fs::write(learned_file, learned)?;
    let site = own.path().join(entry);
    let compiled = rule_files::compile(&site.to_string_lossy(), &[]);
    Ok(compiled.map_err(|mistakes| anyhow!("{mistakes}"))?.rules)
}

/// An engine for these rules.
///
/// # Errors
///
/// Where they cannot be packed.
pub fn engine(rules: Ruleset, switch: Mode) -> Result<Engine> {
    let version = pack::version(&pack::encode(&rules)?.rules);
    Ok(Engine { rules, version, secret: secret(), switch })
}
