//! Requests, decided: every decision, and what it came to for rules, budgets and
//! cohorts.

mod course;

use serde::Serialize;
use tidegate::night::Passed;
use tidegate_rules::case::{Line, Played};
use tidegate_rules::cohorts::{Account, Answer, CohortResult, Visitors};
use tidegate_rules::request::CacheState;
use tidegate_rules::{Action, Engine, Time};

use crate::Mistaken;
use crate::check::Found;
use crate::requests::Requests;
use course::{Course, Courses};

/// What came of the requests; or the mistakes that stand in the way.
#[derive(Default, Serialize)]
pub(crate) struct Results {
    /// Which of the two texts has the mistakes: `rules` or `requests`.
    at: Option<&'static str>,
    mistakes: Vec<Found>,
    counts: Counts,
    /// Requests in a row that were decided alike.
    runs: Vec<Run>,
    /// A line for each request, as `tidegate explain --list` prints it.
    lines: Vec<String>,
    rules: Vec<RuleCount>,
    courses: Vec<Course>,
    cohorts: Vec<CohortResult>,
    /// What a log is and what it does not say, for behind a comma; nothing of
    /// requests that are written down.
    log: Option<String>,
    /// The first of its lines that are no requests.
    bad: Vec<Found>,
}

/// Requests by decision, and what they cost the origin.
#[derive(Default, Serialize)]
struct Counts {
    requests: u64,
    pass: u64,
    allow: u64,
    throttle: u64,
    block: u64,
    units_asked: u64,
    units_passed: u64,
}

/// Requests in a row.
#[derive(Serialize)]
struct Run {
    from: u64,
    to: u64,
    from_ms: u64,
    to_ms: u64,
    decision: &'static str,
    rule: Option<String>,
    shadow: Vec<String>,
    method: String,
    /// Of the first.
    path: String,
}

/// What one rule did.
#[derive(Serialize)]
struct RuleCount {
    id: String,
    mode: &'static str,
    /// Requests that it decided.
    decided: u64,
    /// Requests that it would have refused, were it not in shadow.
    shadow: u64,
}

impl Results {
    pub(crate) fn of_mistakes(mistaken: Mistaken) -> Self {
        let mistakes = mistaken.mistakes.0.iter().map(Found::of).collect();
        Self { at: Some(mistaken.at), mistakes, ..Self::default() }
    }
}

/// Decides the requests; the first of those that are written down comes at `start`
/// where the text says no other.
pub(crate) fn decide(
    engine: &Engine,
    requests: &Requests,
    start: Time,
) -> Result<Results, Mistaken> {
    let mut deciding = Deciding::new(engine);
    let passed = requests.play(engine, start, &mut |played| deciding.take(&played));
    let passed = passed.map_err(|mistakes| Mistaken { at: "requests", mistakes })?;
    Ok(Results {
        courses: deciding.courses.finish(),
        cohorts: deciding.visitors.cohorts(0),
        log: passed.as_ref().map(told),
        bad: passed.iter().flat_map(bad_lines).collect(),
        ..deciding.results
    })
}

fn told(passed: &Passed) -> String {
    let formats = passed.files.files.iter().filter_map(|file| file.format);
    let formats: Vec<_> = formats.map(|format| format.to_string()).collect();
    let (lines, assumed) = (passed.lines.told(), passed.assumptions.told());
    format!("read as {}. {lines} {}", formats.join(", "), assumed.trim_end_matches('.'))
}

fn bad_lines(passed: &Passed) -> impl Iterator<Item = Found> {
    let samples = passed.files.files.iter().flat_map(|file| &file.samples);
    samples.map(|bad| Found::of_line(bad.line, bad.reason.to_string()))
}

/// Results, on their way.
struct Deciding<'e> {
    engine: &'e Engine,
    start: Option<Time>,
    results: Results,
    courses: Courses<'e>,
    visitors: Visitors<'e, [Account; 1]>,
}

impl<'e> Deciding<'e> {
    fn new(engine: &'e Engine) -> Self {
        let rule = |rule: &tidegate_rules::rule::Rule| RuleCount {
            id: rule.id().to_owned(),
            mode: rule.mode.name(),
            decided: 0,
            shadow: 0,
        };
        let rules = engine.rules.rules.iter().map(rule).collect();
        Self {
            engine,
            start: None,
            results: Results { rules, ..Results::default() },
            courses: Courses::new(&engine.rules),
            visitors: Visitors::new(&engine.rules),
        }
    }

    fn take(&mut self, played: &Played<'_>) {
        let start = *self.start.get_or_insert(played.request.time);
        let line = Line::of(self.engine, start, played);
        self.count(played);
        self.results.lines.push(line.text());
        if let Some(account) = played.account {
            self.courses.take(line.at_ms, account, played.request.time);
        }
        self.join(line);
    }

    fn count(&mut self, played: &Played<'_>) {
        let (derived, decision) = (&played.admission.derived, &played.admission.decision);
        let counts = &mut self.results.counts;
        counts.requests += 1;
        *match decision.action {
            Action::Pass => &mut counts.pass,
            Action::Allow => &mut counts.allow,
            Action::Throttle => &mut counts.throttle,
            Action::Block => &mut counts.block,
        } += 1;
        let reaches = played.outcome.cache.is_some_and(CacheState::reached_origin);
        let units = if reaches { derived.units } else { 0 };
        let answer = Answer::of(decision.action);
        counts.units_asked += u64::from(units);
        counts.units_passed += if answer == Answer::Served { u64::from(units) } else { 0 };
        if let Some(visitor) = derived.visitor {
            let [answers] = self.visitors.add(visitor, played.request, derived, units > 0);
            answers.add(played.request.time, answer);
        }
        let rules = &mut self.results.rules;
        let mut of = |at: u16, count: fn(&mut RuleCount) -> &mut u64| {
            if let Some(rule) = rules.get_mut(usize::from(at)) {
                *count(rule) += 1;
            }
        };
        decision.rule.into_iter().for_each(|at| of(at, |rule| &mut rule.decided));
        decision.shadow.iter().for_each(|at| of(*at, |rule| &mut rule.shadow));
    }

    /// Puts a request to those before it, where it was decided as they were.
    fn join(&mut self, line: Line) {
        if let Some(last) = self.results.runs.last_mut().filter(|last| last.is_like(&line)) {
            (last.to, last.to_ms) = (line.number, line.at_ms);
            return;
        }
        self.results.runs.push(Run {
            from: line.number,
            to: line.number,
            from_ms: line.at_ms,
            to_ms: line.at_ms,
            decision: line.decision,
            rule: line.rule,
            shadow: line.shadow,
            method: line.method,
            path: line.path,
        });
    }
}

impl Run {
    fn is_like(&self, line: &Line) -> bool {
        self.decision == line.decision && self.rule == line.rule && self.shadow == line.shadow
    }
}
