//! Conditions as inline tables: places back to names.

use super::table::{grouped, quoted};
use super::{Unprintable, duration, networks};
use crate::condition::{Condition, Hours};
use crate::glob::Glob;
use crate::rule::Breadth;
use crate::ruleset::Ruleset;
use crate::strain::OriginState;
use crate::words::Worded;

/// What a condition asks of counters. Compiled, it is the budget's; in a file
/// it stands in `match`.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) breadth: Option<Breadth>,
    pub(super) origin: Option<OriginState>,
}

/// A condition as an inline table; `None` where it says nothing.
pub(super) fn inline(
    rules: &Ruleset,
    condition: &Condition,
    counted: &Counted,
) -> Result<Option<String>, Unprintable> {
    let mut table = Inline::default();
    about_url(&mut table, rules, condition)?;
    about_client(&mut table, rules, condition)?;
    table.words("cache", condition.caches());
    table.texts("hours", condition.hours().iter().map(Hours::to_string));
    table.one("origin", counted.origin.map(|origin| quoted(origin.name())));
    table.one("breadth", counted.breadth.map(|breadth| threshold(&breadth)).transpose()?);
    if let Some(not) = condition.not() {
        // A negated nothing is still something: it never holds.
        let inner = inline(rules, not, &Counted::default())?;
        table.one("not", Some(inner.unwrap_or_else(|| "{}".to_owned())));
    }
    Ok(table.text())
}

fn about_url(
    table: &mut Inline,
    rules: &Ruleset,
    condition: &Condition,
) -> Result<(), Unprintable> {
    table.texts("host", condition.hosts().iter().map(Glob::as_str));
    table.texts("method", condition.methods());
    table.texts("route", names(condition.routes(), |at| Some(&rules.route(at)?.name))?);
    table.texts("path", condition.paths().iter().map(Glob::as_str));
    table.one("query", condition.query().map(|query| query.to_string()));
    Ok(())
}

fn about_client(
    table: &mut Inline,
    rules: &Ruleset,
    condition: &Condition,
) -> Result<(), Unprintable> {
    let mut agent = Inline::default();
    agent.texts("name", names(condition.agents(), |at| Some(&rules.agent(at)?.name))?);
    agent.words("category", condition.categories());
    agent.words("verification", condition.verifications());
    agent.words("headers", condition.headers());
    table.one("agent", agent.text());
    table.texts("fingerprint", condition.fingerprints().iter().map(|hash| format!("{hash:016x}")));
    if !condition.networks().is_empty() {
        let networks = networks::of(&rules.networks, condition.networks())
            .ok_or(Unprintable("its networks cannot be read"))?;
        table.texts("network", networks.iter().map(ToString::to_string));
    }
    table.list("asn", condition.asns().iter().map(ToString::to_string));
    table.texts("country", condition.countries());
    table.one("credentials", condition.credentials().map(|credentials| credentials.to_string()));
    Ok(())
}

/// The names that places stand for.
fn names<'r>(
    places: &[u16],
    name: impl Fn(u16) -> Option<&'r String>,
) -> Result<Vec<&'r String>, Unprintable> {
    let missing = Unprintable("it names a route or an agent that the site does not have");
    places.iter().map(|at| name(*at).ok_or(missing)).collect()
}

fn threshold(breadth: &Breadth) -> Result<String, Unprintable> {
    let mut table = Inline::default();
    table.one("over", breadth.over.map(|over| grouped(over.into())));
    table.one("under", breadth.under.map(|under| grouped(under.into())));
    table.one("per", Some(quoted(&duration(breadth.period_ms)?)));
    Ok(table.text().unwrap_or_default())
}

/// An inline table, being written.
#[derive(Default)]
struct Inline(Vec<String>);

impl Inline {
    fn one(&mut self, key: &str, value: Option<String>) {
        self.0.extend(value.map(|value| format!("{key} = {value}")));
    }

    /// A list of one is written as the one, an empty one says nothing.
    fn list(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<String> = values.into_iter().collect();
        let value = match &*values {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("[{}]", several.join(", "))),
        };
        self.one(key, value);
    }

    fn texts(&mut self, key: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        self.list(key, texts.into_iter().map(|text| quoted(text.as_ref())));
    }

    fn words(&mut self, key: &str, words: &[impl Worded]) {
        self.texts(key, words.iter().map(|word| word.word()));
    }

    fn text(self) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("{{ {} }}", self.0.join(", ")))
    }
}
