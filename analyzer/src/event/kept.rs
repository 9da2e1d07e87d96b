//! What is kept of a line until its turn, but for its texts: these lie elsewhere, all in
//! one piece, since a night has more lines than an allocator likes.

use memchr::memchr3;
use tidegate_rules::{Client, JudgedBy, Outcome, Request, Time, Verification, Vouched};

use crate::ingest::find::either;
use crate::ingest::{Format, Line};
#[cfg(not(target_family = "wasm"))]
use crate::store::StoredRow;

/// Texts of a request, in the order in which they are kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text {
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
pub(super) struct Texts {
    start: usize,
    /// Where each ends, counted from the start.
    ends: [u32; TEXTS],
    /// Which of them the log says, a bit each.
    known: u16,
}

/// What is kept of a line but its texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(super) time: Time,
    pub(super) format: Format,
    pub(super) client: Option<Client>,
    pub(super) fingerprint: Option<u64>,
    pub(super) asn: Option<u32>,
    pub(super) vouched: Option<Vouched>,
    /// What the edge found of a signature, of the agent in [`Text::Signer`].
    pub(super) signed: Option<Verification>,
    pub(super) outcome: Outcome,
    pub(super) refused: bool,
    pub(super) referred: Option<bool>,
    pub(super) texts: Texts,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            time: Time::default(),
            format: Format::ALL[0],
            client: None,
            fingerprint: None,
            asn: None,
            vouched: None,
            signed: None,
            outcome: Outcome::default(),
            refused: false,
            referred: None,
            texts: Texts { start: 0, ends: [0; TEXTS], known: 0 },
        }
    }
}

impl Kept {
    /// Keeps what later steps ask about; texts go to the end of `texts`.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn of(line: &Line<'_>, texts: &mut String) -> Self {
        let mut kept = Self::default();
        kept.fill(line, texts);
        kept
    }

    /// The same, where it will stay.
    pub(crate) fn fill(&mut self, line: &Line<'_>, texts: &mut String) {
        let request = &line.request;
        self.time = request.time;
        self.format = line.format;
        self.client = request.client;
        self.fingerprint = tidegate_rules::fingerprint::fingerprint(&request.signals);
        self.asn = request.asn;
        self.vouched = request.vouched;
        self.outcome = line.outcome;
        self.referred = line.referer.map(|referer| !referer.is_empty());
        let mut signer = None;
        if let Some(record) = line.decided {
            self.refused = record.decision.refuses();
            if record.judged_by == Some(JudgedBy::Signature) {
                self.signed = Some(record.verification);
                signer = record.agent.as_deref();
            } else {
                self.vouched = self.vouched.or_else(|| vouched(record.verification));
            }
        }
        self.texts.keep(request, signer, line.referer, texts);
    }

    /// Keeps a line that a store has kept until now, as the line itself would be.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn fill_stored(&mut self, row: &StoredRow<'_>, texts: &mut String) {
        let request = row.request();
        *self = Self {
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
            ..Self::default()
        };
        self.texts.keep(&request, row.signer, row.referer, texts);
    }
}

impl Texts {
    /// One of them.
    pub(super) fn get<'t>(&self, text: Text, texts: &'t str) -> Option<&'t str> {
        let at = text as usize;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        let is_known = self.known >> at & 1 == 1;
        is_known
            .then(|| texts.get(self.start + from as usize..self.start + self.ends[at] as usize))?
    }

    /// Reads a bit of every 64 bytes.
    pub(super) fn glance(&self, texts: &str) -> u64 {
        let [.., end] = self.ends;
        let texts = texts.as_bytes().get(self.start..self.start + end as usize);
        let read = texts.unwrap_or_default().iter().step_by(64);
        read.fold(self.known.into(), |all, byte| all ^ u64::from(*byte))
    }

    /// Puts the texts of a request where they are kept.
    fn keep(
        &mut self,
        request: &Request<'_>,
        signer: Option<&str>,
        referer: Option<&str>,
        texts: &mut String,
    ) {
        self.start = texts.len();
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
        for (at, (text, end)) in all.into_iter().zip(&mut self.ends).enumerate() {
            if let Some(text) = text {
                texts.push_str(text);
                self.known |= 1 << at;
            }
            // No line is longer than `u32` can say.
            *end = u32::try_from(texts.len() - self.start).unwrap_or(u32::MAX);
        }
    }
}

/// The path of a URL, where it is one of `host`.
fn own_path<'u>(url: &'u str, host: Option<&str>) -> Option<&'u str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let own = host.and_then(|host| rest.strip_prefix(host)).filter(|path| path.starts_with('/'));
    let path = match own {
        Some(path) => path,
        None => {
            let end = memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
            let (of, path) = rest.split_at(end);
            host.is_none_or(|host| host.eq_ignore_ascii_case(of)).then_some(path)?
        }
    };
    path.get(..either::<b'?', b'#'>(path.as_bytes()).unwrap_or(path.len()))
}

fn vouched(verification: Verification) -> Option<Vouched> {
    match verification {
        Verification::Verified => Some(Vouched::Verified),
        Verification::Contradicted => Some(Vouched::Contradicted),
        Verification::Unverifiable | Verification::None => None,
    }
}
