//! Compiles the rule set that the module falls back to, so that a module
//! without a working Config Store still knows its site.
//!
//! `TIDEGATE_RULES` names another rule file than `rules/docs-rs.toml`.

use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=TIDEGATE_RULES");
    // Asked when it runs: a build folder may outlive the checkout that filled it.
    let here = env::var("CARGO_MANIFEST_DIR")?;
    let entry =
        env::var("TIDEGATE_RULES").unwrap_or_else(|_| format!("{here}/../rules/docs-rs.toml"));
    let mut read = |file: &str| fs::read_to_string(file).map_err(|error| error.to_string());
    let compiled = match tidegate_rules::compile(&entry, &mut read) {
        Ok(compiled) => compiled,
        Err(mistakes) => return Err(mistakes.to_string().into()),
    };
    for file in &compiled.files {
        println!("cargo::rerun-if-changed={file}");
    }
    let packs = tidegate_rules::pack::encode(&compiled.rules)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("fallback.pack"), packs.rules)?;
    fs::write(out.join("fallback.addresses"), packs.addresses)?;
    Ok(())
}
