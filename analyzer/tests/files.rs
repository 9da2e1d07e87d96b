//! Files that commands write for people to keep: where one cannot be written whole, it
//! holds what it held.

#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const SITE: &str = "format = 1\nsite = 'docs.example'\ninclude = ['learned.toml']\n\n\
                    [[route]]\nname = 'page'\npaths = ['/**']\ncost = 40\ncache = 'never'\n";

const LEARNED: &str = "# Reviewed with care.\nformat = 1\n";

const PROPOSALS: &str = "format = 1\n\n\
                         [[quota]]\nname = 'walk'\nunits = 1_200\nper = '1m'\nburst = 600\n\n\
                         [[rule]]\nid = 'walk'\nwhy = 'A crawl.'\nkey = 'visitor'\n\
                         quota = 'walk'\nmode = 'shadow'\nowner = 'nobody'\n";

/// Every command that writes a file, and the file. No log has findings, so each ends
/// with 0.
const WRITERS: [(&str, &str); 7] = [
    ("fmt site.toml", "site.toml"),
    (
        "promote proposals.toml --rules site.toml --into learned.toml --reviewed name,2025-11-04 \
         --owner docs",
        "learned.toml",
    ),
    ("pack site.toml --output pack.json", "pack.json"),
    ("analyze access.log --propose night.toml", "night.toml"),
    ("analyze access.log --html night.html", "night.html"),
    ("report access.log --out night.txt", "night.txt"),
    ("schema --into reference.md", "reference.md"),
];

/// A folder with what the commands need; what they write is there already.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    for name in ["pack.json", "night.toml", "night.html", "night.txt"] {
        put(name, "of yesterday");
    }
    let mut log = String::new();
    for minute in 0..10 {
        let time = format!("04/Nov/2025:08:{minute:02}:00 +0000");
        writeln!(log, "192.0.2.7 - - [{time}] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8\"").unwrap();
    }
    put("access.log", &log);
    put("site.toml", SITE);
    put("learned.toml", LEARNED);
    put("proposals.toml", PROPOSALS);
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let reference = fs::read_to_string(reference).unwrap();
    // As before a key got another name.
    put("reference.md", &reference.replacen("\n| `format` |", "\n| `form` |", 1));
    folder
}

/// Runs `tidegate` from a shell that has said this before.
fn run(folder: &TempDir, before: &str, arguments: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{before} exec \"$0\" {arguments}"));
    shell.arg(env!("CARGO_BIN_EXE_tidegate"));
    shell.current_dir(folder.path()).output().unwrap()
}

fn trouble(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_file_is_written_whole_and_keeps_its_permissions() {
    let folder = folder();
    for (arguments, name) in WRITERS {
        let path = folder.path().join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::read_to_string(&path).unwrap();
        let output = run(&folder, "", arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {}", trouble(&output));
        assert_ne!(fs::read_to_string(&path).unwrap(), before, "{arguments}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o640, "{name}");
    }
    let learned = fs::read_to_string(folder.path().join("learned.toml")).unwrap();
    assert!(learned.starts_with(LEARNED) && learned.contains("name,2025-11-04"), "{learned}");
}

#[test]
fn where_the_disk_is_full_the_old_file_stays() {
    let folder = folder();
    for (arguments, name) in WRITERS {
        let path = folder.path().join(name);
        let before = fs::read_to_string(&path).unwrap();
        // No byte more into any file; a full disk is told by another number.
        let output = run(&folder, "trap '' XFSZ; ulimit -f 0;", arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments}: {}", trouble(&output));
        let told = trouble(&output);
        assert!(told.starts_with(&format!("error: cannot write `{name}`: ")), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert_eq!(fs::read_to_string(&path).unwrap(), before, "{arguments}");
        let entries = fs::read_dir(folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<_> = names.filter(|name| name.starts_with('.')).collect();
        assert!(left.is_empty(), "{arguments}: {left:?}");
    }
}

#[test]
fn whoever_is_killed_while_writing_leaves_the_old_file() {
    let folder = folder();
    for (arguments, name) in WRITERS {
        let path = folder.path().join(name);
        let before = fs::read_to_string(&path).unwrap();
        // The system kills whoever writes more.
        let output = run(&folder, "ulimit -c 0; ulimit -f 0;", arguments);
        assert!(output.status.signal().is_some(), "{arguments}: {}", trouble(&output));
        assert_eq!(fs::read_to_string(&path).unwrap(), before, "{arguments}");
    }
}

#[test]
fn a_folder_that_does_not_exist_is_told_in_one_line() {
    let folder = folder();
    for arguments in [
        "pack site.toml --output no/such/file",
        // Before anything is read.
        "analyze missing.log --propose no/such/file",
        "analyze missing.log --html no/such/file",
        "report missing.log --out no/such/file",
    ] {
        let output = run(&folder, "", arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        let told = "error: cannot write `no/such/file`: there is no folder `no/such`\n";
        assert_eq!(trouble(&output), told, "{arguments}");
    }
}

#[test]
fn what_is_no_file_can_be_written_to() {
    let output = run(&folder(), "", "report access.log --out /dev/stdout");
    assert_eq!(output.status.code(), Some(0), "{}", trouble(&output));
    assert!(!output.stdout.is_empty());
}
