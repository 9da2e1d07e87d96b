//! One line of a log, kept until its turn, and what later steps ask about it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tidegate_rules::{
    Action, CacheState, Client, JudgedBy, Outcome, Request, Signals, Signature, Time, Verification,
    Vouched,
};

use crate::ingest::{Format, Line};

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

/// Length of a text that the log does not say.
const UNKNOWN: u32 = u32::MAX;

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
    /// Where its texts begin, and how long each is.
    texts: usize,
    lengths: [u32; TEXTS],
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
            signed.and_then(|record| record.agent.as_deref()),
            line.referer.and_then(|from| own_path(from, request.host)),
        ];
        let lengths = all.map(|text| {
            texts.push_str(text.unwrap_or_default());
            // No line is longer than `u32` can say.
            text.map_or(UNKNOWN, |text| u32::try_from(text.len()).unwrap_or(UNKNOWN))
        });
        Self {
            time: request.time,
            format: line.format,
            client: request.client,
            fingerprint: tidegate_rules::fingerprint::fingerprint(&request.signals),
            asn: request.asn,
            vouched: request.vouched.or_else(|| vouched(unsigned?.verification)),
            signed: signed.map(|record| record.verification),
            outcome: line.outcome,
            refused: decided.is_some_and(|record| refuses(record.decision)),
            referred: line.referer.map(|referer| !referer.is_empty()),
            texts: start,
            lengths,
        }
    }
}

/// One line of a log.
#[derive(Debug, Clone)]
pub struct Event<'e> {
    kept: &'e Kept,
    texts: [Option<&'e str>; TEXTS],
    /// Whether a page led here, where the log says.
    pub referred: Option<bool>,
}

impl<'e> Event<'e> {
    /// A line that was kept, with the texts that it was kept with.
    pub(crate) fn of(kept: &'e Kept, texts: &'e str) -> Self {
        let mut start = kept.texts;
        let texts = kept.lengths.map(|length| {
            let length = (length != UNKNOWN).then_some(length as usize)?;
            let text = texts.get(start..start + length);
            start += length;
            text
        });
        Self { kept, texts, referred: kept.referred }
    }

    fn text(&self, text: Text) -> Option<&'e str> {
        self.texts[text as usize]
    }

    /// The facts of the request. Whether credentials came along no log says.
    #[must_use]
    pub fn request(&self) -> Request<'e> {
        Request {
            host: self.text(Text::Host),
            query: self.text(Text::Query),
            client: self.kept.client,
            user_agent: self.text(Text::UserAgent),
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
            ..Request::new(
                self.kept.time,
                self.text(Text::Method).unwrap_or_default(),
                self.text(Text::Path).unwrap_or_default(),
            )
        }
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
    /// good, it kept from the origin, so it counts as a miss that was spared.
    #[must_use]
    pub fn cache(&self) -> Option<CacheState> {
        if self.kept.refused { Some(CacheState::Miss) } else { self.kept.outcome.cache }
    }

    /// What the log itself says of the cache.
    pub(crate) fn logged_cache(&self) -> Option<CacheState> {
        self.kept.outcome.cache
    }

    /// Whether the client got a refusal instead of an answer.
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
    let (of, _) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = rest.get(of.len()..)?;
    let path = path.get(..path.find(['?', '#']).unwrap_or(path.len()))?;
    host.is_none_or(|host| host.eq_ignore_ascii_case(of)).then_some(path)
}

/// Whether the client got a refusal instead of an answer.
const fn refuses(action: Action) -> bool {
    match action {
        Action::Throttle | Action::Block => true,
        Action::Pass | Action::Allow => false,
    }
}

fn vouched(verification: Verification) -> Option<Vouched> {
    match verification {
        Verification::Verified => Some(Vouched::Verified),
        Verification::Contradicted => Some(Vouched::Contradicted),
        Verification::Unverifiable | Verification::None => None,
    }
}
