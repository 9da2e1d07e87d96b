//! A stored line, back as the request that was logged.

use std::net::{IpAddr, Ipv6Addr};

use clickhouse::Row;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};
use tidegate_rules::{
    CacheState, Client, Outcome, Request, Signals, Signature, Time, Verification, Vouched,
};

use crate::ingest::Format;

/// A row of `tidegate_requests`, as far as a night asks. What rules made of it when
/// it was stored is not asked for: those of today are.
#[derive(Debug, Row, Deserialize)]
pub(crate) struct StoredRow<'r> {
    pub(super) load: u64,
    pub(super) line: u64,
    pub(super) time: i64,
    format: &'r str,
    client: &'r str,
    network: &'r str,
    address: Option<Ipv6Addr>,
    method: &'r str,
    host: Option<&'r str>,
    path: &'r str,
    query: Option<&'r str>,
    user_agent: Option<&'r str>,
    pub(crate) referer: Option<&'r str>,
    pub(crate) fingerprint: Option<u64>,
    asn: Option<u32>,
    country: Option<&'r str>,
    pop: Option<&'r str>,
    pub(crate) request_id: Option<&'r str>,
    status: Option<u16>,
    cache: Option<&'r str>,
    origin_ms: Option<u32>,
    pub(crate) on_shield: bool,
    pub(crate) refused: bool,
    vouched: Option<&'r str>,
    pub(crate) signer: Option<&'r str>,
    signed: Option<&'r str>,
    verification: Option<&'r str>,
}

impl<'r> StoredRow<'r> {
    /// When the request arrived.
    pub(crate) fn time(&self) -> Time {
        Time::from_unix_millis(u64::try_from(self.time).unwrap_or_default())
    }

    /// The format of its log.
    pub(crate) fn format(&self) -> Format {
        // One of a later version means nothing here.
        self.format.parse().unwrap_or(Format::FastlyAccess)
    }

    /// The facts of the request.
    pub(crate) fn request(&self) -> Request<'r> {
        Request {
            host: self.host,
            query: self.query,
            client: self.client(),
            user_agent: self.user_agent,
            signals: Signals { fingerprint: self.fingerprint, ..Signals::default() },
            asn: self.asn,
            country: self.country,
            pop: self.pop,
            vouched: self.vouched(),
            signature: self
                .signed()
                .map(|verification| Signature::Checked { agent: self.signer, verification }),
            request_id: self.request_id,
            ..Request::new(self.time(), self.method, self.path)
        }
    }

    /// What became of it.
    pub(crate) fn outcome(&self) -> Outcome {
        let cache = self.cache.and_then(meant::<CacheState>);
        Outcome { status: self.status, cache, origin_ms: self.origin_ms }
    }

    /// What the edge found of a signature.
    pub(crate) fn signed(&self) -> Option<Verification> {
        self.signed.and_then(meant)
    }

    fn client(&self) -> Option<Client> {
        if let Some(address) = self.address {
            return Some(Client::Address(IpAddr::V6(address).to_canonical()));
        }
        let [client, network] =
            [self.client, self.network].map(|hash| u64::from_str_radix(hash, 16));
        Some(Client::Hashed { client: client.ok()?, network: network.ok()? })
    }

    /// What was said of the agent's claim. Of a client whose address is not kept, it
    /// is what was found when there was one.
    fn vouched(&self) -> Option<Vouched> {
        let found = self.verification.filter(|_| self.address.is_none() && self.signed.is_none());
        match self.vouched.or(found)? {
            "verified" => Some(Vouched::Verified),
            "contradicted" => Some(Vouched::Contradicted),
            _ => None,
        }
    }
}

/// What a word stands for.
pub(super) fn meant<T: DeserializeOwned>(word: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(word)).ok()
}
