//! What an author reads whose rules cannot be used: every mistake at once, each
//! with its place, and no mistake that is only the echo of another.

use tidegate_rules::compile;

/// What is printed for a site of these files, the first being its own.
fn printed(files: &[(&str, &str)]) -> String {
    let mut read = |name: &str| {
        let file = files.iter().find(|(known, _)| *known == name);
        file.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "no such file".to_owned())
    };
    match compile(files[0].0, &mut read) {
        Ok(_) => panic!("these rules have mistakes"),
        Err(mistakes) => mistakes.to_string(),
    }
}

#[test]
fn every_mistake_at_once() {
    let site = r#"format = 1
site = "docs.rs"

[[route]]
name  = "source"
paths = ["/crate/{crate}/{version}/source/**"]
cost  = 40
cache = "forever"

[[quota]]
name  = "reader"
units = 0
per   = "7x"
burst = 10

[[rule]]
id    = "walk"
why   = "A walk over the sources."
match = { routes = ["source"], agent = { category = "browsr" }, breadth = { over = 20, per = "1s" } }
key   = "visitr"
quota = "raeder"
mode  = "on"
"#;
    insta::assert_snapshot!(printed(&[("docs-rs.toml", site)]));
}

/// What is printed for a site of one file that can be used in spite of it.
fn warned(text: &str) -> String {
    let compiled = compile("docs-rs.toml", &mut |_| Ok(text.to_owned()));
    let compiled = compiled.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    compiled.warnings.iter().map(|warning| format!("{warning}\n\n")).collect()
}

#[test]
fn a_route_below_one_that_takes_all_its_paths() {
    let site = r#"format = 1
site = "docs.rs"

[[route]]
name  = "crate"
paths = ["/crate/**"]
cost  = 40
cache = "long"

[[route]]
name  = "opengraph"
paths = ["/crate/{crate}/{version}/og.png", "/og/{crate}"]
cost  = 300
cache = "long"

[[agent]]
name        = "bots"
category    = "scanner"
user_agents = ["*bot*"]

[[agent]]
name        = "goodbot"
category    = "search-engine"
user_agents = ["Mozilla/5.0 (compatible; goodbot/*"]
"#;
    insta::assert_snapshot!(warned(site));
}

#[test]
fn a_file_that_is_no_toml_blames_nobody_else() {
    let site = "format = 1\nsite = \"docs.rs\"\ninclude = [\"routes.toml\"]\n\n\
                [[rule]]\nid = \"a\"\nwhy = \"b\"\nmatch = { route = \"source\" }\nverdict = \"tag\"\n";
    let routes = "format = 1\n[[route]]\nname = \"source\npaths = [\n";
    insta::assert_snapshot!(printed(&[("docs-rs.toml", site), ("routes.toml", routes)]));
}

#[test]
fn a_file_that_is_missing_is_named_where_it_is_included() {
    let site = "format = 1\nsite = \"docs.rs\"\ninclude = [\"agents.toml\"]\n";
    insta::assert_snapshot!(printed(&[("docs-rs.toml", site)]));
}
