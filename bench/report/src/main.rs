//! `cargo bench-report`: every bench in turn, and `bench/RESULTS.md` from what they
//! kept.
//!
//! Figures are kept by the benches themselves, in `bench/runs`; the page is made
//! from those files alone, so that whoever doubts a row can look at what it was
//! made from, and make it again with the command beside it.

mod limiters;
mod page;
mod peers;
mod readers;
mod repeats;
mod steps;
mod store;
mod tables;
mod targets;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

/// Runs every bench and writes `bench/RESULTS.md` from what they found.
#[derive(Debug, Parser)]
#[command(name = "bench-report", version, about, max_term_width = 80)]
struct Arguments {
    /// Little of everything, to see that it runs: no file of the repository is
    /// written
    #[arg(long, conflicts_with = "only_write")]
    quick: bool,
    /// Install what is missing of the programs that are measured beside it, by
    /// `apt-get`, and the ClickHouse engine of the store's tests, by npm
    #[arg(long, conflicts_with = "only_write")]
    install: bool,
    /// Run nothing: write the page from the runs that are kept
    #[arg(long)]
    only_write: bool,
    /// Only these benches; may be given more than once
    #[arg(long = "only", value_name = "NAME", conflicts_with = "only_write")]
    only: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<String> {
    if !arguments.only_write {
        steps::run(&arguments.only, arguments.quick, arguments.install)?;
    }
    if arguments.quick {
        return Ok("every bench runs\n".to_owned());
    }
    let kept = &mut tidegate_kept::kept;
    if !arguments.only_write && arguments.only.is_empty() {
        let rows = targets::rows(kept)?;
        repeats::keep(kept, &rows)?;
    }
    let page = page::markdown(kept)?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../RESULTS.md");
    std::fs::write(&file, &page).with_context(|| format!("cannot write `{}`", file.display()))?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(file: &str) -> String {
        // Not `env!`: what was compiled in another clone has its path.
        let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap();
        std::fs::read_to_string(own.join(file)).unwrap()
    }

    #[test]
    fn the_page_is_what_the_kept_runs_say() {
        let page = page::markdown(&mut |name| {
            Ok(Some(serde_json::from_str(&read(&format!("../runs/{name}.json")))?))
        });
        assert_eq!(page.unwrap(), read("../RESULTS.md"), "`cargo bench-report --only-write`");
    }

    /// Its figures are those in bold.
    #[test]
    fn the_readme_quotes_only_what_the_page_says() {
        let (readme, page) = (read("../../README.md"), read("../RESULTS.md"));
        let section = readme.split("\n## ").find(|section| section.starts_with("How good"));
        let figures: Vec<_> = section.unwrap().split("**").skip(1).step_by(2).collect();
        assert!(figures.len() > 8, "{figures:?}");
        for figure in figures {
            let figure = figure.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(page.contains(&figure), "`{figure}` is not in `bench/RESULTS.md`");
        }
    }
}
