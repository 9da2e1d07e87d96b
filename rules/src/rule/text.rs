//! What a rule says for itself, as one string: a fresh sandbox decodes a thousand
//! of them and shows hardly any.

use serde::{Deserialize, Serialize};

/// A rule's name, its reason and its advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleText {
    /// The three, one behind the other.
    joined: Box<str>,
    /// Bytes of the name.
    id: u32,
    /// Bytes of the reason; what follows is the advice.
    why: u32,
}

impl RuleText {
    /// The text of rule `id`.
    #[must_use]
    pub fn new(id: &str, why: &str, advice: Option<&str>) -> Self {
        let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let joined = [id, why, advice.unwrap_or_default()].concat().into();
        Self { joined, id: length(id), why: length(why) }
    }

    /// The rule's name.
    #[must_use]
    pub fn id(&self) -> &str {
        self.joined.get(..self.id as usize).unwrap_or_default()
    }

    /// Why the rule exists.
    #[must_use]
    pub fn why(&self) -> &str {
        self.joined.get(self.id as usize..self.why_end()).unwrap_or_default()
    }

    /// What a refused person could do instead.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.joined.get(self.why_end()..).filter(|advice| !advice.is_empty())
    }

    fn why_end(&self) -> usize {
        (self.id as usize).saturating_add(self.why as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_it_was_made_of() {
        for advice in [None, Some("wait")] {
            let text = RuleText::new("näme", "why", advice);
            assert_eq!((text.id(), text.why(), text.advice()), ("näme", "why", advice));
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_harmless() {
        let text = RuleText { joined: "ä".into(), id: 1, why: u32::MAX };
        assert_eq!((text.id(), text.why(), text.advice()), ("", "", None));
    }
}
