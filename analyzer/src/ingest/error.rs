//! Why a run of reading fails. Bad lines are not errors, see
//! [`super::FileSummary`].

use std::fmt;
use std::io;

use super::parser::Format;
#[cfg(not(target_family = "wasm"))]
use crate::store::StoreError;

/// An input that cannot be read; the run ends. What the system said is the
/// error's source.
#[derive(Debug)]
#[non_exhaustive]
pub enum IngestError {
    /// A file or directory cannot be opened.
    Open {
        /// The path as given, or below the directory given.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Reading or decompressing a file failed in the middle.
    Read {
        /// The path as given, or below the directory given.
        path: String,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// The first lines of a file fit no format.
    UnknownFormat {
        /// The path as given, or below the directory given.
        path: String,
    },
    /// A directory holds no file.
    EmptyDirectory {
        /// The path as given.
        path: String,
    },
    /// A glob matches no file.
    NoMatch {
        /// The glob as given.
        pattern: String,
    },
    /// A store that keeps the lines does not give them.
    #[cfg(not(target_family = "wasm"))]
    Store(StoreError),
}

impl fmt::Display for IngestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, .. } => write!(f, "cannot open `{path}`"),
            Self::Read { path, .. } => write!(f, "cannot read `{path}` to its end"),
            Self::UnknownFormat { path } => {
                write!(f, "`{path}` is not a log that I know: its first lines are none of ")?;
                for (i, format) in Format::ALL.iter().enumerate() {
                    let before = if i == 0 { "" } else { ", " };
                    write!(f, "{before}{format} (`{}`)", format.name())?;
                }
                f.write_str("; name the format if it is one of them")
            }
            Self::EmptyDirectory { path } => {
                write!(f, "the directory `{path}` holds no file to read")
            }
            Self::NoMatch { pattern } => write!(f, "no file matches `{pattern}`"),
            #[cfg(not(target_family = "wasm"))]
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for IngestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open { source, .. } | Self::Read { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(not(target_family = "wasm"))]
impl From<StoreError> for IngestError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
