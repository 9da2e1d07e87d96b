//! One proposal: as a rule to try, and as the TOML that people read, which is
//! printed from that very rule.

use serde_json::Value;
use tidegate_rules::agent::Category;
use tidegate_rules::breadth::bits_for;
use tidegate_rules::cell::{Layout, Window};
use tidegate_rules::condition::{Condition, Demand};
use tidegate_rules::index::RuleIndex;
use tidegate_rules::key::KeyKind;
use tidegate_rules::print::{self, QuotaNames, Table, Unprintable};
use tidegate_rules::record::Verification;
use tidegate_rules::rule::{Budget, Effect, Rule, RuleText};
use tidegate_rules::store::Gate;
use tidegate_rules::{Mode, Quota, Ruleset};

use super::Predicted;
use crate::detect::Finding;

/// What whoever is refused should do instead.
const ADVICE: &str = "Slow down to one page every ten seconds, honour Retry-After, and ask the \
                      site's people for bulk data.";

/// What a proposal is made of, before it is text.
pub(super) struct Draft<'d> {
    pub(super) finding: &'d Finding,
    /// The kind of software that the crawl passes itself off as.
    pub(super) category: Option<Category>,
    pub(super) over: u32,
    pub(super) window_ms: u32,
    pub(super) routes: &'d [&'d str],
    pub(super) quota: Quota,
    pub(super) expires: String,
}

impl Draft<'_> {
    pub(super) fn id(&self) -> String {
        let (detector, over) = (self.finding.detector, self.over);
        format!("learned-{detector}-{over}-in-{}", duration(self.window_ms))
    }

    /// The site with nothing but this rule, in force.
    pub(super) fn alone(&self, site: &Ruleset) -> Ruleset {
        let window = Window { period_ms: self.window_ms, bits: bits_for(self.over) };
        let layout = Layout::new(vec![self.quota], vec![window]);
        let layouts = vec![(KeyKind::Visitor, layout)];
        let rules = vec![self.rule(site)];
        Ruleset { index: RuleIndex::new(&rules), rules, layouts, ..site.clone() }
    }

    fn rule(&self, site: &Ruleset) -> Rule {
        let place = |name: &&str| {
            let at = site.routes.iter().position(|route| route.name == *name)?;
            u16::try_from(at).ok()
        };
        let verified =
            Condition::new([Demand::Verifications([Verification::Verified].into_iter().collect())]);
        let gate = Gate { window: 0, over: Some(self.over), under: None };
        Rule {
            text: RuleText::new(&self.id(), &self.why(), Some(ADVICE)),
            condition: Condition::new([
                Demand::Routes(self.routes.iter().filter_map(place).collect()),
                Demand::Categories(self.category.into_iter().collect()),
                Demand::Not(verified),
            ]),
            effect: Effect::Throttle(Budget {
                key: KeyKind::Visitor,
                slot: 0,
                quota: self.quota,
                gate: Some(gate),
                origin: None,
                floor: None,
            }),
            mode: Mode::Enforce,
            rollout: 100,
            starts: None,
            expires: None,
        }
    }

    fn why(&self) -> String {
        format!(
            "More than {} different pages within {}, most of them opened once: that is a walk \
             over the site, and it cost the origin {} units.",
            self.over,
            duration(self.window_ms),
            self.told_number("units")
        )
    }

    /// A number of the finding's evidence; zero where it says none.
    fn told_number(&self, key: &str) -> u64 {
        self.finding.evidence.get(key).and_then(Value::as_u64).unwrap_or_default()
    }

    /// A text of the finding's evidence.
    fn told_text(&self, key: &str) -> &str {
        self.finding.evidence.get(key).and_then(Value::as_str).unwrap_or("unknown")
    }

    /// Ids of some of the finding's requests.
    fn samples(&self) -> impl Iterator<Item = &str> {
        let ids = self.finding.evidence.get("samples").and_then(Value::as_array);
        ids.into_iter().flatten().filter_map(Value::as_str)
    }

    /// The proposal as a person reads it: the rule that was tried, but in shadow,
    /// and where it comes from.
    pub(super) fn toml(
        &self,
        site: &Ruleset,
        predicted: &Predicted,
    ) -> Result<String, Unprintable> {
        let tried = self.alone(site);
        let rule = Rule { mode: Mode::Shadow, ..self.rule(site) };
        let names = QuotaNames { budget: self.id(), ..QuotaNames::of(&rule) };
        let mut printed = print::rule(&tried, &rule, &names)?;
        printed.rule.text("owner", "");
        printed.rule.text("expires", &self.expires);
        Ok(format!("{printed}\n{}", self.evidence(predicted)))
    }

    fn evidence(&self, predicted: &Predicted) -> Table {
        let mut table = Table::new("[rule.evidence]");
        table.text("finding", &self.finding.id);
        table.text("window", &format!("{}/{}", self.told_text("from"), self.told_text("to")));
        table.number("clients", self.finding.keys.len() as u64);
        table.number("requests", self.told_number("requests"));
        table.number("units", self.told_number("units"));
        table.texts("samples", self.samples());
        table.texts("predicted", effects(predicted));
        table
    }
}

/// A duration as rule files write it. Those of a draft are of whole seconds.
fn duration(millis: u32) -> String {
    print::duration(millis).unwrap_or_default()
}

fn effects(predicted: &Predicted) -> impl Iterator<Item = String> + '_ {
    let saved = format!(
        "{} of {} origin units saved",
        predicted.origin_units_saved, predicted.origin_units
    );
    let cohorts = predicted.cohorts.iter().filter(|cohort| cohort.clients > 0);
    let cohorts = cohorts.map(|cohort| {
        format!("{}: {} of {} throttled", cohort.name, cohort.throttled, cohort.clients)
    });
    std::iter::once(saved).chain(cohorts)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};
    use tidegate_rules::rule::Effect;
    use tidegate_rules::{Compiled, compile_with};

    use super::*;
    use crate::propose::{CohortEffect, Proposal, file_text};
    use crate::rule_files;

    /// A site without rules of its own: what it compiles to beside a proposal is
    /// the proposal's.
    const SITE: &str = r#"
format = 1
site   = "docs.example"
hosts  = ["docs.example"]

[[route]]
name  = "search"
paths = ["/search"]
cost  = 120
cache = "never"

[[route]]
name  = "page \"of\" docs"
paths = ["/**"]
cost  = 40
cache = "long"
"#;

    fn finding(samples: &[&str]) -> Finding {
        let mut evidence = Map::new();
        evidence.insert("from".into(), json!("2025-03-11T00:00:00Z"));
        evidence.insert("to".into(), json!("2025-03-11T00:10:00Z"));
        evidence.insert("requests".into(), json!(9_600));
        evidence.insert("units".into(), json!(384_000));
        evidence.insert("samples".into(), json!(samples));
        Finding {
            id: "broad-crawl-1".to_owned(),
            detector: "broad-crawl",
            keys: vec!["192.0.2.7".to_owned()],
            crawler_score: 1.0,
            harm_score: 0.8,
            evidence,
        }
    }

    fn predicted() -> Predicted {
        let cohort = |name: &str| CohortEffect { name: name.to_owned(), clients: 9, throttled: 1 };
        Predicted {
            cohorts: vec![cohort("curl"), cohort("odd \"name\" \\ \u{1b}[31m\u{7f}\u{202e}\n")],
            origin_units: 400_000,
            origin_units_saved: 300_000,
            clients_throttled: 2,
            within_budgets: true,
        }
    }

    fn draft<'d>(finding: &'d Finding, routes: &'d [&'d str]) -> Draft<'d> {
        Draft {
            finding,
            category: None,
            over: 40,
            window_ms: 600_000,
            routes,
            quota: Quota::new(7_200, 600_000, 240).unwrap(),
            expires: "2026-12-31".to_owned(),
        }
    }

    /// The draft's file of proposals, compiled as an extra file of a site.
    fn compiled(
        draft: &Draft<'_>,
        site: &str,
        read: fn(&str) -> Result<String, String>,
    ) -> Compiled {
        let rules = compile_with(site, &[], &mut |name| read(name)).unwrap().rules;
        let proposal = Proposal {
            rule: draft.toml(&rules, &predicted()).unwrap(),
            finding: draft.finding.id.clone(),
            predicted: predicted(),
        };
        let file = file_text(&[proposal]);
        let extra = "proposal.toml".to_owned();
        let compiled = compile_with(site, std::slice::from_ref(&extra), &mut |name| {
            if name == extra { Ok(file.clone()) } else { read(name) }
        });
        compiled.unwrap_or_else(|wrong| panic!("{wrong}\n{file}"))
    }

    #[test]
    fn what_is_written_is_what_was_tried() {
        let site = |_: &str| Ok(SITE.to_owned());
        let empty = compile_with("site.toml", &[], &mut |name| site(name)).unwrap().rules;
        for samples in [&["id-1", "id \"2\"\u{7f}"][..], &[]] {
            let finding = finding(samples);
            for (over, window_ms) in [(20, 10_000), (60, 60_000), (250, 600_000)] {
                for category in [None, Some(Category::Browser)] {
                    let routes = ["page \"of\" docs", "search"];
                    let draft = Draft { over, window_ms, category, ..draft(&finding, &routes) };
                    let written = compiled(&draft, "site.toml", site).rules;
                    let mut tried = draft.alone(&empty);
                    let [rule] = &mut tried.rules[..] else { panic!("one rule") };
                    // It is tried in force, since a shadow would harm nobody, and
                    // proposed in shadow, since nobody has reviewed it. A trial is
                    // about one night, a proposal ends on a day.
                    assert_eq!((rule.mode, rule.expires), (Mode::Enforce, None));
                    rule.mode = Mode::Shadow;
                    rule.expires = written.rules[0].expires;
                    assert!(rule.expires.is_some());
                    assert_eq!(written, tried);
                }
            }
        }
    }

    #[test]
    fn a_proposal_reads_as_people_write_it() {
        let site = compile_with("site.toml", &[], &mut |_| Ok(SITE.to_owned())).unwrap().rules;
        let finding = finding(&["id-1", "id \"2\""]);
        let draft = Draft {
            category: Some(Category::Browser),
            ..draft(&finding, &["page \"of\" docs", "search"])
        };
        insta::assert_snapshot!(draft.toml(&site, &predicted()).unwrap());
    }

    #[test]
    fn beside_a_sites_own_rules_it_means_the_same() {
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/docs-rs.toml");
        let site = rule_files::compile(own, &[]).unwrap().rules;
        let finding = finding(&["id-1"]);
        let draft =
            Draft { category: Some(Category::Browser), ..draft(&finding, &["rustdoc", "source"]) };
        let written = compiled(&draft, own, rule_files::read).rules;
        let tried = draft.alone(&site);
        let learned = written.rules.last().unwrap();
        assert_eq!(learned.condition, tried.rules[0].condition);
        // The cell has budgets and windows of other rules too, so that places
        // in it differ; what lies there must not.
        let meaning = |rules: &Ruleset| {
            let Effect::Throttle(budget) = &rules.rules.last().unwrap().effect else {
                panic!("a budget")
            };
            let layout = rules.layout(budget.key).unwrap();
            let gate = budget.gate.unwrap();
            let window = layout.windows()[usize::from(gate.window)].period_ms;
            let kept = layout.budget(budget.slot).copied();
            (budget.key, budget.quota, kept, gate.over, gate.under, window)
        };
        assert_eq!(meaning(&written), meaning(&tried));
    }
}
