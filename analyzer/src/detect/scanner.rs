//! Scanner: visitors who look for weaknesses. They ask for what only somebody
//! does who hopes that it was left lying about, or for one page after the other
//! that does not exist.
//!
//! Can't see: one who asks for few pages, or pages that exist; one who walks
//! through many addresses with a request each. A reader of an old link is no
//! scanner: one page that does not exist, however often, is a misconfigured
//! tool's.

use serde_json::json;
use tidegate_rules::Ruleset;
use tidegate_rules::agent::Category;

use super::suspects::{Suspect, Suspects, Told, counted};
use super::{Finding, Sight};
use crate::clients::Visitor;
use crate::features::Features;
use crate::score::is_scanner;

const DETECTOR: &str = "scanner";

/// Whether a visitor looks for weaknesses.
pub(super) fn names(rules: &Ruleset, _: &Visitor<'_>, features: &Features) -> bool {
    let agent = features.agent(rules);
    let named = agent.is_some_and(|agent| agent.category == Category::Scanner);
    named || is_scanner(rules, features)
}

pub(super) fn detect(sight: &Sight<'_>, scanners: Vec<Suspect<'_>>) -> Vec<Finding> {
    let scanners = Suspects::worst_first(scanners);
    if scanners.is_empty() {
        return Vec::new();
    }
    let (errors, probes) =
        (scanners.sum(|features| features.client_errors()), scanners.sum(|f| f.probes));
    let told = Told::new(
        format!(
            "{} asked for what is not there: {} refused, {} of them known probes.",
            counted(scanners.all().len() as u64, "visitor"),
            counted(errors, "request"),
            crate::text::grouped(probes)
        ),
        "Nothing, where the origin does not feel it: they find nothing. Otherwise pace requests \
         for the route of what does not exist.",
    );
    let more = [
        ("client_errors", json!(errors)),
        ("probes", json!(probes)),
        ("pages", json!(scanners.sum(|features| features.pages))),
        ("example", json!(scanners.all().iter().find_map(Suspect::example))),
    ];
    vec![scanners.finding(sight, DETECTOR, told, more)]
}
