//! What there is to ask for. Nothing is kept: a number says it all.

/// Crates.
pub(crate) const CRATES: u32 = 60_000;

/// Pages that a crate has.
pub(crate) const PAGES: u32 = 120;

/// Files that pages pull in, the same for all pages.
pub(crate) const ASSETS: [&str; 12] = [
    "/-/rustdoc.static/normalize-9960930a.css",
    "/-/rustdoc.static/rustdoc-aa0817cf.css",
    "/-/rustdoc.static/main-1b1b4a5e.js",
    "/-/rustdoc.static/settings-5514c975.js",
    "/-/rustdoc.static/storage-3a5871a4.js",
    "/-/rustdoc.static/FiraSans-Regular-0fe48ade.woff2",
    "/-/rustdoc.static/FiraSans-Medium-e1aa3f0a.woff2",
    "/-/rustdoc.static/SourceSerif4-Regular-6b053e98.ttf.woff2",
    "/-/rustdoc.static/SourceCodePro-Regular-8badfe75.ttf.woff2",
    "/-/rustdoc.static/rust-logo-9a9549ea.svg",
    "/-/static/vendored.css?0-6-0-2025-11-04",
    "/-/static/menu.js?0-6-0-2025-11-04",
];

/// Something to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// A crate's front page.
    Root(u32),
    /// One of its items.
    Item(u32, u32),
    /// One of its source files.
    Source(u32, u32),
    /// What docs.rs says of it.
    About(u32),
    /// Whether it was built: what badges poll.
    Status(u32),
    /// A search for it.
    Search(u32),
    /// What a page pulls in.
    Asset(u32),
    /// What does not exist.
    Nothing(u32),
}

const KINDS: [&str; 6] = ["struct.", "enum.", "trait.", "fn.", "macro.", "type."];

impl Page {
    /// Writes path and query.
    pub(crate) fn push(self, to: &mut Vec<u8>) {
        match self {
            Self::Root(of) => push_all(to, &[b"/", &name(of), b"/latest/", &name(of), b"/"]),
            Self::Item(of, at) => {
                push_all(to, &[b"/", &name(of), b"/"]);
                push_version(to, of, at);
                let kind = KINDS[at as usize % KINDS.len()].as_bytes();
                push_all(to, &[b"/", &name(of), b"/", kind, &name(of ^ at), b".html"]);
            }
            Self::Source(of, at) => {
                push_all(to, &[b"/crate/", &name(of), b"/"]);
                push_version(to, of, at);
                push_all(to, &[b"/source/src/", &name(at), b".rs"]);
            }
            Self::About(of) => push_all(to, &[b"/crate/", &name(of), b"/latest"]),
            Self::Status(of) => push_all(to, &[b"/crate/", &name(of), b"/latest/status.json"]),
            Self::Search(of) => push_all(to, &[b"/releases/search?query=", &name(of)]),
            Self::Asset(at) => to.extend(ASSETS[at as usize % ASSETS.len()].as_bytes()),
            Self::Nothing(at) => push_all(to, &[b"/", &name(at), b".php"]),
        }
    }
}

fn push_version(to: &mut Vec<u8>, of: u32, at: u32) {
    if !at.is_multiple_of(3) {
        to.extend(b"latest");
        return;
    }
    let mut number = itoa::Buffer::new();
    to.extend(number.format(of % 3).as_bytes());
    to.push(b'.');
    to.extend(number.format(of % 20).as_bytes());
    to.push(b'.');
    to.extend(number.format(at % 5).as_bytes());
}

fn push_all(to: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| to.extend_from_slice(part));
}

/// A word for each number below 2^20, of six letters.
fn name(number: u32) -> [u8; 6] {
    const SYLLABLES: [[u8; 2]; 128] = syllables();
    let at = |shift: u32| SYLLABLES[(number >> shift) as usize % SYLLABLES.len()];
    let ([a, b], [c, d], [e, f]) = (at(0), at(7), at(14));
    [a, b, c, d, e, f]
}

const fn syllables() -> [[u8; 2]; 128] {
    let (vowels, consonants) = (b"aeiouyaei", b"bcdfghjklmnprstvw");
    let mut all = [[0; 2]; 128];
    let mut at = 0;
    while at < all.len() {
        all[at] = [consonants[at % consonants.len()], vowels[at / consonants.len()]];
        at += 1;
    }
    all
}
