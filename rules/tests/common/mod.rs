//! The sites' own files, as the tests of this folder read them.

use std::path::Path;

use tidegate_rules::{Compiled, Engine, HashKey, Mode, Ruleset, compile};

/// The text of a file of `rules/`.
pub(crate) fn text(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test may read files")]
    std::fs::read_to_string(root.join(file)).unwrap()
}

/// A site, compiled.
pub(crate) fn site(entry: &str) -> Compiled {
    let compiled = compile(entry, &mut |file| Ok(text(file)));
    compiled.unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// An engine that enforces `rules`.
pub(crate) fn engine(rules: Ruleset) -> Engine {
    Engine { rules, version: String::new(), secret: HashKey::default(), switch: Mode::Enforce }
}
