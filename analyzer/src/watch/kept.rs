//! The lines of the window, in files of their own: each holds what one followed
//! file got between two looks, and goes when it is older than the window.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tidegate_rules::Time;

use crate::ingest::{Format, Input};

/// Lines of the last minutes.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    window_ms: u64,
    pieces: Vec<Piece>,
    made: u64,
}

/// What came of one log at one time.
#[derive(Debug)]
struct Piece {
    came: Time,
    /// Where people know the log.
    log: PathBuf,
    format: Format,
    path: PathBuf,
    /// Whether the file is ours to remove: a compressed log is read where it is.
    ours: bool,
}

impl Kept {
    /// Nothing yet; pieces will lie below `folder`.
    #[must_use]
    pub fn new(folder: &Path, window_ms: u64) -> Self {
        Self { folder: folder.to_owned(), window_ms, pieces: Vec::new(), made: 0 }
    }

    /// Keeps what came of a log `now`: the directives that say how to read its
    /// lines, and the lines.
    pub(super) fn keep(
        &mut self,
        log: &Path,
        format: Format,
        parts: [&[u8]; 2],
        now: Time,
    ) -> io::Result<()> {
        self.made += 1;
        let path = self.folder.join(format!("{:012}.log", self.made));
        let mut file = File::create(&path)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        self.pieces.push(Piece { came: now, log: log.to_owned(), format, path, ours: true });
        Ok(())
    }

    /// Keeps a log that will not change any more.
    pub(super) fn refer_to(&mut self, log: &Path, format: Format, now: Time) {
        let (path, log) = (log.to_owned(), log.to_owned());
        self.pieces.push(Piece { came: now, log, format, path, ours: false });
    }

    /// Whether a time is within the window of `now`.
    pub(super) fn is_within(&self, time: Time, now: Time) -> bool {
        now.millis_since(time) <= self.window_ms
    }

    /// Forgets what came before the window of `now`.
    pub(super) fn forget(&mut self, now: Time) {
        let window_ms = self.window_ms;
        self.pieces.retain(|piece| {
            let stays = now.millis_since(piece.came) <= window_ms && piece.path.exists();
            if !stays && piece.ours {
                // One that cannot be removed costs room until the end, no more.
                let _ = fs::remove_file(&piece.path);
            }
            stays
        });
    }

    /// The pieces as inputs, oldest first.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let inputs = self.pieces.iter().map(|piece| Input::Part {
            name: piece.log.display().to_string(),
            path: piece.path.clone(),
            format: piece.format,
        });
        inputs.collect()
    }

    /// How many of the pieces were there before `now`.
    pub(super) fn before(&self, now: Time) -> usize {
        self.pieces.iter().filter(|piece| piece.came < now).count()
    }
}
