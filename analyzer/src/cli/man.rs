//! `tidegate man`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Command};

use super::Exit;

/// Arguments of `tidegate man`.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder, such as `~/.local/share/man/man1`; it is made where it is
    /// missing.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Man {
    pub(super) fn run(&self, program: Command) -> Result<Exit> {
        let failed = || format!("cannot write manual pages into `{}`", self.folder.display());
        std::fs::create_dir_all(&self.folder).with_context(failed)?;
        clap_mangen::generate_to(program, &self.folder).with_context(failed)?;
        Ok(Exit::Fine)
    }
}
