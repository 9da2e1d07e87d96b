//! A site whose rules need several entries, the program run on it, and what the
//! edge makes of the stores.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;
use tidegate_rules::pack::{self, Pointer};
use tidegate_rules::{Ruleset, compile};

use crate::api::{Api, PACKS, SWITCHES, State, TOKEN};

/// One page costs 40 units; a visitor has 600 at once and one page each 2 s.
pub(crate) const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "never"

[[quota]]
name  = "reader"
units = 1_200
per   = "1m"
burst = 600

[[rule]]
id    = "pace"
why   = "A reader opens a page every few seconds."
key   = "visitor"
quota = "reader"
mode  = "enforce"
owner = "docs"

[[cohort]]
name  = "everybody"
match = { method = ["GET"] }
harm  = { throttled_clients = "0%", starved_clients = "0%", blocked_clients = "0%" }
"#;

/// The site with one more rule: so long and about so many networks that neither
/// pack fits one entry. Sites with different numbers differ in both packs.
pub(crate) fn long_site(number: u32) -> String {
    let mut site = SITE.to_owned();
    let words: String = (0..800).fold(String::new(), |mut words, at| {
        write!(words, "{} ", at * 7_919 + number).unwrap();
        words
    });
    let networks: Vec<_> = (0..1_200_u32)
        .map(|at| format!("\"10.{}.{}.{}/32\"", number, at / 100, at % 100 * 2))
        .collect();
    let networks = networks.join(", ");
    write!(
        site,
        "[[rule]]\nid = \"long\"\nwhy = \"{words}\"\nverdict = \"tag\"\nmode = \"shadow\"\n\
         match = {{ network = [{networks}] }}\n"
    )
    .unwrap();
    site
}

/// The version of a site's rules.
pub(crate) fn version_of(site: &str) -> String {
    let compiled = compile("site.toml", &mut |_| Ok(site.to_owned())).unwrap();
    pack::version(&pack::encode(&compiled.rules).unwrap().rules)
}

/// A folder with a site's rules, and an API with its stores.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) api: Api,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { folder: TempDir::new().unwrap(), api: Api::start() };
        site.put("site.toml", SITE);
        site
    }

    pub(crate) fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// `tidegate`, with a token and nothing else in its environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("FASTLY_API_TOKEN", TOKEN).env("FASTLY_API_ENDPOINT", &self.api.url);
        command.env("TIDEGATE_SWITCHES", SWITCHES).env("TIDEGATE_PACKS", PACKS);
        command
    }

    /// Runs `tidegate`, which may not lose its patience slowly.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).args(["--api-pause", "1"]).output().unwrap()
    }

    /// Runs `tidegate`, which has to end with a code; what it says.
    #[track_caller]
    pub(crate) fn told(&self, arguments: &[&str], code: i32) -> String {
        let told = told(&self.run(arguments));
        assert!(told.contains(&format!("ends with {code}\n")), "{arguments:?}: {told}");
        told
    }

    /// Puts a site's rules in force.
    #[track_caller]
    pub(crate) fn publish(&self, site: &str) {
        self.put("site.toml", site);
        self.told(&["publish", "site.toml", "--yes"], 0);
        assert_eq!(self.in_force(), Some(version_of(site)));
    }

    /// The version of the rules that the edge has in force.
    pub(crate) fn in_force(&self) -> Option<String> {
        let state = self.api.state();
        let pointer = state.value(SWITCHES, "rules")?;
        load(&state, &pointer).unwrap_or_else(|why| panic!("{pointer} is not whole: {why}"));
        Some(Pointer::parse(&pointer).unwrap().version.to_owned())
    }

    /// The keys of the entries of packs.
    pub(crate) fn entries(&self) -> Vec<String> {
        self.api.state().stores[PACKS].keys().cloned().collect()
    }
}

/// What a program says, and how it ends.
pub(crate) fn told(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(!out.contains(TOKEN) && !err.contains(TOKEN), "the token is shown: {out}{err}");
    format!("{out}{err}ends with {}\n", output.status.code().unwrap())
}

/// The rules that a pointer names, read as the edge reads them
/// (`edge/src/load.rs`).
fn load(state: &State, pointer: &str) -> Result<Ruleset, pack::PackError> {
    let pointer = Pointer::parse(pointer)?;
    let entry = |key: &str| state.value(PACKS, key);
    let rules = pointer.rules(entry)?;
    let addresses = match pack::addresses_of(&rules)? {
        None => Vec::new(),
        Some(id) => pointer.addresses(&id, entry)?,
    };
    pack::decode(&rules, addresses)
}

/// What people read, without what differs from run to run: times, ports, and
/// versions, of which those given are told apart.
pub(crate) fn steady(told: &str, versions: &[String]) -> String {
    let mut steady = told.to_owned();
    for (at, version) in versions.iter().enumerate() {
        steady = steady.replace(version, &format!("{:016x}", (at + 1) * 0x1111));
    }
    let mut out = String::new();
    let mut rest = steady.as_str();
    while let Some(at) = rest.find("http://127.0.0.1:") {
        let (before, after) = rest.split_at(at + "http://127.0.0.1:".len());
        out.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        out.push_str("8080");
    }
    out.push_str(rest);
    let times: Vec<_> = out.match_indices("T").map(|(at, _)| at).collect();
    for at in times {
        let is_time = |text: &str| text.ends_with('Z') && text[..4].starts_with("20");
        if at >= 10 && out.get(at - 10..at + 10).is_some_and(is_time) {
            out.replace_range(at - 10..at + 10, "2026-11-25T03:14:15Z");
        }
    }
    out
}
