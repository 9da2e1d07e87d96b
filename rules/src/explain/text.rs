//! The explanation as people read it, in a terminal of 80 columns or a mail.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::{BudgetAsked, Explanation, RuleAsked, Said};
use crate::text::{grouped, network, plain, span, wrapped};

/// Most rules that are told of one by one, of those about other requests.
const OTHERS_SHOWN: usize = 20;

/// Behind the names of facts.
const INDENT: usize = 14;

/// How much of an address people are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Its network.
    Masked,
    /// All of it: only where somebody asked for that.
    Whole,
}

impl Explanation {
    /// The text, at most [`crate::text::WIDTH`] columns wide.
    #[must_use]
    pub fn text(&self, addresses: Addresses) -> String {
        let mut text = String::new();
        self.head(&mut text, addresses);
        self.matching(&mut text);
        self.others(&mut text);
        self.decided(&mut text);
        self.changes(&mut text);
        text
    }

    fn head(&self, text: &mut String, addresses: Addresses) {
        let facts = &self.facts;
        let query = if facts.query { "?…" } else { "" };
        let host = facts.host.as_deref().unwrap_or_default();
        let asked = format!("{} {host}{}{query}", facts.method, facts.path);
        text.push_str(&wrapped("", 2, &plain(&asked)));
        let mut fact = |name: &str, told: &str| {
            text.push_str(&wrapped(&format!("  {name:<12}"), INDENT, &plain(told)));
        };
        fact("at", &facts.time);
        if let Some(id) = &facts.request_id {
            fact("id", id);
        }
        fact("client", &self.client(addresses));
        if let Some(agent) = &facts.user_agent {
            fact("User-Agent", if agent.is_empty() { "none was sent" } else { agent });
        }
        fact("agent", &self.agent());
        fact("route", &self.route());
        fact("answer", self.answer());
        fact("origin", self.origin.unwrap_or("not asked about"));
        fact("rules", &format!("{}, version {}", self.site, or_none(&self.rules_version)));
        let unknown = facts.unknown();
        if !unknown.is_empty() {
            fact("unknown", &format!("{} (held against nobody)", unknown.join(", ")));
        }
    }

    fn client(&self, addresses: Addresses) -> String {
        let facts = &self.facts;
        let client = match facts.client.as_deref().map(|client| (client, client.parse())) {
            None => "unknown".to_owned(),
            Some((_, Ok::<IpAddr, _>(address))) if addresses == Addresses::Masked => {
                network(address)
            }
            Some((client, _)) => client.to_owned(),
        };
        let more = [
            facts.asn.map(|asn| format!("AS{asn}")),
            facts.country.clone(),
            facts.pop.as_ref().map(|pop| format!("at {pop}")),
            facts.fingerprint.as_ref().map(|hash| format!("fingerprint {hash}")),
            facts.credentials.filter(|has| *has).map(|_| "with credentials".to_owned()),
        ];
        std::iter::once(client).chain(more.into_iter().flatten()).collect::<Vec<_>>().join(", ")
    }

    fn agent(&self) -> String {
        let Some(agent) = &self.agent else { return "unknown".to_owned() };
        let name = match (&agent.name, agent.category) {
            (Some(name), Some(category)) => format!("{name} ({category})"),
            _ => "none that the rules know".to_owned(),
        };
        let verified = match (agent.verification, agent.judged_by) {
            ("none", _) => "nothing to verify it by".to_owned(),
            (verification, Some(by)) => format!("{verification} by its {by}"),
            (verification, None) => verification.to_owned(),
        };
        let headers = agent.headers.map(|headers| format!(", its headers {headers}"));
        format!("{name}, {verified}{}", headers.unwrap_or_default())
    }

    fn route(&self) -> String {
        let route = &self.route;
        let name = route.name.as_deref().unwrap_or("none");
        let keeps = match route.cache {
            "never" => "no cache may keep it",
            "short" => "caches keep it for a minute",
            _ => "caches keep it",
        };
        format!("{name}: {} units at the origin; {keeps}", grouped(route.units.into()))
    }

    fn answer(&self) -> &'static str {
        use crate::request::CacheState::{Hit, Miss, Pass, Refused, ShieldHit, Stale};
        match self.facts.cache {
            _ if matches!(self.decision.action, "throttle" | "block") => "a refusal, by Tidegate",
            None => "not known",
            Some(Hit) => "from the edge's cache",
            Some(Stale) => "a stale copy from the edge's cache",
            Some(ShieldHit) => "from another POP's cache",
            Some(Miss) => "from the origin, and caches may keep it",
            Some(Pass) => "from the origin",
            Some(Refused) => "a refusal, by Tidegate",
        }
    }

    fn matching(&self, text: &mut String) {
        let mut about = self.rules.iter().filter(|rule| is_about(rule)).peekable();
        text.push_str("\nRules about this request\n");
        if about.peek().is_none() {
            text.push_str("  none\n");
        }
        for rule in about {
            let shadow = if rule.enforced { "" } else { " (shadow)" };
            let said = format!("{}{shadow} {}: {}", rule.id, rule.said, rule.because);
            text.push_str(&wrapped("  ", 6, &plain(&said)));
            for budget in &rule.budgets {
                text.push_str(&wrapped("      ", 8, &budget.text()));
                if let Some(breadth) = &budget.breadth {
                    text.push_str(&wrapped("      ", 8, &breadth.counted()));
                }
            }
        }
    }

    fn others(&self, text: &mut String) {
        let others: Vec<_> = self.rules.iter().filter(|rule| !is_about(rule)).collect();
        if others.is_empty() {
            return;
        }
        text.push_str("\nRules about other requests\n");
        for rule in others.iter().take(OTHERS_SHOWN) {
            let why = plain(&format!("{}: {}", rule.id, rule.because));
            text.push_str(&wrapped("  ", 6, &why));
        }
        let more = others.len().saturating_sub(OTHERS_SHOWN);
        if more > 0 {
            // A `write` to a string cannot fail.
            let _ = writeln!(text, "  … and {} more; the JSON has them all", grouped(more as u64));
        }
    }

    fn decided(&self, text: &mut String) {
        let decision = &self.decision;
        let by = decision.rule.as_ref().map(|rule| format!(" by `{rule}`"));
        let wait = decision.retry_ms.map(|retry_ms| format!(", for {}", span(retry_ms)));
        let (by, wait) = (by.unwrap_or_default(), wait.unwrap_or_default());
        let head = format!("Decision: {}{by}{wait}", decision.action);
        text.push('\n');
        text.push_str(&wrapped("", 2, &plain(&head)));
        for (at, step) in decision.steps.iter().enumerate() {
            text.push_str(&wrapped(&format!("  {}. ", at + 1), 5, &plain(step)));
        }
        let mut also = |told: String| text.push_str(&wrapped("  ", 5, &plain(&told)));
        for rule in &decision.shadow {
            also(format!("Were `{rule}` enforced, it would be the rule that refuses this."));
        }
        for rule in &decision.tags {
            also(format!("`{rule}` tags it for the origin."));
        }
        for failure in &decision.failures {
            also(format!("Failed inside, so let through: {failure}"));
        }
    }

    fn changes(&self, text: &mut String) {
        if self.advice.is_empty() {
            return;
        }
        text.push_str("\nWhat this client could change\n");
        for advice in &self.advice {
            text.push_str(&wrapped("  - ", 4, &plain(advice)));
        }
    }
}

fn is_about(rule: &RuleAsked) -> bool {
    ![Said::Asleep.name(), Said::Unmet.name()].contains(&rule.said)
}

fn or_none(version: &str) -> &str {
    if version.is_empty() { "unknown" } else { version }
}

impl BudgetAsked {
    fn text(&self) -> String {
        let [units, burst, earned, before, after] =
            [self.units, self.burst, self.earned, self.before, self.after]
                .map(|units| grouped(units.into()));
        let whose = match (self.floor, self.shards) {
            (true, _) => format!("floor of the {}", self.key),
            (false, 1) => format!("budget of the {}", self.key),
            (false, shards) => format!("one of {shards} parts of the {}'s budget", self.key),
        };
        let per = span(self.per_ms.into());
        let unit = if self.before == 1 { "unit" } else { "units" };
        format!(
            "{whose}: {before} {unit} before, {units} asked, {after} after; {burst} at most, \
             {earned} earned each {per}"
        )
    }
}
