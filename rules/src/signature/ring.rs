//! The public keys of agents, found by their JWK thumbprints.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The JWK SHA-256 thumbprint of a key (RFC 7638; RFC 8037, appendix A.3), which
/// signatures name it by.
pub type Thumbprint = [u8; 32];

/// An Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey([u8; 32]);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// It is not the base64url of 32 bytes.
    Text,
    /// The bytes are no point of the curve.
    Point,
    /// Anybody could sign for it.
    Weak,
}

impl std::fmt::Display for KeyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "it is not the base64url of 32 bytes",
            Self::Point => "its bytes are no point of the curve",
            Self::Weak => "anybody could sign for it",
        })
    }
}

impl std::error::Error for KeyError {}

impl std::str::FromStr for PublicKey {
    type Err = KeyError;

    /// Reads the `x` of a JSON Web Key.
    fn from_str(x: &str) -> Result<Self, KeyError> {
        let bytes = bytes(x).ok_or(KeyError::Text)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Point)?;
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(Self(bytes)) }
    }
}

impl PublicKey {
    /// The thumbprint that signatures name it by.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        let x = URL_SAFE_NO_PAD.encode(self.0);
        Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)).into()
    }

    /// Whether the signature of `message` is by this key; `None` where the key
    /// is none.
    pub(super) fn signed(&self, message: &str, signature: &[u8; 64]) -> Option<bool> {
        let key = VerifyingKey::from_bytes(&self.0).ok()?;
        let signature = Signature::from_bytes(signature);
        Some(key.verify_strict(message.as_bytes(), &signature).is_ok())
    }
}

/// The 32 bytes that a text stands for, as keys and thumbprints are written.
pub(super) fn bytes(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The keys of all agents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRing {
    /// By thumbprint, in order.
    keys: Vec<(Thumbprint, PublicKey, u16)>,
}

impl KeyRing {
    /// Takes in a key of the agent at a place. Gives the place of the agent whose
    /// key it is already, where it is somebody's.
    ///
    /// # Errors
    ///
    /// Where the key is in the ring.
    pub fn add(&mut self, key: PublicKey, agent: u16) -> Result<(), u16> {
        let thumbprint = key.thumbprint();
        match self.place(&thumbprint) {
            Ok(at) => Err(self.keys.get(at).map_or(agent, |(.., owner)| *owner)),
            Err(at) => {
                self.keys.insert(at, (thumbprint, key, agent));
                Ok(())
            }
        }
    }

    /// Whether there is no key in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of a thumbprint, and the place of the agent whose it is.
    #[must_use]
    pub fn find(&self, thumbprint: &Thumbprint) -> Option<(&PublicKey, u16)> {
        let at = self.place(thumbprint).ok()?;
        self.keys.get(at).map(|(_, key, agent)| (key, *agent))
    }

    fn place(&self, thumbprint: &Thumbprint) -> Result<usize, usize> {
        self.keys.binary_search_by(|(known, ..)| known.cmp(thumbprint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `test-key-ed25519` of RFC 9421, appendix B.1.4, and its thumbprint.
    const TEST_KEY: &str = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";
    const TEST_THUMBPRINT: &str = "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";

    #[test]
    fn a_key_is_found_by_its_thumbprint() {
        let key: PublicKey = TEST_KEY.parse().unwrap();
        let thumbprint = bytes(TEST_THUMBPRINT).unwrap();
        assert_eq!(key.thumbprint(), thumbprint);
        let mut ring = KeyRing::default();
        assert_eq!(ring.add(key, 7), Ok(()));
        assert_eq!(ring.add(key, 8), Err(7), "a key belongs to one agent");
        assert_eq!(ring.find(&thumbprint), Some((&key, 7)));
        assert_eq!(ring.find(&[0; 32]), None);
    }

    #[test]
    fn what_is_no_key_says_why() {
        let told = |x: &str| x.parse::<PublicKey>().unwrap_err();
        for x in ["", "JrQL", "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs="] {
            assert_eq!(told(x), KeyError::Text, "{x}");
        }
        assert_eq!(told(&TEST_KEY.replace('_', "/")), KeyError::Text, "plain base64");
        assert_eq!(told(&URL_SAFE_NO_PAD.encode([2; 32])), KeyError::Point);
        assert_eq!(told(&URL_SAFE_NO_PAD.encode([0; 32])), KeyError::Weak);
    }
}
