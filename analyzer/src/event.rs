//! One line of a log, kept until its turn, and what later steps ask about it.

mod kept;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tidegate_rules::{CacheState, Client, Request, Signals, Signature, Time, Verification};

use crate::ingest::Format;

pub(crate) use kept::Kept;
use kept::Text;

/// One line of a log.
#[derive(Debug, Clone, Copy)]
pub struct Event<'e> {
    kept: &'e Kept,
    texts: &'e str,
    /// Whether a page led here, where the log says.
    pub referred: Option<bool>,
}

impl<'e> Event<'e> {
    /// A line that was kept, with the texts that it was kept with.
    pub(crate) fn of(kept: &'e Kept, texts: &'e str) -> Self {
        Self { kept, texts, referred: kept.referred }
    }

    /// Reads a bit of what is kept of it; what that says means nothing.
    pub(crate) fn glance(&self) -> u64 {
        self.kept.texts.glance(self.texts)
    }

    fn text(&self, text: Text) -> Option<&'e str> {
        self.kept.texts.get(text, self.texts)
    }

    /// The facts of the request. Whether credentials came along no log says.
    #[must_use]
    pub fn request(&self) -> Request<'e> {
        Request {
            host: self.text(Text::Host),
            query: self.text(Text::Query),
            client: self.kept.client,
            user_agent: self.user_agent(),
            signals: Signals { fingerprint: self.kept.fingerprint, ..Signals::default() },
            asn: self.kept.asn,
            country: self.text(Text::Country),
            pop: self.text(Text::Pop),
            vouched: self.kept.vouched,
            signature: self.kept.signed.map(|verification| Signature::Checked {
                agent: self.text(Text::Signer),
                verification,
            }),
            request_id: self.text(Text::RequestId),
            ..Request::new(self.kept.time, self.text(Text::Method).unwrap_or_default(), self.path())
        }
    }

    /// Who sent it.
    pub(crate) fn client(&self) -> Option<Client> {
        self.kept.client
    }

    /// The `User-Agent` header.
    pub(crate) fn user_agent(&self) -> Option<&'e str> {
        self.text(Text::UserAgent)
    }

    /// Path as sent.
    pub(crate) fn path(&self) -> &'e str {
        self.text(Text::Path).unwrap_or_default()
    }

    /// When the request arrived.
    #[must_use]
    pub fn time(&self) -> Time {
        self.kept.time
    }

    /// Status that the client got.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.kept.outcome.status
    }

    /// Milliseconds that the origin took.
    #[must_use]
    pub fn origin_ms(&self) -> Option<u32> {
        self.kept.outcome.origin_ms
    }

    /// Path of the page that led here, where that is of the same host.
    #[must_use]
    pub fn referer(&self) -> Option<&'e str> {
        self.text(Text::Referer)
    }

    /// What the log says of the cache. What Tidegate refused, for now or for
    /// good, it kept from the origin, so it counts as a miss that was spared; also
    /// where a stale copy answered instead, since without the rule the origin would
    /// have been asked.
    #[must_use]
    pub fn cache(&self) -> Option<CacheState> {
        if self.kept.refused { Some(CacheState::Miss) } else { self.kept.outcome.cache }
    }

    /// What the log itself says of the cache.
    pub(crate) fn logged_cache(&self) -> Option<CacheState> {
        self.kept.outcome.cache
    }

    /// Whether Tidegate kept it from the origin. Its client got a refusal, or the
    /// cache's stale copy.
    pub(crate) fn is_refused(&self) -> bool {
        self.kept.refused
    }

    /// The agent that a signature names, and what the edge found of it.
    pub(crate) fn signed(&self) -> (Option<&'e str>, Option<Verification>) {
        (self.text(Text::Signer), self.kept.signed)
    }

    /// Whether the log is the origin's own: what no cache is said to have
    /// answered, the origin did.
    pub(crate) fn is_origins_own(&self) -> bool {
        self.kept.format == Format::Combined && self.text(Text::Pop).is_none()
    }

    pub(crate) fn is_error(&self) -> bool {
        self.status().is_some_and(|status| status >= 400)
    }

    /// What a cache at one POP tells pages apart by.
    pub(crate) fn cache_key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let parts = [Text::Pop, Text::Host, Text::Path, Text::Query];
        parts.map(|part| self.text(part)).hash(&mut hasher);
        hasher.finish()
    }
}
