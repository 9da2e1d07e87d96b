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
    /// Takes what [`spared`] said of a shield POP's lines into account.
    pub(crate) fn note(&mut self, spared: Vec<(Time, u64)>) {
        self.spared.extend(spared.iter().map(|(_, id)| *id));
        self.ages.extend(spared);
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

/// When a shield POP's cache answered, and the hash of the request's id, where its
/// line says that it did.
pub(crate) fn spared(
    time: Time,
    request_id: Option<&str>,
    outcome: Outcome,
) -> Option<(Time, u64)> {
    let is_hit = outcome.cache == Some(CacheState::Hit);
    request_id.filter(|_| is_hit).map(|id| (time, hash(id)))
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
