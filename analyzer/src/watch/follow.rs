//! What has been written to log files since they were last looked at.
//!
//! Files are known by what they are, not by their names, so that one that was
//! rotated keeps its place: see [`super::found`]. A plain file is read on from
//! where it was left. A compressed one is taken as a whole, once it has stopped
//! growing. What begins as a followed file does is its copy, packed or not, and is
//! left out. A file that is gone is read to its end, and let go.
//!
//! Can't see: what is written between the last look at a file and its being cut
//! (`copytruncate`).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate_rules::Time;

use super::Trouble;
use super::found::{Found, Head, Identity, START_BYTES, is_telling};
use super::kept::Kept;
use super::look::{Begun, Look};
use super::plain::{Begin, Plain};
use crate::ingest::{self, Format, IngestError, Input};

/// Files that are followed.
#[derive(Debug)]
pub struct Follow {
    inputs: Vec<Input>,
    /// The format of every file; `None` asks each one's first lines.
    format: Option<Format>,
    files: BTreeMap<Identity, Followed>,
    /// Whether files have been looked at: one that comes later is new, and read
    /// from its beginning.
    began: bool,
}

/// What is known of a file.
#[derive(Debug)]
struct Followed {
    /// Where it was last seen.
    path: PathBuf,
    /// Its first bytes as they lie on the disk.
    start: Vec<u8>,
    /// Its first bytes, unpacked.
    text: Arc<[u8]>,
    state: State,
    /// Whether the last look did not find it.
    is_missing: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing has been taken of it: it has no whole line yet, is no log, which
    /// somebody may have been told, or is compressed and may still grow. Its size
    /// when it was last looked at, in bytes.
    Waiting {
        bytes: u64,
        told: bool,
    },
    Plain(Plain),
    /// Nothing more will be taken of it: it is compressed, or a copy.
    Done,
}

impl Follow {
    /// Follows these inputs. Directories and globs are looked through again each
    /// time, so that new files are found.
    #[must_use]
    pub fn new(inputs: &[Input], format: Option<Format>) -> Self {
        Self { inputs: inputs.to_vec(), format, files: BTreeMap::new(), began: false }
    }

    /// Takes what is new into `kept`.
    pub(super) fn take(&mut self, kept: &mut Kept, now: Time) -> io::Result<Trouble> {
        let (paths, failed) = self.paths();
        let may_forget = failed.is_empty();
        let trouble = Trouble { failed, left_out: Vec::new() };
        let before = self.begun();
        let mut look = Look { kept, now, trouble, before, there: BTreeSet::new() };
        for path in paths {
            match Found::open(&path) {
                Ok(found) => self.look_at(found, &mut look)?,
                Err(source) => self.not_opened(&path, source, &mut look),
            }
        }
        if may_forget {
            self.look_for_missing(&mut look)?;
        }
        self.began = true;
        Ok(look.trouble)
    }

    fn paths(&self) -> (Vec<PathBuf>, Vec<IngestError>) {
        let (mut paths, mut failed) = (Vec::new(), Vec::new());
        for input in &self.inputs {
            match ingest::files(std::slice::from_ref(input)) {
                Ok(files) => paths.extend(files.into_iter().filter_map(|file| match file {
                    Input::Path(path) => Some(path),
                    _ => None,
                })),
                // Nothing has been written there yet.
                Err(IngestError::NoMatch { .. } | IngestError::EmptyDirectory { .. }) => {}
                Err(error) => failed.push(error),
            }
        }
        (paths, failed)
    }

    /// Whether somebody asked for this file, and not for those of a directory.
    fn names(&self, path: &Path) -> bool {
        self.inputs.iter().any(|input| matches!(input, Input::Path(named) if named == path))
    }

    fn begun(&self) -> Vec<Begun> {
        let telling = self.files.iter().filter(|(_, followed)| is_telling(&followed.text));
        let begun = telling.map(|(identity, followed)| Begun {
            identity: identity.clone(),
            path: followed.path.clone(),
            text: Arc::clone(&followed.text),
        });
        begun.collect()
    }

    fn look_at(&mut self, mut found: Found, look: &mut Look<'_>) -> io::Result<()> {
        let identity = found.identity.clone();
        if !look.there.insert(identity.clone()) {
            // Another name of a file that was looked at.
            return Ok(());
        }
        let known = self.files.remove(&identity).filter(|known| known.is(&found));
        let mut followed = known.unwrap_or_else(Followed::new);
        followed.note(&found);
        if let State::Waiting { bytes, told } = followed.state {
            followed.state = match self.same_log(&found, &followed.text, look) {
                Some(state) => state,
                None if found.is_packed() => self.packed(&found, bytes, look),
                // As it was when somebody was told that it is no log.
                None if told && found.size == bytes => State::Waiting { bytes, told },
                None => self.plain(&mut found, told, look),
            };
        }
        if let State::Plain(plain) = &mut followed.state {
            look.read_on(plain, &found.path, &mut found.file)?;
            plain.held = look.is_written_to(&found).then_some(found.file);
        }
        self.files.insert(identity, followed);
        Ok(())
    }

    /// What to do with a file that begins as one does that was known before.
    fn same_log(&mut self, found: &Found, text: &[u8], look: &Look<'_>) -> Option<State> {
        let is_same =
            |begun: &&Begun| begun.identity != found.identity && text.starts_with(&begun.text);
        let mut same = look.before.iter().filter(is_same);
        let has_its_name = |begun: &&Begun| begun.path == found.path;
        let Some(begun) = same.clone().find(has_its_name) else {
            return same.next().map(|_| State::Done);
        };
        // The same log, written as a whole and put in its place, as rsync does.
        match self.files.remove(&begun.identity)?.state {
            State::Plain(plain) if plain.at > found.size => None,
            state => Some(state),
        }
    }

    /// Takes a compressed file once it has stopped growing.
    fn packed(&self, found: &Found, bytes: u64, look: &mut Look<'_>) -> State {
        if !self.began {
            // It is of another time.
            return State::Done;
        }
        if found.size != bytes {
            return State::Waiting { bytes: found.size, told: false };
        }
        if let Err(error) = found.check_packed() {
            look.cannot_read(&found.path, error);
            return State::Done;
        }
        match self.format.map_or_else(|| found.packed_head(), Head::Log) {
            Head::Log(format) => look.kept.refer_to(&found.path, format, look.now),
            Head::NoLog => look.leave_out(&found.path, self.names(&found.path)),
            Head::Blank => {}
        }
        State::Done
    }

    /// Begins to follow a file once it has a line.
    fn plain(&self, found: &mut Found, told: bool, look: &mut Look<'_>) -> State {
        let bytes = found.size;
        let waiting = |told| State::Waiting { bytes, told };
        let head = match found.plain_head() {
            Ok(head) => head,
            Err(error) => {
                look.cannot_read(&found.path, error);
                return waiting(told);
            }
        };
        let format = match (head, self.format) {
            (Head::Blank, _) => return waiting(told),
            (_, Some(format)) | (Head::Log(format), None) => format,
            (Head::NoLog, None) => {
                if !told {
                    look.leave_out(&found.path, self.names(&found.path));
                }
                return waiting(true);
            }
        };
        let begin = match (self.began, look.is_written_to(found)) {
            (true, _) => Begin::AtStart,
            (false, true) => Begin::NearEnd,
            // What it holds is older than the window.
            (false, false) => Begin::AtEnd,
        };
        match Plain::begin(&mut found.file, format, begin) {
            Ok(plain) => State::Plain(plain),
            Err(error) => {
                look.cannot_read(&found.path, error);
                waiting(told)
            }
        }
    }

    fn not_opened(&self, path: &Path, source: io::Error, look: &mut Look<'_>) {
        let known = self.files.iter().filter(|(_, followed)| followed.path == path);
        let known: Vec<_> = known.map(|(identity, _)| identity.clone()).collect();
        if source.kind() == io::ErrorKind::NotFound {
            // It was there a moment ago, and may be about to be made anew.
            if !known.is_empty() || !self.names(path) {
                return;
            }
        }
        // It is still there.
        look.there.extend(known);
        let path = path.display().to_string();
        look.trouble.failed.push(IngestError::Open { path, source });
    }

    /// Reads files that are gone to their ends. One that was gone at the look before,
    /// and of which nothing more came, is forgotten: whoever wrote to it has gone on
    /// to the next one, and it was not just being renamed.
    fn look_for_missing(&mut self, look: &mut Look<'_>) -> io::Result<()> {
        for (identity, mut followed) in std::mem::take(&mut self.files) {
            if !look.there.contains(&identity) {
                let came = followed.read_rest(look)?;
                if followed.is_missing && !came {
                    continue;
                }
                followed.is_missing = true;
            }
            self.files.insert(identity, followed);
        }
        Ok(())
    }
}

impl Followed {
    fn new() -> Self {
        Self {
            path: PathBuf::new(),
            start: Vec::new(),
            text: Arc::default(),
            state: State::Waiting { bytes: 0, told: false },
            is_missing: false,
        }
    }

    /// Whether a file of the same identity is this one: it may have been cut and
    /// begun anew, and may have grown beyond the old place by now.
    fn is(&self, found: &Found) -> bool {
        let at = if let State::Plain(plain) = &self.state { plain.at } else { 0 };
        found.size >= at && found.start.starts_with(&self.start)
    }

    /// Notes where it is, and how it begins.
    fn note(&mut self, found: &Found) {
        self.path.clone_from(&found.path);
        self.start.clone_from(&found.start);
        if self.text.len() < START_BYTES {
            self.text = found.text().into();
        }
        self.is_missing = false;
    }

    /// Reads what is left of a file that is gone; whether there was anything.
    fn read_rest(&mut self, look: &mut Look<'_>) -> io::Result<bool> {
        let State::Plain(plain) = &mut self.state else { return Ok(false) };
        let Some(mut file) = plain.held.take() else { return Ok(false) };
        let came = look.read_on(plain, &self.path, &mut file)?;
        plain.held = Some(file);
        Ok(came)
    }
}
