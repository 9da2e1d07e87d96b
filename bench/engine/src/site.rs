//! Rule sets of any size: docs.rs's own, and as many rules as a team might come
//! to have after years of bad nights.

use std::fmt::Write as _;

use tidegate_rules::{Ruleset, compile_with};

const SITE: &str = include_str!("../../../rules/docs-rs.toml");
const AGENTS: &str = include_str!("../../../rules/agents.toml");
const LEARNED: &str = include_str!("../../../rules/learned/docs-rs.toml");

/// Rules with budgets: more of them do not fit into the cells of their keys.
const BUDGETS: usize = 30;
/// Lists that the networks are spread over.
const LISTS: usize = 20;

/// docs.rs's rules with `rules` more, and agents that name `networks` networks.
///
/// # Panics
///
/// Where they do not compile.
#[must_use]
pub fn rules(rules: usize, networks: usize) -> Ruleset {
    let more = format!("format = 1\n{}{}", more_rules(rules), more_agents(networks));
    let mut read = |name: &str| {
        let text = match name {
            "docs-rs.toml" => SITE,
            "agents.toml" => AGENTS,
            "learned/docs-rs.toml" => LEARNED,
            _ => &more,
        };
        Ok(text.to_owned())
    };
    compile_with("docs-rs.toml", &["more.toml".to_owned()], &mut read)
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
        .rules
}

/// One demand of each kind in turn, each time of something else.
fn more_rules(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let demand = match n % 8 {
            0 => format!("fingerprint = \"{:016x}\"", n * 7_919),
            1 => format!("asn = [{}, {}]", 64_512 + n, 4_200_000_000_u32 - 3 * n as u32),
            2 => format!("network = \"10.{}.{}.0/24\"", n / 256, n % 256),
            3 => format!("path = \"/crate-{n}/**\""),
            4 => format!("route = \"source\", path = \"/crate/old-{n}/**\""),
            5 => format!("asn = {}, route = \"rustdoc\"", 64_512 + n),
            6 => format!("fingerprint = \"{:016x}\", method = \"GET\"", n * 104_729),
            _ => format!("network = \"2001:db8:{n:x}::/48\", not = {{ query = true }}"),
        };
        let effect = match (n % 8, n / 8) {
            (1, at) if at < BUDGETS => "key = \"visitor\"\nquota = \"reader\"",
            (5, at) if at < BUDGETS => "key = \"client\"\nquota = \"reader\"",
            (3, _) => "verdict = \"tag\"",
            _ => "verdict = \"block\"",
        };
        let _ = write!(
            text,
            "[[rule]]\nid = \"rule-{n}\"\nwhy = \"A crawler of one bad night, seen again.\"\n\
             match = {{ {demand} }}\nmode = \"enforce\"\nowner = \"bench\"\n{effect}\n"
        );
    }
    text
}

fn more_agents(networks: usize) -> String {
    let mut text = String::new();
    for list in 0..LISTS.min(networks) {
        let own = (list..networks).step_by(LISTS).map(|n| {
            // Gaps between them, so that no two are one.
            format!("\"{}.{}.{}.0/25\"", 20 + n / 65_536, n / 256 % 256, n % 256)
        });
        let own: Vec<String> = own.collect();
        let _ = write!(
            text,
            "[[agent]]\nname = \"bot-{list}\"\ncategory = \"ai-crawler\"\n\
             user_agents = \"bot-{list}/*\"\nnetworks = [{}]\n",
            own.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn are_as_large_as_they_claim() {
        let (small, large) = (super::rules(0, 0), super::rules(1_000, 500));
        assert_eq!(large.rules.len(), small.rules.len() + 1_000);
        assert_eq!(large.agents.len(), small.agents.len() + super::LISTS);
    }
}
