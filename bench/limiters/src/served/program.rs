//! The servers' programs: where they are.

use std::path::PathBuf;

use anyhow::{Result, bail};
use tidegate_kept::programs::Program;

/// nginx.
pub const NGINX: Program = Program { name: "nginx", package: "nginx" };
/// HAProxy.
pub const HAPROXY: Program = Program { name: "haproxy", package: "haproxy" };

/// Every program.
pub const PROGRAMS: [Program; 2] = [NGINX, HAPROXY];

/// The files of nginx and of HAProxy.
///
/// # Errors
///
/// Where one is in none of these folders.
pub fn find_all(folders: &[PathBuf]) -> Result<[PathBuf; 2]> {
    let found = PROGRAMS.map(|program| program.find(folders));
    let missing = || PROGRAMS.into_iter().filter(|program| program.find(folders).is_none());
    let names: Vec<_> = missing().map(|program| format!("`{}`", program.name)).collect();
    let packages: Vec<_> = missing().map(|program| program.package).collect();
    match found {
        [Some(nginx), Some(haproxy)] => Ok([nginx, haproxy]),
        _ => bail!(
            "not on this machine: {}; `apt-get install {}` brings it",
            names.join(" and "),
            packages.join(" ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_programs_are_told_with_their_packages() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        let told = || find_all(&folders).unwrap_err().to_string();
        assert_eq!(
            told(),
            "not on this machine: `nginx` and `haproxy`; `apt-get install nginx haproxy` brings it"
        );
        std::fs::write(folder.path().join("haproxy"), "").unwrap();
        assert_eq!(told(), "not on this machine: `nginx`; `apt-get install nginx` brings it");
        std::fs::write(folder.path().join("nginx"), "").unwrap();
        assert!(find_all(&folders).is_ok());
    }
}
