//! Fastly's origin shielding, for the reference service: every POP asks one POP
//! near the origin, whose cache then spares it most misses.
//!
//! A client may be near the shield POP itself, so being there says nothing about
//! who asks. What comes from this service's own POPs carries a secret; all else
//! is a client's, is inspected, and goes to the origin from where it is. So while
//! a new secret or a new POP travels, what comes from a POP that still has the old
//! one counts as that POP's: change either with the site in shadow.

use fastly::http::HeaderValue;
use fastly::shielding::Shield;
use fastly::{ConfigStore, Request, SecretStore};
use tidegate_edge::note;

/// Config Store with the entry `shield`: the code of the shield POP.
const SETTINGS: &str = "tidegate";
/// Secret Store with the entry `shield`: what this service's POPs know.
const SECRETS: &str = "tidegate_secrets";
const NAME: &str = "shield";
/// The header that carries the secret from POP to POP, and no further.
const PROOF: &str = "x-tidegate-shield";

/// Where requests go: to the origin, by way of a shield POP where there is one.
pub(crate) struct Way {
    origin: &'static str,
    shielded: Option<Shielded>,
}

struct Shielded {
    secret: HeaderValue,
    /// The backend that is the shield POP; `None` on that POP.
    shield: Option<String>,
}

impl Way {
    /// The way to `origin`. Without the code of a POP that Fastly knows and a
    /// secret, there is no shield: every POP asks the origin.
    pub(crate) fn to(origin: &'static str) -> Self {
        Self { origin, shielded: Shielded::load() }
    }

    /// Whether a request comes from another POP of this service, where it was
    /// inspected. Takes the proof off.
    pub(crate) fn is_inspected(&self, request: &mut Request) -> bool {
        let shown = request.remove_header(PROOF);
        let here = self.shielded.as_ref().filter(|shielded| shielded.shield.is_none());
        here.zip(shown).is_some_and(|(here, shown)| same(shown.as_bytes(), here.secret.as_bytes()))
    }

    /// The backend for a client's request, which gets the proof where it goes to
    /// the shield POP.
    pub(crate) fn backend(&self, request: &mut Request) -> &str {
        let shielded = self.shielded.as_ref();
        match shielded.and_then(|shielded| Some((shielded, shielded.shield.as_deref()?))) {
            Some((shielded, shield)) => {
                request.set_header(PROOF, &shielded.secret);
                shield
            }
            None => self.origin,
        }
    }
}

impl Shielded {
    fn load() -> Option<Self> {
        let pop = ConfigStore::try_open(SETTINGS).ok()?.try_get(NAME).ok()??;
        let secret = SecretStore::open(SECRETS).ok()?.try_get(NAME).ok()??;
        // Whoever stores a secret from a file stores the end of its line, too.
        let secret = secret.try_plaintext().ok()?;
        let Some(secret) = as_header(secret.trim_ascii()) else {
            note("shield: the secret cannot be sent in a header, so there is no shield");
            return None;
        };
        let shield = Shield::new(pop.trim()).ok()?;
        let backend = match shield.running_on() {
            true => None,
            false => Some(shield.encrypted_backend().ok()?.into_string()),
        };
        Some(Self { secret, shield: backend })
    }
}

/// A secret as what carries it; `None` where nothing can, or where it is none.
fn as_header(secret: &[u8]) -> Option<HeaderValue> {
    HeaderValue::from_bytes(secret).ok().filter(|secret| !secret.is_empty())
}

/// Compares in a time that does not tell how much was right.
fn same(shown: &[u8], secret: &[u8]) -> bool {
    let differ = shown.iter().zip(secret).fold(0, |differ, (one, other)| differ | (one ^ other));
    differ == 0 && shown.len() == secret.len()
}
