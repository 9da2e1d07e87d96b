//! Web Bot Auth: whether an agent whose key we hold has signed a request.
//!
//! Signatures are HTTP Message Signatures (RFC 9421) by Ed25519 with the tag
//! `web-bot-auth`, in the form of draft-ietf-webbotauth-httpsig-protocol and in
//! the older one, whose `Signature-Agent` is a bare string. Keys come with the
//! rules. Nothing is fetched: the URL in `Signature-Agent` is what the client
//! says of itself, so a signature is never anybody's but the owner's of its key.
//!
//! Whoever writes the headers may be hostile. Longer headers, more signatures and
//! more components than are bounded here are not looked at, and only a signature
//! by a known key, in time and over what the request has, costs a verification.
//! Nonces are not remembered, so whoever sees a signature can repeat it until it
//! expires.

mod base;
mod ring;

use sfv::{Dictionary, InnerList, ListEntry, Parser};

pub use ring::{KeyError, KeyRing, PublicKey, Thumbprint};

use crate::record::Verification;
use crate::request::{Request, Time};
use crate::ruleset::Ruleset;

/// Longest header that is looked at, in bytes: two signatures by RSA beside ours
/// fit in.
pub const HEADER_BOUND: usize = 4096;

/// Most signatures of a request that are looked at.
pub const SIGNATURES_BOUND: usize = 4;

/// Most components that a signature may cover.
pub const COMPONENTS_BOUND: usize = 16;

/// Most signatures of a request that are verified.
pub const VERIFIED_BOUND: usize = 2;

/// How far ahead of ours the clock of a signer may be, in seconds.
pub const AHEAD_S: i64 = 60;

/// How a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature<'a> {
    /// The headers, as the edge gets them.
    Headers(Headers<'a>),
    /// What came of them, as a record carries it.
    Checked {
        /// Name of the agent whose key it names; `None` where nobody knows.
        agent: Option<&'a str>,
        /// What became of it.
        verification: Verification,
    },
}

/// The headers of a signed request, and what else a signature may cover of it.
/// Headers that came in several lines are joined by a comma and a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `Signature-Input`: what is signed, by which key, until when.
    pub input: &'a str,
    /// `Signature`: the signatures.
    pub signature: &'a str,
    /// `Signature-Agent`: where the signer says that its keys are.
    pub agent: Option<&'a str>,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The host in lower case, with the port where it is not the scheme's own.
    pub authority: &'a str,
}

/// What the signature of a request comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The agent at this place signed it.
    By(u16),
    /// It names a key of the agent at this place, and is not by that key: somebody
    /// else's, or changed on its way.
    NotBy(u16),
    /// It says nothing: by a key that we do not hold, out of its time, for
    /// another purpose, or over what we cannot see.
    Unverifiable,
}

/// What the signature of `request` comes to; `None` where there is none.
#[must_use]
pub fn check(rules: &Ruleset, request: &Request<'_>) -> Option<Signed> {
    match request.signature? {
        Signature::Headers(headers) => {
            let checked = checked(&rules.keys, request, &headers);
            Some(checked.unwrap_or(Signed::Unverifiable))
        }
        Signature::Checked { agent, verification } => {
            let known = agent.and_then(|name| rules.agent_called(name));
            match (verification, known) {
                (Verification::None, _) => None,
                (Verification::Verified, Some(at)) => Some(Signed::By(at)),
                (Verification::Contradicted, Some(at)) => Some(Signed::NotBy(at)),
                (_, _) => Some(Signed::Unverifiable),
            }
        }
    }
}

/// The first signature that is true, or else the first that is false.
fn checked(ring: &KeyRing, request: &Request<'_>, headers: &Headers<'_>) -> Option<Signed> {
    let all = [headers.input, headers.signature, headers.agent.unwrap_or_default()];
    if ring.is_empty() || all.iter().any(|header| header.len() > HEADER_BOUND) {
        return None;
    }
    let inputs: Dictionary = Parser::new(headers.input).parse().ok()?;
    let signatures: Dictionary = Parser::new(headers.signature).parse().ok()?;
    let checkable = inputs.iter().take(SIGNATURES_BOUND).filter_map(|(label, input)| {
        let ListEntry::InnerList(covered) = input else { return None };
        let ListEntry::Item(signature) = signatures.get(label)? else { return None };
        let signature = signature.bare_item.as_byte_sequence()?.try_into().ok()?;
        Checkable::of(covered, signature, ring, request, headers)
    });
    let mut told = None;
    for one in checkable.take(VERIFIED_BOUND) {
        match one.key.signed(&one.base, one.signature) {
            Some(true) => return Some(Signed::By(one.agent)),
            Some(false) => told = told.or(Some(Signed::NotBy(one.agent))),
            None => {}
        }
    }
    told
}

/// A signature that can be verified.
struct Checkable<'c> {
    key: &'c PublicKey,
    agent: u16,
    base: String,
    signature: &'c [u8; 64],
}

impl<'c> Checkable<'c> {
    fn of(
        covered: &InnerList,
        signature: &'c [u8; 64],
        ring: &'c KeyRing,
        request: &Request<'_>,
        headers: &Headers<'_>,
    ) -> Option<Self> {
        let text = |name: &str| Some(covered.params.get(name)?.as_string()?.as_str());
        let known = text("tag") == Some("web-bot-auth")
            && (!covered.params.contains_key("alg") || text("alg") == Some("ed25519"));
        let bound = covered.items.len() <= COMPONENTS_BOUND
            && covered.items.iter().any(is_bound_to_site)
            && is_current(covered, request.time);
        if !known || !bound {
            return None;
        }
        let (key, agent) = ring.find(&ring::bytes(text("keyid")?)?)?;
        Some(Self { key, agent, base: base::base(covered, request, headers)?, signature })
    }
}

/// Whether a component ties the signature to the site, so that one that was made
/// for another site is worth nothing here.
fn is_bound_to_site(component: &sfv::Item) -> bool {
    let name = component.bare_item.as_string().map(|name| name.as_str());
    matches!(name, Some("@authority" | "@target-uri"))
}

/// Whether it was made by now and has not expired; both must be said.
fn is_current(covered: &InnerList, now: Time) -> bool {
    let seconds = |name: &str| Some(i64::from(covered.params.get(name)?.as_integer()?));
    let now = i64::try_from(now.unix_millis() / 1000).unwrap_or(i64::MAX);
    let created = seconds("created").is_some_and(|created| created <= now.saturating_add(AHEAD_S));
    created && seconds("expires").is_some_and(|expires| now < expires)
}
