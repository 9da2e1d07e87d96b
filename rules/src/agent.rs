//! Agents: what a client says it is, and what becomes of that claim.
//!
//! A claim alone is neither trusted nor punished. What verifies it is a signature,
//! the platform's word, or an address in the ranges that its operator publishes.

use serde::{Deserialize, Serialize};

use crate::networks::{Found, Networks};
use crate::record::{JudgedBy, Verification};
use crate::request::Vouched;
use crate::ruleset::Ruleset;
use crate::signature::Signed;
use crate::words::worded;

/// One kind of software, known by its User-Agents: [`crate::Ruleset::user_agents`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name in rules and reports.
    pub name: String,
    /// What it is for.
    pub category: Category,
    /// The list of networks that it is known to come from.
    pub networks: Option<u16>,
    /// Whether those are all of them, so that any other address contradicts the
    /// claim.
    pub exhaustive: bool,
    /// Headers that its versions always send.
    pub sends: Vec<Sends>,
}

/// Headers that an agent has sent with every request since some version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sends {
    /// The product token of the User-Agent that the version follows, such as
    /// `Chrome`.
    pub product: String,
    /// The first major version.
    pub since: u32,
    /// Names of the headers.
    pub headers: Vec<String>,
}

impl Sends {
    /// Whether this is about what a User-Agent claims to be.
    fn is_about(&self, user_agent: &str) -> bool {
        let mut after = user_agent.match_indices(self.product.as_str()).filter_map(|(at, _)| {
            let rest = user_agent.get(at + self.product.len()..)?.strip_prefix('/')?;
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.get(..end)?.parse::<u32>().ok()
        });
        after.next().is_some_and(|version| version >= self.since)
    }
}

worded! {
    /// Whether a request has the headers that its agent always sends.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Headers {
        /// All of them.
        Complete = "complete",
        /// Not all of them.
        Lacking = "lacking",
    }
}

/// Whether the header `names` of a request, separated by commas, have all that
/// `agent` always sends. `None` where nothing is known of one or the other.
#[must_use]
pub fn headers(
    agent: Option<&Agent>,
    user_agent: Option<&str>,
    names: Option<&str>,
) -> Option<Headers> {
    let (agent, user_agent, names) = (agent?, user_agent?, names?);
    let mut asked = agent.sends.iter().filter(|sends| sends.is_about(user_agent)).peekable();
    asked.peek()?;
    let has = |wanted: &String| names.split(',').any(|name| name.eq_ignore_ascii_case(wanted));
    let complete = asked.all(|sends| sends.headers.iter().all(has));
    Some(if complete { Headers::Complete } else { Headers::Lacking })
}

worded! {
    /// What an agent is for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum Category {
        /// Software that shows pages to a person.
        Browser = "browser",
        /// cargo, nix, bazel, pip and their like.
        PackageManager = "package-manager",
        /// curl, wget and the libraries of programming languages.
        HttpLibrary = "http-library",
        /// Version control.
        Git = "git",
        /// Crawlers that send readers back.
        SearchEngine = "search-engine",
        /// Crawlers that collect text for language models.
        AiCrawler = "ai-crawler",
        /// Fetchers that act for a person who asked a language model.
        AiFetcher = "ai-fetcher",
        /// Uptime checks.
        Monitor = "monitor",
        /// Web archives.
        Archive = "archive",
        /// RSS and Atom readers.
        FeedReader = "feed-reader",
        /// Checkers of links, mostly in CI.
        LinkChecker = "link-checker",
        /// Fetchers of link previews for chats and social networks.
        Preview = "preview",
        /// Crawlers for marketing.
        Seo = "seo",
        /// Scanners for weaknesses.
        Scanner = "scanner",
        /// Named services of the ecosystem.
        Service = "service",
    }
}

/// An agent's claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Place of the agent in the rule set: whose User-Agent it is, or whose key a
    /// signature names. `None` where nobody knows.
    pub agent: Option<u16>,
    /// What became of it.
    pub verification: Verification,
    /// By what it was judged; `None` where there was nothing to judge by.
    pub judged_by: Option<JudgedBy>,
    /// Whether the request has the headers that the agent always sends; `None`
    /// where nobody knows.
    pub headers: Option<Headers>,
}

/// What is known of who sent a request, beside its User-Agent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Evidence {
    /// The lists of networks that its address is in.
    pub(crate) places: Option<Found>,
    /// What the platform says.
    pub(crate) vouched: Option<Vouched>,
    /// What its signature comes to.
    pub(crate) signed: Option<Signed>,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Place of the agent that it is about.
    pub(crate) agent: Option<u16>,
    pub(crate) verification: Verification,
    /// `None` where there was nothing to judge by.
    pub(crate) by: Option<JudgedBy>,
}

/// What becomes of the claim of a User-Agent to be the agent at the place `named`.
///
/// A true signature is its key's owner's, whatever the User-Agent says: agents that
/// drive a browser bear its name. What proves the claim outweighs a signature that
/// is false, since a proxy may have changed what was signed; where nothing does,
/// the claim that is contradicted is the one to be that owner.
pub(crate) fn judge(named: Option<u16>, rules: &Ruleset, evidence: Evidence) -> Judgement {
    let agent = named.and_then(|at| rules.agent(at));
    let address = by_address(agent, &rules.networks, evidence.places);
    let judged = |agent, verification, by| Judgement { agent, verification, by: Some(by) };
    match (evidence.signed, evidence.vouched, address) {
        (Some(Signed::By(owner)), ..) => {
            judged(Some(owner), Verification::Verified, JudgedBy::Signature)
        }
        (_, Some(Vouched::Verified), _) => {
            judged(named, Verification::Verified, JudgedBy::Platform)
        }
        (_, Some(Vouched::Contradicted), _) => {
            judged(named, Verification::Contradicted, JudgedBy::Platform)
        }
        (_, None, Verification::Verified) => {
            judged(named, Verification::Verified, JudgedBy::Address)
        }
        (Some(Signed::NotBy(owner)), ..) => {
            judged(Some(owner), Verification::Contradicted, JudgedBy::Signature)
        }
        (_, None, Verification::Contradicted) => {
            judged(named, Verification::Contradicted, JudgedBy::Address)
        }
        (Some(Signed::Unverifiable), ..) => {
            judged(named, Verification::Unverifiable, JudgedBy::Signature)
        }
        (None, None, Verification::Unverifiable) => {
            judged(named, Verification::Unverifiable, JudgedBy::Address)
        }
        (None, None, Verification::None) => {
            Judgement { agent: named, verification: Verification::None, by: None }
        }
    }
}

/// What an address in the lists `places` says of the claim to be `agent`.
fn by_address(agent: Option<&Agent>, networks: &Networks, places: Option<Found>) -> Verification {
    let list = agent.and_then(|agent| agent.networks);
    let exhaustive = agent.is_some_and(|agent| agent.exhaustive);
    match (list, places) {
        (None, _) => Verification::None,
        (Some(list), Some(places)) if networks.is_in(places, list) => Verification::Verified,
        (Some(_), Some(_)) if exhaustive => Verification::Contradicted,
        (Some(_), _) => Verification::Unverifiable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verification::{Contradicted, Unverifiable, Verified};

    /// `some` and `all` come from 192.0.2.0/24, `all` from nowhere else; nobody
    /// knows where `signer` comes from.
    const SOME: Option<u16> = Some(0);
    const ALL: Option<u16> = Some(1);
    const SIGNER: u16 = 2;

    fn rules() -> Ruleset {
        let agent = |name: &str, keys: &str| {
            format!(
                "[[agent]]\nname = \"{name}\"\ncategory = \"search-engine\"\n\
                 user_agents = [\"{name}\"]\n{keys}\n"
            )
        };
        let networks = "networks = [\"192.0.2.0/24\"]";
        let text = [
            "format = 1\nsite = \"x\"\n".to_owned(),
            agent("some", networks),
            agent("all", &format!("{networks}\nexhaustive = true")),
            agent("signer", ""),
        ];
        crate::compile("x.toml", &mut |_| Ok(text.concat())).unwrap().rules
    }

    /// What becomes of a claim, and by what.
    fn told(named: Option<u16>, from: Option<&str>, evidence: Evidence) -> Judgement {
        let rules = rules();
        let places = from.map(|address| rules.networks.find(address.parse().unwrap()));
        judge(named, &rules, Evidence { places, ..evidence })
    }

    fn of(agent: Option<u16>, verification: Verification, by: JudgedBy) -> Judgement {
        Judgement { agent, verification, by: Some(by) }
    }

    const INSIDE: Option<&str> = Some("192.0.2.9");
    const OUTSIDE: Option<&str> = Some("198.51.100.1");

    #[test]
    fn a_browser_lacks_a_header_only_where_that_is_known() {
        let chrome = Agent {
            name: "chrome".into(),
            category: Category::Browser,
            networks: None,
            exhaustive: false,
            sends: vec![Sends {
                product: "Chrome".into(),
                since: 80,
                headers: vec!["sec-fetch-mode".into()],
            }],
        };
        let told = |user_agent, names| headers(Some(&chrome), Some(user_agent), names);
        assert_eq!(told("x Chrome/140.0 y", Some("host,accept")), Some(Headers::Lacking));
        assert_eq!(told("x Chrome/140.0 y", Some("Sec-Fetch-Mode,a")), Some(Headers::Complete));
        assert_eq!(told("x Chrome/79.0 y", Some("host")), None, "an old one");
        assert_eq!(told("x Chrome/140.0 y", None), None, "a log line");
        assert_eq!(told("Chrome", Some("host")), None, "no version");
        assert_eq!(headers(Some(&chrome), None, Some("host")), None);
        assert_eq!(headers(None, Some("Chrome/140"), Some("host")), None);
    }

    #[test]
    fn an_address_verifies_contradicts_or_says_nothing() {
        let by_address = |agent, verification| of(agent, verification, JudgedBy::Address);
        let told = |named, from| told(named, from, Evidence::default());
        assert_eq!(told(SOME, INSIDE), by_address(SOME, Verified));
        assert_eq!(told(SOME, Some("::ffff:192.0.2.9")), by_address(SOME, Verified));
        assert_eq!(told(SOME, OUTSIDE), by_address(SOME, Unverifiable));
        assert_eq!(told(ALL, OUTSIDE), by_address(ALL, Contradicted));
        assert_eq!(told(ALL, None), by_address(ALL, Unverifiable));
        let nothing = Judgement { agent: None, verification: Verification::None, by: None };
        assert_eq!(told(None, INSIDE), nothing);
    }

    #[test]
    fn the_platform_outweighs_an_address() {
        let by_platform = |agent, verification| of(agent, verification, JudgedBy::Platform);
        let said = |vouched| Evidence { vouched: Some(vouched), ..Evidence::default() };
        let contradicted = told(None, None, said(Vouched::Contradicted));
        assert_eq!(contradicted, by_platform(None, Contradicted));
        assert_eq!(told(ALL, OUTSIDE, said(Vouched::Verified)), by_platform(ALL, Verified));
    }

    #[test]
    fn a_signature_is_its_keys_owners_and_a_false_one_outweighs_no_proof() {
        let by_signature = |agent, verification| of(agent, verification, JudgedBy::Signature);
        let signed = |signed| Evidence { signed: Some(signed), ..Evidence::default() };
        let by = signed(Signed::By(SIGNER));
        let not_by = signed(Signed::NotBy(SIGNER));
        let unknown = signed(Signed::Unverifiable);
        assert_eq!(told(SOME, INSIDE, by), by_signature(Some(SIGNER), Verified));
        assert_eq!(told(SOME, INSIDE, not_by), of(SOME, Verified, JudgedBy::Address));
        assert_eq!(told(SOME, OUTSIDE, not_by), by_signature(Some(SIGNER), Contradicted));
        assert_eq!(told(None, None, unknown), by_signature(None, Unverifiable));
        assert_eq!(told(SOME, INSIDE, unknown), of(SOME, Verified, JudgedBy::Address));
        assert_eq!(told(ALL, OUTSIDE, unknown), of(ALL, Contradicted, JudgedBy::Address));
        let vouched = Evidence { vouched: Some(Vouched::Verified), ..not_by };
        assert_eq!(told(SOME, OUTSIDE, vouched), of(SOME, Verified, JudgedBy::Platform));
    }
}
