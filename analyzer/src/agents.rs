//! Which agent a User-Agent claims to be, and its hash, remembered: a night has
//! few of them, and each is asked of hundreds of globs.

use std::hash::BuildHasher as _;

use hashbrown::DefaultHashBuilder;
use tidegate_rules::{HashKey, Ruleset};

/// User-Agents that are remembered: each has one slot, and the last one stays.
const REMEMBERED: usize = 1 << 12;

/// Longer ones are asked each time.
const LONGEST: usize = 512;

/// User-Agents and whose they are.
pub(crate) struct Agents {
    hasher: DefaultHashBuilder,
    slots: Vec<Option<(Box<str>, Named)>>,
}

/// What is known of a User-Agent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    /// The place of the agent that it claims to be.
    pub(crate) agent: Option<u16>,
    /// Its keyed hash.
    pub(crate) hash: u64,
}

impl Named {
    fn of(rules: &Ruleset, secret: &HashKey, user_agent: &str) -> Self {
        Self {
            agent: rules.user_agents.first_owner(user_agent),
            hash: Self::hash_of(secret, user_agent),
        }
    }

    /// The keyed hash of a User-Agent.
    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is what is wanted")]
    pub(crate) fn hash_of(secret: &HashKey, user_agent: &str) -> u64 {
        secret.hash(b's', &[user_agent.as_bytes()]) as u64
    }
}

impl Default for Agents {
    fn default() -> Self {
        Self { hasher: DefaultHashBuilder::default(), slots: vec![None; REMEMBERED] }
    }
}

impl Agents {
    /// Who a User-Agent claims to be.
    pub(crate) fn named(&mut self, rules: &Ruleset, secret: &HashKey, user_agent: &str) -> Named {
        let at = self.hasher.hash_one(user_agent) % REMEMBERED as u64;
        let slot = usize::try_from(at).ok().and_then(|at| self.slots.get_mut(at));
        match slot {
            Some(Some((known, named))) if **known == *user_agent => *named,
            Some(slot) if user_agent.len() <= LONGEST => {
                let named = Named::of(rules, secret, user_agent);
                *slot = Some((user_agent.into(), named));
                named
            }
            _ => Named::of(rules, secret, user_agent),
        }
    }
}
