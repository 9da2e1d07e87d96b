//! Files that people keep, replaced as a whole.
//!
//! Learned rules hold reviews that nobody would write again. So a file is never
//! written over: whoever reads it meanwhile, or after a full disk or a kill, has the
//! old one or the new one.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::{Builder, NamedTempFile};

/// How a file begins its name until it is whole; a kill leaves it behind.
const UNFINISHED: &str = ".tidegate-";

/// Puts `text` in the place of what a file holds, or makes the file.
///
/// A file that was there keeps its permissions, and a link to it stays a link. What
/// is no file, such as `/dev/stdout`, is written to where it is.
///
/// # Errors
///
/// Where the file cannot be written; it then holds what it held.
pub(super) fn replace(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let written = match fs::metadata(path) {
        Ok(what) if !what.is_file() => fs::write(path, text),
        _ => target(path).and_then(|file| replace_file(&file, text.as_ref())),
    };
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

/// Asks whether [`replace`] can make these files, before hours of work for them.
///
/// # Errors
///
/// Where one's folder is missing, or takes no file.
pub(super) fn may_replace<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Result<()> {
    paths.into_iter().try_for_each(|path| {
        let may = match fs::metadata(path) {
            Ok(what) if !what.is_file() => Ok(()),
            _ => target(path).and_then(|file| beside(&file).map(drop)),
        };
        may.with_context(|| format!("cannot write `{}`", path.display()))
    })
}

/// The file that a path leads to, over links; it may be missing yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        // A link may be there nevertheless.
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::read_link(path) {
            Ok(next) => target(&folder(path).join(next)),
            Err(_) => Ok(path.to_owned()),
        },
        found => found,
    }
}

fn replace_file(path: &Path, text: &[u8]) -> io::Result<()> {
    // Opened to ask whether it may be written to: another file may always take its
    // place.
    let old = match OpenOptions::new().write(true).open(path) {
        Ok(old) => Some(old.metadata()?),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let new = beside(path)?;
    let mut file = new.as_file();
    if let Some(old) = old {
        // Before anything is in it: the old one may be for few eyes only.
        resemble(file, &old)?;
    }
    file.write_all(text)?;
    // Some file systems notice only now that they are full.
    file.sync_all()?;
    new.persist(path)?;
    Ok(())
}

/// A new file in the same folder: only within a file system can it take a place.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = folder(path);
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED);
    // As any new file; left to itself, it would be for its owner only.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).map_err(|error| {
        let (shown, kind) = (folder.display(), error.kind());
        let told = match kind {
            ErrorKind::NotFound => format!("there is no folder `{shown}`"),
            _ => format!("no file can be made in `{shown}`: {kind}"),
        };
        io::Error::new(kind, told)
    })
}

/// Gives a new file the owner and the permissions of the old one.
fn resemble(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        // Only root can give files away. Whoever else replaces another's file, which its
        // folder allows, has it from then on; its group may stay.
        let group = Some(old.gid());
        let _ = fchown(file, Some(old.uid()), group).or_else(|_| fchown(file, None, group));
    }
    file.set_permissions(old.permissions())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{
        FileTypeExt as _, MetadataExt as _, PermissionsExt as _, fchown, symlink,
    };
    use std::process::Command;
    use std::thread;

    use tempfile::TempDir;

    use super::*;

    /// The names in a folder, sorted.
    fn names(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    #[track_caller]
    fn holds(path: &Path, text: &str) {
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }

    #[test]
    fn another_file_takes_the_place_and_nothing_is_left_over() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("rules.toml");
        fs::write(&path, "old and longer").unwrap();
        let mut reader = File::open(&path).unwrap();
        replace(&path, "new").unwrap();
        holds(&path, "new");
        assert_eq!(io::read_to_string(&mut reader).unwrap(), "old and longer", "for its reader");
        assert_eq!(names(&folder), ["rules.toml"]);
    }

    #[test]
    fn permissions_and_owner_stay() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("rules.toml");
        fs::write(&path, "old").unwrap();
        // Who is not root can give nothing away, and keeps what is theirs.
        let _ = fchown(File::open(&path).unwrap(), Some(4_711), Some(4_712));
        for mode in [0o600, 0o640, 0o666, 0o755] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let kept = |of: Metadata| (of.mode() & 0o7777, of.uid(), of.gid());
            let before = kept(path.metadata().unwrap());
            replace(&path, "new").unwrap();
            assert_eq!(kept(path.metadata().unwrap()), before);
            assert_eq!(before.0, mode);
        }
    }

    #[test]
    fn a_new_file_is_as_any_other() {
        let folder = TempDir::new().unwrap();
        let (ours, other) = (folder.path().join("ours"), folder.path().join("other"));
        replace(&ours, "new").unwrap();
        fs::write(&other, "new").unwrap();
        holds(&ours, "new");
        let mode = |path: &Path| path.metadata().unwrap().mode();
        assert_eq!(mode(&ours), mode(&other));
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("kept")).unwrap();
        // Over another link, to a file that is there and to one that is not yet.
        for (to, text) in [("kept/rules.toml", "old"), ("kept/later.toml", "")] {
            let [path, near, far] = [to, "near", "far"].map(|name| folder.path().join(name));
            if !text.is_empty() {
                fs::write(&path, text).unwrap();
            }
            symlink("near", &far).unwrap();
            symlink(to, &near).unwrap();
            replace(&far, "new").unwrap();
            holds(&path, "new");
            for (link, to) in [(&far, "near"), (&near, to)] {
                assert_eq!(fs::read_link(link).unwrap(), Path::new(to));
                fs::remove_file(link).unwrap();
            }
        }
        assert_eq!(names(&folder), ["kept"]);
    }

    #[test]
    fn what_is_no_file_is_written_to_where_it_is() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let pipe = path.clone();
        let reader = thread::spawn(move || fs::read_to_string(pipe).unwrap());
        replace(&path, "new").unwrap();
        // First: whoever waits at a pipe that was replaced waits for ever.
        assert!(path.metadata().unwrap().file_type().is_fifo());
        assert_eq!(reader.join().unwrap(), "new");
        assert_eq!(names(&folder), ["pipe"]);
    }

    #[test]
    fn what_cannot_be_written_is_told_in_one_line() {
        let folder = TempDir::new().unwrap();
        let told = |path: &str| {
            let error = replace(&folder.path().join(path), "new").unwrap_err();
            format!("{error:#}").replace(folder.path().to_str().unwrap(), "…")
        };
        let missing = "cannot write `…/no/such/rules.toml`: there is no folder `…/no/such`";
        assert_eq!(told("no/such/rules.toml"), missing);
        fs::write(folder.path().join("file"), "old").unwrap();
        assert!(told("file/rules.toml").starts_with("cannot write `…/file/rules.toml`: "));
        assert!(told("").starts_with("cannot write `…/`: "), "a folder is no file");
        symlink("round", folder.path().join("round")).unwrap();
        assert!(told("round").starts_with("cannot write `…/round`: "));
        assert_eq!(names(&folder), ["file", "round"]);
    }
}
