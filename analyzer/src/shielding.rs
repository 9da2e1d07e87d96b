//! Origin shielding: two POPs serve one request, and each logs it. The line of
//! the POP that the client spoke to counts; what the other knows is whether the
//! origin was asked.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tidegate_rules::{CacheState, Outcome, Time};

use crate::event::Event;
use crate::waiting::DISORDER_MS;

/// What shield POPs said lately.
#[derive(Default)]
pub(crate) struct Shielding {
    /// Requests that a shield POP's cache answered, by the hash of their id.
    spared: HashSet<u64>,
    ages: VecDeque<(Time, u64)>,
}

impl Shielding {
    /// Takes a shield POP's line into account.
    pub(crate) fn note(&mut self, time: Time, request_id: Option<&str>, outcome: Outcome) {
        if outcome.cache == Some(CacheState::Hit)
            && let Some(id) = request_id
        {
            let id = hash(id);
            self.spared.insert(id);
            self.ages.push_back((time, id));
        }
    }

    /// What the log says of the cache, in the end.
    pub(crate) fn cache(&self, event: &Event<'_>) -> Option<CacheState> {
        let cache = event.cache()?;
        let spared =
            || event.request().request_id.is_some_and(|id| self.spared.contains(&hash(id)));
        let is_shield_hit = cache == CacheState::Miss && !self.spared.is_empty() && spared();
        Some(if is_shield_hit { CacheState::ShieldHit } else { cache })
    }

    /// Forgets what is too old to be asked about at `now`.
    pub(crate) fn forget(&mut self, now: Time) {
        while let Some((_, id)) =
            self.ages.pop_front_if(|(time, _)| now.millis_since(*time) > 2 * DISORDER_MS)
        {
            self.spared.remove(&id);
        }
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
