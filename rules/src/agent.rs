//! Agents: what a client says it is, and what becomes of that claim.
//!
//! A claim alone is neither trusted nor punished. Verification here is by
//! published address ranges and by what the platform vouches for.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::key::canonical;
use crate::record::Verification;
use crate::request::{Client, Vouched};

/// One kind of software, known by its User-Agents: [`crate::Ruleset::user_agents`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name in rules and reports.
    pub name: String,
    /// What it is for.
    pub category: Category,
    /// Addresses that it is known to come from.
    pub networks: Vec<IpNet>,
    /// Whether those are all of them, so that any other address contradicts the
    /// claim.
    pub exhaustive: bool,
}

macro_rules! categories {
    ($($variant:ident = $name:literal, $doc:literal;)+) => {
        /// What an agent is for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Category { $(#[doc = $doc] $variant,)+ }

        impl Category {
            /// Every category, with the word used in rule files.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($name, Self::$variant),)+];

            /// The word used in rule files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

categories! {
    Browser = "browser", "Software that shows pages to a person.";
    PackageManager = "package-manager", "cargo, nix, bazel, pip and their like.";
    HttpLibrary = "http-library", "curl, wget and the libraries of programming languages.";
    Git = "git", "Version control.";
    SearchEngine = "search-engine", "Crawlers that send readers back.";
    AiCrawler = "ai-crawler", "Crawlers that collect text for language models.";
    AiFetcher = "ai-fetcher", "Fetchers that act for a person who asked a language model.";
    Monitor = "monitor", "Uptime checks.";
    Archive = "archive", "Web archives.";
    FeedReader = "feed-reader", "RSS and Atom readers.";
    LinkChecker = "link-checker", "Checkers of links, mostly in CI.";
    Preview = "preview", "Fetchers of link previews for chats and social networks.";
    Seo = "seo", "Crawlers for marketing.";
    Scanner = "scanner", "Scanners for weaknesses.";
    Service = "service", "Named services of the ecosystem.";
}

/// An agent's claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Place of the agent in the rule set; `None` where nobody knows the
    /// User-Agent.
    pub agent: Option<u16>,
    /// What became of it.
    pub verification: Verification,
}

/// What becomes of the claim to be `agent`, made from `client`.
#[must_use]
pub fn verify(
    agent: Option<&Agent>,
    client: Option<Client>,
    vouched: Option<Vouched>,
) -> Verification {
    match (vouched, agent) {
        (Some(Vouched::Verified), _) => Verification::Verified,
        (Some(Vouched::Contradicted), _) => Verification::Contradicted,
        (None, Some(agent)) if !agent.networks.is_empty() => match client {
            Some(Client::Address(address)) => by_network(agent, address),
            _ => Verification::Unverifiable,
        },
        (None, _) => Verification::None,
    }
}

fn by_network(agent: &Agent, address: IpAddr) -> Verification {
    let address = canonical(address);
    if agent.networks.iter().any(|network| network.contains(&address)) {
        Verification::Verified
    } else if agent.exhaustive {
        Verification::Contradicted
    } else {
        Verification::Unverifiable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn googlebot(exhaustive: bool) -> Agent {
        Agent {
            name: "googlebot".into(),
            category: Category::SearchEngine,
            networks: vec!["192.0.2.0/24".parse().unwrap()],
            exhaustive,
        }
    }

    #[test]
    fn an_address_verifies_contradicts_or_says_nothing() {
        let from = |a: &str| Some(Client::Address(a.parse().unwrap()));
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
        assert_eq!(verify(None, None, vouched), Verification::Contradicted);
        let from = Some(Client::Address("198.51.100.1".parse().unwrap()));
        let verified = verify(Some(&googlebot(true)), from, Some(Vouched::Verified));
        assert_eq!(verified, Verification::Verified);
    }
}
