//! CloudFront standard logs: W3C, tab separated, the columns named by the
//! latest `#Fields` line. `-` means absent.
//!
//! What its words mean here:
//! - `x-edge-result-type`: `Hit` and `RefreshHit` (the origin only confirmed the
//!   copy) are hits, as is what the edge answers alone (redirects, functions,
//!   its own limits); `OriginShieldHit` is a shield hit; `Miss` is a miss. An
//!   `Error` may come from the origin, from the error cache or from a client
//!   that left, so its cache state is unknown.
//! - Milliseconds of the origin are read for misses only: `origin-fbl` where
//!   logged, else `time-to-first-byte`, else `time-taken`.
//! - CloudFront percent-encodes what it logs, also the `%` of a URL that is
//!   encoded already. Paths and queries get their `%` back and stay as sent.
//! - The time is that of the end of the answer, in whole seconds.

use std::borrow::Cow;

use tidegate_rules::{CacheState, Request};

use super::parser::{BadReason, Format, Parsed};
use super::{Line, text, time};

/// A column that we need, as an index into the values of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Date,
    Time,
    Method,
    Stem,
    Query,
    Status,
    Client,
    Host,
    HostHeader,
    UserAgent,
    Referer,
    Cookie,
    Bytes,
    Result,
    Pop,
    RequestId,
    Protocol,
    OriginFirstByte,
    FirstByte,
    TimeTaken,
    Asn,
    Country,
}

const FIELDS: [(&str, Field); 22] = [
    ("date", Field::Date),
    ("time", Field::Time),
    ("cs-method", Field::Method),
    ("cs-uri-stem", Field::Stem),
    ("cs-uri-query", Field::Query),
    ("sc-status", Field::Status),
    ("c-ip", Field::Client),
    ("cs(Host)", Field::Host),
    ("x-host-header", Field::HostHeader),
    ("cs(User-Agent)", Field::UserAgent),
    ("cs(Referer)", Field::Referer),
    ("cs(Cookie)", Field::Cookie),
    ("sc-bytes", Field::Bytes),
    ("x-edge-result-type", Field::Result),
    ("x-edge-location", Field::Pop),
    ("x-edge-request-id", Field::RequestId),
    ("cs-protocol-version", Field::Protocol),
    ("origin-fbl", Field::OriginFirstByte),
    ("time-to-first-byte", Field::FirstByte),
    ("time-taken", Field::TimeTaken),
    ("asn", Field::Asn),
    ("c-country", Field::Country),
];

const REQUIRED: [Field; 4] = [Field::Date, Field::Time, Field::Method, Field::Stem];

/// The columns of a file, as its latest `#Fields` line has them.
#[derive(Debug, Default)]
pub(super) struct Columns(Option<Result<Vec<Option<Field>>, BadReason>>);

/// The values of a line; `None` where there is no such column.
struct Values<'a>([Option<&'a str>; FIELDS.len()]);

pub(super) fn recognises(line: &str) -> bool {
    line.starts_with("#Fields:") || line.starts_with("#Version:")
}

impl Columns {
    pub(super) fn parse(
        &mut self,
        line: &str,
        sink: &mut dyn FnMut(&Line<'_>),
    ) -> Result<Parsed, BadReason> {
        if let Some(directive) = line.strip_prefix('#') {
            return self.read_directive(directive);
        }
        let columns = match &self.0 {
            Some(columns) => columns.as_ref().map_err(Clone::clone)?,
            None => return Err(BadReason::new("no `#Fields` line above it")),
        };
        let values = Values::of(line, columns)?;
        let decoded = Decoded::of(&values);
        sink(&as_line(&values, &decoded)?);
        Ok(Parsed::Request)
    }

    fn read_directive(&mut self, directive: &str) -> Result<Parsed, BadReason> {
        let (name, value) = directive.split_once(':').unwrap_or((directive, ""));
        match name {
            "Version" if value.trim() != "1.0" => {
                return Err(BadReason::of(format!(
                    "unknown version {}",
                    text::quoted(value.trim())
                )));
            }
            "Fields" => self.0 = Some(columns(value)),
            "Version" | "Software" | "Remark" | "Date" | "Start-Date" | "End-Date" => {}
            _ => return Err(BadReason::of(format!("unknown directive {}", text::quoted(name)))),
        }
        Ok(Parsed::Directive)
    }
}

/// The columns that a `#Fields` line names, or why no line below it can be read.
fn columns(names: &str) -> Result<Vec<Option<Field>>, BadReason> {
    let field_of =
        |name: &str| FIELDS.iter().find_map(|(known, field)| (*known == name).then_some(*field));
    let columns: Vec<_> = names.split_ascii_whitespace().map(field_of).collect();
    for required in REQUIRED {
        if !columns.contains(&Some(required)) {
            let name =
                FIELDS.iter().find_map(|(name, field)| (*field == required).then_some(*name));
            return Err(BadReason::of(format!("`#Fields` lacks `{}`", name.unwrap_or_default())));
        }
    }
    Ok(columns)
}

impl<'a> Values<'a> {
    fn of(line: &'a str, columns: &[Option<Field>]) -> Result<Self, BadReason> {
        let mut values = Self([None; FIELDS.len()]);
        let mut count = 0;
        for value in line.split('\t') {
            if let Some(Some(field)) = columns.get(count) {
                values.0[*field as usize] = Some(value);
            }
            count += 1;
        }
        if count == columns.len() {
            return Ok(values);
        }
        let columns = columns.len();
        Err(BadReason::of(format!(
            "wrong number of columns: {count}, while `#Fields` names {columns}"
        )))
    }

    /// The value of a column; `None` where it is missing or `-`.
    fn get(&self, field: Field) -> Option<&'a str> {
        self.0[field as usize].filter(|value| *value != "-" && !value.is_empty())
    }

    fn required(&self, field: Field) -> Result<&'a str, BadReason> {
        self.get(field).ok_or(BadReason::new("date, time, method or path is `-`"))
    }

    /// A header, decoded: empty where the client sent none, `None` where the
    /// log does not have the column.
    fn header(&self, field: Field) -> Option<Cow<'a, str>> {
        self.0[field as usize].map(|_| text::percent_decoded(self.get(field).unwrap_or_default()))
    }

    fn cache(&self) -> Option<CacheState> {
        match self.get(Field::Result)? {
            "Hit" | "RefreshHit" | "Redirect" | "LimitExceeded" | "CapacityExceeded" => {
                Some(CacheState::Hit)
            }
            result if result.starts_with("Function") => Some(CacheState::Hit),
            "OriginShieldHit" => Some(CacheState::ShieldHit),
            "Miss" => Some(CacheState::Miss),
            _ => None,
        }
    }

    fn origin_ms(&self) -> Option<u32> {
        let seconds = [Field::OriginFirstByte, Field::FirstByte, Field::TimeTaken];
        seconds.into_iter().find_map(|field| self.get(field)).and_then(text::millis_of_seconds)
    }
}

/// What has to be decoded and outlive the call of the sink.
struct Decoded<'a> {
    stem: Cow<'a, str>,
    query: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    referer: Option<Cow<'a, str>>,
}

impl<'a> Decoded<'a> {
    fn of(values: &Values<'a>) -> Self {
        Self {
            stem: as_sent(values.get(Field::Stem).unwrap_or_default()),
            query: values.get(Field::Query).map(as_sent),
            user_agent: values.header(Field::UserAgent),
            referer: values.header(Field::Referer),
        }
    }
}

/// A path or query as the client sent it.
fn as_sent(logged: &str) -> Cow<'_, str> {
    if logged.contains("%25") {
        Cow::Owned(logged.replace("%25", "%"))
    } else {
        Cow::Borrowed(logged)
    }
}

fn as_line<'l>(values: &Values<'l>, decoded: &'l Decoded<'_>) -> Result<Line<'l>, BadReason> {
    let (date, clock) = (values.required(Field::Date)?, values.required(Field::Time)?);
    let time = time::utc(date, clock).ok_or_else(|| {
        BadReason::of(format!(
            "date and time are not a time: {} {}",
            text::quoted(date),
            text::quoted(clock)
        ))
    })?;
    values.required(Field::Stem)?;
    let mut request = Request::new(time, values.required(Field::Method)?, &decoded.stem);
    // `cs(Host)` names the distribution, `x-host-header` what the client asked for.
    let host = values.get(Field::HostHeader).or_else(|| values.get(Field::Host));
    request.host = host.map(text::without_port);
    request.query = decoded.query.as_deref();
    request.client = values.get(Field::Client).map(text::client).transpose()?;
    request.user_agent = decoded.user_agent.as_deref();
    request.signals.protocol = values.get(Field::Protocol).and_then(text::protocol);
    request.asn = values.get(Field::Asn).and_then(|asn| asn.parse().ok());
    request.country = values.get(Field::Country);
    request.pop = values.get(Field::Pop);
    // No cookie says nothing of `Authorization`, which is not logged.
    request.credentials = values.get(Field::Cookie).map(|_| true);
    request.request_id = values.get(Field::RequestId);

    let mut line = Line::new(request, Format::CloudFront);
    line.outcome.status = values.get(Field::Status).map_or(Ok(None), text::status)?;
    line.outcome.cache = values.cache();
    if line.outcome.cache == Some(CacheState::Miss) {
        line.outcome.origin_ms = values.origin_ms();
    }
    line.referer = decoded.referer.as_deref();
    line.bytes = values.get(Field::Bytes).and_then(|bytes| bytes.parse().ok());
    Ok(line)
}
