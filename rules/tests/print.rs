//! A printed rule is the rule: compiled, printed and compiled again, a site
//! decides as before.

#[expect(dead_code, reason = "other tests of this folder run the rules, too")]
mod common;
mod random;

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use random::SITE;
use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::print::{self, QuotaNames};
use tidegate_rules::rule::Rule;
use tidegate_rules::{Ruleset, compile};

fn compiled(text: &str) -> Ruleset {
    let compiled = compile("site.toml", &mut |_| Ok(text.to_owned()));
    compiled.unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}")).rules
}

/// Every rule, printed.
fn printed(rules: &Ruleset) -> String {
    rules.rules.iter().fold(String::new(), |mut text, rule| {
        let printed = print::rule(rules, rule, &QuotaNames::of(rule)).unwrap();
        write!(text, "\n{printed}").unwrap();
        text
    })
}

/// A condition without its networks, whose places may change, and those of it
/// and of what it negates.
fn without_networks(condition: &Condition) -> (Condition, Vec<Vec<u16>>) {
    let mut lists = vec![condition.networks().to_vec()];
    let mut others = Vec::new();
    for demand in condition.demands() {
        match demand {
            Demand::Networks(_) => {}
            Demand::Not(not) => {
                let (not, more) = without_networks(not);
                others.push(Demand::Not(not));
                lists.extend(more);
            }
            other => others.push(other.clone()),
        }
    }
    (Condition::new(others), lists)
}

/// Addresses on and around every border that the lists below have.
fn addresses() -> impl Iterator<Item = IpAddr> {
    let v4 = (0..=u8::MAX).map(|low| Ipv4Addr::new(192, 0, 2, low).into());
    let v6 = (0..128).map(|bit| Ipv6Addr::from_bits((0x2001_0db8 << 96) | (1 << bit)).into());
    let ends = ["::", "::ffff:192.0.2.1", "::1:0:0:0", "0.0.0.0", "255.255.255.255"];
    v4.chain(v6).chain(ends.map(|address| address.parse().unwrap()))
}

fn assert_same(was: &Ruleset, is: &Ruleset) {
    let bare = |rule: &Rule| {
        let (condition, lists) = without_networks(&rule.condition);
        (Rule { condition, ..rule.clone() }, lists)
    };
    assert_eq!(was.rules.len(), is.rules.len());
    for (was_rule, is_rule) in was.rules.iter().zip(&is.rules) {
        let ((was_rule, was_lists), (is_rule, is_lists)) = (bare(was_rule), bare(is_rule));
        assert_eq!(was_rule, is_rule);
        for (was_list, is_list) in was_lists.iter().zip(&is_lists) {
            assert_eq!(was_list.len(), is_list.len());
            for address in addresses() {
                let within = |rules: &Ruleset, lists: &[u16]| {
                    let found = rules.networks.find(address);
                    lists.iter().any(|list| rules.networks.is_in(found, *list))
                };
                assert_eq!(within(was, was_list), within(is, is_list), "{address}");
            }
        }
    }
    assert_eq!(was.layouts, is.layouts);
    assert_eq!(was.strain, is.strain);
    assert_eq!(printed(was), printed(is), "a printed rule is printed as it is");
}

proptest! {
    #[test]
    fn a_printed_site_is_the_site(text in random::site()) {
        let was = compiled(&text);
        let is = compiled(&format!("{SITE}{}", printed(&was)));
        assert_same(&was, &is);
    }
}

#[test]
fn the_sites_own_rules_are_printed() {
    for entry in ["docs-rs.toml", "crates-io.toml", "generic.toml"] {
        let was = common::site(entry).rules;
        let text = common::text(entry);
        let own: toml::Table = text.parse().unwrap();
        let kept = own.into_iter().filter(|(key, _)| !["rule", "quota"].contains(&key.as_str()));
        let kept = toml::to_string(&kept.collect::<toml::Table>()).unwrap();
        let again = format!("{kept}{}", printed(&was));
        let is = compile(entry, &mut |name| {
            Ok(if name == entry { again.clone() } else { common::text(name) })
        });
        assert_same(&was, &is.unwrap_or_else(|mistakes| panic!("{mistakes}\n{again}")).rules);
    }
}

#[test]
fn a_rule_reads_as_people_write_it() {
    let rules = compiled(&format!(
        r#"{SITE}
[[quota]]
name  = "walker"
units = 3_000
per   = "60m"
burst = 1_000

[[rule]]
id      = "walk"
why     = "A \"reader\" opens a few pages.\nA crawler opens every page once."
match.route          = 'page "of" docs'
match.agent.category = ["seo", "scanner"]
match.network        = ["192.0.2.0/25", "192.0.2.128/25", "2001:db8::/32"]
match.breadth        = {{ over = 1_000, per = "10m" }}
match.not.asn        = 64496
key     = "crowd"
quota   = "walker"
floor   = "walker"
mode    = "enforce"
rollout = 20
expires = "2027-06-30"

[[rule]]
id    = "not-now"
why   = "What is off keeps no cells."
match = {{ breadth = {{ under = 3, per = "1h" }} }}
key   = "visitor"
quota = "walker"
mode  = "off"

[[rule]]
id      = "friends"
why     = "They asked."
match   = {{ credentials = true }}
verdict = "allow"
"#
    ));
    insta::assert_snapshot!(printed(&rules));
}

#[test]
fn what_nobody_can_write_is_not_printed() {
    let rules = common::site("docs-rs.toml").rules;
    let refused = |change: &dyn Fn(&mut Rule)| {
        let mut rule = rules.rules[0].clone();
        change(&mut rule);
        print::rule(&rules, &rule, &QuotaNames::of(&rule)).is_err()
    };
    assert!(!refused(&|_| {}));
    assert!(refused(
        &|rule| rule.condition = Condition::new([Demand::Routes([u16::MAX].into_iter().collect())])
    ));
    assert!(refused(
        &|rule| rule.condition = Condition::new([Demand::Agents([u16::MAX].into_iter().collect())])
    ));
    assert!(refused(&|rule| rule.rollout = 0));
    assert!(refused(&|rule| rule.expires = Some(tidegate_rules::Time::from_unix_millis(1))));
}
