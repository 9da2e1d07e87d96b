//! The lines of the window, in files of their own: each holds what one followed
//! file got between two looks, and goes when it is older than the window.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tidegate_rules::Time;

use crate::ingest::Input;

/// Lines of the last minutes.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    window_ms: u64,
    pieces: Vec<Piece>,
    made: u64,
}

/// What came at one time.
#[derive(Debug)]
struct Piece {
    came: Time,
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

    /// Keeps lines that came `now`, after the directives that say how to read
    /// them.
    pub(super) fn keep(&mut self, directives: &[u8], lines: &[u8], now: Time) -> io::Result<()> {
        self.made += 1;
        let path = self.folder.join(format!("{:012}.log", self.made));
        let mut file = File::create(&path)?;
        file.write_all(directives)?;
        file.write_all(lines)?;
        self.pieces.push(Piece { came: now, path, ours: true });
        Ok(())
    }

    /// Keeps a file that will not change any more.
    pub(super) fn refer_to(&mut self, path: &Path, now: Time) {
        self.pieces.push(Piece { came: now, path: path.to_owned(), ours: false });
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
        self.pieces.iter().map(|piece| Input::Path(piece.path.clone())).collect()
    }
}
