//! `tidegate completions`.

use anyhow::Result;
use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::Exit;
use super::shared::print;

/// Where shells look for what is printed.
const PLACES: &str = "\
For instance:
  tidegate completions bash > ~/.local/share/bash-completion/completions/tidegate
  tidegate completions fish > ~/.config/fish/completions/tidegate.fish
  tidegate completions zsh > ~/.zfunc/_tidegate";

/// Arguments of `tidegate completions`.
#[derive(Debug, Args)]
#[command(after_help = PLACES)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut program: Command) -> Result<Exit> {
        let name = program.get_name().to_owned();
        let mut script = Vec::new();
        generate(self.shell, &mut program, name, &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Fine)
    }
}
