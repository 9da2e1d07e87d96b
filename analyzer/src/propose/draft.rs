//! One proposal: as a rule to try, and as the TOML that people read. A test
//! holds the two equal.

use std::fmt::Write as _;

use tidegate_rules::agent::Category;
use tidegate_rules::breadth::bits_for;
use tidegate_rules::cell::{Layout, Window};
use tidegate_rules::key::KeyKind;
use tidegate_rules::record::Verification;
use tidegate_rules::rule::{Budget, Condition, Effect, Rule};
use tidegate_rules::store::Gate;
use tidegate_rules::{Mode, Quota, Ruleset};

use super::Predicted;
use crate::detect::Finding;

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
        let minutes = self.window_ms / 60_000;
        format!("learned-{}-{}-in-{minutes}m", self.finding.detector, self.over)
    }

    /// The site with nothing but this rule, in force.
    pub(super) fn alone(&self, site: &Ruleset) -> Ruleset {
        let window = Window { period_ms: self.window_ms, bits: bits_for(self.over) };
        let layout = Layout::new(vec![self.quota], vec![window]);
        let layouts = KeyKind::ALL.map(|kind| match kind {
            KeyKind::Visitor => layout.clone(),
            KeyKind::Client => Layout::default(),
        });
        Ruleset { rules: vec![self.rule(site)], layouts: layouts.to_vec(), ..site.clone() }
    }

    fn rule(&self, site: &Ruleset) -> Rule {
        let place = |name: &&str| {
            let at = site.routes.iter().position(|route| route.name == *name)?;
            u16::try_from(at).ok()
        };
        let verified =
            Condition { verifications: vec![Verification::Verified], ..Condition::default() };
        let gate = Gate { window: 0, over: Some(self.over), under: None };
        Rule {
            id: self.id(),
            why: String::new(),
            advice: None,
            condition: Condition {
                methods: vec!["GET".to_owned(), "HEAD".to_owned()],
                routes: self.routes.iter().filter_map(place).collect(),
                categories: self.category.into_iter().collect(),
                not: Some(Box::new(verified)),
                ..Condition::default()
            },
            effect: Effect::Throttle(Budget {
                key: KeyKind::Visitor,
                slot: 0,
                quota: self.quota,
                gate: Some(gate),
            }),
            mode: Mode::Enforce,
            expires: None,
        }
    }

    fn agent(&self) -> String {
        let category = self.category.map(Category::name);
        category.map(|name| format!("agent = {{ category = \"{name}\" }}, ")).unwrap_or_default()
    }

    /// The proposal as a person reads it.
    pub(super) fn toml(&self, predicted: &Predicted) -> String {
        let id = self.id();
        let told = |key: &str| self.finding.evidence.get(key);
        let text = |key: &str| told(key).and_then(|value| value.as_str()).unwrap_or("unknown");
        let number = |key: &str| told(key).and_then(serde_json::Value::as_u64).unwrap_or_default();
        let samples = told("samples").map_or_else(|| "[]".to_owned(), ToString::to_string);
        let mut toml = String::new();
        let quota = self.quota;
        // Writing to a string cannot fail.
        let _ = write!(
            toml,
            r#"[[quota]]
name  = "{id}"
units = {units}
per   = "{per}m"
burst = {burst}

[[rule]]
id      = "{id}"
why     = "More than {over} different pages within {window}, most of them opened once: that is a walk over the site, and it cost the origin {cost} units."
match   = {{ route = [{routes}], {agent}breadth = {{ over = {over}, per = "{window}" }}, not = {{ agent = {{ verification = "verified" }} }} }}
key     = "visitor"
quota   = "{id}"
advice  = "Slow down to one page every ten seconds, honour Retry-After, and ask the site's people for bulk data."
mode    = "shadow"
owner   = ""
expires = "{expires}"

[rule.evidence]
finding   = "{finding}"
window    = "{from}/{to}"
clients   = {clients}
requests  = {requests}
units     = {cost}
samples   = {samples}
predicted = [{effects}]
"#,
            units = quota.units(),
            per = quota.period_ms() / 60_000,
            burst = quota.burst(),
            over = self.over,
            agent = self.agent(),
            window = format_args!("{}m", self.window_ms / 60_000),
            cost = number("units"),
            routes = list(self.routes.iter().map(|route| (*route).to_owned())),
            expires = self.expires,
            finding = self.finding.id,
            from = text("from"),
            to = text("to"),
            clients = self.finding.keys.len(),
            requests = number("requests"),
            effects = list(effects(predicted)),
        );
        toml
    }
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

fn list(items: impl Iterator<Item = String>) -> String {
    items.map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ")
}
