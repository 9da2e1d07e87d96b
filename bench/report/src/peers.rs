//! What the benches run beside Tidegate: looked for before the first of them, since
//! the last of them begins an hour later.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use tidegate_kept::programs::{Program, folders};

/// Fetches the ClickHouse engine; with `--check` it only looks for it.
const FETCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../analyzer/clickhouse/fetch");

/// The bench that needs that engine.
const STORE: &str = "store";

/// Each with the bench that runs it.
const PEERS: [(&str, Program); 10] = [
    ("limiters", Program { name: "nginx", package: "nginx" }),
    ("limiters", Program { name: "haproxy", package: "haproxy" }),
    ("analyze", Program { name: "goaccess", package: "goaccess" }),
    ("analyze", Program { name: "crowdsec", package: "crowdsec" }),
    ("analyze", Program { name: "fail2ban-regex", package: "fail2ban" }),
    ("analyze", Program { name: "rg", package: "ripgrep" }),
    ("analyze", Program { name: "zstd", package: "zstd" }),
    ("analyze", Program { name: "zcat", package: "gzip" }),
    ("analyze", Program { name: "wc", package: "coreutils" }),
    ("analyze", Program { name: "taskset", package: "util-linux" }),
];

/// Sees to it that these benches find what they run beside Tidegate: looks for it,
/// and installs what is missing where that is wanted.
///
/// # Errors
///
/// Where something is missing and is not to be installed, or cannot be.
pub(crate) fn prepare(benches: &[&str], install: bool) -> Result<()> {
    let missing = missing(benches, &folders());
    if install {
        install_packages(&missing)?;
    } else if !missing.is_empty() {
        bail!(told(&missing));
    }
    if benches.contains(&STORE) {
        let mut fetch = Command::new(FETCH);
        if !install {
            fetch.arg("--check");
        }
        let status = fetch.status().context("cannot start `analyzer/clickhouse/fetch`")?;
        ensure!(
            status.success(),
            "without a ClickHouse engine: `cargo bench-report --install` fetches it"
        );
    }
    Ok(())
}

fn missing(benches: &[&str], folders: &[PathBuf]) -> Vec<Program> {
    let of_these = PEERS.into_iter().filter(|(bench, _)| benches.contains(bench));
    of_these.map(|(_, program)| program).filter(|one| one.find(folders).is_none()).collect()
}

fn told(missing: &[Program]) -> String {
    let names: Vec<_> = missing.iter().map(|peer| format!("`{}`", peer.name)).collect();
    let packages: Vec<_> = missing.iter().map(|peer| peer.package).collect();
    format!(
        "not on this machine: {}; on Debian `cargo bench-report --install` brings them, as does \
         `apt-get install {}`",
        names.join(", "),
        packages.join(" ")
    )
}

/// Installs these, and stops the services that their packages start: they would
/// take processor time from what is measured.
fn install_packages(missing: &[Program]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    apt_get(&["update"])?;
    let packages: Vec<_> = missing.iter().map(|peer| peer.package).collect();
    eprintln!("installing {}", packages.join(", "));
    apt_get(&[&["install", "-y", "--no-install-recommends"], packages.as_slice()].concat())?;
    for package in packages.iter().filter(|package| Path::new("/etc/init.d").join(package).exists())
    {
        // A machine that runs no services has none to stop.
        let _ = Command::new("service").args([package, "stop"]).output();
    }
    Ok(())
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .arg("-qq")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status()
        .context("cannot start `apt-get`: it installs packages on Debian and its like")?;
    ensure!(status.success(), "`apt-get {}` failed: {status}", arguments.join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_with_its_packages_before_anything_runs() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        for program in ["nginx", "goaccess", "rg", "zstd", "zcat", "wc", "taskset"] {
            std::fs::write(folder.path().join(program), "").unwrap();
        }
        assert_eq!(
            told(&missing(&["limiters", "analyze", "soak"], &folders)),
            "not on this machine: `haproxy`, `crowdsec`, `fail2ban-regex`; on Debian `cargo \
             bench-report --install` brings them, as does `apt-get install haproxy crowdsec \
             fail2ban`"
        );
        assert_eq!(missing(&["soak", "store"], &folders), []);
    }
}
