//! The site as its visitors know it: crates, versions, pages, assets.
//!
//! It is the same for every seed; the seed draws who reads what. Paths have
//! docs.rs' shapes, and nothing here says what a path costs or how it is cached.

use super::dice::{Dice, mix};

/// Crates that many people read, most read first.
const POPULAR: [&str; 48] = [
    "serde",
    "tokio",
    "rand",
    "clap",
    "syn",
    "reqwest",
    "axum",
    "anyhow",
    "regex",
    "chrono",
    "serde_json",
    "thiserror",
    "tracing",
    "futures",
    "hyper",
    "bytes",
    "itertools",
    "rayon",
    "quote",
    "libc",
    "log",
    "once_cell",
    "bevy",
    "sqlx",
    "diesel",
    "actix-web",
    "tower",
    "uuid",
    "url",
    "base64",
    "nom",
    "indexmap",
    "hashbrown",
    "parking_lot",
    "crossbeam",
    "proc-macro2",
    "bitflags",
    "windows",
    "wgpu",
    "egui",
    "ratatui",
    "polars",
    "ndarray",
    "nalgebra",
    "image",
    "toml",
    "criterion",
    "proptest",
];

const FIRST: [&str; 40] = [
    "amber", "bold", "brisk", "calm", "clear", "cobalt", "copper", "crisp", "dusky", "eager",
    "early", "faint", "fleet", "frosty", "gentle", "golden", "grand", "green", "hidden", "hollow",
    "humble", "ivory", "keen", "light", "lively", "lunar", "mellow", "mossy", "nimble", "noble",
    "pale", "plain", "quiet", "rapid", "rusty", "silent", "silver", "steady", "swift", "tidy",
];

const SECOND: [&str; 50] = [
    "anchor", "anvil", "arrow", "badger", "barrel", "beacon", "bridge", "brook", "cable", "canyon",
    "cedar", "cipher", "comet", "crane", "delta", "ember", "falcon", "ferry", "forge", "garden",
    "glacier", "hammer", "harbor", "heron", "island", "kernel", "ladder", "lantern", "ledger",
    "lever", "maple", "meadow", "mirror", "needle", "orbit", "otter", "parcel", "pebble", "pillar",
    "plough", "quartz", "ribbon", "rocket", "saddle", "signal", "spindle", "thicket", "turbine",
    "vessel", "walrus",
];

const VERBS: [&str; 30] = [
    "Async", "Bound", "Chunk", "Cold", "Copy", "Debug", "Deep", "Dense", "Drain", "Dyn", "Edge",
    "Fast", "Fixed", "Flat", "Hash", "Index", "Inner", "Lazy", "Linear", "Local", "Map", "Merge",
    "Mut", "Owned", "Paired", "Raw", "Shared", "Sparse", "Static", "Weak",
];

const NOUNS: [&str; 30] = [
    "Array", "Block", "Buffer", "Builder", "Cell", "Client", "Codec", "Config", "Cursor", "Entry",
    "Error", "Frame", "Guard", "Handle", "Header", "Iter", "Key", "List", "Lock", "Node", "Pool",
    "Queue", "Reader", "Ref", "Slice", "Stream", "Table", "Tree", "View", "Writer",
];

/// Kinds of item pages that rustdoc makes.
const KINDS: [&str; 7] = ["struct", "struct", "enum", "trait", "fn", "macro", "type"];
/// Modules; the empty one is the crate's root.
const MODULES: [&str; 6] = ["", "", "io/", "sync/", "de/value/", "util/"];
/// Files of `/-/static/`, asked for with the site's build in the query.
const SITE_ASSETS: [&str; 5] =
    ["vendored.css", "rustdoc.css", "font-awesome.css", "menu.js", "index.js"];
/// Files of `/-/rustdoc.static/`, named with the toolset's hash.
const RUSTDOC_ASSETS: [(&str, &str); 12] = [
    ("normalize", "css"),
    ("rustdoc", "css"),
    ("main", "js"),
    ("settings", "js"),
    ("storage", "js"),
    ("FiraSans-Regular", "woff2"),
    ("FiraSans-Medium", "woff2"),
    ("SourceSerif4-Regular.ttf", "woff2"),
    ("SourceSerif4-Bold.ttf", "woff2"),
    ("SourceCodePro-Regular.ttf", "woff2"),
    ("SourceCodePro-Semibold.ttf", "woff2"),
    ("rust-logo", "svg"),
];
/// Crates were built by toolchains of so many months, each with its own assets.
const TOOLSETS: u64 = 4;

/// One crate of the site.
#[derive(Debug, Clone)]
pub(super) struct Crate {
    /// As in its URL.
    pub(super) name: String,
    /// The name of its library: hyphens become underscores.
    pub(super) target: String,
    /// Oldest first; at least one.
    pub(super) versions: Vec<String>,
    /// Rustdoc pages of every version, page 0 being the crate's root.
    pub(super) pages: usize,
    number: u64,
}

/// All crates, most read first.
#[derive(Debug)]
pub(super) struct Site {
    crates: Vec<Crate>,
    /// Cumulated Zipf weights, one for each crate.
    readers: Vec<f64>,
}

impl Site {
    pub(super) fn new() -> Self {
        let tail = (0..FIRST.len() * SECOND.len())
            .map(|n| format!("{}-{}", FIRST[n % FIRST.len()], SECOND[n / FIRST.len()]));
        let crates: Vec<Crate> = POPULAR
            .iter()
            .map(|name| (*name).to_owned())
            .chain(tail)
            .zip(0..)
            .map(Crate::new)
            .collect();
        let mut sum = 0.0;
        let readers = (1..=crates.len())
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { crates, readers }
    }

    /// How many crates people know by name.
    pub(super) const POPULAR: usize = POPULAR.len();

    pub(super) fn len(&self) -> usize {
        self.crates.len()
    }

    /// The crate of that rank.
    ///
    /// # Panics
    /// Where there are fewer crates.
    pub(super) fn at(&self, rank: usize) -> &Crate {
        &self.crates[rank]
    }

    /// A crate as readers choose it: the popular ones far more often.
    pub(super) fn read(&self, dice: &mut Dice) -> usize {
        let point = dice.unit() * self.readers.last().copied().unwrap_or_default();
        self.readers.partition_point(|sum| *sum < point).min(self.crates.len() - 1)
    }

    /// One of the few crates that a crate builds on.
    pub(super) fn dependency(&self, rank: usize, dice: &mut Dice) -> usize {
        (mix(rank as u64, dice.between(0, 3)) % POPULAR.len() as u64) as usize
    }
}

impl Crate {
    fn new((name, number): (String, u64)) -> Self {
        let chance = mix(number, 1);
        let known = number < POPULAR.len() as u64;
        let versions = 1 + chance % 12 + if known { 8 } else { 0 };
        let large = if known || chance.is_multiple_of(12) { 5 } else { 1 };
        Self {
            target: name.replace('-', "_"),
            versions: (0..versions)
                .map(|patch| format!("{}.{}.{patch}", number % 3, chance % 20))
                .collect(),
            pages: ((14 + mix(number, 2) % 40) * large) as usize,
            name,
            number,
        }
    }

    /// The version that `latest` stands for.
    pub(super) fn newest(&self) -> &str {
        self.versions.last().map_or("latest", String::as_str)
    }

    /// Rustdoc page `page` of `version`, which may be `latest`.
    pub(super) fn page(&self, version: &str, page: usize) -> String {
        let (name, target) = (&self.name, &self.target);
        if page == 0 {
            return format!("/{name}/{version}/{target}/");
        }
        // Verb and noun together are unique up to 900 pages.
        let (verb, noun) = (VERBS[page % 30], NOUNS[(page / 30 + self.number as usize) % 30]);
        let chance = mix(self.number, page as u64) as usize;
        let (kind, module) = (KINDS[chance % KINDS.len()], MODULES[chance / 7 % MODULES.len()]);
        format!("/{name}/{version}/{target}/{module}{kind}.{verb}{noun}.html")
    }

    /// What rustdoc's own source link leads to.
    pub(super) fn rustdoc_source(&self, version: &str) -> String {
        format!("/{}/{version}/src/{}/lib.rs.html", self.name, self.target)
    }

    /// A file in the source browser.
    pub(super) fn source(&self, version: &str, file: usize) -> String {
        let noun = NOUNS[file % 30].to_lowercase();
        format!("/crate/{}/{version}/source/src/{noun}_{}.rs", self.name, file / 30)
    }

    /// A page about the crate: `""`, `/builds`, `/features`, `/status.json`.
    pub(super) fn about(&self, version: &str, rest: &str) -> String {
        format!("/crate/{}/{version}{rest}", self.name)
    }

    /// What every page of the site loads and a browser then keeps for a year.
    pub(super) fn site_assets() -> impl Iterator<Item = String> {
        SITE_ASSETS.iter().map(|file| format!("/-/static/{file}?0-6-0-2025-03-20"))
    }

    /// What every rustdoc page of the crate's toolset loads and a browser keeps.
    pub(super) fn rustdoc_assets(&self) -> impl Iterator<Item = String> + use<> {
        let hash = mix(self.number % TOOLSETS, 3) >> 32;
        RUSTDOC_ASSETS
            .iter()
            .map(move |(file, kind)| format!("/-/rustdoc.static/{file}-{hash:08x}.{kind}"))
    }

    /// What a rustdoc page loads from its crate, with every visit.
    pub(super) fn sidebar(&self, version: &str) -> String {
        format!("/{}/{version}/{}/sidebar-items1.87.0.js", self.name, self.target)
    }
}
