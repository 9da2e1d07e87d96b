//! Where a store is, from what somebody typed, and who asks.
//!
//! The password comes from the environment alone, since arguments are seen by
//! every user of a machine and are kept in shells' histories.

use std::fmt;

use anyhow::{Result, bail};
use percent_encoding::percent_decode_str;
use url::Url;

/// Where the password is found.
pub const PASSWORD_VARIABLE: &str = "TIDEGATE_STORE_PASSWORD";

/// What a location looks like.
const FORM: &str = "`http://user@host:8123/database`, or `https://…` with the port 8443";

/// A database of a ClickHouse server.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    /// Scheme, host and port.
    pub(super) base: String,
    pub(super) user: Option<String>,
    pub(super) database: String,
    pub(super) is_secure: bool,
}

impl Location {
    /// A location as a user writes it.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub fn from_argument(text: &str) -> Result<Self> {
        let Ok(url) = Url::parse(text) else { bail!("`{text}` is no store; one is {FORM}") };
        if url.password().is_some() {
            bail!("a password in a URL is seen by others: put it into `{PASSWORD_VARIABLE}`");
        }
        let is_secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => bail!("`{text}` is no store; one is {FORM}"),
        };
        let (Some(host), None, None) = (url.host_str(), url.query(), url.fragment()) else {
            bail!("`{text}` is no store; one is {FORM}")
        };
        let port = url.port().unwrap_or(if is_secure { 8443 } else { 8123 });
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let database = url.path().trim_matches('/');
        if !database.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            bail!("a database's name has letters, digits and `_` only, as in {FORM}");
        }
        Ok(Self {
            base: format!("{}://{host}:{port}", url.scheme()),
            user: Some(url.username()).filter(|user| !user.is_empty()).map(decoded),
            database: if database.is_empty() { "default" } else { database }.to_owned(),
            is_secure,
        })
    }
}

/// What may be shown: no user, no password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.database)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_what_it_says() {
        let told = |text| {
            let location = Location::from_argument(text).unwrap();
            (location.to_string(), location.user)
        };
        let both = |text: &str, user: Option<&str>| (text.to_owned(), user.map(str::to_owned));
        assert_eq!(
            told("http://ops@ch.example:9000/logs"),
            both("http://ch.example:9000/logs", Some("ops"))
        );
        assert_eq!(told("http://127.0.0.1"), both("http://127.0.0.1:8123/default", None));
        assert_eq!(told("https://a%40b@[::1]/x/"), both("https://[::1]:8443/x", Some("a@b")));
    }

    #[test]
    fn what_is_no_location_is_told() {
        let told = |text| Location::from_argument(text).unwrap_err().to_string();
        for text in ["", "ch.example:8123", "tcp://ch.example", "http://a/b?c=d", "http://a/b#c"] {
            assert_eq!(told(text), format!("`{text}` is no store; one is {FORM}"));
        }
        assert!(told("http://a/b-c").starts_with("a database's name"));
        let secret = told("http://ops:hunter2@ch.example/logs");
        assert!(secret.contains(PASSWORD_VARIABLE) && !secret.contains("hunter2"), "{secret}");
    }
}
