//! Routes: named classes of URL of a site, with what a miss costs the origin.

use serde::{Deserialize, Serialize};

use crate::words::worded;

/// Units charged for a path that no route matches.
pub const UNROUTED_COST: u32 = 20;

/// One route of a site, known by its paths: [`crate::Ruleset::paths`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Its name in rules and reports.
    pub name: String,
    /// Expected origin milliseconds of an edge miss, in units.
    pub cost: u32,
    /// What the origin allows caches to keep.
    pub cache: CacheClass,
    /// Whether pages pull it in, as with style sheets and fonts.
    pub asset: bool,
    /// How its clients expect errors.
    pub errors: ErrorForm,
}

worded! {
    /// What the origin allows caches to keep.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum CacheClass {
        /// Nothing: every request reaches the origin.
        #[default]
        Never = "never",
        /// Minutes at most.
        Short = "short",
        /// Until it is purged.
        Long = "long",
    }
}

worded! {
    /// How the clients of a route expect errors.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub enum ErrorForm {
        /// By what the client accepts: plain text, HTML or problem+json.
        #[default]
        Negotiated = "negotiated",
        /// crates.io's `{"errors":[{"detail":…}]}`.
        ApiJson = "api-json",
    }
}

/// Feeds the normalised form of a path to `sink`, byte by byte: percent-encoded
/// unreserved characters decoded, runs of `/` as one, no `/` at the end. Two
/// spellings of one page are one page.
pub fn normalise(path: &str, mut sink: impl FnMut(u8)) {
    let mut rest = path.as_bytes();
    let mut slash = false;
    let mut first = true;
    while let Some((byte, tail)) = rest.split_first() {
        let (byte, tail) = match (byte, tail) {
            (b'%', [high, low, after @ ..]) => match unreserved(*high, *low) {
                Some(decoded) => (decoded, after),
                None => (b'%', tail),
            },
            _ => (*byte, tail),
        };
        rest = tail;
        if byte == b'/' {
            slash = true;
            continue;
        }
        if slash || first {
            sink(b'/');
        }
        (slash, first) = (false, false);
        sink(byte);
    }
}

/// Whether [`normalise`] leaves a path as it is. Some that it does not change
/// are not known to be so.
pub(crate) fn is_normal(path: &str) -> bool {
    let bytes = path.as_bytes();
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    // Without a way out in between, many bytes are looked at together.
    let changed = pairs.fold(false, |changed, (byte, next)| {
        changed | (*byte == b'%') | ((*byte == b'/') & (*next == b'/'))
    });
    bytes.starts_with(b"/") && !matches!(bytes.last(), Some(b'/' | b'%')) && !changed
}

fn unreserved(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)).then_some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> String {
        let mut bytes = Vec::new();
        normalise(path, |byte| bytes.push(byte));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn spellings_of_one_page_are_one_page() {
        assert_eq!(normal("/serde/1.0/serde/"), "/serde/1.0/serde");
        assert_eq!(normal("//serde///1.0/%73erde"), "/serde/1.0/serde");
        assert_eq!(normal("/a%2Fb"), "/a%2Fb", "an encoded slash is no slash");
        assert_eq!(normal("/a%"), "/a%");
        assert_eq!(normal("/a%zz"), "/a%zz");
        assert_eq!(normal("/"), "");
        for path in ["/a", "/a/b.c", "", "/", "a", "//a", "/a//b", "/a/", "/%73", "/a%2Fb"] {
            assert!(!is_normal(path) || normal(path) == path, "{path}");
        }
        assert!(is_normal("/serde/1.0/serde"));
    }
}
