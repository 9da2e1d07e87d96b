//! What the lines of one writer have in common.

use super::{Broken, Json};

/// A member that a format needs, of the object that a line is or of one in it; or that
/// object itself.
pub(in crate::ingest) trait Member: Copy {
    /// The member of this name, of the object in the line's or of the line's own.
    fn of(name: &str, is_inner: bool) -> Option<Self>;

    /// What its value is.
    fn kind(self) -> Kind;

    /// Whether it is of the object in the line's.
    fn is_inner(self) -> bool;

    /// Its place among all of them.
    fn place(self) -> usize;
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ingest) enum Kind {
    /// What all others are members of.
    Line,
    /// A text, which is read from behind its first quote.
    Text,
    /// An object. Its members come in its place; it comes itself, read to its end, where
    /// it has none that are needed.
    Object,
    /// Anything else; `null` is read as all others are.
    Other,
}

/// Where the members that a format needs stood in the lines before.
///
/// Lines of one writer are alike: what lies between two values that are needed is
/// mostly the same in each, and is then passed over at one look. What differs in
/// between has few forms; as many as there is room for are known after each member.
#[derive(Debug)]
pub(in crate::ingest) struct Layout<M>(Vec<After<M>>);

/// What has come after a member, or at the start.
#[derive(Debug)]
struct After<M> {
    known: Vec<Gap<M>>,
    /// Which of them is forgotten next.
    oldest: usize,
}

/// A text up to a value, and whose that is; of none, up to the end.
#[derive(Debug)]
struct Gap<M> {
    text: String,
    next: Option<M>,
}

/// Gaps that are known after each member.
const KNOWN: usize = 16;

/// Bytes of a gap: a line may be made to waste memory.
const LONGEST: usize = 1_024;

impl<M> Default for Layout<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<M: Member> Layout<M> {
    /// Reads up to the next value of a member that is needed, `None` where there is none.
    /// Texts and objects that are `null` are passed over. `before` is the member whose
    /// value was read last, or the start.
    #[inline(always)]
    pub(in crate::ingest) fn next(
        &mut self,
        json: &mut Json<'_>,
        before: M,
    ) -> Result<Option<M>, Broken> {
        if let Some(after) = self.0.get(before.place()) {
            for gap in &after.known {
                if let Some(rest) = json.rest.strip_prefix(gap.text.as_str()) {
                    json.rest = rest;
                    return Ok(gap.next);
                }
            }
        }
        self.look(json, before)
    }

    /// The same, where what comes is not known; it is then.
    #[cold]
    #[inline(never)]
    fn look(&mut self, json: &mut Json<'_>, before: M) -> Result<Option<M>, Broken> {
        let from = json.rest;
        let next = seek(json, before)?;
        let text = from.get(..from.len() - json.rest.len()).unwrap_or_default();
        let place = before.place();
        if text.len() <= LONGEST {
            if self.0.len() <= place {
                self.0.resize_with(place + 1, || After { known: Vec::new(), oldest: 0 });
            }
            self.0[place].learn(text, next);
        }
        Ok(next)
    }
}

impl<M> After<M> {
    fn learn(&mut self, text: &str, next: Option<M>) {
        if self.known.len() < KNOWN {
            self.known.push(Gap { text: text.to_owned(), next });
            return;
        }
        let gap = &mut self.known[self.oldest];
        gap.text.clear();
        gap.text.push_str(text);
        gap.next = next;
        self.oldest = (self.oldest + 1) % KNOWN;
    }
}

/// Reads from behind a value up to the next one that is needed.
fn seek<M: Member>(json: &mut Json<'_>, before: M) -> Result<Option<M>, Broken> {
    let mut is_inner = before.is_inner();
    // The object in the line's, where nothing that is needed was in it so far.
    let mut opened = None;
    let mut has_more = if before.kind() == Kind::Line { json.opens()? } else { json.more()? };
    loop {
        if !has_more {
            if !is_inner {
                return Ok(None);
            }
            if opened.is_some() {
                return Ok(opened);
            }
            is_inner = false;
            has_more = json.more()?;
            continue;
        }
        let name = json.name()?;
        match M::of(name, is_inner).map(|member| (member, member.kind())) {
            Some((member, Kind::Other)) => return Ok(Some(member)),
            Some((_, Kind::Text | Kind::Object)) if json.null() => {}
            Some((member, Kind::Text)) => {
                return json.expect('"', "no text").map(|()| Some(member));
            }
            Some((member, Kind::Object)) => {
                (is_inner, opened) = (true, Some(member));
                has_more = json.opens()?;
                continue;
            }
            Some((_, Kind::Line)) | None => json.skip()?,
        }
        has_more = json.more()?;
    }
}
