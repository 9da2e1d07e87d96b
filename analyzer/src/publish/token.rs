//! The token that Fastly's API knows its caller by. It comes from the environment
//! alone, since arguments are seen by every user of a machine and are kept in
//! shells' histories, and it is never printed.

use std::fmt;

use anyhow::{Result, bail};

/// Where the token is found. Fastly's own tools use the same name.
pub const TOKEN_VARIABLE: &str = "FASTLY_API_TOKEN";

/// A secret that cannot be shown.
pub struct Token(String);

impl Token {
    /// The token of this process.
    ///
    /// # Errors
    ///
    /// Where there is none, or it cannot be one.
    pub fn from_environment() -> Result<Self> {
        match std::env::var(TOKEN_VARIABLE) {
            Ok(token) => Self::new(&token),
            Err(_) => bail!(
                "no token: set `{TOKEN_VARIABLE}` to a Fastly API token with the scope `global`"
            ),
        }
    }

    /// A token from its text; a line's end behind it does no harm.
    ///
    /// # Errors
    ///
    /// Where no header could carry it.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("`{TOKEN_VARIABLE}` is empty or has characters that no token has");
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret, for the one header that carries it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        assert_eq!(format!("{:?}", Token::new("secret\n").unwrap()), "Token");
        for broken in ["", " \n", "sec ret", "sec\nret", "gehëim"] {
            let told = Token::new(broken).unwrap_err().to_string();
            assert!(broken.trim().is_empty() || !told.contains(broken), "{told}");
        }
    }
}
