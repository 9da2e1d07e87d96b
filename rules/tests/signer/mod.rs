//! Signs as an agent would (RFC 9421), from texts that a test writes out: what is
//! tested here must not be what tests it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};

/// The public key of `test-key-ed25519`: RFC 9421, appendix B.1.4.
pub(crate) const KEY: &str = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";

/// Its secret, which everybody knows.
const SECRET: &str = "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU";

/// Its thumbprint.
pub(crate) const KEY_ID: &str = "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";

/// A signature, as its headers.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) input: String,
    pub(crate) signature: String,
}

impl Signed {
    /// The signature `sig1` over `components`, each with its value.
    pub(crate) fn over(components: &[(&str, &str)], parameters: &str) -> Self {
        let names: Vec<_> = components.iter().map(|(name, _)| *name).collect();
        let covered = format!("({}){parameters}", names.join(" "));
        let mut base = String::new();
        for (name, value) in components {
            base += &format!("{name}: {value}\n");
        }
        base += &format!("\"@signature-params\": {covered}");
        let secret = URL_SAFE_NO_PAD.decode(SECRET).unwrap().try_into().unwrap();
        let signature = SigningKey::from_bytes(&secret).sign(base.as_bytes());
        Self {
            input: format!("sig1={covered}"),
            signature: format!("sig1=:{}:", STANDARD.encode(signature.to_bytes())),
        }
    }
}

/// The parameters of a signature for Web Bot Auth that holds from `created` to
/// `expires`, in seconds.
pub(crate) fn parameters(created: u64, expires: u64) -> String {
    format!(";created={created};expires={expires};keyid=\"{KEY_ID}\";tag=\"web-bot-auth\"")
}
