//! The secret under which keys are hashed. A store that is not there yet, or not for
//! a moment, is asked again: until then anybody can tell whose hash it is, so records
//! leave out who asked.

use std::time::{Duration, Instant};

use fastly::SecretStore;
use tidegate_rules::HashKey;

use crate::answer::note;

const SECRETS: &str = "tidegate_secrets";
const HASH_KEY: &str = "hash_key";

/// How soon a secret that was not there is asked for again.
const AGAIN: Duration = Duration::from_secs(5);

/// The secret, as far as it is known in this sandbox.
#[derive(Default)]
pub(crate) struct Secret {
    known: Option<HashKey>,
    /// When it was asked for.
    asked: Option<Instant>,
}

impl Secret {
    /// The key to hash under: the secret, or the built-in key while there is none.
    pub(crate) fn key(&mut self) -> HashKey {
        if self.known.is_none() && self.asked.is_none_or(|asked| asked.elapsed() >= AGAIN) {
            self.known = stored();
            if self.known.is_none() && self.asked.is_none() {
                note("keys: no secret, so records do not say who asked");
            }
            self.asked = Some(Instant::now());
        }
        self.known.clone().unwrap_or_default()
    }

    /// Whether there is one.
    pub(crate) const fn is_known(&self) -> bool {
        self.known.is_some()
    }
}

/// A secret that has nothing in it everybody knows.
fn stored() -> Option<HashKey> {
    let secret = SecretStore::open(SECRETS).ok()?.try_get(HASH_KEY).ok()??.try_plaintext().ok()?;
    let text = std::str::from_utf8(&secret).ok().filter(|text| !text.trim().is_empty())?;
    Some(HashKey::from_secret(text))
}
