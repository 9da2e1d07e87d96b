//! Conditions: names to places.

use super::Compiler;
use super::site::texts;
use crate::breadth::THRESHOLD_BOUND;
use crate::condition::{Condition, Demand, Few};
use crate::parse::{RawBreadth, RawCondition, Spot};
use crate::rule::Breadth;
use crate::words::Worded;

/// Windows shorter than this hold too few requests to tell breadth from noise.
const WINDOW_BOUND_MS: u32 = 10_000;

impl Compiler<'_> {
    /// All of a condition but its breadth, which is a matter of cells.
    pub(super) fn condition(&self, raw: &RawCondition) -> Condition {
        let lists = [
            Demand::Methods(self.methods(&raw.methods)),
            Demand::Routes(self.names("route", &raw.routes, &self.routes)),
            Demand::Hosts(texts(&raw.hosts)),
            Demand::Paths(self.globs(&raw.paths)),
            Demand::Caches(self.words("cache class", &raw.caches)),
            Demand::Hours(self.hours(&raw.hours)),
            Demand::Agents(self.names("agent", &raw.agents, &self.agents)),
            Demand::Categories(self.words("category", &raw.categories)),
            Demand::Verifications(self.words("verification", &raw.verifications)),
            Demand::Headers(self.words("state of headers", &raw.headers)),
            Demand::Fingerprints(self.fingerprints(&raw.fingerprints)),
            Demand::Networks(self.list(&raw.networks).into_iter().collect()),
            Demand::Asns(raw.asns.iter().map(|asn| asn.value).collect()),
            Demand::Countries(self.countries(&raw.countries)),
        ];
        let others = [
            raw.query.as_ref().map(|query| Demand::Query(query.value)),
            raw.credentials.as_ref().map(|credentials| Demand::Credentials(credentials.value)),
            raw.not.as_ref().map(|not| Demand::Not(self.negated(not))),
        ];
        Condition::new(lists.into_iter().chain(others.into_iter().flatten()))
    }

    fn negated(&self, raw: &RawCondition) -> Condition {
        let breadth = raw.breadth.as_ref().map(|breadth| &breadth.at);
        let origin = raw.origin.as_ref().map(|origin| &origin.at);
        for (word, at, help) in [
            ("breadth", breadth, "say the opposite: `over` for `under`, `under` for `over`"),
            ("origin", origin, "say the opposite: `calm` for `strained`, `strained` for `calm`"),
        ] {
            if let Some(at) = at {
                let message = format!("`{word}` cannot be negated");
                self.context.report(Some(at), "negated-counter", message, Some(help.to_owned()));
            }
        }
        self.condition(raw)
    }

    fn methods(&self, spots: &[Spot<String>]) -> Vec<String> {
        for spot in spots {
            if !spot.value.bytes().all(|byte| byte.is_ascii_uppercase()) || spot.value.is_empty() {
                let message = format!("`{}` is no method", spot.value);
                let help = "methods are written in capitals: `GET`".to_owned();
                self.context.report(Some(&spot.at), "bad-method", message, Some(help));
            }
        }
        spots.iter().map(|spot| spot.value.clone()).collect()
    }

    fn countries(&self, spots: &[Spot<String>]) -> Vec<String> {
        for spot in spots {
            if spot.value.len() != 2 || !spot.value.bytes().all(|byte| byte.is_ascii_uppercase()) {
                let message = format!("`{}` is no country code", spot.value);
                let help = "countries are two capitals, as in ISO 3166-1: `DE`".to_owned();
                self.context.report(Some(&spot.at), "bad-country", message, Some(help));
            }
        }
        spots.iter().map(|spot| spot.value.clone()).collect()
    }

    fn names(
        &self,
        what: &str,
        spots: &[Spot<String>],
        known: &std::collections::BTreeMap<String, u16>,
    ) -> Few<u16> {
        let find = |spot: &Spot<String>| {
            let found = known.get(&spot.value).copied();
            if found.is_none() {
                self.context.unknown_name(what, spot, known.keys().map(String::as_str));
            }
            found
        };
        spots.iter().filter_map(find).collect()
    }

    fn words<T: Worded>(&self, what: &str, spots: &[Spot<String>]) -> Few<T> {
        spots.iter().filter_map(|spot| self.context.word(what, spot)).collect()
    }

    /// A breadth, checked but not yet tied to a cell.
    pub(super) fn breadth(&self, raw: &RawBreadth) -> Option<Breadth> {
        let per = self.duration(raw.per.as_ref()?)?;
        let over = raw.over.as_ref().map(|over| over.value);
        let under = raw.under.as_ref().map(|under| under.value);
        let wrong = if over.is_none() && under.is_none() {
            Some("a breadth needs `over` or `under`".to_owned())
        } else if per < WINDOW_BOUND_MS {
            Some("a breadth window is at least `10s`".to_owned())
        } else if over.max(under).unwrap_or_default() > THRESHOLD_BOUND {
            Some(format!("a breadth can be told apart up to {THRESHOLD_BOUND} pages"))
        } else {
            None
        };
        if let Some(message) = wrong {
            self.context.report(Some(&raw.at), "bad-breadth", message, None);
            return None;
        }
        Some(Breadth { period_ms: per, over, under })
    }
}
