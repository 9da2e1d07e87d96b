//! Which rules can be about a request at all, without asking each of them.
//!
//! A rule is filed under the most telling thing that it demands: a fingerprint,
//! a network, a system, an agent, a path. A request asks each kind once for what
//! it has, and only the rules found are looked at in full. So a decision's cost
//! grows with the rules that may match, not with how many there are.

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::features::Derived;
use crate::glob::{Glob, GlobIndex};
use crate::request::Request;
use crate::rule::Rule;
use crate::ruleset::{Ruleset, placed};

/// Rules by what they demand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleIndex {
    fingerprints: Filed,
    networks: Filed,
    asns: Filed,
    paths: GlobIndex,
    agents: Filed,
    countries: Filed,
    categories: Filed,
    routes: Filed,
    /// Those that demand none of these.
    others: Vec<u16>,
}

/// Numbers with the rules that demand them, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Filed(Vec<(u64, u16)>);

impl Filed {
    fn add<T: Copy>(&mut self, at: u16, demanded: &[T], number: impl Fn(T) -> u64) -> bool {
        self.0.extend(demanded.iter().map(|one| (number(*one), at)));
        !demanded.is_empty()
    }

    fn find(&self, number: u64, found: &mut Vec<u16>) {
        let from = self.0.partition_point(|(known, _)| *known < number);
        let filed = self.0.get(from..).unwrap_or_default();
        found.extend(filed.iter().take_while(|(known, _)| *known == number).map(|(_, at)| *at));
    }
}

impl RuleIndex {
    /// Files `rules` by their places.
    #[must_use]
    pub fn new(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        let mut paths: Vec<(u16, &Glob)> = Vec::new();
        for (at, rule) in placed(rules) {
            let condition = &rule.condition;
            if !index.file(at, condition) {
                match condition.paths().is_empty() {
                    false => paths.extend(condition.paths().iter().map(|glob| (at, glob))),
                    true => index.file_widely(at, condition),
                }
            }
        }
        index.paths = paths.into_iter().collect();
        for filed in [
            &mut index.fingerprints,
            &mut index.networks,
            &mut index.asns,
            &mut index.agents,
            &mut index.countries,
            &mut index.categories,
            &mut index.routes,
        ] {
            filed.0.sort_unstable();
        }
        index
    }

    /// Files a rule under what few requests have, if it demands that.
    fn file(&mut self, at: u16, condition: &Condition) -> bool {
        self.fingerprints.add(at, condition.fingerprints(), |shown| shown)
            || self.networks.add(at, condition.networks(), u64::from)
            || self.asns.add(at, condition.asns(), u64::from)
    }

    fn file_widely(&mut self, at: u16, condition: &Condition) {
        let countries: Vec<u64> = condition.countries().iter().map(|code| country(code)).collect();
        let filed = self.agents.add(at, condition.agents(), u64::from)
            || self.countries.add(at, &countries, |code| code)
            || self.categories.add(at, condition.categories(), |category| category as u64)
            || self.routes.add(at, condition.routes(), u64::from);
        if !filed {
            self.others.push(at);
        }
    }

    /// The rules that can be about a request, in file order, each once.
    #[must_use]
    pub fn candidates(
        &self,
        rules: &Ruleset,
        request: &Request<'_>,
        derived: &Derived,
    ) -> Vec<u16> {
        let mut found = self.others.clone();
        if let Some(shown) = derived.fingerprint {
            self.fingerprints.find(shown, &mut found);
        }
        for list in derived.places.into_iter().flat_map(|places| rules.networks.lists(places)) {
            self.networks.find(list.into(), &mut found);
        }
        if let Some(asn) = derived.asn {
            self.asns.find(asn.into(), &mut found);
        }
        found.extend(self.paths.owners(request.path));
        if let Some(agent) = derived.claim.and_then(|claim| claim.agent) {
            self.agents.find(agent.into(), &mut found);
            if let Some(agent) = rules.agent(agent) {
                self.categories.find(agent.category as u64, &mut found);
            }
        }
        if let Some(code) = request.country {
            self.countries.find(country(code), &mut found);
        }
        if let Some(route) = derived.route {
            self.routes.find(route.into(), &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A country's two letters as a number; whatever is longer is cut, and told
/// apart where the rule itself is asked.
fn country(code: &str) -> u64 {
    code.bytes().take(8).fold(0, |number, byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::request::{Client, Signals, Time};
    use crate::{HashKey, compile, features};

    /// What a rule demands, of few values, so that requests often have them.
    fn demand() -> impl Strategy<Value = String> {
        let one = prop_oneof![
            Just(r#"fingerprint = "0000000000000007""#),
            Just(r#"network = ["192.0.2.0/25", "2001:db8::/32"]"#),
            Just(r#"network = "192.0.2.0/24""#),
            Just("asn = [64496, 64497]"),
            Just(r#"path = ["/a/**", "/**.html"]"#),
            Just(r#"agent = { name = ["curl", "cargo"] }"#),
            Just(r#"agent = { category = "http-library" }"#),
            Just(r#"country = ["DE", "US"]"#),
            Just(r#"route = ["a", "b"]"#),
            Just(r#"query = true"#),
            Just(r#"not = { asn = 64496 }"#),
        ];
        prop::collection::btree_map(0_usize..11, one, 0..4).prop_map(|fields| {
            let mut seen = std::collections::BTreeSet::new();
            let fields = fields.into_values().filter(|field| seen.insert(field.split(' ').next()));
            fields.collect::<Vec<_>>().join(", ")
        })
    }

    fn site(demands: &[String]) -> String {
        let mut text = r#"
            format = 1
            site = "x"
            route = [
                { name = "a", paths = "/a/**", cost = 1, cache = "long" },
                { name = "b", paths = "/b/**", cost = 1, cache = "long" },
            ]
            agent = [
                { name = "curl", category = "http-library", user_agents = "curl/*" },
                { name = "cargo", category = "package-manager", user_agents = "cargo/*" },
            ]
        "#
        .to_owned();
        for (at, demand) in demands.iter().enumerate() {
            text += &format!(
                "[[rule]]\nid = \"r{at}\"\nwhy = \"x\"\nverdict = \"block\"\nmatch = {{ {demand} }}\n"
            );
        }
        text
    }

    proptest! {
        /// No rule that matches is left out, and each is found once, in order.
        #[test]
        fn agrees_with_each_rule_alone(
            demands in prop::collection::vec(demand(), 0..12),
            path in prop::sample::select(vec!["/a/x", "/b/y.html", "/c"]),
            user_agent in prop::sample::select(vec!["curl/8", "cargo/1", "x"]),
            address in prop::sample::select(vec!["192.0.2.1", "192.0.2.200", "2001:db8::1", "::"]),
            asn in prop::sample::select(vec![None, Some(64_496), Some(64_497), Some(1)]),
            country in prop::sample::select(vec![None, Some("DE"), Some("FR")]),
            shown in prop::sample::select(vec![None, Some(7), Some(8)]),
        ) {
            let text = site(&demands);
            let rules = compile("x.toml", &mut |_| Ok(text.clone())).unwrap().rules;
            let request = Request {
                client: Some(Client::Address(address.parse().unwrap())),
                user_agent: Some(user_agent),
                asn,
                country,
                query: asn.map(|_| "q"),
                signals: Signals { fingerprint: shown, ..Signals::default() },
                ..Request::new(Time::from_unix_millis(0), "GET", path)
            };
            let derived = features::derive(&rules, &HashKey::default(), &request);
            let matching = |at: &u16| rules.rule(*at).unwrap().matches(&rules, &request, &derived);
            let found = rules.index.candidates(&rules, &request, &derived);
            prop_assert!(found.is_sorted_by(|one, next| one < next));
            let found: Vec<u16> = found.into_iter().filter(matching).collect();
            let wanted: Vec<u16> = placed(&rules.rules).map(|(at, _)| at).filter(matching).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
