//! The ring of keys that agents sign requests with.

use super::Compiler;
use super::names::text;
use crate::parse::{RawAgent, RawFile};
use crate::ruleset::placed;
use crate::signature::{KeyRing, PublicKey};

impl Compiler<'_> {
    /// The keys of all agents, each with its owner's place.
    pub(super) fn keys(&self, files: &[RawFile]) -> KeyRing {
        let agents: Vec<&RawAgent> = files.iter().flat_map(|file| &file.agents).collect();
        let mut ring = KeyRing::default();
        for (place, agent) in placed(&agents) {
            for spot in &agent.keys {
                let key = match spot.value.parse::<PublicKey>() {
                    Ok(key) => key,
                    Err(why) => {
                        let message = format!("`{}` is no Ed25519 key: {why}", spot.value);
                        let help = "write the `x` of its JSON Web Key: 43 characters of base64url";
                        self.context.report(Some(&spot.at), "bad-key", message, Some(help.into()));
                        continue;
                    }
                };
                if let Err(owner) = ring.add(key, place) {
                    let owner =
                        agents.get(usize::from(owner)).and_then(|owner| owner.name.as_ref());
                    let message = format!("this is a key of `{}` already", text(owner));
                    let help = "a signature names one agent: leave the key to its owner";
                    let help = Some(help.to_owned());
                    self.context.report(Some(&spot.at), "duplicate-key", message, help);
                }
            }
        }
        ring
    }
}
