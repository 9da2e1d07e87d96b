//! Programs of others that benches run: where they are, and where they come from.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

/// A program of somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Its name, and that of its service.
    pub name: &'static str,
    /// The package of Debian that has it.
    pub package: &'static str,
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

/// Where programs are looked for: the path, and where Debian has servers, which
/// is in nobody's path but root's.
#[must_use]
pub fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::split_paths(&path);
    own.chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from)).collect()
}
