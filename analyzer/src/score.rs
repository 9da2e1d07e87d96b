//! Two scores, kept apart: how like a crawler, and how much harm. Action
//! follows harm.
//!
//! The weights are stated, not learned: they order clients, they are no
//! probabilities. A tool is like a crawler in most of these, which is why the
//! first score alone never leads to a rule.

mod fault;

use tidegate_rules::Ruleset;
use tidegate_rules::agent::Category;

use crate::features::Features;
use crate::text::percent;

pub use fault::{Fault, fault};

/// Origin units that one origin core can do in a minute.
pub const CORE_MINUTE_UNITS: f64 = 60_000.0;

/// Breadth in ten minutes at which a walk counts fully.
const WIDE: f64 = 150.0;

/// Fewer page requests than this say nothing about habits.
const HABIT: u64 = 20;

/// Known probes from which somebody is a scanner.
const PROBES: u64 = 3;

/// Share of errors above which somebody is lost, or guesses.
const LOST: f64 = 0.6;

/// Share of one origin core that a script which takes its time keeps busy at most in
/// a minute: two of docs.rs's crate pages a second.
const UNHURRIED: f64 = 0.05;

/// Pages from which errors are no single broken link.
const SPREAD: u64 = 10;

/// From 0 to 1: the weighted sum of four habits of crawlers.
///
/// | habit | weight |
/// | --- | --- |
/// | breadth in ten minutes, of 150 | 0.4 |
/// | pages without what they pull in (below one asset in ten pages) | 0.25 |
/// | every page once (pages over page requests) | 0.2 |
/// | no referers, where the log says | 0.15 |
#[must_use]
pub fn crawler(features: &Features, breadth: u32) -> f64 {
    let wide = (f64::from(breadth) / WIDE).min(1.0);
    if features.page_requests() < HABIT {
        return 0.4 * wide;
    }
    let pages = count(features.page_requests());
    let bare = f64::from(u8::from(count(features.assets) / pages < 0.1));
    let once = (count(features.pages) / count(features.requests)).min(1.0);
    let unreferred = features.referer_share().map_or(0.0, |share| 1.0 - share);
    0.4 * wide + 0.25 * bare + 0.2 * once + 0.15 * unreferred
}

/// From 0 to 1: the share of one origin core that a client kept busy in its
/// worst minute.
#[must_use]
pub fn harm(features: &Features) -> f64 {
    (count(features.peak_units) / CORE_MINUTE_UNITS).min(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
pub(crate) fn count(n: u64) -> f64 {
    n as f64
}

/// What kind of client somebody seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A browser with a person's habits.
    Person,
    /// A tool that says what it is.
    Tool,
    /// A bot that says what it is, whether or not that was verified.
    DeclaredBot,
    /// Somebody who walks the site and neither says so nor is a tool at work.
    Crawler,
    /// Somebody who looks for weaknesses.
    Scanner,
    /// Somebody who asks for few pages again and again.
    Poller,
    /// Too little is known.
    Unknown,
}

impl Class {
    /// The word used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Tool => "tool",
            Self::DeclaredBot => "declared-bot",
            Self::Crawler => "crawler",
            Self::Scanner => "scanner",
            Self::Poller => "poller",
            Self::Unknown => "unknown",
        }
    }
}

/// The class of a client, with the reasons in words.
#[must_use]
pub fn classify(rules: &Ruleset, features: &Features, breadth: u32) -> (Class, Vec<String>) {
    let mut reasons = Vec::new();
    let agent = features.agent(rules);
    if let Some(agent) = agent {
        reasons.push(format!("says it is {}", agent.name));
    }
    if features.is_verified() {
        reasons.push("its address verifies that".to_owned());
    }
    let category = agent.map(|agent| agent.category);
    if is_scanner(rules, features) {
        let (errors, probes) = (features.client_errors(), features.probes);
        reasons.push(format!("{errors} of {} answers were errors", features.requests));
        reasons.extend((probes > 0).then(|| format!("{probes} requests were known probes")));
        return (Class::Scanner, reasons);
    }
    if category == Some(Category::Scanner) {
        return (Class::Scanner, reasons);
    }
    if is_declared_bot(category) {
        return (Class::DeclaredBot, reasons);
    }
    if walks(features, breadth) {
        reasons.push(format!("{breadth} different pages in ten minutes"));
        if is_tool_at_work(category, features) {
            let share = percent(harm(features));
            reasons.push(format!("at most {share} of an origin core in any minute"));
            return (Class::Tool, reasons);
        }
        reasons.push(format!("{} assets to {} pages", features.assets, features.page_requests()));
        return (Class::Crawler, reasons);
    }
    if let Some(fault) = fault(rules, features) {
        let (requests, pages) = (features.requests, features.pages);
        reasons.push(format!("misconfigured: {}", fault.told()));
        reasons.push(format!("{requests} requests for {pages} pages"));
        return (if category.is_some() { Class::Tool } else { Class::Poller }, reasons);
    }
    if is_poller(features) {
        reasons.push(format!("{} requests for {} pages", features.requests, features.pages));
        return (Class::Poller, reasons);
    }
    match category {
        Some(Category::Browser) => (Class::Person, reasons),
        Some(_) => (Class::Tool, reasons),
        None => (Class::Unknown, reasons),
    }
}

/// Whether somebody looks for weaknesses: a few known probes, or mostly errors
/// on one page after the other. A page that does not exist, asked for again and
/// again, is a fault of a tool; a crawler that says who it is follows old links.
#[must_use]
pub fn is_scanner(rules: &Ruleset, features: &Features) -> bool {
    let errors = features.client_errors();
    let category = features.agent(rules).map(|agent| agent.category);
    let lost = count(errors) / count(features.requests) > LOST && features.requests >= HABIT;
    let spread = features.pages >= SPREAD && features.pages * 2 >= errors;
    let probes = features.probes >= PROBES;
    !features.is_verified() && (probes || lost && spread && !is_declared_bot(category))
}

/// Whether somebody goes from page to page as crawlers do.
fn walks(features: &Features, breadth: u32) -> bool {
    breadth >= 50 && crawler(features, breadth) >= 0.6
}

/// Whether whoever walks is a tool that does its work: one with a purpose of its own,
/// such as a build that fetches what it depends on, or a script that takes its time.
fn is_tool_at_work(category: Option<Category>, features: &Features) -> bool {
    use Category::{
        AiFetcher, FeedReader, Git, HttpLibrary, LinkChecker, Monitor, PackageManager, Preview,
        Service,
    };
    match category {
        Some(
            PackageManager | Git | Monitor | FeedReader | LinkChecker | Preview | AiFetcher
            | Service,
        ) => true,
        Some(HttpLibrary) => harm(features) <= UNHURRIED,
        _ => false,
    }
}

/// Whether somebody asks for a few pages again and again.
#[must_use]
pub fn is_poller(features: &Features) -> bool {
    features.requests >= 60 && features.pages <= 3
}

fn is_declared_bot(category: Option<Category>) -> bool {
    use Category::{AiCrawler, Archive, SearchEngine, Seo};
    matches!(category, Some(SearchEngine | AiCrawler | Archive | Seo))
}
