//! `tidegate watch`.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Serialize;

use super::shared::{NightArguments, ResultArguments, print, show_bad_lines};
use super::source::FileArguments;
use super::{Exit, OutputFormat};
use crate::analysis::Analysis;
use crate::effect::Effect;
use crate::propose::{Proposal, file_text};
use crate::time::{now, rfc3339};
use crate::watch::{News, Turn, Watch, report};

/// Arguments of `tidegate watch`.
#[derive(Debug, Args)]
pub(super) struct WatchLogs {
    #[command(flatten)]
    files: FileArguments,
    #[command(flatten)]
    night: NightArguments,
    #[command(flatten)]
    result: ResultArguments,
    /// Look at what came in the last MINUTES.
    #[arg(long, value_name = "MINUTES", default_value_t = 30,
          value_parser = clap::value_parser!(u16).range(1..))]
    window: u16,
    /// Look every SECONDS.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    every: u16,
    /// Keep the rules that are proposed at present in FILE, for `backtest --with`
    /// and `promote`. It is replaced as a whole.
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
    /// End after so many looks, for scripts.
    #[arg(long, value_name = "LOOKS")]
    turns: Option<u32>,
}

/// A turn for other tools: one line.
#[derive(Serialize)]
struct Told<'t> {
    at: String,
    analysis: &'t Analysis,
    effect: Option<&'t Effect>,
}

impl WatchLogs {
    pub(super) fn run(&self) -> Result<Exit> {
        ensure!(
            !self.files.only_once(),
            "a pipe cannot be watched: name the files, or a directory of them"
        );
        let (site, known) = (self.night.rules.compile()?, self.night.known()?);
        let source = self.files.source(self.night.addresses());
        let night = self.night.read_by(source, &site.rules, &known);
        let folder = tempfile::tempdir().context("no room for the lines of the window")?;
        let window_ms = u64::from(self.window) * 60_000;
        let mut watch = Watch::new(&self.files.inputs, window_ms, folder.path());
        let (mut news, mut turns, mut found) = (News::default(), 0, false);
        loop {
            let at = now();
            let trouble = watch.take(at).context("cannot keep the lines of the window")?;
            trouble.iter().for_each(|error| eprintln!("{}  {error}", rfc3339(at)));
            let clients = self.result.most_clients().unwrap_or(usize::MAX);
            match watch.look(&night, &site.learned, clients, at) {
                Ok(Some(turn)) => {
                    self.tell(&mut news, &turn)?;
                    found |= !turn.analysis.findings.is_empty();
                }
                Ok(None) => eprintln!("{}  nothing yet", rfc3339(at)),
                Err(error) => eprintln!("{}  {error}", rfc3339(at)),
            }
            turns += 1;
            if self.turns.is_some_and(|most| turns >= most) {
                return Ok(Exit::of_night(true, found));
            }
            sleep(Duration::from_secs(self.every.into()));
        }
    }

    fn tell(&self, news: &mut News, turn: &Turn) -> Result<()> {
        let at = now();
        show_bad_lines(&turn.passed.files);
        if let Some(file) = &self.propose {
            replace(file, &turn.analysis.proposals)?;
        }
        if self.result.format() == OutputFormat::Json {
            let Turn { analysis, effect, .. } = turn;
            let told = Told { at: rfc3339(at), analysis, effect: effect.as_ref() };
            return print(&serde_json::to_string(&told)?);
        }
        let new = news.of(turn);
        print(&report::line(at, turn))?;
        if new.is_empty() { Ok(()) } else { print(&report::news(at, &new, self.night.addresses())) }
    }
}

/// Whoever reads the file meanwhile has the old one or the new one, whole.
fn replace(file: &Path, proposals: &[Proposal]) -> Result<()> {
    let what = || format!("cannot write `{}`", file.display());
    let beside = file.with_extension("new");
    fs::write(&beside, file_text(proposals)).with_context(what)?;
    fs::rename(&beside, file).with_context(what)
}
