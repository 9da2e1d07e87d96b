//! Files in one form: what changes, what must not, and what is refused.

mod messy;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;
use tempfile::TempDir;
use tidegate::fmt::format;
use tidegate_rules::diagnostic::Source;

fn formatted(text: &str) -> String {
    let source = Source { name: "test.toml".to_owned(), text: text.to_owned() };
    format(&source).unwrap_or_else(|error| panic!("{error}\n{text}")).expect("a file of rules")
}

#[test]
fn a_messy_file_of_rules() {
    let text = include_str!("fmt/messy.toml");
    insta::assert_snapshot!(formatted(text));
}

#[test]
fn what_fits_no_line_and_what_is_written_on_several() {
    let text = include_str!("fmt/wide.toml");
    insta::assert_snapshot!(formatted(text));
}

#[test]
fn what_is_no_toml_is_told_as_everywhere() {
    let text = "format = 1\nsite = \"a\nhosts = [\"b\" \"c\"]\n".to_owned();
    let refused = format(&Source { name: "rules/site.toml".to_owned(), text });
    insta::assert_snapshot!(refused.unwrap_err().to_string());
}

#[test]
fn other_peoples_files_are_none_of_ours() {
    let text = "[package]\nname=\"x\"\n".to_owned();
    assert_eq!(format(&Source { name: "Cargo.toml".to_owned(), text }).unwrap(), None);
}

/// The rule files and cases of this repository.
fn own_files() -> Vec<PathBuf> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let folders = [rules.clone(), rules.join("learned"), rules.join("cases")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect()
}

#[test]
fn the_repositorys_own_files_are_formatted() {
    let mut count = 0;
    for path in own_files() {
        let name = path.display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        if let Some(formatted) = format(&Source { name: name.clone(), text: text.clone() }).unwrap()
        {
            assert_eq!(formatted, text, "run `tidegate fmt {name}`");
            count += 1;
        }
    }
    assert!(count >= 8, "{count} files of rules and cases");
}

proptest! {
    #[test]
    fn only_white_space_changes_and_only_once(text in messy::file()) {
        let read = |text: &str| text.parse::<toml::Table>().map(|table| format!("{table:?}"));
        let was = read(&text);
        prop_assert!(was.is_ok(), "{:?}\n{}", was, text);
        let once = formatted(&text);
        prop_assert_eq!(read(&once), was);
        prop_assert_eq!(formatted(&once), once.clone());
        prop_assert_eq!(once.matches(messy::MARK).count(), text.matches(messy::MARK).count());
        let dense = |text: &str| text.replace([' ', '\t', '\r', '\n', ',', '\u{feff}'], "");
        prop_assert_eq!(dense(&once), dense(&text));
        prop_assert!(once.ends_with('\n') && !once.ends_with("\n\n"));
        if !once.contains("\"\"\"") && !once.contains("'''") {
            prop_assert!(!once.contains("\n\n\n"), "{}", once);
            prop_assert!(once.lines().all(|line| line == line.trim_end()), "{}", once);
        }
    }

    #[test]
    fn whatever_is_no_toml_is_refused(text in "[ -~\n]{0,60}") {
        let source = Source { name: "x".to_owned(), text: format!("format=1\n{text}") };
        prop_assert_eq!(format(&source).is_ok(), source.text.parse::<toml::Table>().is_ok());
    }
}

/// A folder to run `tidegate fmt` in.
struct Folder(TempDir);

impl Folder {
    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// The exit code, standard output and standard error.
    fn run(&self, arguments: &[&str], input: &str) -> (i32, String, String) {
        self.put("input", input);
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        let input = fs::File::open(self.0.path().join("input")).unwrap();
        command.arg("fmt").args(arguments).current_dir(self.0.path()).stdin(Stdio::from(input));
        let Output { status, stdout, stderr } = command.output().unwrap();
        let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (status.code().unwrap(), stdout, stderr)
    }
}

const MESSY: &str = "format=1\nsite  =  'a'";
const NEAT: &str = "format = 1\nsite   = 'a'\n";

#[test]
fn the_command_rewrites_what_changes_and_says_so() {
    let folder = Folder(TempDir::new().unwrap());
    folder.put("messy.toml", MESSY);
    folder.put("neat.toml", NEAT);
    let both = ["--check", "messy.toml", "neat.toml"];
    assert_eq!(folder.run(&both, ""), (2, "messy.toml: not formatted\n".into(), String::new()));
    assert_eq!(folder.text("messy.toml"), MESSY);
    assert_eq!(folder.run(&both[1..], ""), (0, "messy.toml: formatted\n".into(), String::new()));
    assert_eq!(folder.text("messy.toml"), NEAT);
    let said = "2 files are formatted\n";
    assert_eq!(folder.run(&both, ""), (0, said.into(), String::new()));
    assert_eq!(folder.run(&["absent.toml"], "").0, 1);
}

#[test]
fn the_command_reads_and_writes_streams() {
    let folder = Folder(TempDir::new().unwrap());
    assert_eq!(folder.run(&["-"], MESSY), (0, NEAT.into(), String::new()));
    assert_eq!(folder.run(&["-"], NEAT), (0, NEAT.into(), String::new()));
    assert_eq!(folder.run(&["--check", "-"], MESSY).0, 2);
    let (code, stdout, stderr) = folder.run(&["-"], "a=1\n");
    assert_eq!((code, stdout.as_str()), (0, "a=1\n"), "{stderr}");
}

#[test]
fn the_command_refuses_what_is_no_toml_and_goes_on() {
    let folder = Folder(TempDir::new().unwrap());
    folder.put("broken.toml", "format = 1\nsite = \n");
    folder.put("messy.toml", MESSY);
    let (code, stdout, stderr) = folder.run(&["broken.toml", "messy.toml"], "");
    assert_eq!((code, stdout.as_str()), (3, "messy.toml: formatted\n"));
    assert!(stderr.contains(" --> broken.toml:2:"), "{stderr}");
    assert_eq!(folder.text("broken.toml"), "format = 1\nsite = \n");
}
