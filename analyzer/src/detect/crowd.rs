//! The crowd that a finding is about: swarms, and whoever is too small to be told
//! from them.

use std::collections::HashSet;

use crate::features::SwarmKey;

/// Some swarms, and what they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crowd {
    swarms: HashSet<SwarmKey>,
    /// Swarms that were looked at and are other people's.
    others: HashSet<SwarmKey>,
    software: HashSet<u64>,
    systems: HashSet<u32>,
}

impl Crowd {
    /// These swarms, which were told from `others`.
    pub(super) fn new(swarms: HashSet<SwarmKey>, others: HashSet<SwarmKey>) -> Self {
        let software = swarms.iter().map(|key| key.software).collect();
        let systems = swarms.iter().filter_map(|key| key.asn).collect();
        Self { swarms, others, software, systems }
    }

    /// Whether a swarm is one of it, or has its software in one of its systems and
    /// is too small to be looked at.
    pub(crate) fn has(&self, key: SwarmKey) -> bool {
        let is_like_it = || {
            key.asn.is_some_and(|asn| self.systems.contains(&asn))
                && self.software.contains(&key.software)
                && !self.others.contains(&key)
        };
        self.swarms.contains(&key) || is_like_it()
    }
}
