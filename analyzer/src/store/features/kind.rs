//! Whose features are asked for, in SQL.

use crate::features::{SHORT_PAGES, SHORT_REQUESTS, SHORT_UNITS};

/// Most clients that come over the wire, and most visitors.
const MOST_CLIENTS: u64 = 50_000;

/// Most networks, most crowds, and most of those who share a software.
const MOST_GROUPS: u64 = 2_000;

/// Requests of a group that a pass has no record of yet.
const LIGHT: u64 = 31;

/// Whose features are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Client,
    /// Of clients that have several.
    Visitor,
    Network,
    Crowd,
    /// Those who share a software in one place.
    Swarm,
}

impl Kind {
    /// Those of whom all is asked.
    pub(super) const EACH: [Self; 4] = [Self::Client, Self::Visitor, Self::Network, Self::Crowd];

    /// A question with what is about this kind filled in.
    pub(super) fn filled(self, sql: &str) -> String {
        let asker = match self {
            // What pages pull in is none of the pages that a swarm asks for.
            Self::Swarm => "if(asset, '', $key)",
            _ => "$key",
        };
        sql.replace("$chosen", self.chosen().trim_end())
            .replace("$worth", self.worth())
            .replace("$asker", asker)
            .replace("$key", self.key())
    }

    /// A text for each of them, and an empty one for what is none.
    const fn key(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Visitor => {
                "if(client = '' OR visitor IS NULL, '', \
                 concat(client, ' ', toString(assumeNotNull(visitor))))"
            }
            Self::Network => "if(client = '', '', network)",
            Self::Crowd => {
                "if(client = '' OR fingerprint IS NULL, '', concat(\
                 toString(assumeNotNull(fingerprint)), ' ', \
                 ifNull(concat('AS', toString(asn)), network)))"
            }
            Self::Swarm => {
                "if(client = '' OR (fingerprint IS NULL AND user_agent IS NULL), '', concat(\
                 ifNull(toString(asn), ''), ' ', ifNull(toString(fingerprint), \
                 concat('says ', toString(cityHash64(ifNull(user_agent, '')))))))"
            }
        }
    }

    /// Which of them are asked for: the name of a part of a WITH.
    const fn chosen(self) -> &'static str {
        match self {
            Self::Visitor => include_str!("../sql/features/visitors.sql"),
            _ => include_str!("../sql/features/chosen.sql"),
        }
    }

    /// Who of them is worth a look. Whoever asked for little is, too, where a detector
    /// asks for no more than a single request of somebody.
    const fn worth(self) -> &'static str {
        match self {
            Self::Client | Self::Visitor => {
                "count() > {requests:UInt64}
            OR sum(units) > {units:UInt64}
            OR uniqCombined64(12)(page) > {pages:UInt64}
            OR countIf(verification = 'contradicted' OR category = 'scanner') > 0"
            }
            Self::Network | Self::Crowd | Self::Swarm => "count() > {requests:UInt64}",
        }
    }

    /// Requests, units and pages of somebody who is not worth a look, and how many at
    /// most are.
    pub(super) fn bounds(self) -> Vec<(&'static str, u64)> {
        match self {
            Self::Client | Self::Visitor => vec![
                ("requests", SHORT_REQUESTS.into()),
                ("units", SHORT_UNITS.into()),
                ("pages", SHORT_PAGES as u64),
                ("most", MOST_CLIENTS),
            ],
            Self::Network | Self::Crowd | Self::Swarm => {
                vec![("requests", LIGHT), ("most", MOST_GROUPS)]
            }
        }
    }
}
