//! What the lines of one writer have in common.

/// Where the members that a format needs stood in an object of the line before,
/// by what `F` calls them.
///
/// Lines of one writer are alike: what lies between two members that are needed
/// is mostly the same in each, and is then passed over at one look.
///
/// What differs in between has few forms, such as the type of the content; as many
/// as there is room for are known of each step.
#[derive(Debug)]
pub(in crate::ingest) struct Layout<F>(Vec<Step<F>>);

/// Texts that came before a member, and which member came then.
#[derive(Debug)]
struct Step<F> {
    known: Vec<(String, F)>,
    /// Which of them is forgotten next.
    oldest: usize,
}

/// Texts that are known of each step.
const KNOWN: usize = 6;

/// Steps that are known, and bytes of a text: a line may be made to waste memory.
const STEPS: usize = 64;
const LONGEST: usize = 1_024;

impl<F> Default for Layout<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: Copy> Layout<F> {
    /// Which member comes after what `rest` begins with, and how long that is.
    pub(super) fn find(&self, step: usize, rest: &[u8]) -> Option<(usize, F)> {
        let known = self.0.get(step)?.known.iter();
        let mut found = known.filter(|(text, _)| rest.starts_with(text.as_bytes()));
        found.next().map(|(text, member)| (text.len(), *member))
    }

    /// Keeps what came before a member, for the next lines.
    pub(super) fn learn(&mut self, step: usize, text: &str, member: F) {
        if text.len() > LONGEST || step >= STEPS {
            return;
        }
        if self.0.len() == step {
            self.0.push(Step { known: Vec::new(), oldest: 0 });
        }
        let Some(Step { known, oldest }) = self.0.get_mut(step) else { return };
        if known.len() < KNOWN {
            known.push((text.to_owned(), member));
            return;
        }
        if let Some((own, own_member)) = known.get_mut(*oldest) {
            own.clear();
            own.push_str(text);
            *own_member = member;
        }
        *oldest = (*oldest + 1) % KNOWN;
    }
}
