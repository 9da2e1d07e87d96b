//! What a rule file says, as its author wrote it: every value with its place,
//! nothing looked up.

use super::{At, Spot};
use crate::key::KeyKind;

/// What one file says.
pub(crate) struct RawFile {
    pub(crate) site: Option<Spot<String>>,
    pub(crate) hosts: Vec<Spot<String>>,
    pub(crate) policy: Option<Spot<String>>,
    pub(crate) bulk: Option<Spot<String>>,
    pub(crate) sampled: Option<Spot<String>>,
    pub(crate) include: Vec<Spot<String>>,
    pub(crate) strain: Option<RawStrain>,
    pub(crate) store: Option<RawStore>,
    pub(crate) routes: Vec<RawRoute>,
    pub(crate) quotas: Vec<RawQuota>,
    pub(crate) rules: Vec<RawRule>,
    pub(crate) cohorts: Vec<RawCohort>,
    pub(crate) agents: Vec<RawAgent>,
}

pub(crate) struct RawStrain {
    pub(crate) at: At,
    pub(crate) slow: Option<Spot<u32>>,
    pub(crate) over: Option<Spot<String>>,
    pub(crate) per: Option<Spot<String>>,
}

pub(crate) struct RawStore {
    pub(crate) at: At,
    pub(crate) kinds: Vec<(KeyKind, Spot<String>)>,
}

pub(crate) struct RawRoute {
    pub(crate) name: Option<Spot<String>>,
    pub(crate) paths: Vec<Spot<String>>,
    pub(crate) cost: Option<Spot<u32>>,
    pub(crate) cache: Option<Spot<String>>,
    pub(crate) asset: Option<Spot<bool>>,
    pub(crate) errors: Option<Spot<String>>,
}

pub(crate) struct RawQuota {
    pub(crate) at: At,
    pub(crate) name: Option<Spot<String>>,
    pub(crate) units: Option<Spot<u32>>,
    pub(crate) per: Option<Spot<String>>,
    pub(crate) burst: Option<Spot<u32>>,
}

pub(crate) struct RawRule {
    pub(crate) at: At,
    pub(crate) id: Option<Spot<String>>,
    pub(crate) why: Option<Spot<String>>,
    pub(crate) advice: Option<Spot<String>>,
    pub(crate) condition: RawCondition,
    pub(crate) key: Option<Spot<String>>,
    pub(crate) quota: Option<Spot<String>>,
    pub(crate) floor: Option<Spot<String>>,
    pub(crate) verdict: Option<Spot<String>>,
    pub(crate) mode: Option<Spot<String>>,
    pub(crate) rollout: Option<Spot<u32>>,
    pub(crate) starts: Option<Spot<String>>,
    pub(crate) expires: Option<Spot<String>>,
    pub(crate) reviewed: Option<Spot<String>>,
    pub(crate) owner: Option<Spot<String>>,
    pub(crate) evidence: Option<RawEvidence>,
}

/// Where a learned rule comes from.
pub(crate) struct RawEvidence {
    pub(crate) predicted: Vec<Spot<String>>,
}

pub(crate) struct RawCohort {
    pub(crate) name: Option<Spot<String>>,
    pub(crate) condition: RawCondition,
    pub(crate) throttled: Option<Spot<String>>,
    pub(crate) starved: Option<Spot<String>>,
    pub(crate) blocked: Option<Spot<String>>,
}

pub(crate) struct RawAgent {
    pub(crate) name: Option<Spot<String>>,
    pub(crate) category: Option<Spot<String>>,
    pub(crate) user_agents: Vec<Spot<String>>,
    pub(crate) networks: Vec<Spot<String>>,
    pub(crate) exhaustive: Option<Spot<bool>>,
    pub(crate) keys: Vec<Spot<String>>,
    pub(crate) sends: Vec<RawSends>,
}

pub(crate) struct RawSends {
    pub(crate) product: Option<Spot<String>>,
    pub(crate) since: Option<Spot<u32>>,
    pub(crate) headers: Vec<Spot<String>>,
}

#[derive(Default)]
pub(crate) struct RawCondition {
    pub(crate) at: At,
    pub(crate) hosts: Vec<Spot<String>>,
    pub(crate) methods: Vec<Spot<String>>,
    pub(crate) routes: Vec<Spot<String>>,
    pub(crate) paths: Vec<Spot<String>>,
    pub(crate) query: Option<Spot<bool>>,
    pub(crate) agents: Vec<Spot<String>>,
    pub(crate) categories: Vec<Spot<String>>,
    pub(crate) verifications: Vec<Spot<String>>,
    pub(crate) networks: Vec<Spot<String>>,
    pub(crate) asns: Vec<Spot<u32>>,
    pub(crate) countries: Vec<Spot<String>>,
    pub(crate) credentials: Option<Spot<bool>>,
    pub(crate) fingerprints: Vec<Spot<String>>,
    pub(crate) headers: Vec<Spot<String>>,
    pub(crate) caches: Vec<Spot<String>>,
    pub(crate) hours: Vec<Spot<String>>,
    pub(crate) origin: Option<Spot<String>>,
    pub(crate) breadth: Option<RawBreadth>,
    pub(crate) not: Option<Box<RawCondition>>,
}

pub(crate) struct RawBreadth {
    pub(crate) at: At,
    pub(crate) over: Option<Spot<u32>>,
    pub(crate) under: Option<Spot<u32>>,
    pub(crate) per: Option<Spot<String>>,
}
