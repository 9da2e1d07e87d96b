//! Why a rule is not about a request, in words: the first thing that it demands
//! and the request has not.
//!
//! Whether a demand holds is asked of the demand itself; here is only how it is
//! said. An address is never said: a network is one of so many.

use std::fmt::Write as _;

use crate::condition::{Condition, Demand, Hours, Truth};
use crate::features::Derived;
use crate::glob::Glob;
use crate::request::Request;
use crate::ruleset::Ruleset;
use crate::words::Worded;

/// Most entries of a list that are named.
const NAMED: usize = 3;

/// What a condition is asked about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) rules: &'a Ruleset,
    pub(super) request: &'a Request<'a>,
    pub(super) derived: &'a Derived,
}

impl About<'_> {
    /// Why a condition does not hold; `None` where it does.
    ///
    /// A demand that fails comes before one of which nobody knows: the first
    /// settles the matter, the second only leaves it open.
    pub(super) fn unmet(&self, condition: &Condition) -> Option<String> {
        let first =
            |wanted: Truth| condition.demands().iter().find(|demand| self.holds(demand) == wanted);
        let demand = first(Truth::No).or_else(|| first(Truth::Unknown))?;
        Some(self.said(demand))
    }

    fn holds(&self, demand: &Demand) -> Truth {
        demand.holds(self.rules, self.request, self.derived)
    }

    fn said(&self, demand: &Demand) -> String {
        if let Demand::Not(not) = demand {
            let excluded: Vec<_> = not.demands().iter().map(|inner| self.wanted(inner)).collect();
            return match (&*excluded, self.holds(demand)) {
                ([], _) => "it excludes every request".to_owned(),
                (_, Truth::Unknown) => {
                    let excluded = excluded.join(", ");
                    format!("it excludes {excluded}, and whether that is so is not known")
                }
                _ => format!("it excludes {}", excluded.join(", ")),
            };
        }
        let (fact, wanted) = (fact(demand), self.wanted(demand));
        let own = match (demand, self.own(demand)) {
            (Demand::Query(_) | Demand::Credentials(_) | Demand::Networks(_), Some(own)) => own,
            (_, Some(own)) => format!("{fact} is {own}"),
            (_, None) => format!("{fact} is not known"),
        };
        format!("{own}, and it asks for {wanted}")
    }

    /// What the request has of what a demand is about; `None` where nobody knows.
    fn own(&self, demand: &Demand) -> Option<String> {
        let Self { rules, request, derived } = *self;
        let agent = || derived.claim.map(|claim| claim.agent.and_then(|at| rules.agent(at)));
        let is = |text: &str| Some(format!("`{text}`"));
        match demand {
            Demand::Methods(_) => is(request.method),
            Demand::Routes(_) => match derived.route.and_then(|at| rules.route(at)) {
                Some(route) => is(&route.name),
                None => Some("none".to_owned()),
            },
            Demand::Hosts(_) => is(request.host?),
            Demand::Paths(_) => is(request.path),
            Demand::Caches(_) => is(derived.cache.name()),
            Demand::Hours(_) => {
                let minute = request.time.unix_millis() / 60_000 % (24 * 60);
                Some(format!("{:02}:{:02}", minute / 60, minute % 60))
            }
            Demand::Agents(_) => match agent()? {
                Some(agent) => is(&agent.name),
                None => Some("none that is known".to_owned()),
            },
            Demand::Categories(_) => match agent()? {
                Some(agent) => is(agent.category.name()),
                None => Some("none".to_owned()),
            },
            Demand::Verifications(_) => is(derived.claim?.verification.name()),
            Demand::Headers(_) => is(derived.claim?.headers?.name()),
            Demand::Fingerprints(_) => is(&format!("{:016x}", derived.fingerprint?)),
            Demand::Networks(_) => {
                derived.places.map(|_| "the address is in none of its networks".to_owned())
            }
            Demand::Asns(_) => is(&request.asn?.to_string()),
            Demand::Countries(_) => is(request.country?),
            Demand::Query(_) => Some(there("a query", request.query.is_some())),
            Demand::Credentials(_) => Some(there("a credential", request.credentials?)),
            Demand::Not(_) => None,
        }
    }

    /// What a demand asks for.
    fn wanted(&self, demand: &Demand) -> String {
        let rules = self.rules;
        match demand {
            Demand::Methods(list) => named("method", list),
            Demand::Routes(list) => {
                named("route", list.iter().filter_map(|at| Some(&rules.route(*at)?.name)))
            }
            Demand::Hosts(list) => named("host", list.iter().map(Glob::as_str)),
            Demand::Paths(list) => named("path", list.iter().map(Glob::as_str)),
            Demand::Caches(list) => words("cache", list),
            Demand::Hours(list) => named("hours", list.iter().map(Hours::to_string)),
            Demand::Agents(list) => {
                named("agent", list.iter().filter_map(|at| Some(&rules.agent(*at)?.name)))
            }
            Demand::Categories(list) => words("category", list),
            Demand::Verifications(list) => words("verification", list),
            Demand::Headers(list) => words("headers", list),
            Demand::Fingerprints(list) => {
                named("fingerprint", list.iter().map(|hash| format!("{hash:016x}")))
            }
            Demand::Networks(_) => "an address of its networks".to_owned(),
            Demand::Asns(list) => named("system", list.iter().map(u32::to_string)),
            Demand::Countries(list) => named("country", list),
            Demand::Query(query) => with(*query, "query"),
            Demand::Credentials(credentials) => with(*credentials, "credential"),
            Demand::Not(not) => {
                let inner: Vec<_> = not.demands().iter().map(|one| self.wanted(one)).collect();
                format!("anything but ({})", inner.join(", "))
            }
        }
    }
}

/// What a demand is about.
fn fact(demand: &Demand) -> &'static str {
    match demand {
        Demand::Methods(_) => "the method",
        Demand::Routes(_) => "the route",
        Demand::Hosts(_) => "the host",
        Demand::Paths(_) => "the path",
        Demand::Caches(_) => "what caches may keep",
        Demand::Hours(_) => "the time of the day, in UTC,",
        Demand::Agents(_) => "the agent",
        Demand::Categories(_) => "the agent's category",
        Demand::Verifications(_) => "the verification",
        Demand::Headers(_) => "whether the agent's headers are complete",
        Demand::Fingerprints(_) => "the fingerprint",
        Demand::Networks(_) => "the address",
        Demand::Asns(_) => "the system (ASN)",
        Demand::Countries(_) => "the country",
        Demand::Query(_) => "a query",
        Demand::Credentials(_) => "whether credentials came along",
        Demand::Not(_) => "what it excludes",
    }
}

fn there(what: &str, is: bool) -> String {
    let not = if is { "" } else { "not " };
    format!("{what} is {not}there")
}

fn with(wanted: bool, what: &str) -> String {
    format!("one {} {what}", if wanted { "with" } else { "without" })
}

fn words<W: Worded>(what: &str, list: &[W]) -> String {
    named(what, list.iter().map(|word| word.word()))
}

/// The first few entries of a list, by name.
fn named(what: &str, list: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut text = what.to_owned();
    let mut more = 0;
    for (at, entry) in list.into_iter().enumerate() {
        if at >= NAMED {
            more += 1;
            continue;
        }
        let glue = if at == 0 { "" } else { " or" };
        // A `write` to a string cannot fail.
        let _ = write!(text, "{glue} `{}`", entry.as_ref());
    }
    if more > 0 {
        let _ = write!(text, " or one of {more} more");
    }
    text
}
