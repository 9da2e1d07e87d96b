//! The engine: screen, admit, settle.
//!
//! Time, state and the secret are arguments; nothing here panics, and whatever
//! fails lets the request through and says so. Precedence is written down here
//! and nowhere else: the site switch; an explicit `allow`, then `block`
//! ([`Engine::screen`]); the exhausted budget with the longest wait
//! ([`Engine::admit`]); else pass.
//!
//! A rule in shadow changes nothing and says what it would have done. It is a
//! hit where it would have been the rule that answers, had it alone been
//! enforced and every other rule kept its mode. A rule that is rolled out to a
//! share of the keys is in shadow for the others. Under a site switch in shadow
//! the whole rule set says so, as if the switch stood at `enforce`.

mod admit;
mod decision;
mod refusal;
mod screen;
mod settle;

pub use decision::{Admission, Admit, Decision, Screened};
pub use refusal::Refusal;

use crate::features::Derived;
use crate::key::{HashKey, KeyKind};
use crate::rule::{Effect, Mode, Rule};
use crate::ruleset::Ruleset;

/// A rule set, ready to decide.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The rules.
    pub rules: Ruleset,
    /// Their version: see [`crate::pack::version`].
    pub version: String,
    /// The secret under which keys are hashed.
    pub secret: HashKey,
    /// The site switch: the most that any rule may do.
    pub switch: Mode,
}

impl Engine {
    /// Whether a rule is enforced for a request, whatever the site switch says:
    /// for the share of keys that it is rolled out to. The same keys at any hour,
    /// and those of a smaller share within those of a larger one.
    pub(crate) fn enforces(&self, rule: &Rule, derived: &Derived) -> bool {
        if rule.mode != Mode::Enforce || rule.rollout >= 100 {
            return rule.mode == Mode::Enforce;
        }
        let kind = match &rule.effect {
            Effect::Throttle(budget) => budget.key,
            Effect::Allow | Effect::Block | Effect::Tag => KeyKind::Client,
        };
        derived.key(kind).is_some_and(|key| {
            let hash = self.secret.hash(b'r', &[rule.id().as_bytes(), &key.hash.to_le_bytes()]);
            hash % 100 < u128::from(rule.rollout)
        })
    }
}
