//! A site's rule files on this machine. The rules crate reads no file itself;
//! this is the one place where the analyzer does it.

use tidegate_rules::{Compiled, Diagnostics, compile_with};

/// The rules for a site of which nothing is known, for whoever has only logs.
const GENERIC: [(&str, &str); 2] = [
    ("generic.toml", include_str!("../../rules/generic.toml")),
    ("agents.toml", include_str!("../../rules/agents.toml")),
];

/// The text of a file, as the compiler asks for it.
///
/// # Errors
///
/// Why it cannot be read, in words for behind its name and a colon.
pub fn read(name: &str) -> Result<String, String> {
    std::fs::read_to_string(name).map_err(|error| error.to_string())
}

/// Compiles the site whose own file is `entry`, with `extra` files as if it
/// included them: proposals on trial.
///
/// # Errors
///
/// Every mistake of every file.
pub fn compile(entry: &str, extra: &[String]) -> Result<Compiled, Diagnostics> {
    compile_with(entry, extra, &mut read)
}

/// Compiles the rules for a site of which nothing is known, with `extra` files.
///
/// # Errors
///
/// Every mistake of every file.
pub fn compile_generic(extra: &[String]) -> Result<Compiled, Diagnostics> {
    compile_with(GENERIC[0].0, extra, &mut |name| {
        let known = GENERIC.iter().find(|(known, _)| *known == name);
        known.map_or_else(|| read(name), |(_, text)| Ok((*text).to_owned()))
    })
}
