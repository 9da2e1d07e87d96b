//! What an author reads: every mistake at once, each with its place, and no
//! mistake that is only the echo of another. One file of `mistakes/` for each
//! kind; where a file can be used in spite of what is hardly meant, the warnings.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tidegate_rules::{Compiled, Diagnostics, Time, compile};

/// The day on which warnings are said: 2027-01-15, in the afternoon.
const DAY: Time = Time::from_unix_millis(1_800_018_000_000);

/// What is printed for a site.
fn printed(compiled: Result<Compiled, Diagnostics>) -> String {
    match compiled {
        Ok(compiled) => {
            let warnings = compiled.warnings_as_of(DAY);
            warnings.iter().map(|warning| format!("{warning}\n\n")).collect()
        }
        Err(mistakes) => mistakes.to_string(),
    }
}

/// The text of a file of `rules/`.
fn text(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test may read files")]
    std::fs::read_to_string(root.join(file)).unwrap()
}

/// The files of a folder below `rules/` that end so, sorted.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() {
            files.extend(self::files(path.to_str().unwrap(), end));
        } else if path.to_str().unwrap().ends_with(end) {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn every_kind_of_mistake_is_said_as_its_author_would_like_to_read_it() {
    for path in files("tests/mistakes", ".toml") {
        if path.parent().unwrap().ends_with("included") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let said = printed(compile(name, &mut |name| read(name)));
        assert_ne!(said, "", "{name} has no mistake");
        let suffix = name.trim_end_matches(".toml");
        insta::with_settings!({ snapshot_suffix => suffix, omit_expression => true }, {
            insta::assert_snapshot!("mistakes", said);
        });
    }
}

fn read(name: &str) -> Result<String, String> {
    let file = format!("tests/mistakes/{name}");
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file).exists();
    if known { Ok(text(&file)) } else { Err("no such file".to_owned()) }
}

#[test]
fn a_site_has_no_more_agents_than_can_be_counted() {
    let mut site = "format = 1\nsite = \"docs.example\"\n".to_owned();
    for at in 0..=65_535 {
        let agent = format!("name = \"{at}\"\ncategory = \"seo\"\nuser_agents = [\"{at}\"]");
        write!(site, "[[agent]]\n{agent}\n").unwrap();
    }
    insta::assert_snapshot!(printed(compile("site.toml", &mut |_| Ok(site.clone()))));
}

/// The codes that follow a call which reports something.
fn codes(source: &str) -> Vec<&str> {
    let called = [".report(", ".warn(", "code: "].into_iter().flat_map(|call| {
        source.match_indices(call).filter_map(move |(at, _)| source.get(at + call.len()..))
    });
    let quoted = called.filter_map(|rest| {
        let rest = rest.split_once(';').map_or(rest, |(statement, _)| statement);
        rest.split('"').nth(1)
    });
    let is_code = |text: &&str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    quoted.filter(is_code).collect()
}

#[test]
fn every_code_is_in_a_snapshot() {
    let relative = |path: &PathBuf| {
        text(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap())
    };
    let snapshots: String = files("tests/snapshots", ".snap").iter().map(relative).collect();
    // Two are chosen by the day, and so follow no call.
    let mut known = vec!["expired".to_owned(), "expires-soon".to_owned()];
    for source in files("src", ".rs").iter().map(relative) {
        known.extend(codes(&source).into_iter().map(str::to_owned));
    }
    assert!(known.len() > 50, "{known:?}");
    known.retain(|code| !snapshots.contains(&format!("[{code}]:")));
    assert_eq!(known, Vec::<String>::new());
}
