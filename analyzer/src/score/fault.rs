//! What is wrong with a tool that asks for the same again and again, and what
//! its owner should change.
//!
//! A fault is no crawl: it makes nobody more like a crawler. It says what a
//! refusal should explain.

use tidegate_rules::Ruleset;
use tidegate_rules::agent::Category;

use super::{count, is_declared_bot, is_scanner};
use crate::features::Features;

/// Fewer requests may be a person at work on a script.
const REQUESTS: u64 = 60;

/// A tool asks for each of its pages at least so many times, on average.
const TIMES_EACH: u64 = 10;

/// A tool asks so often whenever it runs, on average: one that looks once an hour
/// does nobody harm, whatever it learns.
const REQUESTS_A_SESSION: u64 = 30;

/// From this share on most answers are of a kind.
const MOST: f64 = 0.5;

/// Whoever waits longer between two requests, on average, does nobody harm.
const PATIENT_MS: f64 = 60_000.0;

/// Whoever waits longer than this may fetch a page anew.
const KEEPING_MS: f64 = 20_000.0;

/// What is wrong with a tool, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Most of its answers are errors, and it asks on.
    IgnoresErrors,
    /// Most of its answers are redirects to the same places.
    IgnoresRedirects,
    /// It fetches the same pages anew and keeps none.
    KeepsNothing,
}

impl Fault {
    /// The word used in machine output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IgnoresErrors => "ignores-errors",
            Self::IgnoresRedirects => "ignores-redirects",
            Self::KeepsNothing => "keeps-nothing",
        }
    }

    /// What such tools do, behind how many they are.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::IgnoresErrors => "asking on though most answers are errors",
            Self::IgnoresRedirects => "asking the old address though most answers are redirects",
            Self::KeepsNothing => "fetching the same pages anew and keeping none",
        }
    }

    /// What their owner should change.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::IgnoresErrors => {
                "stop after an error: a page that does not exist will not in a second either. Try \
                 a failed one again after a minute, then after twice as long each time."
            }
            Self::IgnoresRedirects => {
                "follow the redirect once and ask for its target from then on."
            }
            Self::KeepsNothing => {
                "keep each answer for a minute at least, or ask with If-None-Match and \
                 If-Modified-Since whether it is still good."
            }
        }
    }
}

/// What is wrong with somebody, if it is a tool and something is.
#[must_use]
pub fn fault(rules: &Ruleset, features: &Features) -> Option<Fault> {
    let category = features.agent(rules).map(|agent| agent.category);
    let tool = category != Some(Category::Browser) && !is_declared_bot(category);
    let Features { requests, pages, sessions, .. } = *features;
    let often = requests >= REQUESTS && requests >= sessions * REQUESTS_A_SESSION;
    let again = often && pages * TIMES_EACH <= requests;
    if !tool || !again || features.units == 0 || is_scanner(rules, features) {
        return None;
    }
    let pause = features.pauses.sum / count(features.pauses.count.max(1));
    let share = |of: u64| count(of) / count(features.requests);
    if pause > PATIENT_MS {
        None
    } else if share(features.errors()) >= MOST {
        Some(Fault::IgnoresErrors)
    } else if share(features.redirects()) >= MOST {
        Some(Fault::IgnoresRedirects)
    } else {
        let keeps = features.unchanged > 0 || category == Some(Category::Monitor);
        (pause <= KEEPING_MS && !keeps).then_some(Fault::KeepsNothing)
    }
}
