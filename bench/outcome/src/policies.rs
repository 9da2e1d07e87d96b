//! Every policy with its thresholds moved: how much of the crawl's cost it removes,
//! and whom it refuses for that. One point of a policy says little, since any
//! limit can be set so tightly that it removes everything, or nobody is hurt.
//!
//! All of them see the night in one pass.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tidegate::backtest::today::{Bucket, Preset, Window};
use tidegate::backtest::{Against, Answer, compare};
use tidegate::ingest::Input;
use tidegate::night::Seen;
use tidegate_rules::{Engine, Mode};
use tidegate_traffic::truth::{Truth, Visitor, actor_of};
use tidegate_traffic::{Hosted, Kind};

use crate::judge::night;
use crate::promoted;

/// Sizes of thresholds, in 64ths of what is proposed or in force today: from a 64th of
/// it to eight times.
pub const SIZES: [u32; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// The size of what is proposed or in force today.
pub const WHOLE: u32 = 64;

/// The policies, the proposed rules first.
pub const POLICIES: [&str; 4] = ["proposed", "nginx", "docs-rs-today", "crates-io-today"];

/// A policy with every size of its thresholds.
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    /// Its name.
    pub name: &'static str,
    /// From the smallest size on.
    pub points: Vec<Point>,
}

/// What came of one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The size, in 64ths of what is proposed or in force today.
    pub size: u32,
    /// The share of the crawl's origin cost that is removed, from 0 to 1.
    pub removed: f64,
    /// The share of people's requests that is refused, from 0 to 1.
    pub refused: f64,
    /// The share of people who are refused anything, from 0 to 1.
    pub hurt: f64,
}

/// The curves of a night; `learned` is the text of its promoted rules.
///
/// # Errors
///
/// Where rules are invalid, or the log cannot be read.
pub fn policies(site: Hosted, learned: &str, log: &Path, truth: &Truth) -> Result<Vec<Policy>> {
    let engines = SIZES.map(|size| proposed(site, learned, size));
    let engines = engines.into_iter().collect::<Result<Vec<_>>>()?;
    let (trial, others) = engines.split_first().context("no sizes")?;
    let rules = |engine| Against::Rules { name: String::new(), engine };
    let mut against: Vec<_> = others.iter().map(rules).collect();
    for size in SIZES {
        against.push(Against::Preset(Preset::Nginx(bucket(size)?)));
    }
    against.extend(
        SIZES.map(|size| Against::Preset(Preset::DocsRsToday(window(Window::DOCS_RS, size)))),
    );
    against.extend(
        SIZES.map(|size| Against::Preset(Preset::CratesIoToday(window(Window::CRATES_IO, size)))),
    );
    // In the order of the policies, and for each from the smallest size on.
    let mut tallies = vec![Tally::default(); POLICIES.len() * SIZES.len()];
    let (inputs, secret) = ([Input::Path(log.to_owned())], promoted::secret());
    let night = night(&inputs, &trial.rules, &secret);
    compare(&night, trial, &against, &mut |_| {}, &mut |seen, answers| {
        let Some(actor) = seen.request.request_id.and_then(actor_of) else { return };
        let Some(visitor) = truth.visitor(actor) else { return };
        for (tally, answer) in tallies.iter_mut().zip(answers) {
            tally.add(seen, visitor, *answer == Answer::Served);
        }
    })?;
    let people = truth.visitors().filter(|visitor| visitor.kind == Kind::Person).count();
    let policies = POLICIES.into_iter().zip(tallies.chunks(SIZES.len())).map(|(name, tallies)| {
        let points = SIZES.into_iter().zip(tallies);
        Policy { name, points: points.map(|(size, tally)| tally.point(size, people)).collect() }
    });
    Ok(policies.collect())
}

/// A number of requests or units at a size, at least one.
fn scaled(number: u32, size: u32) -> u32 {
    u32::try_from(u64::from(number) * u64::from(size) / u64::from(WHOLE)).unwrap_or(u32::MAX).max(1)
}

/// A window with room for so many requests.
fn window(window: Window, size: u32) -> Window {
    Window { requests: scaled(window.requests, size), ..window }
}

/// nginx's preset at a size.
fn bucket(size: u32) -> Result<Bucket> {
    let Bucket { burst, .. } = Bucket::default();
    // 12 a second, in a minute.
    let rate = format!("{}r/m", scaled(12 * 60, size)).parse();
    let rate = rate.map_err(anyhow::Error::msg).context("nginx's rate")?;
    Ok(Bucket { rate, burst: scaled(burst, size) })
}

/// The site's rules with the learned ones, whose budgets have that size. A burst
/// stays as it is where a smaller one would not hold the dearest request.
fn proposed(site: Hosted, learned: &str, size: u32) -> Result<Engine> {
    let rules = promoted::with_learned(site, &with_budgets(learned, size, true)?)
        .or_else(|_| promoted::with_learned(site, &with_budgets(learned, size, false)?))?;
    promoted::engine(rules, Mode::Enforce)
}

/// A text of rules whose quotas have that size, those apart that a floor is.
fn with_budgets(text: &str, size: u32, bursts: bool) -> Result<String> {
    let mut file: toml_edit::DocumentMut = text.parse()?;
    let rules = file.get("rule").and_then(|rules| rules.as_array_of_tables());
    let floors = rules.into_iter().flatten().filter_map(|rule| rule.get("floor")?.as_str());
    let floors: HashSet<_> = floors.map(str::to_owned).collect();
    let quotas = file.get_mut("quota").and_then(|quotas| quotas.as_array_of_tables_mut());
    for quota in quotas.into_iter().flat_map(|quotas| quotas.iter_mut()) {
        let name = quota.get("name").and_then(|name| name.as_str()).unwrap_or_default();
        if floors.contains(name) {
            continue;
        }
        for key in ["units", "burst"].into_iter().filter(|key| bursts || *key == "units") {
            let number = quota.get(key).and_then(|value| value.as_integer());
            let number = number.and_then(|number| u32::try_from(number).ok());
            let number = number.with_context(|| format!("a quota without `{key}`"))?;
            quota[key] = toml_edit::value(i64::from(scaled(number, size)));
        }
    }
    Ok(file.to_string())
}

/// What became of the crawl and of people.
#[derive(Debug, Clone, Default)]
struct Tally {
    crawl: [u64; 2],
    people: [u64; 2],
    hurt: HashSet<u32>,
}

impl Tally {
    fn add(&mut self, seen: &Seen<'_>, visitor: &Visitor, served: bool) {
        match visitor.kind {
            Kind::Crawler => {
                self.crawl[0] += u64::from(seen.units);
                self.crawl[1] += if served { 0 } else { u64::from(seen.units) };
            }
            Kind::Person => {
                self.people[0] += 1;
                if !served {
                    self.people[1] += 1;
                    self.hurt.insert(visitor.actor);
                }
            }
            _ => {}
        }
    }

    fn point(&self, size: u32, people: usize) -> Point {
        let share = |[of, part]: [u64; 2]| part as f64 / of.max(1) as f64;
        let hurt = self.hurt.len() as f64 / people.max(1) as f64;
        Point { size, removed: share(self.crawl), refused: share(self.people), hurt }
    }
}
