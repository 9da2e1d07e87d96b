//! What is known of a request on its way, and what was decided about it.

use crate::features::Derived;
use crate::record::Action;
use crate::request::Time;

/// What is known of a request before it is sent anywhere.
#[derive(Debug, Clone)]
pub enum Screened {
    /// A rule exempts it.
    Allow(Admission),
    /// A rule refuses it for good.
    Block(Admission),
    /// Nothing objects yet; to be admitted before it reaches the origin.
    Pass(Admission),
}

impl Screened {
    /// The admission, whatever was decided.
    #[must_use]
    pub fn into_admission(self) -> Admission {
        match self {
            Self::Allow(admission) | Self::Block(admission) | Self::Pass(admission) => admission,
        }
    }
}

/// Whether a request may reach the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    /// It may.
    Pass,
    /// Not now.
    Throttle {
        /// Milliseconds after which it may.
        retry_ms: u64,
    },
}

/// One request on its way. Owns its facts, since it outlives the request where
/// the platform asks late.
#[derive(Debug, Clone)]
pub struct Admission {
    /// What was derived from the request.
    pub derived: Derived,
    /// What was decided so far.
    pub decision: Decision,
    /// Rules with a budget that match but for their breadth.
    pub(crate) candidates: Vec<u16>,
    /// Whether the counters have a say: not where a rule exempts or refuses it.
    pub(crate) counted: bool,
    pub(super) early: bool,
    /// Whether its method only reads: the time of its answer is the origin's own, and
    /// nothing that a client is slow to send.
    pub(super) reads: bool,
    pub(crate) asked: bool,
    /// Since when the origin is strained, as far as the counters were asked.
    pub(super) strained_since: Option<Time>,
    /// Rules whose budgets were charged for it, and whether it was the floor.
    pub(super) charged: Vec<(u16, bool)>,
}

impl Admission {
    /// Whether the origin is sure to be asked, so that the request can be
    /// admitted before it is sent: its route is never cached, or its method.
    #[must_use]
    pub const fn reaches_origin(&self) -> bool {
        self.early
    }

    /// Whether [`crate::Engine::admit`] has answered already.
    #[must_use]
    pub const fn was_asked(&self) -> bool {
        self.asked
    }
}

/// What was decided about a request, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is done.
    pub action: Action,
    /// The rule that decided.
    pub rule: Option<u16>,
    /// Milliseconds until the same request would pass, where it is throttled.
    pub retry_ms: Option<u64>,
    /// Shadow rules that would have refused it, each enforced alone: see
    /// [`crate::decide`].
    pub shadow: Vec<u16>,
    /// Rules that tag the request.
    pub tags: Vec<u16>,
    /// What failed inside.
    pub failures: Vec<&'static str>,
}

impl Default for Decision {
    fn default() -> Self {
        Self {
            action: Action::Pass,
            rule: None,
            retry_ms: None,
            shadow: Vec::new(),
            tags: Vec::new(),
            failures: Vec::new(),
        }
    }
}
