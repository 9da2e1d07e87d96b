//! Which requests a rule is about.
//!
//! Only what the request itself shows; breadth and the origin's state need
//! counters and are asked about where budgets are: [`crate::rule::Budget`].
//!
//! A rule demands two or three of some twenty things, and a fresh sandbox decodes
//! a thousand rules: so a condition is a list of what it demands and nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::agent::{Category, Headers};
use crate::features::Derived;
use crate::glob::Glob;
use crate::record::Verification;
use crate::request::{Request, Time};
use crate::route::CacheClass;
use crate::ruleset::Ruleset;

/// Which requests a rule is about: those that meet every demand. One without
/// demands is about all requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Condition(Vec<Demand>);

/// Numbers and words, which mostly are one or two: those take no memory of their
/// own, and a fresh sandbox is that much sooner ready.
pub type Few<T> = SmallVec<[T; 2]>;

/// Declares the demands, and for each a way to ask a condition for it.
macro_rules! demands {
    (
        lists { $($(#[$list_doc:meta])+ $list:ident: $List:ident($Entries:ident<$entry:ty>),)+ }
        options { $($(#[$option_doc:meta])+ $option:ident: $Option:ident($value:ty),)+ }
    ) => {
        /// One thing that a condition demands. Of a list, one entry is enough.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum Demand {
            $($(#[$list_doc])+ $List($Entries<$entry>),)+
            $($(#[$option_doc])+ $Option($value),)+
            /// What must not hold.
            Not(Condition),
        }

        impl Demand {
            /// Whether it demands nothing, as a list without entries does.
            fn is_empty(&self) -> bool {
                match self {
                    $(Self::$List(entries) => entries.is_empty(),)+
                    _ => false,
                }
            }
        }

        impl Condition {
            $($(#[$list_doc])+
            ///
            /// Empty where any will do.
            #[must_use]
            pub fn $list(&self) -> &[$entry] {
                let own = self.0.iter().find_map(|demand| match demand {
                    Demand::$List(entries) => Some(entries.as_slice()),
                    _ => None,
                });
                own.unwrap_or_default()
            })+

            $($(#[$option_doc])+
            ///
            /// `None` where either will do.
            #[must_use]
            pub fn $option(&self) -> Option<$value> {
                self.0.iter().find_map(|demand| match demand {
                    Demand::$Option(value) => Some(*value),
                    _ => None,
                })
            })+
        }
    };
}

// The compiler writes them in this order: what is cheap and seldom met first.
demands! {
    lists {
        /// Methods.
        methods: Methods(Vec<String>),
        /// Places of routes.
        routes: Routes(Few<u16>),
        /// Host names.
        hosts: Hosts(Vec<Glob>),
        /// Paths.
        paths: Paths(Vec<Glob>),
        /// What the origin lets caches keep of the route.
        caches: Caches(Few<CacheClass>),
        /// Times of the day, in UTC.
        hours: Hours(Few<Hours>),
        /// Places of agents.
        agents: Agents(Few<u16>),
        /// Categories of agents.
        categories: Categories(Few<Category>),
        /// What became of the agent's claim.
        verifications: Verifications(Few<Verification>),
        /// Whether the request has the headers that its agent always sends.
        headers: Headers(Few<Headers>),
        /// Fingerprints of the client's software.
        fingerprints: Fingerprints(Few<u64>),
        /// Lists of networks of the client.
        networks: Networks(Few<u16>),
        /// Autonomous systems of the client.
        asns: Asns(Few<u32>),
        /// Countries of the client.
        countries: Countries(Vec<String>),
    }
    options {
        /// Whether there is a query.
        query: Query(bool),
        /// Whether credentials came along.
        credentials: Credentials(bool),
    }
}

/// A time of the day, in minutes since midnight UTC. One that ends before it
/// starts goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The first minute.
    pub from: u16,
    /// The minute after the last.
    pub to: u16,
}

impl Hours {
    fn hold(self, time: Time) -> bool {
        self.hold_at(time.unix_millis() / 60_000 % (24 * 60))
    }

    /// Whether a minute of the day is within.
    pub(crate) fn hold_at(self, minute: u64) -> bool {
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

/// As rule files write it: `22:00-06:30`.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// Whether a condition holds. What is unknown neither holds nor fails, and its
/// negation is unknown too: no rule matches on what nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// Nobody knows.
    Unknown,
}

impl Truth {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }
}

impl Condition {
    /// What meets every one of `demands`, asked in their order.
    #[must_use]
    pub fn new(demands: impl IntoIterator<Item = Demand>) -> Self {
        Self(demands.into_iter().filter(|demand| !demand.is_empty()).collect())
    }

    /// What it demands.
    #[must_use]
    pub fn demands(&self) -> &[Demand] {
        &self.0
    }

    /// What must not hold.
    #[must_use]
    pub fn not(&self) -> Option<&Self> {
        self.0.iter().find_map(|demand| match demand {
            Demand::Not(not) => Some(not),
            _ => None,
        })
    }

    /// Whether it holds for a request.
    #[must_use]
    pub fn holds(&self, rules: &Ruleset, request: &Request<'_>, derived: &Derived) -> Truth {
        let mut all = Truth::Yes;
        for demand in &self.0 {
            all = all.and(demand.holds(rules, request, derived));
            if all == Truth::No {
                break;
            }
        }
        all
    }
}

impl Demand {
    /// Whether a request has what is demanded.
    pub(crate) fn holds(&self, rules: &Ruleset, request: &Request<'_>, derived: &Derived) -> Truth {
        let claim = derived.claim;
        match self {
            Self::Methods(list) => listed(list, Some(request.method), |want, own| want == own),
            Self::Routes(list) => listed(list, Some(derived.route), |want, own| Some(*want) == own),
            Self::Hosts(list) => listed(list, request.host, Glob::matches),
            Self::Paths(list) => listed(list, Some(request.path), Glob::matches),
            Self::Caches(list) => listed(list, Some(derived.cache), |want, own| *want == own),
            Self::Hours(list) => listed(list, Some(request.time), |want, own| want.hold(own)),
            Self::Agents(list) => {
                listed(list, claim.map(|claim| claim.agent), |want, own| Some(*want) == own)
            }
            Self::Categories(list) => {
                let agent = claim.map(|claim| claim.agent.and_then(|at| rules.agent(at)));
                let category = agent.map(|agent| agent.map(|agent| agent.category));
                listed(list, category, |want, own| Some(*want) == own)
            }
            Self::Verifications(list) => {
                listed(list, claim.map(|claim| claim.verification), |want, own| *want == own)
            }
            Self::Headers(list) => {
                listed(list, claim.and_then(|claim| claim.headers), |want, own| *want == own)
            }
            Self::Fingerprints(list) => listed(list, derived.fingerprint, |want, own| *want == own),
            Self::Networks(list) => {
                listed(list, derived.places, |want, own| rules.networks.is_in(own, *want))
            }
            Self::Asns(list) => listed(list, request.asn, |want, own| *want == own),
            Self::Countries(list) => listed(list, request.country, |want, own| want == own),
            Self::Query(want) => Truth::of(Some(request.query.is_some() == *want)),
            Self::Credentials(want) => Truth::of(request.credentials.map(|own| own == *want)),
            Self::Not(not) => not.holds(rules, request, derived).negated(),
        }
    }
}

fn listed<W, T: Copy>(wanted: &[W], found: Option<T>, is: impl Fn(&W, T) -> bool) -> Truth {
    Truth::of(found.map(|found| wanted.iter().any(|want| is(want, found))))
}
