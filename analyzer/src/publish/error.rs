//! What goes wrong between here and Fastly's API, as a person reads it: one line
//! that says what, where and what to do.

use std::fmt;
use std::time::Duration;

use super::token::TOKEN_VARIABLE;
use crate::text::{cut, grouped, plain};

/// Most characters of what the API says itself.
const SAID_BOUND: usize = 200;

/// A request that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// What was to be done, for behind "cannot".
    pub what: String,
    /// Why it was not.
    pub why: Why,
}

/// Why a request did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// 401.
    Unknown,
    /// 403.
    Forbidden,
    /// 404: no store of this id, as far as the token may see.
    NoStore(String),
    /// 429, and the API takes changes again after so long, where it says.
    RateLimited(Option<Duration>),
    /// Any other refusal: the status, and what the API says about it.
    Refused(u16, String),
    /// 5xx, so many times in a row.
    Failing(u16, u32),
    /// No answer, so many times in a row: the reason, in words for behind a colon.
    Unreachable(String, u32),
    /// A value of so many characters, of at most so many.
    TooLong(usize, usize),
    /// An answer that is not what the API's documentation says.
    Unreadable,
}

impl Why {
    /// Whether the same request may succeed in a moment: the connection broke, or
    /// the API has trouble of its own.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::RateLimited(_) | Self::Failing(..) | Self::Unreachable(..))
    }

    /// Whether the API may have done what was asked, although it did not say so.
    #[must_use]
    pub const fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Failing(..) | Self::Unreachable(..) | Self::Unreadable)
    }

    /// What an answer other than success means; `said` is its body, and `wait`
    /// how long the API's rate limit lasts.
    pub(super) fn of(status: u16, said: &str, store: &str, wait: Option<Duration>) -> Self {
        match status {
            401 => Self::Unknown,
            403 => Self::Forbidden,
            404 => Self::NoStore(store.to_owned()),
            429 => Self::RateLimited(wait),
            500.. => Self::Failing(status, 1),
            _ => Self::Refused(status, message(said)),
        }
    }

    /// The same, after so many tries.
    pub(super) fn after(self, tries: u32) -> Self {
        match self {
            Self::Failing(status, _) => Self::Failing(status, tries),
            Self::Unreachable(reason, _) => Self::Unreachable(reason, tries),
            other => other,
        }
    }
}

/// What the API says in `msg` and `detail`, in one line.
fn message(said: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(said).unwrap_or_default();
    let told = ["msg", "detail"].map(|key| body[key].as_str().unwrap_or_default());
    let told: Vec<_> = told.into_iter().filter(|told| !told.is_empty()).collect();
    cut(&plain(&told.join(": ")), SAID_BOUND)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.what, self.why)
    }
}

impl std::error::Error for ApiError {}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(
                f,
                "the API does not accept the token in `{TOKEN_VARIABLE}`: it is wrong or expired"
            ),
            Self::Forbidden => write!(
                f,
                "the token in `{TOKEN_VARIABLE}` may not do this: it needs the scope `global`"
            ),
            Self::NoStore(store) => write!(
                f,
                "no Config Store has the id `{store}`, or the token may not see it: \
                 `fastly config-store list` shows ids"
            ),
            Self::RateLimited(Some(wait)) => write!(
                f,
                "the API takes no more changes for {} (1,000 an hour): try again then",
                minutes(*wait)
            ),
            Self::RateLimited(None) => {
                write!(f, "the API takes no more changes for now (1,000 an hour): try again later")
            }
            Self::Refused(status, said) if said.is_empty() => write!(f, "the API answers {status}"),
            Self::Refused(status, said) => write!(f, "the API answers {status}, `{said}`"),
            Self::Failing(status, tries) => {
                write!(f, "the API answers {status}, {}: try again later", times(*tries))
            }
            Self::Unreachable(reason, tries) => write!(f, "{reason}, {}", times(*tries)),
            Self::TooLong(found, bound) => write!(
                f,
                "its value has {} characters, at most {} can be stored",
                grouped(*found as u64),
                grouped(*bound as u64)
            ),
            Self::Unreadable => write!(f, "the API's answer is not understood"),
        }
    }
}

fn minutes(wait: Duration) -> String {
    match wait.as_secs().div_ceil(60) {
        0 | 1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

fn times(tries: u32) -> String {
    if tries == 1 { "once".to_owned() } else { format!("{tries} times in a row") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_says_reaches_no_terminal_raw() {
        let said = r#"{"msg":"Bad request","detail":"key\u001b[31m"}"#;
        let why = Why::of(400, said, "s", None);
        assert_eq!(why.to_string(), "the API answers 400, `Bad request: key\\u{1b}[31m`");
        assert_eq!(Why::of(418, "<html>", "s", None).to_string(), "the API answers 418");
    }

    #[test]
    fn a_wait_is_told_in_whole_minutes() {
        let told = |seconds| minutes(Duration::from_secs(seconds));
        assert_eq!(
            [0, 60, 61, 2_400].map(told),
            ["a minute", "a minute", "2 minutes", "40 minutes"]
        );
    }
}
