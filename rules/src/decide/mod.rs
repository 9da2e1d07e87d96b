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
//! enforced and every other rule kept its mode. Under a site switch in shadow
//! the whole rule set says so, as if the switch stood at `enforce`.

mod admit;
mod decision;
mod refusal;
mod screen;
mod settle;

pub use decision::{Admission, Admit, Decision, Screened};
pub use refusal::Refusal;

use crate::key::HashKey;
use crate::rule::{Mode, Rule};
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
    /// The mode that a rule has under the site switch.
    fn mode(&self, rule: &Rule) -> Mode {
        rule.mode.min(self.switch)
    }
}
