//! Precedence is a total order: whatever rules match and whatever the counters
//! say, exactly one enforced rule comes first, and it decides.

#[expect(dead_code, reason = "other tests of this folder read the sites' files")]
mod common;

use std::cmp::Reverse;

use proptest::prelude::*;
use tidegate_rules::gcra::Charged;
use tidegate_rules::store::{Answer, Charge, Verdict};
use tidegate_rules::strain::{Answered, Strain};
use tidegate_rules::{Action, Cells, Client, Request, Time, compile};

/// One rule that matches, as the test knows it.
#[derive(Debug, Clone, Copy)]
struct Known {
    effect: Effect,
    enforced: bool,
}

#[derive(Debug, Clone, Copy)]
enum Effect {
    Allow,
    Block,
    /// A budget of which the counters say that it lacks so many milliseconds;
    /// 0 where it has enough.
    Budget(u64),
}

impl Known {
    fn text(self, at: usize) -> String {
        let effect = match self.effect {
            Effect::Allow => "verdict = \"allow\"",
            Effect::Block => "verdict = \"block\"",
            Effect::Budget(_) => "key = \"visitor\"\nquota = \"some\"",
        };
        let mode = if self.enforced { "enforce" } else { "shadow" };
        format!(
            "[[rule]]\nid = \"r{at}\"\nwhy = \"a test\"\nmatch = {{ host = \"*\" }}\n\
             mode = \"{mode}\"\n{effect}\n"
        )
    }

    /// Its place among the rules that object or exempt: the least comes first.
    /// No two are equal, since no two rules are at one place of the file.
    fn rank(self, at: usize) -> Option<(u8, Reverse<u64>, usize)> {
        match self.effect {
            Effect::Allow => Some((0, Reverse(0), at)),
            Effect::Block => Some((1, Reverse(0), at)),
            Effect::Budget(0) => None,
            Effect::Budget(wait) => Some((2, Reverse(wait), at)),
        }
    }

    fn action(self) -> Action {
        match self.effect {
            Effect::Allow => Action::Allow,
            Effect::Block => Action::Block,
            Effect::Budget(_) => Action::Throttle,
        }
    }
}

/// Counters that say what they were told to.
struct Told<'k>(&'k [Known]);

impl Cells for Told<'_> {
    fn charge(&mut self, charges: &[Charge<'_>], _: Time) -> Verdict {
        let asks = charges.iter().flat_map(|charge| &charge.asks);
        let answers = asks.filter_map(|ask| match self.0.get(usize::from(ask.rule))?.effect {
            Effect::Budget(wait) => Some(Answer {
                rule: ask.rule,
                charged: match wait {
                    0 => Charged::Passed { remaining: 0 },
                    retry_ms => Charged::Refused { retry_ms },
                },
                enforced: ask.enforced,
                floor: ask.floor,
            }),
            Effect::Allow | Effect::Block => None,
        });
        Verdict { answers: answers.collect(), failures: Vec::new() }
    }

    fn refund(&mut self, _: &[Charge<'_>]) -> Vec<&'static str> {
        Vec::new()
    }

    fn strained_since(&mut self, _: &Strain, _: Time) -> Result<Option<Time>, &'static str> {
        Ok(None)
    }

    fn answered(&mut self, _: &Strain, _: &Answered, _: Time) -> Result<(), &'static str> {
        Ok(())
    }
}

fn known() -> impl Strategy<Value = Known> {
    let effect = prop_oneof![
        1 => Just(Effect::Allow),
        1 => Just(Effect::Block),
        // Few different waits, so that some are equal.
        6 => (0_u64..4).prop_map(Effect::Budget),
    ];
    (effect, prop::bool::weighted(0.7)).prop_map(|(effect, enforced)| Known { effect, enforced })
}

proptest! {
    #[test]
    fn the_first_in_order_decides(rules in prop::collection::vec(known(), 0..8)) {
        let mut text = "format = 1\nsite = \"x\"\nhosts = [\"x\"]\n\
            [[quota]]\nname = \"some\"\nunits = 600\nper = \"1m\"\nburst = 600\n".to_owned();
        text.extend(rules.iter().enumerate().map(|(at, rule)| rule.text(at)));
        let compiled = compile("x.toml", &mut |_| Ok(text.clone())).unwrap();
        let engine = common::engine(compiled.rules);
        let now = Time::from_unix_millis(1_700_000_000_000);
        let request = Request {
            host: Some("x"),
            client: Some(Client::Address([192, 0, 2, 7].into())),
            ..Request::new(now, "GET", "/")
        };
        let mut admission = engine.screen(&request).into_admission();
        engine.admit(&mut admission, &mut Told(&rules), now);

        let enforced = rules.iter().enumerate().filter(|(_, rule)| rule.enforced);
        let first = enforced.filter_map(|(at, rule)| Some((rule.rank(at)?, *rule))).min_by_key(|(rank, _)| *rank);
        let decision = &admission.decision;
        prop_assert_eq!(decision.rule.map(usize::from), first.map(|((.., at), _)| at));
        let action = first.map_or(Action::Pass, |(_, rule)| rule.action());
        prop_assert_eq!(decision.action, action);
        // A rule in shadow is a hit where it alone, enforced, would have come first
        // and refused.
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.enforced) {
            let rank = rule.rank(at).filter(|rank| rank.0 > 0);
            let wins = rank.is_some_and(|own| first.is_none_or(|(rank, _)| own < rank));
            let hit = decision.shadow.iter().any(|shadow| usize::from(*shadow) == at);
            prop_assert_eq!(hit, wins, "r{}", at);
        }
    }
}
