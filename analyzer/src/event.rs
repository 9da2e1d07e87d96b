//! One line of a log, kept until its turn, and what later steps ask about it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use memchr::{memchr2, memchr3};
use tidegate_rules::{
    CacheState, Client, JudgedBy, Outcome, Request, Signals, Signature, Time, Verification, Vouched,
};

use crate::ingest::{Format, Line};
#[cfg(not(target_family = "wasm"))]
use crate::store::StoredRow;

/// Texts of a request, in the order in which they are kept.
#[derive(Debug, Clone, Copy)]
enum Text {
    Method,
    Path,
    Query,
    Host,
    UserAgent,
    Country,
    Pop,
    RequestId,
    Signer,
    /// Path of the page that led here, where that is of the same host.
    Referer,
}

const TEXTS: usize = Text::Referer as usize + 1;

/// Where the texts of a line lie among those of others.
#[derive(Debug, Clone, Copy)]
struct Texts {
    start: usize,
    /// Where each ends, counted from the start.
    ends: [u32; TEXTS],
    /// Which of them the log says, a bit each.
    known: u16,
}

/// What is kept of a line but its texts, which lie elsewhere, all in one piece:
/// a night has more lines than an allocator likes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    time: Time,
    format: Format,
    client: Option<Client>,
    fingerprint: Option<u64>,
    asn: Option<u32>,
    vouched: Option<Vouched>,
    /// What the edge found of a signature, of the agent in [`Text::Signer`].
    signed: Option<Verification>,
    outcome: Outcome,
    refused: bool,
    referred: Option<bool>,
    texts: Texts,
}

impl Kept {
    /// Keeps what later steps ask about; texts go to the end of `texts`.
    pub(crate) fn of(line: &Line<'_>, texts: &mut String) -> Self {
        let request = &line.request;
        let decided = line.decided;
        let (signed, unsigned) = match decided {
            Some(record) if record.judged_by == Some(JudgedBy::Signature) => (decided, None),
            _ => (None, decided),
        };
        let signer = signed.and_then(|record| record.agent.as_deref());
        Self {
            time: request.time,
            format: line.format,
            client: request.client,
            fingerprint: tidegate_rules::fingerprint::fingerprint(&request.signals),
            asn: request.asn,
            vouched: request.vouched.or_else(|| vouched(unsigned?.verification)),
            signed: signed.map(|record| record.verification),
            outcome: line.outcome,
            refused: decided.is_some_and(|record| record.decision.refuses()),
            referred: line.referer.map(|referer| !referer.is_empty()),
            texts: Texts::keep(request, signer, line.referer, texts),
        }
    }

    #[cfg(not(target_family = "wasm"))]
    /// Keeps a line that a store has kept until now, as the line itself would be.
    pub(crate) fn of_stored(row: &StoredRow<'_>, texts: &mut String) -> Self {
        let request = row.request();
        Self {
            time: request.time,
            format: row.format(),
            client: request.client,
            fingerprint: row.fingerprint,
            asn: request.asn,
            vouched: request.vouched,
            signed: row.signed(),
            outcome: row.outcome(),
            refused: row.refused,
            referred: row.referer.map(|referer| !referer.is_empty()),
            texts: Texts::keep(&request, row.signer, row.referer, texts),
        }
    }
}

impl Texts {
    /// Puts the texts of a request where they are kept.
    fn keep(
        request: &Request<'_>,
        signer: Option<&str>,
        referer: Option<&str>,
        texts: &mut String,
    ) -> Self {
        let start = texts.len();
        let all = [
            Some(request.method),
            Some(request.path),
            request.query,
            request.host,
            request.user_agent,
            request.country,
            request.pop,
            request.request_id,
            signer,
            referer.and_then(|from| own_path(from, request.host)),
        ];
        let (mut ends, mut known) = ([0; TEXTS], 0);
        for (at, (text, end)) in all.into_iter().zip(&mut ends).enumerate() {
            if let Some(text) = text {
                texts.push_str(text);
                known |= 1 << at;
            }
            // No line is longer than `u32` can say.
            *end = u32::try_from(texts.len() - start).unwrap_or(u32::MAX);
        }
        Self { start, ends, known }
    }
}

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
        let Texts { start, ends: [.., end], known } = self.kept.texts;
        let texts = self.texts.as_bytes().get(start..start + end as usize).unwrap_or_default();
        // A bit of every 64 bytes.
        let read = texts.iter().step_by(64).fold(known, |all, byte| all ^ u16::from(*byte));
        read.into()
    }

    fn text(&self, text: Text) -> Option<&'e str> {
        let Texts { start, ends, known } = &self.kept.texts;
        let at = text as usize;
        let from = at.checked_sub(1).map_or(0, |before| ends[before]);
        let is_known = known >> at & 1 == 1;
        is_known.then(|| self.texts.get(start + from as usize..start + ends[at] as usize))?
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

/// The path of a URL, where it is one of `host`.
fn own_path<'u>(url: &'u str, host: Option<&str>) -> Option<&'u str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let end = memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
    let (of, path) = rest.split_at(end);
    let path = path.get(..memchr2(b'?', b'#', path.as_bytes()).unwrap_or(path.len()))?;
    host.is_none_or(|host| host.eq_ignore_ascii_case(of)).then_some(path)
}

fn vouched(verification: Verification) -> Option<Vouched> {
    match verification {
        Verification::Verified => Some(Vouched::Verified),
        Verification::Contradicted => Some(Vouched::Contradicted),
        Verification::Unverifiable | Verification::None => None,
    }
}
