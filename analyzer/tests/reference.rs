//! What `docs/rules.md` shows is true: its tables say what the description of the
//! language says, its example compiles, its cases hold, and every recipe can be
//! added to it.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tidegate::reference::renew;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn committed() -> String {
    fs::read_to_string(root().join("docs/rules.md")).unwrap()
}

#[test]
fn the_tables_are_in_step() {
    let text = committed();
    assert!(
        renew(&text).unwrap() == text,
        "docs/rules.md is out of date; run\n  cargo run -p tidegate -- schema --into docs/rules.md"
    );
}

/// The text of each block of TOML.
fn blocks(text: &str) -> Vec<&str> {
    let after = text.split("```toml\n").skip(1);
    after.map(|after| after.split_once("```").unwrap().0).collect()
}

fn check(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    let told = command.current_dir(folder).arg("check").args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&told.stdout) + String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{text}");
}

#[test]
fn the_example_and_every_recipe_hold() {
    let text = committed();
    let [site, cases, recipes @ ..] = &blocks(&text)[..] else { panic!("no example") };
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::copy(root().join("rules/agents.toml"), folder.path().join("agents.toml")).unwrap();
    fs::create_dir(folder.path().join("cases")).unwrap();
    put("docs-example.toml", site);
    put("cases/docs-example.toml", cases);
    check(folder.path(), &["docs-example.toml"]);
    assert!(recipes.len() >= 7, "{} recipes", recipes.len());
    for recipe in recipes {
        put("recipe.toml", &format!("format = 1\n{recipe}"));
        check(folder.path(), &["docs-example.toml", "--with", "recipe.toml"]);
    }
}
