//! What is behind a fingerprint, for people who look into one: the signals as the
//! platform gave them. Nothing is decided by a record, so none of it is needed to
//! replay one.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::cut;
use super::json::maybe;
use crate::request::{Protocol, Request};

/// Longest signal kept in a record, in bytes; longer ones are cut.
pub const SHOWN_BOUND: usize = 128;

/// What a client and its way here show. Each text is at most [`SHOWN_BOUND`] bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shown<'a> {
    /// HTTP version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// JA4.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub ja4: Option<Cow<'a, str>>,
    /// JA3, in hex.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub ja3: Option<Cow<'a, str>>,
    /// HTTP/2 settings fingerprint.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub h2: Option<Cow<'a, str>>,
    /// Version of TLS.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub tls: Option<Cow<'a, str>>,
    /// Cipher suite, by its name in OpenSSL.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub cipher: Option<Cow<'a, str>>,
    /// What the platform takes the client for.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub bot: Option<Cow<'a, str>>,
    /// What is known of proxies at its address: words, separated by commas.
    #[serde(borrow, default, deserialize_with = "maybe", skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Cow<'a, str>>,
}

impl<'a> Shown<'a> {
    pub(super) fn of(request: &Request<'a>) -> Self {
        let signals = &request.signals;
        let text = |text: Option<&'a str>| text.map(|text| cut(text, SHOWN_BOUND).into());
        Self {
            protocol: signals.protocol,
            ja4: text(signals.ja4),
            ja3: text(signals.ja3),
            h2: text(signals.h2),
            tls: text(signals.tls),
            cipher: text(signals.cipher),
            bot: text(request.bot),
            proxy: text(request.proxy),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
