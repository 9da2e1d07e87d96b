//! The servers' programs: where they are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// A program of somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Its name, and that of its service.
    pub name: &'static str,
    /// The package of Debian that has it.
    pub package: &'static str,
}

/// nginx.
pub const NGINX: Program = Program { name: "nginx", package: "nginx" };
/// HAProxy.
pub const HAPROXY: Program = Program { name: "haproxy", package: "haproxy" };

/// Every program.
pub const PROGRAMS: [Program; 2] = [NGINX, HAPROXY];

/// Where programs are looked for: the path, and where Debian has servers, which
/// is in nobody's path but root's.
#[must_use]
pub fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::split_paths(&path);
    own.chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from)).collect()
}

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

impl Program {
    /// Its file in one of these folders.
    #[must_use]
    pub fn find(self, folders: &[PathBuf]) -> Option<PathBuf> {
        let files = folders.iter().map(|folder| folder.join(self.name));
        files.into_iter().find(|file| file.is_file())
    }

    /// What it says its version is.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub fn version(self, file: &Path) -> Result<String> {
        let said = Command::new(file).arg("-v").output();
        let said = said.with_context(|| format!("cannot start `{}`", file.display()))?;
        // nginx says it where others complain.
        let both = [said.stdout, said.stderr].concat();
        Ok(String::from_utf8_lossy(&both).lines().next().unwrap_or_default().to_owned())
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
