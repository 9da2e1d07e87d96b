//! The requests to decide: written down as in a case, or lines of a log, which the
//! analyzer's own readers read and replay.

use std::sync::Arc;

use tidegate::beside::Beside;
use tidegate::explain;
use tidegate::ingest::{self, Format, IngestError, Input, Options};
use tidegate::night::{Night, Passed, Source as Lines};
use tidegate_rules::case::{self, Played, Traffic};
use tidegate_rules::diagnostic::{Severity, Source};
use tidegate_rules::{Diagnostic, Diagnostics, Engine, Explanation, Time};

/// Most requests that are decided at once: more would stop the page for seconds.
const REQUESTS_BOUND: u64 = 100_000;

/// How the text is called in mistakes.
const NAME: &str = "requests.toml";

/// Clocks may be wrong by so much, in milliseconds.
const DAY_MS: u64 = 24 * 3600 * 1000;

/// What is to be decided.
pub(crate) enum Requests {
    /// Written down.
    Written(Traffic),
    /// Lines of a log.
    Logged(Log),
}

/// Lines of a log.
pub(crate) struct Log {
    lines: [Input; 1],
    options: Options,
}

impl Requests {
    /// Reads a text on the day of `today`.
    pub(crate) fn read(text: &str, today: Time) -> Result<Self, Diagnostics> {
        if let Some(format) = ingest::format_of(text) {
            within_bounds(text.lines().count() as u64)?;
            return Ok(Self::Logged(Log::new(text, format, today)));
        }
        let source = Source { name: NAME.to_owned(), text: text.to_owned() };
        let traffic = case::read_traffic(source)?;
        within_bounds(traffic.count())?;
        Ok(Self::Written(traffic))
    }

    /// Decides each, watched, and shows it to `sink`; the first of those that are
    /// written down comes at `start`. What was found out about a log comes back.
    pub(crate) fn play(
        &self,
        engine: &Engine,
        start: Time,
        sink: &mut dyn FnMut(Played<'_>),
    ) -> Result<Option<Passed>, Diagnostics> {
        match self {
            Self::Written(traffic) => {
                traffic.play(engine, start, |_| true, sink);
                Ok(None)
            }
            Self::Logged(log) => {
                let passed = explain::play(&log.night(engine), engine, |_| true, &mut |_| {}, sink);
                passed.map(Some).map_err(|error| unreadable(&error))
            }
        }
    }

    /// Why the one of a number was decided so; `None` where there is none.
    pub(crate) fn explain(&self, engine: &Engine, start: Time, number: u64) -> Option<Explanation> {
        match self {
            Self::Written(traffic) => traffic.explain(engine, start, number),
            Self::Logged(log) => {
                let night = log.night(engine);
                explain::numbered(&night, engine, number, &mut |_| {}).ok()?.0
            }
        }
    }
}

impl Log {
    fn new(text: &str, format: Format, today: Time) -> Self {
        let (name, text) = ("pasted lines".to_owned(), Arc::from(text));
        let not_after = Some(Time::from_unix_millis(today.unix_millis() + DAY_MS));
        // Whoever pastes them has them.
        let options = Options { format: Some(format), addresses: true, not_after };
        Self { lines: [Input::Text { name, text }], options }
    }

    fn night<'n>(&'n self, engine: &'n Engine) -> Night<'n> {
        Night {
            source: Lines::Files { inputs: &self.lines, options: self.options },
            rules: &engine.rules,
            secret: &engine.secret,
            beside: Beside::default(),
        }
    }
}

fn within_bounds(count: u64) -> Result<(), Diagnostics> {
    if count <= REQUESTS_BOUND {
        return Ok(());
    }
    Err(mistake(
        "too-many",
        format!("{count} requests are too many for a page"),
        format!(
            "at most {REQUESTS_BOUND}; `tidegate explain --list` and `tidegate backtest` take more"
        ),
    ))
}

fn unreadable(error: &IngestError) -> Diagnostics {
    mistake("unreadable", error.to_string(), "`tidegate explain --log` may read it".to_owned())
}

fn mistake(code: &'static str, message: String, help: String) -> Diagnostics {
    let (severity, help) = (Severity::Error, Some(help));
    Diagnostics(vec![Diagnostic { severity, code, message, place: None, help }])
}
