//! What the lines of one writer have in common.

/// Where the members that a format needs stood in an object of the line before,
/// by what `F` calls them.
///
/// Lines of one writer are alike: what lies between two members that are needed
/// is mostly the same in each, and is then passed over at one look.
#[derive(Debug)]
pub(in crate::ingest) struct Layout<F>(Vec<(String, F)>);

impl<F> Default for Layout<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: Copy> Layout<F> {
    /// Which member comes after what `rest` begins with, and how long that is.
    pub(super) fn find(&self, step: usize, rest: &[u8]) -> Option<(usize, F)> {
        let (text, member) = self.0.get(step)?;
        rest.starts_with(text.as_bytes()).then_some((text.len(), *member))
    }

    /// Keeps what came before a member, for the next line.
    pub(super) fn learn(&mut self, step: usize, text: &str, member: F) {
        match self.0.get_mut(step) {
            Some((known, known_member)) => {
                known.clear();
                known.push_str(text);
                *known_member = member;
            }
            None => self.0.push((text.to_owned(), member)),
        }
    }
}
