//! Agents: what a client says it is, and what becomes of that claim.
//!
//! A claim alone is neither trusted nor punished. Verification here is by
//! published address ranges and by what the platform vouches for.

use serde::{Deserialize, Serialize};

use crate::networks::{Found, Networks};
use crate::record::Verification;
use crate::request::Vouched;
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
pub fn headers(agent: Option<&Agent>, user_agent: &str, names: Option<&str>) -> Option<Headers> {
    let (agent, names) = (agent?, names?);
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
    /// Place of the agent in the rule set; `None` where nobody knows the
    /// User-Agent.
    pub agent: Option<u16>,
    /// What became of it.
    pub verification: Verification,
    /// Whether the request has the headers that the agent always sends; `None`
    /// where nobody knows.
    pub headers: Option<Headers>,
}

/// What becomes of the claim to be `agent`, made from an address in the lists
/// `places`.
#[must_use]
pub fn verify(
    agent: Option<&Agent>,
    networks: &Networks,
    places: Option<Found>,
    vouched: Option<Vouched>,
) -> Verification {
    let list = agent.and_then(|agent| agent.networks);
    let exhaustive = agent.is_some_and(|agent| agent.exhaustive);
    match (vouched, list, places) {
        (Some(Vouched::Verified), ..) => Verification::Verified,
        (Some(Vouched::Contradicted), ..) => Verification::Contradicted,
        (None, None, _) => Verification::None,
        (None, Some(list), Some(places)) if networks.is_in(places, list) => Verification::Verified,
        (None, Some(_), Some(_)) if exhaustive => Verification::Contradicted,
        (None, Some(_), _) => Verification::Unverifiable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Networks {
        Networks::new(&[vec!["192.0.2.0/24".parse().unwrap()]]).unwrap()
    }

    fn googlebot(exhaustive: bool) -> Agent {
        Agent {
            name: "googlebot".into(),
            category: Category::SearchEngine,
            networks: Some(0),
            exhaustive,
            sends: Vec::new(),
        }
    }

    #[test]
    fn a_browser_lacks_a_header_only_where_that_is_known() {
        let chrome = Agent {
            sends: vec![Sends {
                product: "Chrome".into(),
                since: 80,
                headers: vec!["sec-fetch-mode".into()],
            }],
            ..googlebot(false)
        };
        let told = |user_agent, names| headers(Some(&chrome), user_agent, names);
        assert_eq!(told("x Chrome/140.0 y", Some("host,accept")), Some(Headers::Lacking));
        assert_eq!(told("x Chrome/140.0 y", Some("Sec-Fetch-Mode,a")), Some(Headers::Complete));
        assert_eq!(told("x Chrome/79.0 y", Some("host")), None, "an old one");
        assert_eq!(told("x Chrome/140.0 y", None), None, "a log line");
        assert_eq!(told("Chrome", Some("host")), None, "no version");
        assert_eq!(headers(None, "Chrome/140", Some("host")), None);
    }

    #[test]
    fn an_address_verifies_contradicts_or_says_nothing() {
        let lists = lists();
        let from = |a: &str| Some(lists.find(a.parse().unwrap()));
        let verify = |agent, places, vouched| verify(agent, &lists, places, vouched);
        let some = googlebot(false);
        let all = googlebot(true);
        assert_eq!(verify(Some(&some), from("192.0.2.9"), None), Verification::Verified);
        assert_eq!(verify(Some(&some), from("::ffff:192.0.2.9"), None), Verification::Verified);
        assert_eq!(verify(Some(&some), from("198.51.100.1"), None), Verification::Unverifiable);
        assert_eq!(verify(Some(&all), from("198.51.100.1"), None), Verification::Contradicted);
        assert_eq!(verify(Some(&all), None, None), Verification::Unverifiable);
        assert_eq!(verify(None, from("192.0.2.9"), None), Verification::None);
    }

    #[test]
    fn the_platform_has_the_last_word() {
        let vouched = Some(Vouched::Contradicted);
        let lists = lists();
        assert_eq!(verify(None, &lists, None, vouched), Verification::Contradicted);
        let from = Some(lists.find("198.51.100.1".parse().unwrap()));
        let verified = verify(Some(&googlebot(true)), &lists, from, Some(Vouched::Verified));
        assert_eq!(verified, Verification::Verified);
    }
}
