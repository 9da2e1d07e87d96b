//! Anchored globs, the only patterns that rules know.
//!
//! A glob always matches the whole text: an unanchored `curl` is how real
//! builds were broken. There are no regular expressions, no classes and no
//! alternatives; a list of globs is the alternative.
//!
//! Paths: `{name}` is one non-empty segment, `*` any characters inside a
//! segment, `**` any characters. Other texts (User-Agents, hosts): `*` is any
//! characters.

mod index;
mod meet;
mod pattern;

use serde::{Deserialize, Serialize};

pub use index::GlobIndex;
use pattern::Pattern;

/// Longest text that a glob looks at, in bytes; longer ones never match, so
/// that matching stays bounded whatever a client sends.
pub const TEXT_BOUND: usize = 2048;

/// A checked glob. It is matched as it was written, so that it decodes in no
/// time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glob {
    text: String,
    /// Whether it is about paths, where `*` stops at `/`.
    path: bool,
}

/// Why a text is no glob; the message fits behind a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobError(pub(crate) String);

impl std::fmt::Display for GlobError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GlobError {}

impl Glob {
    /// A glob over paths.
    ///
    /// # Errors
    ///
    /// Where the text does not start with `/` or `**`, or a brace is unpaired.
    ///
    /// ```
    /// use tidegate_rules::glob::Glob;
    ///
    /// let rustdoc = Glob::path("/{crate}/{version}/**").unwrap();
    /// assert!(rustdoc.matches("/serde/1.0.0/serde/index.html"));
    /// assert!(!rustdoc.matches("/serde"));
    /// ```
    pub fn path(text: &str) -> Result<Self, GlobError> {
        if !text.starts_with('/') && !text.starts_with("**") {
            return Err(GlobError(format!("a path glob starts with `/`, this is `{text}`")));
        }
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (_, found) = rest.split_at(at);
            if found.starts_with('}') {
                return Err(GlobError(format!("`}}` without `{{` in `{text}`")));
            }
            let used = segment_name(found)?.len() + 2;
            rest = found.get(used..).unwrap_or_default();
        }
        Ok(Self { text: text.to_owned(), path: true })
    }

    /// A glob over any other text, in which only `*` is special.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { text: text.to_owned(), path: false }
    }

    /// The glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.pattern().matches(text)
    }

    /// Whether it is certain that this glob matches whatever `other` matches.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.pattern().covers(other.pattern())
    }

    /// Whether some text matches both. Only a text longer than [`TEXT_BOUND`],
    /// which matches nothing, may make this say so where none does.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        meet::meet(self.pattern(), other.pattern())
    }

    /// A text that matches.
    pub(crate) fn sample(&self) -> String {
        self.pattern().sample()
    }

    fn pattern(&self) -> Pattern<'_> {
        Pattern { text: &self.text, path: self.path }
    }
}

/// The name of the segment that `rest` starts with.
fn segment_name(rest: &str) -> Result<&str, GlobError> {
    let end = rest.find('}').ok_or_else(|| GlobError(format!("`{{` without `}}` in `{rest}`")))?;
    let name = rest.get(1..end).unwrap_or_default();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Err(GlobError(format!("`{{{name}}}` is no segment name: use `{{lower_case}}`")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn path(glob: &str, yes: &[&str], no: &[&str]) {
        let glob = Glob::path(glob).unwrap();
        for text in yes {
            assert!(glob.matches(text), "{text}");
        }
        for text in no {
            assert!(!glob.matches(text), "{text}");
        }
    }

    #[test]
    fn path_globs_are_anchored() {
        path("/a", &["/a"], &["/a/", "/ab", "a", ""]);
        path("/{crate}", &["/serde"], &["/", "/serde/", "/serde/1.0"]);
        path("/{crate}/{version}/**", &["/a/1/", "/a/1/b/c"], &["/a/1", "/a//b"]);
        path("/-/static/**", &["/-/static/", "/-/static/a/b.css"], &["/-/static", "/x/-/static/a"]);
        path("/**.css", &["/a.css", "/a/b.css", "/a.css/b.css"], &["/a.css/", "a.css"]);
        path("/*.svg", &["/badge.svg"], &["/a/badge.svg"]);
        path("/{crate}/badge.svg", &["/serde/badge.svg"], &["//badge.svg", "/a/b/badge.svg"]);
        path("/**/{file}.html", &["/a/b.html", "/a/b/c.html"], &["/b.html", "/a/.html"]);
    }

    #[test]
    fn text_globs_are_anchored() {
        let curl = Glob::text("curl/*");
        assert!(curl.matches("curl/8.20.0"));
        assert!(!curl.matches("my curl/8.20.0"));
        assert!(Glob::text("*bot*").matches("a bot here"));
        assert!(Glob::text("").matches(""));
    }

    #[test]
    fn bad_globs_say_why() {
        for bad in ["a", "/{", "/}", "/{}", "/{Crate}"] {
            assert!(Glob::path(bad).is_err(), "{bad}");
        }
    }
}
