//! `tidegate effect`.

use anyhow::{Result, ensure};
use clap::Args;

use super::Exit;
use super::shared::{NightArguments, ResultArguments, show_bad_lines};
use super::source::FileArguments;
use crate::effect::{render_markdown, render_text, run};

/// Arguments of `tidegate effect`.
#[derive(Debug, Args)]
pub(super) struct ShowEffect {
    #[command(flatten)]
    files: FileArguments,
    #[command(flatten)]
    night: NightArguments,
    #[command(flatten)]
    result: ResultArguments,
}

impl ShowEffect {
    pub(super) fn run(&self) -> Result<Exit> {
        ensure!(
            self.night.rules.are_named(),
            "which rules? name the site's file with `--rules rules/docs-rs.toml`"
        );
        let (compiled, known) = (self.night.rules.compile()?, self.night.known()?);
        let files = self.files.files(self.night.addresses());
        let records = self.night.records(files, &compiled, &known);
        let bar = self.night.bar();
        let found = run(&records, &mut |progress| bar.show("reading", progress));
        bar.done();
        let found = found?;
        let whole = show_bad_lines(&found.files);
        ensure!(
            found.records > 0,
            "no line is a record of the edge's: give the log of the endpoint `tidegate_records`"
        );
        self.result.print(&found, self.night.addresses(), render_text, render_markdown)?;
        Ok(Exit::of_night(whole, found.hurts()))
    }
}
