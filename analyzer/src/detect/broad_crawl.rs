//! Broad crawl: visitors who open very many different pages, as no reader does:
//! without what pages pull in, and mostly each page once.
//!
//! Can't see: a crawl from many addresses that each ask for little, which is
//! [`super::distributed_crawl`]'s; whoever finds hardly a page that exists, who is
//! [`super::scanner`]'s; a crawler that fetches every page's assets;
//! pages that came from the cache, which are free anyway.

use serde_json::json;
use tidegate_rules::Ruleset;

use super::suspects::{Suspect, Suspects, Told, counted};
use super::{Finding, Sight};
use crate::clients::Visitor;
use crate::features::Features;
use crate::score::{self, is_scanner};

const DETECTOR: &str = "broad-crawl";

/// Breadth in ten minutes from which a visitor is looked at.
const WIDE: u32 = 80;

/// Crawler score from which a wide visitor is part of the finding.
const LIKE_A_CRAWLER: f64 = 0.6;

/// Whether a visitor walks the site. Of one who is kept in short nobody knows how wide.
pub(super) fn names(rules: &Ruleset, visitor: &Visitor<'_>, features: &Features) -> bool {
    let breadth = features.breadth();
    let wide = breadth >= WIDE && !features.is_verified() && visitor.many().is_some();
    wide && score::crawler(features, breadth) >= LIKE_A_CRAWLER && !is_scanner(rules, features)
}

pub(super) fn detect(sight: &Sight<'_>, walkers: Vec<Suspect<'_>>) -> Vec<Finding> {
    let walkers = Suspects::worst_first(walkers);
    if walkers.is_empty() {
        return Vec::new();
    }
    let assets = walkers.sum(|features| features.assets);
    let breadth = walkers.median(|features| features.breadth().into());
    let told = Told::new(
        format!(
            "{} walked the site: {breadth} different pages in ten minutes (the median), \
             {assets} assets.",
            counted(walkers.all().len() as u64, "visitor")
        ),
        "Read the proposed rule, try it with `backtest --with`, put it into force with `promote`.",
    );
    let more = [("assets", json!(assets)), ("median_breadth", json!(breadth))];
    vec![walkers.finding(sight, DETECTOR, told, more)]
}
