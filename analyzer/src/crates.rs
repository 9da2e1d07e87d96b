//! Which crate a page is about: the segment of its path in the place of `{crate}`
//! in its route's.

use memchr::{memchr, memchr_iter};
use tidegate_rules::Ruleset;

/// Where the paths of each route name the crate.
#[derive(Debug)]
pub(crate) struct Crates(Vec<Option<usize>>);

impl Crates {
    /// As the routes say.
    pub(crate) fn new(rules: &Ruleset) -> Self {
        let places = 0..u16::try_from(rules.routes.len()).unwrap_or(u16::MAX);
        Self(places.map(|at| rules.paths.segment_of(at, "crate")).collect())
    }

    /// The crate that a path of a route names, as a page: with the slash before it.
    pub(crate) fn of<'p>(&self, route: Option<u16>, path: &'p str) -> Option<&'p str> {
        let segment = *self.0.get(usize::from(route?))?;
        let (segment, bytes) = (segment?, path.as_bytes());
        let (from, name) = match segment.checked_sub(1) {
            Some(slashes) => memchr_iter(b'/', bytes).nth(slashes).map(|at| (at, at + 1))?,
            None => (0, 0),
        };
        let rest = bytes.get(name..)?;
        path.get(from..name + memchr(b'/', rest).unwrap_or(rest.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_a_segment_of_the_path() {
        let crates = Crates(vec![Some(2), Some(1), Some(0), None]);
        for path in ["", "/", "/crate", "/crate/", "/crate/serde", "/crate/serde/1.0/", "crate//x"]
        {
            for (route, segment) in [(0, 2), (1, 1), (2, 0)] {
                let slash = if segment == 0 { "" } else { "/" };
                let expected = path.split('/').nth(segment).map(|name| format!("{slash}{name}"));
                let found = crates.of(Some(route), path);
                assert_eq!(found, expected.as_deref(), "{path} {segment}");
            }
            assert_eq!(crates.of(Some(3), path), None);
            assert_eq!(crates.of(None, path), None);
        }
    }
}
