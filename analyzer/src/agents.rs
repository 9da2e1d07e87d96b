//! Which agent a User-Agent claims to be, remembered: a night has few of them,
//! and each is asked of hundreds of globs.

use std::hash::BuildHasher as _;

use hashbrown::DefaultHashBuilder;
use tidegate_rules::Ruleset;

/// User-Agents that are remembered: each has one slot, and the last one stays.
const REMEMBERED: usize = 1 << 12;

/// Longer ones are asked each time.
const LONGEST: usize = 512;

/// User-Agents and whose they are.
pub(crate) struct Agents {
    hasher: DefaultHashBuilder,
    slots: Vec<Option<(Box<str>, Option<u16>)>>,
}

impl Default for Agents {
    fn default() -> Self {
        Self { hasher: DefaultHashBuilder::default(), slots: vec![None; REMEMBERED] }
    }
}

impl Agents {
    /// The place of the agent that a User-Agent claims to be.
    pub(crate) fn claimed(&mut self, rules: &Ruleset, user_agent: &str) -> Option<u16> {
        let at = self.hasher.hash_one(user_agent) % REMEMBERED as u64;
        let slot = usize::try_from(at).ok().and_then(|at| self.slots.get_mut(at));
        match slot {
            Some(Some((known, agent))) if **known == *user_agent => *agent,
            Some(slot) if user_agent.len() <= LONGEST => {
                let agent = rules.user_agents.first_owner(user_agent);
                *slot = Some((user_agent.into(), agent));
                agent
            }
            _ => rules.user_agents.first_owner(user_agent),
        }
    }
}
