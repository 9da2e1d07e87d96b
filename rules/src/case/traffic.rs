//! Requests as data without a judge: for whoever wants to see what rules make of
//! them.

use serde::Serialize;

use super::Step;
use super::play::{Played, play};
use crate::decide::Engine;
use crate::explain::Explanation;
use crate::request::Time;
use crate::text::{WIDTH, cut, plain, span};

/// Requests in turn, which share their budgets.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    pub(super) start: Option<Time>,
    pub(super) steps: Vec<Step>,
}

impl Traffic {
    /// How many requests there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.steps.iter().map(|step| u64::from(step.times)).sum()
    }

    /// Decides the requests and shows each to `sink`, watched or not. The first
    /// comes at the time that the file names, or at `start`.
    pub fn play(
        &self,
        engine: &Engine,
        start: Time,
        watched: impl Fn(u64) -> bool,
        sink: &mut dyn FnMut(Played<'_>),
    ) {
        play(&self.steps, engine, self.starts(start), watched, &mut |played, _| sink(played));
    }

    /// Decides the requests and explains the one of a number, from 1; `None` where
    /// there is none.
    #[must_use]
    pub fn explain(&self, engine: &Engine, start: Time, number: u64) -> Option<Explanation> {
        let mut found = None;
        self.play(engine, start, |one| one == number, &mut |played| {
            let explained = played.account.map(|account| {
                engine.explain(played.request, played.admission, played.outcome, account)
            });
            found = explained.or(found.take());
        });
        found
    }

    /// Every request's decision.
    #[must_use]
    pub fn lines(&self, engine: &Engine, start: Time) -> Vec<Line> {
        let start = self.starts(start);
        let mut lines = Vec::new();
        self.play(engine, start, |_| false, &mut |played| {
            lines.push(Line::of(engine, start, &played));
        });
        lines
    }

    fn starts(&self, otherwise: Time) -> Time {
        self.start.unwrap_or(otherwise)
    }
}

/// One request and what was decided, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Milliseconds after the first.
    pub at_ms: u64,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// What was decided.
    pub decision: &'static str,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Milliseconds until the same request would pass.
    pub retry_ms: Option<u64>,
    /// Rules in shadow that would have refused it.
    pub shadow: Vec<String>,
}

impl Line {
    /// The line of a request; the first one came at `start`.
    #[must_use]
    pub fn of(engine: &Engine, start: Time, played: &Played<'_>) -> Self {
        let decision = &played.admission.decision;
        let id = |at: &u16| engine.rules.rule(*at).map(|rule| rule.id().to_owned());
        Self {
            number: played.number,
            at_ms: played.request.time.millis_since(start),
            method: played.request.method.to_owned(),
            path: played.request.path.to_owned(),
            decision: decision.action.name(),
            rule: decision.rule.as_ref().and_then(id),
            retry_ms: decision.retry_ms,
            shadow: decision.shadow.iter().filter_map(id).collect(),
        }
    }

    /// The line as text, of at most 80 columns.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text =
            format!("{:>6}  {:>8}  {:<8}  ", self.number, span(self.at_ms), self.decision);
        let rule = self.rule.as_ref().map(|rule| format!("{rule} "));
        let wait = self.retry_ms.map(|retry_ms| format!("({}) ", span(retry_ms)));
        let shadow = self.shadow.iter().map(|rule| format!("[{rule}] "));
        text.extend(rule.into_iter().chain(wait).chain(shadow));
        text.push_str(&self.method);
        text.push(' ');
        text.push_str(&self.path);
        cut(&plain(&text), WIDTH)
    }
}
