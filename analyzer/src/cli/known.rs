//! What a night's commands are told beside the log: where addresses are, the
//! site's robots.txt, and the key that addresses are hashed under.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tidegate_rules::HashKey;

use crate::beside::Beside;
use crate::places::Places;
use crate::robots::Robots;

/// Holds the key itself, for whoever has no file for it.
const HASH_KEY: &str = "TIDEGATE_HASH_KEY";

/// Files about addresses and the site.
#[derive(Debug, Args)]
pub(super) struct KnownArguments {
    #[command(flatten)]
    clients: ClientArguments,
    /// The site's robots.txt: whether clients keep to it is told of each.
    #[arg(long, value_name = "FILE")]
    robots: Option<PathBuf>,
}

/// Where addresses are, and how they are named.
#[derive(Debug, Args)]
pub(super) struct ClientArguments {
    /// An MMDB file that says the autonomous systems of addresses, where the
    /// log does not.
    #[arg(long, value_name = "FILE", env = "TIDEGATE_ASN_DB")]
    asn_db: Option<PathBuf>,
    /// An MMDB file that says the countries of addresses, where the log does
    /// not.
    #[arg(long, value_name = "FILE", env = "TIDEGATE_COUNTRY_DB")]
    country_db: Option<PathBuf>,
    /// Name clients by hashes under the secret in FILE, as the edge's records
    /// do; the variable `TIDEGATE_HASH_KEY` may hold the secret instead.
    #[arg(long, value_name = "FILE")]
    hash_key: Option<PathBuf>,
}

/// What they say.
pub(super) struct Known {
    places: Option<Places>,
    robots: Option<Robots>,
    hashed: bool,
    /// The secret under which keys are hashed on this machine.
    pub(super) secret: HashKey,
}

impl KnownArguments {
    /// Reads the files.
    pub(super) fn read(&self) -> Result<Known> {
        let robots = self.robots.as_deref().map(text).transpose()?.map(Robots::new);
        Ok(Known { robots, ..self.clients.read()? })
    }
}

impl ClientArguments {
    /// Reads the files.
    pub(super) fn read(&self) -> Result<Known> {
        let (systems, countries) = (self.asn_db.as_deref(), self.country_db.as_deref());
        let places = match (systems, countries) {
            (None, None) => None,
            _ => Some(Places::open(systems, countries)?),
        };
        let (secret, robots) = (self.secret()?, None);
        Ok(Known { places, robots, hashed: secret.is_some(), secret: secret.unwrap_or_default() })
    }

    fn secret(&self) -> Result<Option<HashKey>> {
        let (secret, from) = match &self.hash_key {
            Some(file) => (text(file)?, format!("`{}`", file.display())),
            None => match std::env::var(HASH_KEY) {
                Ok(secret) => (secret, format!("`{HASH_KEY}`")),
                Err(std::env::VarError::NotPresent) => return Ok(None),
                Err(error) => return Err(error).context(format!("`{HASH_KEY}` is no text")),
            },
        };
        // An editor ends a file with a line break.
        let secret = secret.trim();
        ensure!(
            !secret.is_empty(),
            "{from} holds no secret; write one, such as 32 random bytes in hex"
        );
        Ok(Some(HashKey::from_secret(secret)))
    }
}

impl Known {
    /// Whether nothing is told.
    pub(super) const fn is_plain(&self) -> bool {
        self.places.is_none() && self.robots.is_none() && !self.hashed
    }

    /// Whether the secret is one that somebody gave.
    pub(super) fn has_secret(&self) -> bool {
        self.hashed
    }

    pub(super) fn beside(&self) -> Beside<'_> {
        let (places, robots) = (self.places.as_ref(), self.robots.as_ref());
        Beside { places, robots, hashed: self.hashed }
    }
}

fn text(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
