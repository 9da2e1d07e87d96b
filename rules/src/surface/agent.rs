//! Agents: software that rules know by name.

use super::{Kind, Literal, NUMBER, Table, key, words};
use crate::agent::Category;

/// One kind of software.
pub(super) static AGENT: Table = Table {
    name: "[[agent]]",
    what: "an agent",
    about: "One kind of software. The first agent in file order whose glob matches the User-Agent \
            wins, unless a signature says who it is. `rules/agents.toml` has more than a hundred.",
    keys: &[
        key(
            "name",
            Kind::Text,
            "name = \"googlebot\"",
            "How rules and reports call it. Unique in all the files.",
        ),
        key(
            "category",
            Kind::Word(words::<Category>),
            "category = \"search-engine\"",
            "What it is for, so that one rule can be about all of a kind.",
        ),
        key(
            "user_agents",
            Kind::TextGlob,
            "user_agents = [\"Mozilla/5.0 *compatible; Googlebot/*\"]",
            "How it introduces itself. Globs over the whole header.",
        )
        .many(),
        key(
            "networks",
            Kind::Network,
            "networks = [\"192.0.2.0/24\"]",
            "Where it is known to come from: an address in one of them verifies the claim.",
        )
        .many()
        .or_else("its claim cannot be verified by address"),
        key(
            "exhaustive",
            Kind::Flag,
            "exhaustive = true",
            "The networks are all there are, so that any other address contradicts the claim. Say \
             it only where the operator does.",
        )
        .or(Literal::Flag(false)),
        key(
            "keys",
            Kind::PublicKey,
            "keys = [\"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs\"]",
            "The keys that it signs requests with (Web Bot Auth): a true signature by one of them \
             verifies the agent, whatever the User-Agent says. Each is the `x` of an Ed25519 key \
             in the directory that its operator publishes.",
        )
        .many()
        .or_else("its claim cannot be verified by a signature"),
        key(
            "sends",
            Kind::Tables(&SENDS),
            "sends = [{ product = \"Firefox\", since = 90, headers = [\"sec-fetch-mode\"] }]",
            "Headers that its versions always send, so that `headers = \"lacking\"` can find an \
             impostor.",
        )
        .or_else("nobody knows what it sends"),
        key(
            "source",
            Kind::Text,
            "source = \"https://example.org/bot, 2026-11\"",
            "Where you have all that from, and when. For people only.",
        )
        .or_else("not said"),
    ],
    also: None,
    choice: None,
};

/// Headers that it always sends.
pub(super) static SENDS: Table = Table {
    name: "sends",
    what: "`sends`",
    about: "Headers that an agent has sent with every request since some version, inside an agent.",
    keys: &[
        key(
            "product",
            Kind::Text,
            "product = \"Firefox\"",
            "The word of the User-Agent before the `/` and the version.",
        ),
        key("since", NUMBER, "since = 90", "The first version that sends them.")
            .in_units("major version"),
        key(
            "headers",
            Kind::Text,
            "headers = [\"sec-fetch-dest\", \"sec-fetch-mode\"]",
            "Names of the headers.",
        )
        .many(),
        key(
            "source",
            Kind::Text,
            "source = \"https://example.org/headers, 2026-11\"",
            "Where you have that from. For people only.",
        )
        .or_else("not said"),
    ],
    also: None,
    choice: None,
};
