//! Rules and requests to begin with.

use serde::Serialize;

/// What there is to choose from.
#[derive(Serialize)]
pub(crate) struct Examples {
    rules: [Example; 3],
    requests: [Example; 6],
}

#[derive(Serialize)]
struct Example {
    name: &'static str,
    text: &'static str,
}

pub(crate) const EXAMPLES: Examples = Examples {
    rules: [
        Example { name: "A small site", text: include_str!("../examples/small-site.toml") },
        Example { name: "docs.rs", text: include_str!("../../docs-rs.toml") },
        Example { name: "crates.io", text: include_str!("../../crates-io.toml") },
    ],
    requests: [
        Example { name: "A loop around one page", text: include_str!("../examples/loop.toml") },
        Example { name: "A walk over many pages", text: include_str!("../examples/walk.toml") },
        Example { name: "A person reading", text: include_str!("../examples/reader.toml") },
        Example {
            name: "Two people behind one address",
            text: include_str!("../examples/neighbours.toml"),
        },
        Example { name: "Lines of a log", text: include_str!("../examples/access.log") },
        Example { name: "A page from the cache", text: include_str!("../examples/cached.toml") },
    ],
};
