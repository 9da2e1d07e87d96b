//! Rules are followed as their files change, and broken ones change nothing.

use std::fs;
use std::path::Path;

use tidegate_local::Stores;
use tidegate_local::rules::{Change, Live, Loaded};
use tidegate_local::stores::{SETTINGS, file};

/// A rule language of one word and one included file, `part`.
fn load(path: &Path) -> Result<Loaded, String> {
    let part = path.with_file_name("part");
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?
        + &fs::read_to_string(&part).map_err(|error| error.to_string())?;
    if text.contains("broken") {
        return Err("line 1: `broken`".to_owned());
    }
    Ok(Loaded {
        entries: vec![(text.clone(), text.clone())],
        pointer: text,
        files: vec![path.to_owned(), part],
        warnings: Vec::new(),
    })
}

struct House {
    directory: tempfile::TempDir,
    stores: Stores,
}

impl House {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let stores = Stores::create(directory.path().join("stores")).unwrap();
        let house = Self { directory, stores };
        house.write("main", "a");
        house.write("part", "b");
        house
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn open(&self) -> Result<Live, String> {
        Live::open(self.directory.path().join("main"), load, &self.stores)
    }

    /// The settings that the module would read.
    fn settings(&self) -> String {
        fs::read_to_string(file(self.stores.directory(), SETTINGS)).unwrap()
    }
}

fn published(pointer: &str) -> Change {
    Change::Published { pointer: pointer.to_owned(), warnings: Vec::new() }
}

#[test]
fn a_changed_file_is_published_once() {
    let house = House::new();
    let mut live = house.open().unwrap();
    assert_eq!(live.pointer(), "ab");
    assert_eq!(live.poll(&house.stores), Change::None);
    house.write("main", "longer");
    assert_eq!(live.poll(&house.stores), published("longerb"));
    assert!(house.settings().contains("longerb"));
    assert_eq!(live.poll(&house.stores), Change::None);
}

#[test]
fn an_included_file_counts() {
    let house = House::new();
    let mut live = house.open().unwrap();
    house.write("part", "longer");
    assert_eq!(live.poll(&house.stores), published("alonger"));
}

#[test]
fn broken_rules_are_reported_once_and_the_good_ones_stay() {
    let house = House::new();
    let mut live = house.open().unwrap();
    house.write("part", "broken");
    let kept =
        Change::Kept { pointer: "ab".to_owned(), diagnostics: "line 1: `broken`".to_owned() };
    assert_eq!(live.poll(&house.stores), kept);
    assert_eq!(live.poll(&house.stores), Change::None);
    assert!(house.settings().contains("ab"));
    house.write("part", "mended");
    assert_eq!(live.poll(&house.stores), published("amended"));
}

#[test]
fn a_file_that_vanishes_and_returns_is_noticed() {
    let house = House::new();
    let mut live = house.open().unwrap();
    fs::remove_file(house.directory.path().join("part")).unwrap();
    assert!(matches!(live.poll(&house.stores), Change::Kept { .. }));
    house.write("part", "back");
    assert_eq!(live.poll(&house.stores), published("aback"));
}

#[test]
fn rules_broken_from_the_start_are_an_error() {
    let house = House::new();
    house.write("main", "broken");
    assert_eq!(house.open().unwrap_err(), "line 1: `broken`");
}

#[test]
fn rules_too_long_to_publish_stay_out_of_force() {
    let house = House::new();
    let mut live = house.open().unwrap();
    house.write("main", &"x".repeat(300));
    let Change::Kept { diagnostics, .. } = live.poll(&house.stores) else {
        panic!("published");
    };
    assert!(diagnostics.starts_with("cannot publish the rules: the key"), "{diagnostics}");
    assert_eq!(live.pointer(), "ab");
}
