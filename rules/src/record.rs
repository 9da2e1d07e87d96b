//! The decision record: one JSON line for one request, declared here once and
//! for all. The edge writes it, the analyzer reads it.
//!
//! It carries no address: clients and networks appear as keyed hashes, under a
//! key that changes each month. Paths and User-Agents, which a client chose, are cut
//! at a bound, and all text is escaped by the JSON writer.

mod json;
mod shown;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use shown::{SHOWN_BOUND, Shown};

use crate::decide::{Admission, Engine};
use crate::request::{CacheState, Client, Outcome, Request};
use crate::words::worded;
use json::{each, hex, is_false, maybe};

/// The record format written by this version, in the field `tidegate`.
pub const RECORD_FORMAT: u8 = 1;

/// Longest path kept in a record, in bytes; longer ones are cut.
pub const PATH_BOUND: usize = 512;

/// Longest User-Agent kept in a record, in bytes; longer ones are cut.
pub const USER_AGENT_BOUND: usize = 256;

/// What was decided about one request, and what became of it.
///
/// New fields may be added; readers ignore the ones that they do not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// [`RECORD_FORMAT`]; also what a reader recognises the line by.
    pub tidegate: u8,
    /// Milliseconds since the Unix epoch at which the request arrived.
    pub time: u64,
    /// The id a person can quote.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Cow<'a, str>>,
    /// The site of the rule set.
    #[serde(borrow)]
    pub site: Cow<'a, str>,
    /// Host name as asked.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub host: Option<Cow<'a, str>>,
    /// Request method.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    /// Path without query, at most [`PATH_BOUND`] bytes.
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// Whether a query followed the path.
    #[serde(default, skip_serializing_if = "is_false")]
    pub query: bool,
    /// Under which key the hashes of this line are: see
    /// [`HashKey::of_month`](crate::HashKey::of_month). Where
    /// two lines differ in it, equal clients have unequal hashes.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub key: Option<Cow<'a, str>>,
    /// Keyed hash of the client (one IPv4 address, one IPv6 /64), in hex.
    #[serde(default, with = "hex", skip_serializing_if = "Option::is_none")]
    pub client: Option<u64>,
    /// Keyed hash of the client's /24 or /48, in hex.
    #[serde(default, with = "hex", skip_serializing_if = "Option::is_none")]
    pub network: Option<u64>,
    /// The `User-Agent` header, at most [`USER_AGENT_BOUND`] bytes.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Cow<'a, str>>,
    /// Name of the agent that the client claims to be, where it is known.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub agent: Option<Cow<'a, str>>,
    /// What became of that claim.
    pub verification: Verification,
    /// By what it was judged, where there was anything to judge by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<JudgedBy>,
    /// Fingerprint, in hex.
    #[serde(default, with = "hex", skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<u64>,
    /// What the client and its way here show, as far as the platform tells.
    #[serde(borrow, default, skip_serializing_if = "Shown::is_empty")]
    pub shown: Shown<'a>,
    /// Autonomous system number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// ISO 3166-1 alpha-2 country code.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    /// Point of presence.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub pop: Option<Cow<'a, str>>,
    /// Route, where one matched.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub route: Option<Cow<'a, str>>,
    /// Expected work of the request where the origin did it, in units; zero where the
    /// origin was spared. Budgets that it met were charged so much, those of an exempt
    /// request nothing.
    pub units: u32,
    /// What was decided.
    pub decision: Action,
    /// The rule that decided, where one did.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub rule: Option<Cow<'a, str>>,
    /// Milliseconds after which the same request would have passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u64>,
    /// Shadow rules that would have throttled or blocked, each enforced alone:
    /// see [`crate::decide`].
    #[serde(borrow, default, deserialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<Cow<'a, str>>,
    /// What went wrong inside Tidegate. What failed refused nobody; what did not may
    /// have.
    #[serde(borrow, default, deserialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Cow<'a, str>>,
    /// Where the answer came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheState>,
    /// Milliseconds from when the request went to the origin until its answer began
    /// or it failed; of a request for which the platform calls no hook, since it was
    /// inspected, unless the service says when it sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_ms: Option<u32>,
    /// Status that the client got, where an answer came that says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Version of the rules that decided: the first 16 hex digits of the pack's
    /// SHA-256.
    #[serde(borrow)]
    pub rules: Cow<'a, str>,
    /// Share of client keys whose passes are recorded, in percent. Refusals,
    /// shadow hits and failures are always recorded.
    pub sampled: u8,
}

worded! {
    /// What was done with a request.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Action {
        /// Nothing objected.
        Pass = "pass",
        /// A rule exempted it.
        Allow = "allow",
        /// 429: come back later.
        Throttle = "throttle",
        /// 403: a rule with a written reason refuses it.
        Block = "block",
    }
}

impl Action {
    /// Whether the client gets a refusal instead of an answer.
    #[must_use]
    pub const fn refuses(self) -> bool {
        match self {
            Self::Throttle | Self::Block => true,
            Self::Pass | Self::Allow => false,
        }
    }
}

worded! {
    /// What became of an agent's claim.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Verification {
        /// The claim is true.
        Verified = "verified",
        /// The claim is false.
        Contradicted = "contradicted",
        /// The claim could be checked in principle, but not here and now.
        Unverifiable = "unverifiable",
        /// There is nothing to check.
        #[default]
        None = "none",
    }
}

worded! {
    /// By what a claim was judged.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum JudgedBy {
        /// The address that it came from.
        Address = "address",
        /// A signature: see [`crate::signature`].
        Signature = "signature",
        /// The platform's word.
        Platform = "platform",
    }
}

impl Engine {
    /// The record of one request, after its answer; `None` where the rule set
    /// wants none: a pass, and not one of a sampled client's.
    #[must_use]
    pub fn record<'a>(
        &'a self,
        request: &Request<'a>,
        admission: &Admission,
        outcome: &Outcome,
    ) -> Option<Record<'a>> {
        if !self.is_recorded(admission) {
            return None;
        }
        let Admission { derived, decision, .. } = admission;
        let rule_id = |at: u16| self.rules.rule(at).map(|rule| Cow::Borrowed(rule.id()));
        let agent = derived.claim.and_then(|claim| self.rules.agent(claim.agent?));
        let route = derived.route.and_then(|at| self.rules.route(at));
        let charged = outcome.cache.is_some_and(CacheState::reached_origin);
        let (id, key) = self.secret.of_month(request.time);
        let hashes = request.client.map(|client| key.client(client));
        Some(Record {
            tidegate: RECORD_FORMAT,
            time: request.time.unix_millis(),
            request_id: request.request_id.map(Cow::Borrowed),
            site: Cow::Borrowed(&self.rules.site),
            host: request.host.map(Cow::Borrowed),
            method: Cow::Borrowed(request.method),
            path: Cow::Borrowed(cut(request.path, PATH_BOUND)),
            query: request.query.is_some(),
            key: matches!(request.client, Some(Client::Address(_))).then_some(id.into()),
            client: hashes.map(|(client, _)| client),
            network: hashes.map(|(_, network)| network),
            user_agent: request.user_agent.map(|agent| cut(agent, USER_AGENT_BOUND).into()),
            agent: agent.map(|agent| Cow::Borrowed(agent.name.as_str())),
            verification: derived.claim.map(|claim| claim.verification).unwrap_or_default(),
            judged_by: derived.claim.and_then(|claim| claim.judged_by),
            fingerprint: derived.fingerprint,
            shown: Shown::of(request),
            asn: request.asn,
            country: request.country.map(Cow::Borrowed),
            pop: request.pop.map(Cow::Borrowed),
            route: route.map(|route| Cow::Borrowed(route.name.as_str())),
            units: if charged { derived.units } else { 0 },
            decision: decision.action,
            rule: decision.rule.and_then(rule_id),
            retry_ms: decision.retry_ms,
            shadow: decision.shadow.iter().filter_map(|at| rule_id(*at)).collect(),
            notes: decision.failures.iter().map(|failure| Cow::Borrowed(*failure)).collect(),
            cache: outcome.cache,
            origin_ms: outcome.origin_ms,
            status: outcome.status,
            rules: Cow::Borrowed(&self.version),
            sampled: self.rules.sampled,
        })
    }

    /// All lines of a client or none of them, chosen by a hash that nobody without
    /// the secret can aim at; whatever did not simply pass, always.
    fn is_recorded(&self, admission: &Admission) -> bool {
        let Admission { derived, decision, .. } = admission;
        let told = decision.action.refuses()
            || !decision.shadow.is_empty()
            || !decision.failures.is_empty();
        let share = u64::from(self.rules.sampled);
        told || derived.client.is_none_or(|client| client % 100 < share)
    }
}

/// At most `bound` bytes of a text, cut between characters.
fn cut(text: &str, bound: usize) -> &str {
    let end = (0..=bound.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record whose every text is `text`, as JSON has it.
    fn line(text: &str) -> String {
        format!(
            r#"{{"tidegate":1,"time":7,"request_id":"{text}","site":"{text}","host":"{text}","method":"{text}","path":"{text}","client":"00000000000000ff","user_agent":"{text}","agent":"{text}","verification":"none","country":"{text}","pop":"{text}","route":"{text}","units":1,"decision":"throttle","rule":"{text}","shadow":["{text}","{text}"],"notes":["{text}"],"rules":"{text}","sampled":100}}"#
        )
    }

    fn texts<'r, 'a>(record: &'r Record<'a>) -> Vec<&'r Cow<'a, str>> {
        let maybe = [
            &record.request_id,
            &record.host,
            &record.user_agent,
            &record.agent,
            &record.country,
            &record.pop,
            &record.route,
            &record.rule,
        ];
        let always = [&record.site, &record.method, &record.path, &record.rules];
        let lists = record.shadow.iter().chain(&record.notes);
        maybe.into_iter().flatten().chain(always).chain(lists).collect()
    }

    #[test]
    fn plain_text_is_borrowed_from_the_line() {
        let line = line("plain ä text");
        let record: Record<'_> = serde_json::from_str(&line).unwrap();
        assert_eq!(texts(&record).len(), 15);
        for text in texts(&record) {
            assert!(matches!(text, Cow::Borrowed("plain ä text")), "{text:?}");
        }
        assert_eq!(record.client, Some(0xff));
    }

    #[test]
    fn escaped_text_is_read_all_the_same() {
        let line = line(r#"a\"b\u0000\n"#);
        let record: Record<'_> = serde_json::from_str(&line).unwrap();
        assert_eq!(texts(&record).len(), 15);
        for text in texts(&record) {
            assert_eq!(text, "a\"b\0\n");
        }
        assert_eq!(
            serde_json::from_str::<Record<'_>>(&serde_json::to_string(&record).unwrap()).unwrap(),
            record
        );
    }

    #[test]
    fn what_is_missing_or_null_is_unknown() {
        let line = r#"{"tidegate":1,"time":7,"site":"","method":"GET","path":"/","host":null,"client":null,"verification":"none","units":0,"decision":"pass","rules":"","sampled":1,"later":[{}]}"#;
        let record: Record<'_> = serde_json::from_str(line).unwrap();
        assert_eq!((&record.host, &record.pop, record.client), (&None, &None, None));
        assert!(record.shadow.is_empty() && record.notes.is_empty());
    }
}
