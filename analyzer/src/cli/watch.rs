//! `tidegate watch`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Serialize;
use tempfile::TempDir;
use tidegate_rules::{Learned, Time};

use super::shared::{NightArguments, ResultArguments, print};
use super::source::FileArguments;
use super::{Exit, OutputFormat, file};
use crate::analysis::Analysis;
use crate::effect::Effect;
use crate::ingest::IngestError;
use crate::night::Night;
use crate::propose::file_text;
use crate::time::{now, rfc3339};
use crate::watch::{News, Pause, Turn, Watch, report};

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
        // Before there is a folder that has to go.
        let mut pause = Pause::new().context("cannot listen for signals")?;
        let folder = private_folder().context("no room for the lines of the window")?;
        let (window_ms, format) = (u64::from(self.window) * 60_000, source.options().format);
        let mut watch = Watch::new(&self.files.inputs, format, window_ms, folder.path());
        let mut seen = Seen { news: News::default(), is_whole: true, found: false };
        let mut turns = 0;
        loop {
            self.turn(&mut watch, &night, &site.learned, &mut seen)?;
            turns += 1;
            let is_last = self.turns.is_some_and(|most| turns >= most);
            if is_last || pause.wait(Duration::from_secs(self.every.into())) {
                return Ok(Exit::of_night(seen.is_whole, seen.found));
            }
        }
    }

    fn turn(
        &self,
        watch: &mut Watch,
        night: &Night<'_>,
        learned: &[Learned],
        seen: &mut Seen,
    ) -> Result<()> {
        let at = now();
        let trouble = watch.take(at).context("cannot keep the lines of the window")?;
        seen.is_whole &= trouble.failed.is_empty();
        trouble.failed.into_iter().for_each(|error| complain(at, error));
        for path in trouble.left_out {
            let path = path.display();
            eprintln!("{}  left out: `{path}` is not a log that I know", rfc3339(at));
        }
        let clients = self.result.most_clients().unwrap_or(usize::MAX);
        match watch.look(night, learned, clients, at) {
            Ok(Some(turn)) => {
                seen.found |= !turn.analysis.findings.is_empty();
                self.tell(&mut seen.news, &turn, at)
            }
            Ok(None) => {
                eprintln!("{}  nothing yet", rfc3339(at));
                Ok(())
            }
            Err(error) => {
                seen.is_whole = false;
                complain(at, error);
                Ok(())
            }
        }
    }

    fn tell(&self, news: &mut News, turn: &Turn, at: Time) -> Result<()> {
        eprint!("{}", report::bad_lines(turn));
        if let Some(path) = &self.propose {
            file::replace(path, file_text(&turn.analysis.proposals))?;
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

/// What all turns came to.
struct Seen {
    news: News,
    /// Whether all that was asked for could be read.
    is_whole: bool,
    found: bool,
}

/// Says what could not be read, and why.
fn complain(at: Time, error: IngestError) {
    eprintln!("{}  {:#}", rfc3339(at), anyhow::Error::from(error));
}

/// A folder among the temporary files into which nobody else may look: the lines of
/// the window have full addresses.
fn private_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("tidegate-watch-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}
