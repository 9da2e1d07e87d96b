//! What goes wrong between here and a store, as a person reads it: one line that
//! says what, where and what to do.

use std::error::Error as _;
use std::fmt;
use std::io;

use clickhouse::error::Error;

use super::location::PASSWORD_VARIABLE;
use crate::text::{cut, plain};

/// Most characters of what the server says itself.
const SAID_BOUND: usize = 200;

/// Something that a store did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    /// Where it is.
    pub store: String,
    /// What was to be done, for behind "cannot".
    pub what: &'static str,
    /// Why it was not.
    pub why: Why,
    /// How often it was tried.
    pub tries: u32,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Nobody answers: the reason, in words for behind a colon.
    Away(String),
    /// The certificate is not one that this machine trusts, or TLS fails otherwise.
    Untrusted(String),
    /// Something answers that does not speak TLS.
    NoTls,
    /// Unknown user or wrong password.
    Unknown,
    /// The user may not do this: what the server says.
    Forbidden(String),
    /// No such database.
    NoDatabase,
    /// A table is missing: what the server says.
    NoTable(String),
    /// A table is not as the migrations made it.
    Other(String),
    /// The server has trouble that may pass: what it says.
    Busy(String),
    /// Any other refusal: what the server says.
    Refused(String),
}

impl Why {
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::BadResponse(said) => Self::said(said),
            Error::SchemaMismatch(what) => Self::Other(first_line(what)),
            Error::TimedOut => Self::Away("it does not answer in time".to_owned()),
            Error::Network(_) => Self::broken(error),
            other => Self::Refused(first_line(&other.to_string())),
        }
    }

    /// What an answer other than success means: `Code: 516. DB::Exception: …`.
    fn said(said: &str) -> Self {
        let code = said.strip_prefix("Code: ").map(|rest| {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.get(..digits).and_then(|code| code.parse::<u16>().ok()).unwrap_or_default()
        });
        let told = first_line(said);
        match code {
            // Unknown user, wrong password, password needed, and all of these.
            Some(192 | 193 | 194 | 516) => Self::Unknown,
            // No such privilege, or read-only.
            Some(164 | 497) => Self::Forbidden(told),
            Some(81) => Self::NoDatabase,
            Some(60) => Self::NoTable(told),
            // No such column in the table, or one of another type.
            Some(10 | 16 | 47 | 53 | 117) => Self::Other(told),
            // Timeouts, too many queries or parts, the network between servers, memory,
            // a replica or its keeper.
            Some(159 | 202 | 203 | 209 | 210 | 225 | 236 | 241 | 242 | 252 | 285 | 319 | 394)
            | Some(425 | 439 | 473 | 999) => Self::Busy(told),
            Some(_) => Self::Refused(told),
            // A proxy before the server, or one that says nothing.
            None if said.starts_with("401") || said.starts_with("403") => Self::Unknown,
            None if ["429", "500", "502", "503", "504"].iter().any(|s| said.starts_with(s)) => {
                Self::Busy(told)
            }
            None => Self::Refused(told),
        }
    }

    fn broken(error: &Error) -> Self {
        let mut source = error.source();
        let mut last = String::new();
        while let Some(cause) = source {
            if let Some(tls) = tls_error(cause) {
                return match tls {
                    rustls::Error::InvalidMessage(_) => Self::NoTls,
                    other => Self::Untrusted(other.to_string()),
                };
            }
            last = cause.to_string();
            source = cause.source();
        }
        Self::Away(first_line(&last))
    }

    /// Whether the same may succeed in a moment.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Busy(_))
    }
}

/// TLS trouble travels inside errors of input and output, one in another.
fn tls_error<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    cause.downcast_ref().or_else(|| tls_error(cause.downcast_ref::<io::Error>()?.get_ref()?))
}

fn first_line(text: &str) -> String {
    cut(&plain(text.lines().next().unwrap_or_default()), SAID_BOUND)
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, what, why, tries } = self;
        write!(f, "cannot {what} `{store}`: ")?;
        match why {
            Why::Away(reason) => {
                write!(f, "{reason}{}; is the server up, and this its port for HTTP?", told(*tries))
            }
            Why::Untrusted(reason) => write!(
                f,
                "its TLS is not trusted: {reason}; for an authority of your own, name the file \
                 of its certificate in `SSL_CERT_FILE`"
            ),
            Why::NoTls => f.write_str(
                "it does not speak TLS at this port; ClickHouse does at 8443, and plain HTTP at \
                 8123",
            ),
            Why::Unknown => write!(
                f,
                "it does not know this user or password: the user is in the URL, the password in \
                 `{PASSWORD_VARIABLE}`"
            ),
            Why::Forbidden(said) => {
                write!(f, "the user may not do this; grant it what is missing: {said}")
            }
            Why::NoDatabase => {
                let (_, database) = store.rsplit_once('/').unwrap_or_default();
                write!(f, "it has no such database: `CREATE DATABASE {database}` makes it")
            }
            Why::NoTable(said) => write!(
                f,
                "a table is missing that was made once; after `DROP TABLE tidegate_migrations` \
                 the next ingest makes it again: {said}"
            ),
            Why::Other(said) => write!(
                f,
                "a table is not as this version of tidegate makes it; undo what changed it, or \
                 take another database: {said}"
            ),
            Why::Busy(said) => write!(f, "it has trouble{}: {said}", told(*tries)),
            Why::Refused(said) => f.write_str(said),
        }
    }
}

impl std::error::Error for StoreError {}

fn told(tries: u32) -> String {
    if tries > 1 { format!(" ({tries} tries)") } else { String::new() }
}
